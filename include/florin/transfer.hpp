#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "florin/uint128.hpp"

/// @file
/// The transfer record: wire, journal and reply layout. All integers little-endian.

namespace florin {

/// Bits of Transfer::flags. Bits 9-15 must be zero.
struct TransferFlags {
  static constexpr std::uint16_t kLinked = 1U << 0;
  static constexpr std::uint16_t kPending = 1U << 1;
  static constexpr std::uint16_t kPostPendingTransfer = 1U << 2;
  static constexpr std::uint16_t kVoidPendingTransfer = 1U << 3;
  static constexpr std::uint16_t kBalancingDebit = 1U << 4;
  static constexpr std::uint16_t kBalancingCredit = 1U << 5;
  static constexpr std::uint16_t kClosingDebit = 1U << 6;
  static constexpr std::uint16_t kClosingCredit = 1U << 7;
  static constexpr std::uint16_t kImported = 1U << 8;
  static constexpr std::uint16_t kAll = (1U << 9) - 1;
};

/// As an amount: all of the pending transfer (post), or as much as possible (balancing).
inline constexpr u128 kAmountMax = kU128Max;

/// A transfer. The amount stored is the amount moved, after balancing and post defaults.
struct Transfer {
  u128 id = 0;                 ///< not 0, not 2^128 - 1
  u128 debit_account_id = 0;   ///< 0 in post and void: that of the pending transfer
  u128 credit_account_id = 0;  ///< 0 in post and void: that of the pending transfer
  u128 amount = 0;             ///< minor units; 0 is allowed
  u128 pending_id = 0;         ///< post and void only
  u128 user_data_128 = 0;      ///< 0 in post and void: that of the pending transfer
  std::uint64_t user_data_64 = 0;
  std::uint32_t user_data_32 = 0;
  std::uint32_t timeout = 0;    ///< seconds; pending only; 0 = never
  std::uint32_t ledger = 0;     ///< 0 in post and void: that of the pending transfer
  std::uint16_t code = 0;       ///< 0 in post and void: that of the pending transfer
  std::uint16_t flags = 0;      ///< TransferFlags
  std::uint64_t timestamp = 0;  ///< ns since 1970 UTC; 0 on create unless `imported`

  friend bool operator==(const Transfer&, const Transfer&) = default;
};
static_assert(sizeof(Transfer) == 128 && alignof(Transfer) == 16);
static_assert(offsetof(Transfer, debit_account_id) == 16 && offsetof(Transfer, credit_account_id) == 32);
static_assert(offsetof(Transfer, amount) == 48 && offsetof(Transfer, pending_id) == 64);
static_assert(offsetof(Transfer, user_data_128) == 80 && offsetof(Transfer, user_data_64) == 96);
static_assert(offsetof(Transfer, user_data_32) == 104 && offsetof(Transfer, timeout) == 108);
static_assert(offsetof(Transfer, ledger) == 112 && offsetof(Transfer, code) == 116);
static_assert(offsetof(Transfer, flags) == 118 && offsetof(Transfer, timestamp) == 120);
static_assert(std::is_trivially_copyable_v<Transfer> && std::has_unique_object_representations_v<Transfer>);

}  // namespace florin
