#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <type_traits>

#include "florin/account.hpp"
#include "florin/transfer.hpp"
#include "florin/uint128.hpp"

/// @file
/// What queries ask with and answer with, besides AccountFilter and the records themselves. All integers little-endian.

namespace florin {

/// Ids of one get_accounts_at.
inline constexpr std::uint32_t kAccountsAtMax = kQueryRowsMax;
/// Rows of get_change_events, which are three times as large as others.
inline constexpr std::uint32_t kChangeEventsMax = 2730;
/// Ledgers on one page of get_trial_balance.
inline constexpr std::uint32_t kTrialBalancesMax = 256;

/// Bits of `pending_statuses` in a filter: where the hold of a transfer stands now. Bits 5-7 must be zero.
struct PendingStatuses {
  static constexpr std::uint8_t kNone = 1U << 0;  ///< not a pending transfer
  static constexpr std::uint8_t kPending = 1U << 1;
  static constexpr std::uint8_t kPosted = 1U << 2;
  static constexpr std::uint8_t kVoided = 1U << 3;
  static constexpr std::uint8_t kExpired = 1U << 4;
  static constexpr std::uint8_t kAll = (1U << 5) - 1;
};

/// Bits of QueryFilter::flags. Bits 1-31 must be zero.
struct QueryFilterFlags {
  static constexpr std::uint32_t kReversed = 1U << 0;
  static constexpr std::uint32_t kAll = (1U << 1) - 1;
};

/// Which accounts or transfers of the whole ledger to return. Non-zero fields are ANDed; bounds are inclusive, 0 = unbounded.
struct QueryFilter {
  u128 user_data_128 = 0;
  std::uint64_t user_data_64 = 0;
  std::uint32_t user_data_32 = 0;
  std::uint32_t ledger = 0;
  std::uint16_t code = 0;
  std::uint8_t reserved0[6] = {};
  std::uint64_t timestamp_min = 0;
  std::uint64_t timestamp_max = 0;
  std::uint32_t limit = 0;  ///< at most kQueryRowsMax rows are returned
  std::uint32_t flags = 0;  ///< QueryFilterFlags
  u128 amount_min = 0;      ///< transfers only
  u128 amount_max = 0;      ///< transfers only
  std::uint8_t pending_statuses = 0;  ///< PendingStatuses; transfers only; 0 = any
  std::uint8_t reserved[31] = {};
};
static_assert(sizeof(QueryFilter) == 128 && offsetof(QueryFilter, user_data_64) == 16);
static_assert(offsetof(QueryFilter, ledger) == 28 && offsetof(QueryFilter, code) == 32);
static_assert(offsetof(QueryFilter, timestamp_min) == 40 && offsetof(QueryFilter, timestamp_max) == 48);
static_assert(offsetof(QueryFilter, limit) == 56 && offsetof(QueryFilter, flags) == 60);
static_assert(offsetof(QueryFilter, amount_min) == 64 && offsetof(QueryFilter, amount_max) == 80);
static_assert(offsetof(QueryFilter, pending_statuses) == 96);
static_assert(std::has_unique_object_representations_v<QueryFilter>);

/// Which events to return, in the order in which they were committed.
struct ChangeEventsFilter {
  std::uint64_t timestamp_min = 0;
  std::uint64_t timestamp_max = 0;
  std::uint32_t limit = 0;  ///< at most kChangeEventsMax rows are returned
  std::uint32_t reserved0 = 0;
  std::uint64_t expiries_timestamp_min = 0;  ///< timestamp_min for expiries alone: see PageEnd; 0 = the same
  u128 account_id = 0;  ///< 0 = of all; otherwise of this one, and the other account of each event is without balances and `closed`
  std::uint8_t reserved[16] = {};
};
static_assert(sizeof(ChangeEventsFilter) == 64 && offsetof(ChangeEventsFilter, limit) == 16);
static_assert(offsetof(ChangeEventsFilter, expiries_timestamp_min) == 24 && offsetof(ChangeEventsFilter, account_id) == 32);
static_assert(std::has_unique_object_representations_v<ChangeEventsFilter>);

enum class ChangeEventType : std::uint8_t {
  kSinglePhase = 0,
  kTwoPhasePending = 1,
  kTwoPhasePosted = 2,
  kTwoPhaseVoided = 3,
  kTwoPhaseExpired = 4,
};

/// An account in a change event: balances and flags are those right after the event.
struct ChangeEventAccount {
  u128 id = 0;
  Balances balances;
  u128 user_data_128 = 0;
  std::uint64_t user_data_64 = 0;
  std::uint32_t user_data_32 = 0;
  std::uint16_t code = 0;
  std::uint16_t flags = 0;

