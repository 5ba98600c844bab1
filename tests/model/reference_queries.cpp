#include "model/reference_queries.hpp"

#include <algorithm>
#include <cstring>
#include <map>

namespace florin::model {
namespace {

constexpr std::uint64_t kTimestampMax = (std::uint64_t{1} << 63) - 1;

template <typename Bytes>
bool are_zero(const Bytes& bytes) {
  return std::all_of(std::begin(bytes), std::end(bytes), [](std::uint8_t byte) { return byte == 0; });
}

template <typename Filter>
bool has_valid_page(const Filter& filter) {
  if (filter.timestamp_min > kTimestampMax || filter.timestamp_max > kTimestampMax) return false;
  return filter.limit != 0 && are_zero(filter.reserved);
}

template <typename Filter>
bool has_valid_bounds(const Filter& filter) {
  if (filter.timestamp_max != 0 && filter.timestamp_min > filter.timestamp_max) return false;
  if (filter.amount_max != 0 && filter.amount_min > filter.amount_max) return false;
  return filter.pending_statuses < 32 && has_valid_page(filter);
}

template <typename Filter>
bool is_in_time(const Filter& filter, std::uint64_t timestamp) {
  return timestamp >= filter.timestamp_min && (filter.timestamp_max == 0 || timestamp <= filter.timestamp_max);
}

template <typename Filter, typename Row>
bool has_wanted_fields(const Filter& filter, const Row& row) {
  if (filter.user_data_128 != 0 && row.user_data_128 != filter.user_data_128) return false;
  if (filter.user_data_64 != 0 && row.user_data_64 != filter.user_data_64) return false;
  if (filter.user_data_32 != 0 && row.user_data_32 != filter.user_data_32) return false;
  return filter.code == 0 || row.code == filter.code;
}

template <typename Filter>
bool has_wanted_amount_and_status(const ReferenceLedger& ledger, const Filter& filter, const Transfer& transfer) {
  if (filter.amount_min != 0 && transfer.amount < filter.amount_min) return false;
  if (filter.amount_max != 0 && transfer.amount > filter.amount_max) return false;
  if (filter.pending_statuses == 0) return true;
  const auto hold = ledger.holds().find(transfer.id);
  if (hold == ledger.holds().end()) return (filter.pending_statuses & PendingStatuses::kNone) != 0;
  switch (hold->second.status) {
    case HoldStatus::kPending: return (filter.pending_statuses & PendingStatuses::kPending) != 0;
    case HoldStatus::kPosted: return (filter.pending_statuses & PendingStatuses::kPosted) != 0;
    case HoldStatus::kVoided: return (filter.pending_statuses & PendingStatuses::kVoided) != 0;
    case HoldStatus::kExpired: return (filter.pending_statuses & PendingStatuses::kExpired) != 0;
  }
  return false;
}

/// The events of all matching transfers of one account.
std::vector<const LedgerEvent*> account_events(const ReferenceLedger& ledger, const AccountFilter& filter) {
  std::vector<const LedgerEvent*> found;
  for (const LedgerEvent& event : ledger.events()) {
    if (event.is_expiry || ledger.is_dropped(event.timestamp)) continue;
    const Transfer& transfer = ledger.transfers().at(event.transfer_id);
    const bool as_debit = (filter.flags & AccountFilterFlags::kDebits) != 0 && transfer.debit_account_id == filter.account_id;
    const bool as_credit = (filter.flags & AccountFilterFlags::kCredits) != 0 && transfer.credit_account_id == filter.account_id;
    if (!as_debit && !as_credit) continue;
    if (!is_in_time(filter, transfer.timestamp) || !has_wanted_fields(filter, transfer)) continue;
    if (has_wanted_amount_and_status(ledger, filter, transfer)) found.push_back(&event);
  }
  if ((filter.flags & AccountFilterFlags::kReversed) != 0) std::reverse(found.begin(), found.end());
  return found;
}

ChangeEventAccount as_of_event(const Account& account) {
  ChangeEventAccount row;
  row.id = account.id;
  row.balances = {account.debits_pending, account.debits_posted, account.credits_pending, account.credits_posted};
  row.user_data_128 = account.user_data_128;
  row.user_data_64 = account.user_data_64;
  row.user_data_32 = account.user_data_32;
  row.code = account.code;
  row.flags = account.flags;
  return row;
}

ChangeEventType type_of(const LedgerEvent& event, const Transfer& transfer) {
  if (event.is_expiry) return ChangeEventType::kTwoPhaseExpired;
  if ((transfer.flags & TransferFlags::kPending) != 0) return ChangeEventType::kTwoPhasePending;
  if ((transfer.flags & TransferFlags::kPostPendingTransfer) != 0) return ChangeEventType::kTwoPhasePosted;
  if ((transfer.flags & TransferFlags::kVoidPendingTransfer) != 0) return ChangeEventType::kTwoPhaseVoided;
  return ChangeEventType::kSinglePhase;
}

/// Of a hold that was dropped, its expiry shows what balances need.
Transfer shown_transfer(const ReferenceLedger& ledger, const LedgerEvent& event) {
  Transfer transfer = ledger.transfers().at(event.transfer_id);
  if (!event.is_expiry || !ledger.is_dropped(transfer.timestamp)) return transfer;
  transfer.user_data_128 = 0;
  transfer.user_data_64 = 0;
  transfer.user_data_32 = 0;
  transfer.timeout = 0;
  transfer.code = 0;
  return transfer;
}

ChangeEvent row_of(const LedgerEvent& event, const Transfer& transfer) {
  ChangeEvent row;
  row.transfer_id = transfer.id;
  row.transfer_amount = transfer.amount;
  row.transfer_pending_id = transfer.pending_id;
  row.transfer_user_data_128 = transfer.user_data_128;
  row.transfer_user_data_64 = transfer.user_data_64;
  row.transfer_user_data_32 = transfer.user_data_32;
  row.transfer_timeout = transfer.timeout;
  row.transfer_code = transfer.code;
  row.transfer_flags = transfer.flags;
  row.ledger = transfer.ledger;
  row.type = type_of(event, transfer);
  row.sequence = event.sequence;
  row.debit_account = as_of_event(event.debit_account);
  row.credit_account = as_of_event(event.credit_account);
  row.timestamp = event.timestamp;
  row.transfer_timestamp = transfer.timestamp;
  row.debit_account_timestamp = event.debit_account.timestamp;
  row.credit_account_timestamp = event.credit_account.timestamp;
  return row;
}

/// What one event did to one account.
void add(const ReferenceLedger& ledger, const LedgerEvent& event, Account& account) {
  const Transfer& transfer = ledger.transfers().at(event.transfer_id);
  const bool is_debit = transfer.debit_account_id == account.id;
  if (!is_debit && transfer.credit_account_id != account.id) return;
  u128& pending = is_debit ? account.debits_pending : account.credits_pending;
  u128& posted = is_debit ? account.debits_posted : account.credits_posted;
  const std::uint16_t closing = is_debit ? TransferFlags::kClosingDebit : TransferFlags::kClosingCredit;
  const auto reopen = [&](const Transfer& hold) {
    if ((hold.flags & closing) != 0) account.flags &= static_cast<std::uint16_t>(~AccountFlags::kClosed);
  };
  if (event.is_expiry) {
    pending -= transfer.amount;
    reopen(transfer);
  } else if ((transfer.flags & TransferFlags::kPending) != 0) {
    pending += transfer.amount;
    if ((transfer.flags & closing) != 0) account.flags |= AccountFlags::kClosed;
  } else if ((transfer.flags & TransferFlags::kPostPendingTransfer) != 0) {
    pending -= ledger.transfers().at(transfer.pending_id).amount;
    posted += transfer.amount;
  } else if ((transfer.flags & TransferFlags::kVoidPendingTransfer) != 0) {
    pending -= ledger.transfers().at(transfer.pending_id).amount;
    reopen(ledger.transfers().at(transfer.pending_id));
  } else {
    posted += transfer.amount;
  }
}

}  // namespace

bool is_valid(const AccountFilter& filter) {
  constexpr std::uint32_t kSides = AccountFilterFlags::kDebits | AccountFilterFlags::kCredits;
  if (filter.account_id == 0 || filter.account_id == kU128Max || filter.reserved0 != 0) return false;
  if ((filter.flags & kSides) == 0 || (filter.flags & ~AccountFilterFlags::kAll) != 0) return false;
  return has_valid_bounds(filter);
}

bool is_valid(const QueryFilter& filter, bool of_accounts) {
  if (of_accounts && (filter.amount_min != 0 || filter.amount_max != 0 || filter.pending_statuses != 0)) return false;
  return (filter.flags & ~QueryFilterFlags::kAll) == 0 && are_zero(filter.reserved0) && has_valid_bounds(filter);
}

bool is_valid(const ChangeEventsFilter& filter) {
  if (filter.expiries_timestamp_min > kTimestampMax || filter.reserved0 != 0 || filter.account_id == kU128Max) return false;
  const bool has_cursor = filter.expiries_timestamp_min != 0;
  if (!has_cursor && filter.timestamp_max != 0 && filter.timestamp_min > filter.timestamp_max) return false;
  return has_valid_page(filter);
}

bool is_valid(const AccountsAt& at) { return at.timestamp <= kTimestampMax && at.reserved == 0; }

bool is_valid(const Moment& moment) {
  return moment.sequence == 0 ? moment.timestamp != 0 && moment.timestamp <= kTimestampMax : moment.timestamp == 0;
}

bool is_valid(const TrialBalanceFilter& filter) {
  return filter.timestamp <= kTimestampMax && filter.timestamp_min <= kTimestampMax && are_zero(filter.reserved);
}

namespace {

/// Timestamp of the newest transfer, or expiry, that was dropped; 0: none was.
std::uint64_t newest_dropped(const ReferenceLedger& ledger, bool expiries) {
  std::uint64_t newest = 0;
  for (const LedgerEvent& event : ledger.events()) {
    if (event.is_expiry == expiries && ledger.is_dropped(event.timestamp)) newest = std::max(newest, event.timestamp);
  }
  return newest;
}

/// A range that begins below what was dropped last, or, without a lower bound, ends before history begins.
bool reaches_dropped(const ReferenceLedger& ledger, std::uint64_t min, std::uint64_t max, std::uint64_t newest) {
  if (min != 0) return min <= newest;
  return newest != 0 && max != 0 && ledger.is_dropped(max);
}

bool asks_for_dropped(const ReferenceLedger& ledger, Operation operation, std::span<const std::byte> body) {
  const auto transfers = newest_dropped(ledger, false);
  const auto expiries = newest_dropped(ledger, true);
  const auto range = [&]<typename Filter>(Filter filter) {
    std::memcpy(&filter, body.data(), sizeof filter);
    return reaches_dropped(ledger, filter.timestamp_min, filter.timestamp_max, transfers);
  };
  switch (operation) {
    case Operation::kGetAccountTransfers:
    case Operation::kGetAccountBalances: return range(AccountFilter{});
    case Operation::kQueryTransfers: return range(QueryFilter{});
    case Operation::kGetChangeEvents: {
      ChangeEventsFilter filter;
      std::memcpy(&filter, body.data(), sizeof filter);
      const std::uint64_t expiries_min = filter.expiries_timestamp_min != 0 ? filter.expiries_timestamp_min : filter.timestamp_min;
      return range(filter) || reaches_dropped(ledger, expiries_min, filter.timestamp_max, expiries);
    }
    case Operation::kGetAccountsAt:
    case Operation::kGetTrialBalance: {
      std::uint64_t timestamp = 0;  // of either the first field
      std::memcpy(&timestamp, body.data(), sizeof timestamp);
      return timestamp != 0 && timestamp < std::max(transfers, expiries);
    }
    case Operation::kGetMoment: {
      Moment asked;
      std::memcpy(&asked, body.data(), sizeof asked);
      const std::vector<Moment> found = moments(ledger, asked);
      const std::vector<Moment> last = ledger.history_begins() < 2 ? found : moments(ledger, {.timestamp = ledger.history_begins() - 1});
      return !last.empty() && (found.empty() || found.front().sequence < last.front().sequence);
    }
    default: return false;
  }
}

}  // namespace

std::string dropped_text(const ReferenceLedger& ledger, Operation operation, std::span<const std::byte> body) {
  if (!asks_for_dropped(ledger, operation, body)) return {};
  return "history before " + std::to_string(ledger.history_begins()) + " was dropped";
}

std::vector<Transfer> account_transfers(const ReferenceLedger& ledger, const AccountFilter& filter) {
  std::vector<Transfer> rows;
  for (const LedgerEvent* event : account_events(ledger, filter)) rows.push_back(ledger.transfers().at(event->transfer_id));
  return rows;
}

std::vector<AccountBalance> account_balances(const ReferenceLedger& ledger, const AccountFilter& filter) {
  std::vector<AccountBalance> rows;
  for (const LedgerEvent* event : account_events(ledger, filter)) {
    const Account& then = event->debit_account.id == filter.account_id ? event->debit_account : event->credit_account;
    AccountBalance row;
    row.debits_pending = then.debits_pending;
    row.debits_posted = then.debits_posted;
    row.credits_pending = then.credits_pending;
    row.credits_posted = then.credits_posted;
    row.timestamp = event->timestamp;
    rows.push_back(row);
  }
  return rows;
}

std::vector<Account> query_accounts(const ReferenceLedger& ledger, const QueryFilter& filter) {
  std::vector<Account> rows;
  for (const auto& [id, account] : ledger.accounts()) {
    if (!is_in_time(filter, account.timestamp) || !has_wanted_fields(filter, account)) continue;
    if (filter.ledger == 0 || account.ledger == filter.ledger) rows.push_back(account);
  }
  std::sort(rows.begin(), rows.end(), [](const Account& a, const Account& b) { return a.timestamp < b.timestamp; });
  if ((filter.flags & QueryFilterFlags::kReversed) != 0) std::reverse(rows.begin(), rows.end());
  return rows;
}

std::vector<Transfer> query_transfers(const ReferenceLedger& ledger, const QueryFilter& filter) {
  std::vector<Transfer> rows;
  for (const LedgerEvent& event : ledger.events()) {
    if (event.is_expiry || ledger.is_dropped(event.timestamp)) continue;
    const Transfer& transfer = ledger.transfers().at(event.transfer_id);
    if (!is_in_time(filter, transfer.timestamp) || !has_wanted_fields(filter, transfer)) continue;
    if (filter.ledger != 0 && transfer.ledger != filter.ledger) continue;
    if (has_wanted_amount_and_status(ledger, filter, transfer)) rows.push_back(transfer);
  }
  if ((filter.flags & QueryFilterFlags::kReversed) != 0) std::reverse(rows.begin(), rows.end());
  return rows;
}

std::vector<ChangeEvent> change_events(const ReferenceLedger& ledger, const ChangeEventsFilter& filter) {
  const std::uint64_t expiries_min = filter.expiries_timestamp_min != 0 ? filter.expiries_timestamp_min : filter.timestamp_min;
  std::vector<ChangeEvent> rows;
  for (const LedgerEvent& event : ledger.events()) {
    if (ledger.is_dropped(event.timestamp)) continue;
    if (event.timestamp < (event.is_expiry ? expiries_min : filter.timestamp_min)) continue;
    if (filter.timestamp_max != 0 && event.timestamp > filter.timestamp_max) continue;
    const bool is_of_account = event.debit_account.id == filter.account_id || event.credit_account.id == filter.account_id;
    if (filter.account_id != 0 && !is_of_account) continue;
    ChangeEvent row = row_of(event, shown_transfer(ledger, event));
    if (filter.account_id != 0) {
      ChangeEventAccount& other = row.debit_account.id == filter.account_id ? row.credit_account : row.debit_account;
      other.balances = {};
      other.flags &= static_cast<std::uint16_t>(~AccountFlags::kClosed);
    }
    rows.push_back(row);
  }
  return rows;
}

std::vector<Moment> moments(const ReferenceLedger& ledger, const Moment& asked) {
  std::vector<Moment> rows;
  for (const Moment& moment : ledger.moments()) {
    if (asked.sequence != 0 ? moment.sequence <= asked.sequence : moment.timestamp <= asked.timestamp) rows = {moment};
  }
  return rows;
}

std::uint64_t moment_of(const ReferenceLedger& ledger, const TrialBalanceFilter& filter) {
  const std::uint64_t newest = ledger.moments().back().timestamp;
  return filter.timestamp == 0 ? newest : std::min(filter.timestamp, newest);
}

std::vector<TrialBalance> trial_balances(const ReferenceLedger& ledger, const TrialBalanceFilter& filter) {
  std::vector<u128> ids;
  for (const auto& [id, account] : ledger.accounts()) {
    if (account.timestamp >= filter.timestamp_min && (filter.ledger == 0 || account.ledger == filter.ledger)) ids.push_back(id);
  }
  std::map<std::uint32_t, TrialBalance> sums;
  for (const Account& account : accounts_at(ledger, filter.timestamp, ids)) {
    TrialBalance& sum = sums[account.ledger];
    sum.ledger = account.ledger;
    sum.balances.debits_pending += account.debits_pending;
    sum.balances.debits_posted += account.debits_posted;
    sum.balances.credits_pending += account.credits_pending;
    sum.balances.credits_posted += account.credits_posted;
    ++sum.accounts;
  }
  std::vector<TrialBalance> rows;
  for (const auto& [number, sum] : sums) rows.push_back(sum);
  return rows;
}

std::vector<Account> accounts_at(const ReferenceLedger& ledger, std::uint64_t timestamp, std::span<const u128> ids) {
  if (timestamp == 0) return ledger.lookup_accounts(ids);
  std::vector<Account> rows;
  for (Account account : ledger.lookup_accounts(ids)) {
    if (account.timestamp > timestamp) continue;
    account.debits_pending = account.debits_posted = account.credits_pending = account.credits_posted = 0;
    bool has_events = false;
    for (const LedgerEvent& event : ledger.events()) {
      if (event.debit_account.id != account.id && event.credit_account.id != account.id) continue;
      // Nothing happens to an account that is created closed; one with events was created open.
      if (!has_events) account.flags &= static_cast<std::uint16_t>(~AccountFlags::kClosed);
      has_events = true;
      if (event.timestamp <= timestamp) add(ledger, event, account);
    }
    rows.push_back(account);
  }
  return rows;
}

}  // namespace florin::model
