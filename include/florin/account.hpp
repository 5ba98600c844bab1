#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "florin/uint128.hpp"

/// @file
/// The account record: wire, journal and reply layout. All integers little-endian.

namespace florin {

/// Bits of Account::flags. Bits 6-15 must be zero.
struct AccountFlags {
  static constexpr std::uint16_t kLinked = 1U << 0;
  static constexpr std::uint16_t kDebitsMustNotExceedCredits = 1U << 1;
  static constexpr std::uint16_t kCreditsMustNotExceedDebits = 1U << 2;
  static constexpr std::uint16_t kHistory = 1U << 3;
  static constexpr std::uint16_t kImported = 1U << 4;
  static constexpr std::uint16_t kClosed = 1U << 5;
  static constexpr std::uint16_t kAll = (1U << 6) - 1;
};

/// The four balances of an account, in minor units. Exactly one cache line.
struct Balances {
  u128 debits_pending = 0;
  u128 debits_posted = 0;
  u128 credits_pending = 0;
  u128 credits_posted = 0;

  friend bool operator==(const Balances&, const Balances&) = default;
};
static_assert(sizeof(Balances) == 64 && std::is_trivially_copyable_v<Balances>);

/// An account. In create_accounts the balances must be zero, and the timestamp too unless `imported`.
struct Account {
  u128 id = 0;  ///< not 0, not 2^128 - 1
  u128 debits_pending = 0;
  u128 debits_posted = 0;
  u128 credits_pending = 0;
  u128 credits_posted = 0;
  u128 user_data_128 = 0;
  std::uint64_t user_data_64 = 0;
  std::uint32_t user_data_32 = 0;
  std::uint32_t reserved = 0;   ///< zero
  std::uint32_t ledger = 0;     ///< not 0; transfers stay within one ledger
  std::uint16_t code = 0;       ///< not 0; what kind of account this is
  std::uint16_t flags = 0;      ///< AccountFlags
  std::uint64_t timestamp = 0;  ///< ns since 1970 UTC; unique across accounts and transfers

  friend bool operator==(const Account&, const Account&) = default;
};
static_assert(sizeof(Account) == 128 && alignof(Account) == 16);
static_assert(offsetof(Account, debits_pending) == 16 && offsetof(Account, credits_posted) == 64);
static_assert(offsetof(Account, user_data_128) == 80 && offsetof(Account, user_data_64) == 96);
static_assert(offsetof(Account, user_data_32) == 104 && offsetof(Account, reserved) == 108);
static_assert(offsetof(Account, ledger) == 112 && offsetof(Account, code) == 116);
static_assert(offsetof(Account, flags) == 118 && offsetof(Account, timestamp) == 120);
static_assert(std::is_trivially_copyable_v<Account> && std::has_unique_object_representations_v<Account>);

/// The balances of an account right after one of its transfers.
struct AccountBalance {
  u128 debits_pending = 0;
  u128 debits_posted = 0;
  u128 credits_pending = 0;
  u128 credits_posted = 0;
  std::uint64_t timestamp = 0;  ///< of the transfer
  std::uint64_t reserved[7] = {};

  friend bool operator==(const AccountBalance&, const AccountBalance&) = default;
};
static_assert(sizeof(AccountBalance) == 128 && offsetof(AccountBalance, timestamp) == 64);

/// Bits of AccountFilter::flags. Bits 3-31 must be zero.
struct AccountFilterFlags {
  static constexpr std::uint32_t kDebits = 1U << 0;
  static constexpr std::uint32_t kCredits = 1U << 1;
  static constexpr std::uint32_t kReversed = 1U << 2;
  static constexpr std::uint32_t kAll = (1U << 3) - 1;
};

/// Which transfers of one account to return. Non-zero fields are ANDed; time bounds are inclusive, 0 = unbounded.
struct AccountFilter {
  u128 account_id = 0;
  u128 user_data_128 = 0;
  std::uint64_t user_data_64 = 0;
  std::uint32_t user_data_32 = 0;
  std::uint16_t code = 0;
  std::uint8_t pending_statuses = 0;  ///< PendingStatuses of the transfers wanted; 0 = any
  std::uint8_t reserved0 = 0;
  u128 amount_min = 0;  ///< inclusive; 0 = no bound
  u128 amount_max = 0;  ///< inclusive; 0 = no bound
  std::uint8_t reserved[24] = {};
  std::uint64_t timestamp_min = 0;
  std::uint64_t timestamp_max = 0;
  std::uint32_t limit = 0;  ///< at most kQueryRowsMax rows are returned
  std::uint32_t flags = 0;  ///< AccountFilterFlags; at least one of debits and credits
};
static_assert(sizeof(AccountFilter) == 128 && offsetof(AccountFilter, user_data_64) == 32);
static_assert(offsetof(AccountFilter, code) == 44 && offsetof(AccountFilter, pending_statuses) == 46);
static_assert(offsetof(AccountFilter, amount_min) == 48 && offsetof(AccountFilter, amount_max) == 64);
static_assert(offsetof(AccountFilter, timestamp_min) == 104);
static_assert(offsetof(AccountFilter, limit) == 120 && offsetof(AccountFilter, flags) == 124);
static_assert(std::has_unique_object_representations_v<AccountFilter>);

/// Rows a query returns at most.
inline constexpr std::uint32_t kQueryRowsMax = 8189;

}  // namespace florin