  friend bool operator==(const ChangeEventAccount&, const ChangeEventAccount&) = default;
};
static_assert(sizeof(ChangeEventAccount) == 112 && offsetof(ChangeEventAccount, user_data_64) == 96);

/// A transfer, or the end of a hold's time, and what it did to both accounts.
struct ChangeEvent {
  u128 transfer_id = 0;  ///< an expiry has the fields of the pending transfer
  u128 transfer_amount = 0;
  u128 transfer_pending_id = 0;
  u128 transfer_user_data_128 = 0;
  std::uint64_t transfer_user_data_64 = 0;
  std::uint32_t transfer_user_data_32 = 0;
  std::uint32_t transfer_timeout = 0;
  std::uint16_t transfer_code = 0;
  std::uint16_t transfer_flags = 0;
  std::uint32_t ledger = 0;
  ChangeEventType type = ChangeEventType::kSinglePhase;
  std::uint8_t reserved[7] = {};
  std::uint64_t sequence = 0;  ///< of the event; of a transfer that was imported, the last one of its request
  std::uint8_t reserved2[24] = {};
  ChangeEventAccount debit_account;
  ChangeEventAccount credit_account;
  std::uint64_t timestamp = 0;  ///< of the event: an expiry has its own
  std::uint64_t transfer_timestamp = 0;
  std::uint64_t debit_account_timestamp = 0;
  std::uint64_t credit_account_timestamp = 0;

  friend bool operator==(const ChangeEvent&, const ChangeEvent&) = default;
};
static_assert(sizeof(ChangeEvent) == 384 && offsetof(ChangeEvent, transfer_code) == 80 && offsetof(ChangeEvent, ledger) == 84);
static_assert(offsetof(ChangeEvent, type) == 88 && offsetof(ChangeEvent, sequence) == 96 && offsetof(ChangeEvent, debit_account) == 128);
static_assert(offsetof(ChangeEvent, credit_account) == 240 && offsetof(ChangeEvent, timestamp) == 352);
static_assert(offsetof(ChangeEvent, credit_account_timestamp) == 376);
static_assert(std::has_unique_object_representations_v<ChangeEvent>);

/// In front of the ids of get_accounts_at.
struct AccountsAt {
  std::uint64_t timestamp = 0;  ///< the accounts as they were right after everything with a timestamp up to this one; 0 = now
  std::uint64_t reserved = 0;
};
static_assert(sizeof(AccountsAt) == 16);

/// A place in the order of all events: sequence and timestamp of one of them. As the body of get_moment it has one of the two, the
/// other is 0; the answer is the newest event whose sequence, or timestamp, is not above it, or nothing.
struct Moment {
  std::uint64_t sequence = 0;
  std::uint64_t timestamp = 0;

  friend bool operator==(const Moment&, const Moment&) = default;
};
static_assert(sizeof(Moment) == 16 && std::has_unique_object_representations_v<Moment>);

struct DropHistoryFlags {
  static constexpr std::uint32_t kDryRun = 1U << 0;  ///< only say what would be dropped
  static constexpr std::uint32_t kAll = 1;
};

/// Body of drop_history: transfers and expiries with earlier timestamps are not asked for again.
struct DropHistory {
  std::uint64_t timestamp = 0;  ///< not 0; not in the future
  std::uint32_t flags = 0;      ///< DropHistoryFlags
  std::uint32_t reserved = 0;
};
static_assert(sizeof(DropHistory) == 16 && std::has_unique_object_representations_v<DropHistory>);

enum class DropHistoryStatus : std::uint32_t {
  kDropped = 0,
  kAlreadyDropped = 1,        ///< as much, or more, was dropped before; nothing changed
  kTimestampInTheFuture = 2,  ///< nothing changed
  kWouldBeDropped = 3,        ///< a dry run: nothing changed, and the rest of the reply is as if it had
};

constexpr std::string_view name_of(DropHistoryStatus status) noexcept {
  switch (status) {
    case DropHistoryStatus::kDropped: return "dropped";
    case DropHistoryStatus::kAlreadyDropped: return "already_dropped";
    case DropHistoryStatus::kTimestampInTheFuture: return "timestamp_in_the_future";
    case DropHistoryStatus::kWouldBeDropped: return "would_be_dropped";
  }
  return "unknown";
}

/// The answer to drop_history: where history begins now.
struct DroppedHistoryReply {
  DropHistoryStatus status = DropHistoryStatus::kDropped;
  std::uint32_t reserved0 = 0;
  std::uint64_t timestamp = 0;  ///< what came before it is dropped; 0: nothing is
  std::uint64_t transfers = 0;  ///< so many are dropped in all
  std::uint64_t reserved1 = 0;

