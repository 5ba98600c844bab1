#include "core/queries/filters.hpp"

#include <algorithm>
#include <iterator>

namespace florin::core {
namespace {

ReplyCode bad(const char*& reason, const char* text) noexcept {
  reason = text;
  return ReplyCode::kInvalidFilter;
}

template <typename Bytes>
bool all_zero(const Bytes& bytes) noexcept {
  return std::all_of(std::begin(bytes), std::end(bytes), [](std::uint8_t byte) { return byte == 0; });
}

/// What all filters with bounds and a limit have in common.
template <typename Filter>
ReplyCode validate_page(const Filter& filter, const char*& reason) noexcept {
  if (!all_zero(filter.reserved)) return bad(reason, "reserved must be zero");
  if (filter.timestamp_min > kTimestampMax) return bad(reason, "timestamp_min must be below 2^63");
  if (filter.timestamp_max > kTimestampMax) return bad(reason, "timestamp_max must be below 2^63");
  if (filter.limit == 0) return bad(reason, "limit must not be 0");
  return ReplyCode::kOk;
}

template <typename Filter>
ReplyCode validate_transfers(const Filter& filter, const char*& reason) noexcept {
  if (filter.timestamp_max != 0 && filter.timestamp_min > filter.timestamp_max) return bad(reason, "timestamp_min must not exceed timestamp_max");
  if (filter.amount_max != 0 && filter.amount_min > filter.amount_max) return bad(reason, "amount_min must not exceed amount_max");
  if ((filter.pending_statuses & ~PendingStatuses::kAll) != 0) return bad(reason, "pending_statuses has reserved bits set");
  return validate_page(filter, reason);
}

template <typename Filter, typename Row>
bool matches_user_data(const Filter& filter, const Row& row) noexcept {
  return (filter.user_data_128 == 0 || filter.user_data_128 == row.user_data_128) &&
         (filter.user_data_64 == 0 || filter.user_data_64 == row.user_data_64) &&
         (filter.user_data_32 == 0 || filter.user_data_32 == row.user_data_32) && (filter.code == 0 || filter.code == row.code);
}

template <typename Filter>
bool matches_transfer(const Filter& filter, const HistoryRow& row) noexcept {
  const TransferExtra& extra = row.extra;
  return (filter.user_data_128 == 0 || filter.user_data_128 == extra.user_data_128) &&
         (filter.user_data_64 == 0 || filter.user_data_64 == extra.user_data_64) &&
         (filter.user_data_32 == 0 || filter.user_data_32 == extra.user_data_32) && (filter.code == 0 || filter.code == row.record.code) &&
         row.amount() >= filter.amount_min && (filter.amount_max == 0 || row.amount() <= filter.amount_max);
}

}  // namespace

ReplyCode validate_filter(const AccountFilter& filter, const char*& reason) noexcept {
  if (filter.account_id == 0 || filter.account_id == kU128Max) return bad(reason, "account_id must not be 0 or 2^128 - 1");
  if (filter.reserved0 != 0) return bad(reason, "reserved must be zero");
  if ((filter.flags & ~AccountFilterFlags::kAll) != 0) return bad(reason, "flags has reserved bits set");
  if ((filter.flags & (AccountFilterFlags::kDebits | AccountFilterFlags::kCredits)) == 0) return bad(reason, "flags must have debits or credits");
  return validate_transfers(filter, reason);
}

ReplyCode validate_filter(const QueryFilter& filter, bool of_accounts, const char*& reason) noexcept {
  if (!all_zero(filter.reserved0)) return bad(reason, "reserved must be zero");
  if ((filter.flags & ~QueryFilterFlags::kAll) != 0) return bad(reason, "flags has reserved bits set");
  if (of_accounts) {
    if (filter.amount_min != 0) return bad(reason, "amount_min must be 0: accounts have no amount");
    if (filter.amount_max != 0) return bad(reason, "amount_max must be 0: accounts have no amount");
    if (filter.pending_statuses != 0) return bad(reason, "pending_statuses must be 0: accounts are not pending");
  }
  return validate_transfers(filter, reason);
}

ReplyCode validate_filter(const ChangeEventsFilter& filter, const char*& reason) noexcept {
  if (filter.reserved0 != 0) return bad(reason, "reserved must be zero");
  if (filter.account_id == kU128Max) return bad(reason, "account_id must not be 2^128 - 1");
  if (filter.expiries_timestamp_min > kTimestampMax) return bad(reason, "expiries_timestamp_min must be below 2^63");
  // With two lower bounds, as the end of a page gives them, one of them may lie behind the end: nothing of its kind is left.
  if (filter.timestamp_max != 0 && filter.timestamp_min > filter.timestamp_max && filter.expiries_timestamp_min == 0) {
    return bad(reason, "timestamp_min must not exceed timestamp_max");
  }
  return validate_page(filter, reason);
}

ReplyCode validate_filter(const AccountsAt& at, const char*& reason) noexcept {
  if (at.timestamp > kTimestampMax) return bad(reason, "timestamp must be below 2^63");
  if (at.reserved != 0) return bad(reason, "reserved must be zero");
  return ReplyCode::kOk;
}

ReplyCode validate_filter(const Moment& moment, const char*& reason) noexcept {
  if (moment.timestamp > kTimestampMax) return bad(reason, "timestamp must be below 2^63");
  if ((moment.sequence == 0) == (moment.timestamp == 0)) return bad(reason, "sequence or timestamp must be given, and not both");
  return ReplyCode::kOk;
}

ReplyCode validate_filter(const TrialBalanceFilter& filter, const char*& reason) noexcept {
  if (filter.timestamp > kTimestampMax) return bad(reason, "timestamp must be below 2^63");
  if (filter.timestamp_min > kTimestampMax) return bad(reason, "timestamp_min must be below 2^63");
  if (!all_zero(filter.reserved)) return bad(reason, "reserved must be zero");
  return ReplyCode::kOk;
}

ReplyCode validate_filter(const DropHistory& drop, const char*& reason) noexcept {
  if (drop.timestamp == 0) return bad(reason, "timestamp must not be 0");
  if (drop.timestamp > kTimestampMax) return bad(reason, "timestamp must be below 2^63");
  if ((drop.flags & ~DropHistoryFlags::kAll) != 0) return bad(reason, "flags has reserved bits set");
  if (drop.reserved != 0) return bad(reason, "reserved must be zero");
  return ReplyCode::kOk;
}

bool matches(const AccountFilter& filter, const HistoryRow& transfer, bool is_credit) noexcept {
  const std::uint32_t side = is_credit ? AccountFilterFlags::kCredits : AccountFilterFlags::kDebits;
  return (filter.flags & side) != 0 && matches_transfer(filter, transfer);
}

bool matches(const QueryFilter& filter, const Account& account) noexcept {
  return matches_user_data(filter, account) && (filter.ledger == 0 || filter.ledger == account.ledger);
}

bool matches(const QueryFilter& filter, const HistoryRow& transfer) noexcept { return matches_transfer(filter, transfer); }

}  // namespace florin::core
