#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "florin/uint128.hpp"

/// @file
/// What an order's captures cost. Every version of a schedule is kept, and an order keeps the version it was created with.

namespace florin {

/// One hundred percent, in basis points.
inline constexpr std::uint32_t kBasisPoints = 10'000;

enum class FeeRounding : std::uint8_t { kDown = 0, kHalfUp = 1, kUp = 2 };
/// Per order: the fee of all that is captured, whatever the captures; per capture: of each by itself.
enum class FeeBasis : std::uint8_t { kPerOrder = 0, kPerCapture = 1 };
/// Inside: taken from the amount; on top: the payer pays it besides.
enum class FeeSide : std::uint8_t { kInside = 0, kOnTop = 1 };
enum class FeeOnRefund : std::uint8_t { kKept = 0, kReturned = 1 };

/// The fee of x is fixed + x bps / 10,000, rounded, within [min, max]; schedule 0 is no fee at all.
struct FeeSchedule {
  u128 fixed = 0;        ///< minor units, as all amounts here
  u128 min = 0;
  u128 max = kU128Max;   ///< kU128Max: none
  u128 dispute_fee = 0;  ///< charged once, when a dispute is opened
  u128 fee_account = 0;  ///< who gets the fees; 0: the asset's fee income
  std::uint32_t id = 0;
  std::uint32_t version = 0;  ///< 1, 2, 3 ...
  std::uint32_t ledger = 0;
  std::uint16_t bps = 0;      ///< at most kBasisPoints
  FeeRounding rounding = FeeRounding::kDown;
  FeeBasis basis = FeeBasis::kPerOrder;
  FeeSide side = FeeSide::kInside;
  FeeOnRefund on_refund = FeeOnRefund::kKept;                 ///< returned: in proportion to what is refunded
  FeeOnRefund dispute_fee_on_win = FeeOnRefund::kKept;        ///< what becomes of the dispute fee if the dispute is won
  std::uint8_t reserved[29] = {};

  friend bool operator==(const FeeSchedule&, const FeeSchedule&) = default;
};
static_assert(sizeof(FeeSchedule) == 128 && offsetof(FeeSchedule, min) == 16 && offsetof(FeeSchedule, max) == 32);
static_assert(offsetof(FeeSchedule, dispute_fee) == 48 && offsetof(FeeSchedule, fee_account) == 64 && offsetof(FeeSchedule, id) == 80);
static_assert(offsetof(FeeSchedule, version) == 84 && offsetof(FeeSchedule, ledger) == 88 && offsetof(FeeSchedule, bps) == 92);
static_assert(offsetof(FeeSchedule, rounding) == 94 && offsetof(FeeSchedule, basis) == 95 && offsetof(FeeSchedule, side) == 96);
static_assert(offsetof(FeeSchedule, on_refund) == 97 && offsetof(FeeSchedule, dispute_fee_on_win) == 98);
static_assert(std::is_trivially_copyable_v<FeeSchedule> && std::has_unique_object_representations_v<FeeSchedule>);

}  // namespace florin