  friend bool operator==(const DroppedHistoryReply&, const DroppedHistoryReply&) = default;
};
static_assert(sizeof(DroppedHistoryReply) == 32 && std::has_unique_object_representations_v<DroppedHistoryReply>);

/// Which accounts to add up. A page has the sums of the accounts that it looked at: those of all pages together are the answer.
struct TrialBalanceFilter {
  std::uint64_t timestamp = 0;      ///< balances as of then, as AccountsAt::timestamp; 0 = now
  std::uint64_t timestamp_min = 0;  ///< accounts that were created then or later: where a page starts
  std::uint32_t ledger = 0;         ///< 0 = all
  std::uint8_t reserved[12] = {};
};
static_assert(sizeof(TrialBalanceFilter) == 32 && offsetof(TrialBalanceFilter, ledger) == 16);
static_assert(std::has_unique_object_representations_v<TrialBalanceFilter>);

/// Sums over accounts of one ledger.
struct TrialBalance {
  Balances balances;
  std::uint64_t accounts = 0;  ///< how many were added up
  std::uint32_t ledger = 0;
  std::uint32_t reserved = 0;

  friend bool operator==(const TrialBalance&, const TrialBalance&) = default;
};
static_assert(sizeof(TrialBalance) == 80 && offsetof(TrialBalance, accounts) == 64 && offsetof(TrialBalance, ledger) == 72);

/// Adds the sums of a page; false, and nothing is changed: one of them would not fit into 128 bits.
[[nodiscard]] inline bool add_up(TrialBalance& total, const TrialBalance& part) noexcept {
  Balances sums;
  if (add_overflows(total.balances.debits_pending, part.balances.debits_pending, sums.debits_pending)) return false;
  if (add_overflows(total.balances.debits_posted, part.balances.debits_posted, sums.debits_posted)) return false;
  if (add_overflows(total.balances.credits_pending, part.balances.credits_pending, sums.credits_pending)) return false;
  if (add_overflows(total.balances.credits_posted, part.balances.credits_posted, sums.credits_posted)) return false;
  total.balances = sums;
  total.accounts += part.accounts;
  return true;
}

/// Behind the rows of every query. A page ends at its limit, or earlier when the server has looked at as much as one request may
/// cost: then it may be short, or empty, and go on all the same.
struct PageEnd {
  /// 0: nothing is left. Otherwise where the next page starts: its timestamp_min (reversed: timestamp_max), everything else as
  /// it was. Of get_accounts_at: the number, from 1, of the first id that is still to be asked for.
  std::uint64_t resume = 0;
  /// get_change_events: expiries_timestamp_min of the next page. Expiries need a place of their own, because a transfer that is
  /// imported later may have an earlier timestamp. get_trial_balance, on the last page too: the timestamp as of which the sums are,
  /// to be asked for by the next page. Other queries of transfers and expiries: on the last page, the timestamp from which history is
  /// kept, 0 if all of it is. Else 0.
  std::uint64_t resume_expiries = 0;

  friend bool operator==(const PageEnd&, const PageEnd&) = default;
};
static_assert(sizeof(PageEnd) == 16 && std::has_unique_object_representations_v<PageEnd>);

/// Turns a filter into that of the next page; false if there is none.
inline bool next_page(AccountFilter& filter, const PageEnd& end) noexcept {
  ((filter.flags & AccountFilterFlags::kReversed) != 0 ? filter.timestamp_max : filter.timestamp_min) = end.resume;
  return end.resume != 0;
}
inline bool next_page(QueryFilter& filter, const PageEnd& end) noexcept {
  ((filter.flags & QueryFilterFlags::kReversed) != 0 ? filter.timestamp_max : filter.timestamp_min) = end.resume;
  return end.resume != 0;
}
inline bool next_page(ChangeEventsFilter& filter, const PageEnd& end) noexcept {
  filter.timestamp_min = end.resume;
  filter.expiries_timestamp_min = end.resume_expiries;
  return end.resume != 0;
}
inline bool next_page(TrialBalanceFilter& filter, const PageEnd& end) noexcept {
  filter.timestamp_min = end.resume;
  filter.timestamp = end.resume_expiries;
  return end.resume != 0;
}
/// The same with the ids of get_accounts_at.
inline bool next_page(std::span<const u128>& ids, const PageEnd& end) noexcept {
  ids = end.resume == 0 || end.resume > ids.size() ? std::span<const u128>() : ids.subspan(end.resume - 1);
  return !ids.empty();
}

}  // namespace florin
