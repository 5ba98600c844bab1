#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>

/// @file
/// What money is counted in. Each asset is a ledger of its own.

namespace florin {

enum class AssetKind : std::uint8_t { kIso = 1, kDeclared = 2 };

/// Bits of Asset::flags.
struct AssetFlags {
  static constexpr std::uint16_t kClosed = 1U << 0;  ///< no new accounts
  static constexpr std::uint16_t kAll = (1U << 1) - 1;
};

/// Digits after the decimal point, at most.
inline constexpr std::uint8_t kExponentMax = 30;
/// Numbers below this are ISO 4217's.
inline constexpr std::uint32_t kDeclaredLedgerMin = 10'000;

struct Asset {
  char code[16] = {};         ///< upper-case letters and digits, then zeros: three letters of ISO 4217, or declared
  std::uint32_t ledger = 0;   ///< ISO: the numeric code; declared: kDeclaredLedgerMin or more
  std::uint8_t exponent = 0;  ///< a major unit is 10^exponent minor units; 0 to kExponentMax
  AssetKind kind = AssetKind::kIso;
  std::uint16_t flags = 0;    ///< AssetFlags
  std::uint8_t reserved[40] = {};

  friend bool operator==(const Asset&, const Asset&) = default;
};
static_assert(sizeof(Asset) == 64 && offsetof(Asset, ledger) == 16 && offsetof(Asset, exponent) == 20);
static_assert(offsetof(Asset, kind) == 21 && offsetof(Asset, flags) == 22 && offsetof(Asset, reserved) == 24);
static_assert(std::is_trivially_copyable_v<Asset> && std::has_unique_object_representations_v<Asset>);

}  // namespace florin
