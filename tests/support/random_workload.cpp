#include "support/random_workload.hpp"

#include <algorithm>

namespace florin::test {
namespace {

using model::ReferenceLedger;

constexpr std::uint64_t kTimestampMax = (std::uint64_t{1} << 63) - 1;
constexpr std::uint64_t kSecond = 1'000'000'000;
constexpr u128 kEngineId = make_u128(0xF16C6F72696E0001ULL, 77);
constexpr std::size_t kRemembered = 300;

std::uint64_t newest_transfer(const ReferenceLedger& ledger) {
  for (auto event = ledger.events().rbegin(); event != ledger.events().rend(); ++event) {
    if (!event->is_expiry) return event->timestamp;
  }
  return 1;
}

template <typename T>
void remember(std::deque<T>& sent, const T& record) {
  sent.push_back(record);
  if (sent.size() > kRemembered) sent.pop_front();
}

}  // namespace

RandomWorkload::RandomWorkload(std::uint64_t seed, Options options) : options_(options), random_(seed) {
  temper_.accounts = random_.pick({3U, 10U, 30U});
  temper_.invalid = random_.pick({0U, 1U, 4U, 20U});
  temper_.retries = random_.pick({2U, 5U, 25U});
  temper_.limits = random_.pick({0U, 20U, 60U});
  temper_.huge = random_.pick({0U, 0U, 1U, 10U});
  temper_.imported = random_.pick({0U, 0U, 15U, 50U, 95U});
  if (!options_.imported) temper_.imported = 0;
  temper_.post_or_void = random_.pick({5U, 30U, 50U});
  temper_.pending = random_.pick({5U, 30U, 80U});
  temper_.timeouts = random_.pick({0U, 30U, 90U});
  temper_.any_flags = random_.pick({0U, 0U, 3U, 20U});
  temper_.large_steps = random_.pick({0U, 5U, 30U});
  temper_.chains = random_.pick({0U, 50U, 50U});
  temper_.closing = random_.pick({0U, 7U, 7U});
  temper_.accounts_max = random_.pick<std::uint64_t>({2, 3, 6, 15, 40});
  // The last start is so late that long time-outs end after the end of time.
  now_ = random_.pick<std::uint64_t>({1'000, 1'700'000'000 * kSecond, kTimestampMax - 4'000'000 * kSecond});
  id_kind_ = random_.below(4);
  first_id_ = last_id_ = random_.below(1'000'000);
  for (std::uint64_t i = 0; i < temper_.accounts_max; ++i) account_ids_.push_back(new_id());
}

TestRequest RandomWorkload::next(const ReferenceLedger& ledger) {
  if (options_.pulses) {
    const std::vector<u128> due = ledger.due_expiries(now_, random_.pick<std::size_t>({1, 3, kEventsMax}));
    if (!due.empty() && random_.chance(40)) return next_pulse(due);
  }
  if (options_.drops && random_.per_mille(5)) return next_drop(ledger);
  replace_account_id(ledger);
  if (random_.chance(options_.reads_percent)) return next_read(ledger);
  std::size_t missing = 0;
  for (const u128 id : account_ids_) missing += ledger.accounts().contains(id) ? 0U : 1U;
  const bool too_few = missing * 5 > account_ids_.size();
  return random_.chance(too_few ? 60 : temper_.accounts) ? next_accounts(ledger) : next_transfers(ledger);
}

TestRequest RandomWorkload::next_read(const ReferenceLedger& ledger) { return random_.chance(50) ? next_lookup(ledger) : next_query(ledger); }

/// Accounts wear out: they get closed, or so full that everything overflows. So they are replaced, those in a dead end sooner.
void RandomWorkload::replace_account_id(const ReferenceLedger& ledger) {
  u128& id = account_ids_[static_cast<std::size_t>(random_.below(account_ids_.size()))];
  const auto found = ledger.accounts().find(id);
  unsigned percent = 1;
  if (found != ledger.accounts().end()) {
    const Account& account = found->second;
    const u128 fullest = std::max(std::max(account.debits_posted, account.credits_posted),
                                  std::max(account.debits_pending, account.credits_pending));
    if ((account.flags & AccountFlags::kClosed) != 0 || fullest >> 126 != 0) percent = 20;
  }
  if (random_.chance(percent)) id = new_id();
}

// ---------------------------------------------------------------------------------------------------------------------
// Requests.

std::size_t RandomWorkload::event_count() {
  if (options_.large_requests && random_.per_mille(1)) return kEventsMax - static_cast<std::size_t>(random_.below(2));
  if (random_.chance(40)) return 1;
  return static_cast<std::size_t>(random_.between(1, random_.pick<std::uint64_t>({3, 10, 40})));
}

/// Moves the clock: by no more than the events need, by a little, by seconds, or so that an event falls on the very
/// nanosecond in which a hold expires, or beside it. Returns the timestamp of the last event.
std::uint64_t RandomWorkload::advance(const ReferenceLedger& ledger, std::size_t events) {
  std::uint64_t step = random_.pick<std::uint64_t>({0, 0, 1, 50, 3'000, 5'000'000});
  if (random_.chance(temper_.large_steps)) step = random_.below(3 * kSecond);
  const std::uint64_t next_expiry = ledger.next_expiry();
  if (next_expiry != ~std::uint64_t{0} && next_expiry > now_ && next_expiry - now_ < 2 * kSecond && random_.chance(15)) {
    step = next_expiry - now_ - (random_.chance(50) ? 1 : 0);
  }
  const std::uint64_t wanted = now_ + step + events;
  now_ = wanted < kTimestampMax - kSecond ? wanted : now_ + events;
  return now_;
}

std::uint16_t RandomWorkload::request_flags() {
  return options_.post_balances && random_.chance(25) ? RequestFlags::kPostBalances : std::uint16_t{0};
}

template <typename Event>
void RandomWorkload::link_events(std::vector<Event>& events) {
  if (!random_.chance(temper_.chains)) return;
  const unsigned linked_percent = events.size() > 12 ? random_.pick({10U, 50U}) : random_.pick({40U, 85U});
  for (Event& event : events) {
    if (random_.chance(linked_percent)) event.flags |= AccountFlags::kLinked;
  }
  if (random_.chance(90)) events.back().flags &= static_cast<std::uint16_t>(~AccountFlags::kLinked);
}

/// Mostly the next one that is free, sometimes one that is not: not newer, taken by the other table, out of range, after the
/// event's own time, or at and after the request's.
std::uint64_t RandomWorkload::imported_timestamp(std::uint64_t& cursor, std::uint64_t first, std::uint64_t last,
                                                 const ReferenceLedger& ledger) {
  if (random_.per_mille(960)) {
    cursor += random_.pick<std::uint64_t>({1, 1, 2, 10});
    return cursor;
  }
  switch (random_.below(8)) {
    case 0: return 0;
    case 1: return random_.pick({kTimestampMax, kTimestampMax + 1, ~std::uint64_t{0}});
    case 2: return last + random_.below(3);
    case 3: return cursor = std::max(cursor, random_.between(first - 1, last));
    case 4: return cursor;
    case 5: return cursor > 5 ? cursor - random_.below(5) : 1;
    case 6: {
      const auto found = ledger.accounts().find(random_.pick_from(account_ids_));
      return found == ledger.accounts().end() ? cursor : found->second.timestamp;
    }
    default: {
      if (sent_transfers_.empty()) return cursor;
      const auto found = ledger.transfers().find(random_.pick_from(sent_transfers_).id);
      return found == ledger.transfers().end() ? cursor : found->second.timestamp;
    }
  }
}

TestRequest RandomWorkload::next_accounts(const ReferenceLedger& ledger) {
  std::vector<Account> events(event_count());
  const std::uint64_t before = now_;
  const bool imported = random_.chance(temper_.imported);
  if (imported && random_.chance(85)) now_ += 20 * events.size();  // room for imported times before the request's
  const std::uint64_t timestamp = advance(ledger, events.size());
  std::uint64_t cursor = before;
  for (Account& event : events) {
    event = random_.chance(temper_.retries) && !sent_accounts_.empty() ? account_again() : random_account(ledger);
    const bool odd_one_out = random_.per_mille(options_.imported ? 10 : 0);
    if (imported != odd_one_out) {
      event.flags |= AccountFlags::kImported;
      event.timestamp = imported_timestamp(cursor, timestamp - events.size() + 1, timestamp, ledger);
    } else {
      event.flags &= static_cast<std::uint16_t>(~AccountFlags::kImported);
      event.timestamp = 0;
    }
    if (random_.chance(temper_.invalid)) spoil(event);
    remember(sent_accounts_, event);
  }
  link_events(events);
  return make_request<Account>(Operation::kCreateAccounts, events, timestamp, request_flags());
}

TestRequest RandomWorkload::next_transfers(const ReferenceLedger& ledger) {
  std::vector<Transfer> events(event_count());
  const std::uint64_t before = now_;
  const bool imported = random_.chance(temper_.imported);
  if (imported && random_.chance(85)) now_ += 20 * events.size();  // room for imported times before the request's
  const std::uint64_t timestamp = advance(ledger, events.size());
  // Newer than everything, or only newer than the newest transfer: then accounts may be younger than what is imported.
  std::uint64_t cursor = random_.chance(50) ? before : newest_transfer(ledger);
  for (Transfer& event : events) {
    event = random_transfer(ledger);
    const bool odd_one_out = random_.per_mille(options_.imported ? 10 : 0);
    if (imported != odd_one_out) {
      event.flags |= TransferFlags::kImported;
      event.timestamp = imported_timestamp(cursor, timestamp - events.size() + 1, timestamp, ledger);
      if (random_.chance(90)) event.timeout = 0;
    } else {
      event.flags &= static_cast<std::uint16_t>(~TransferFlags::kImported);
      event.timestamp = 0;
    }
    if (random_.chance(temper_.invalid)) spoil(event);
    remember(sent_transfers_, event);
  }
  link_events(events);
  return make_request<Transfer>(Operation::kCreateTransfers, events, timestamp, request_flags());
}

TestRequest RandomWorkload::next_pulse(const std::vector<u128>& due) {
  now_ += due.size() + random_.pick<std::uint64_t>({0, 1, 1'000});
  return make_request<u128>(Operation::kPulse, due, now_);
}

/// A little more than before, most often: what is gone cannot be asked for any more.
TestRequest RandomWorkload::next_drop(const ReferenceLedger& ledger) {
  DropHistory drop{.timestamp = std::max<std::uint64_t>(some_time(ledger), 1)};
  for (int i = 0; i < 3; ++i) {
    const std::uint64_t other = some_time(ledger);
    if (other > ledger.history_begins() && other < drop.timestamp) drop.timestamp = other;
  }
  now_ += random_.pick<std::uint64_t>({1, 2, 1'000});
  if (random_.chance(5)) drop.timestamp = now_ + random_.below(3);
  if (random_.chance(20)) drop.flags = DropHistoryFlags::kDryRun;
  return make_request<DropHistory>(Operation::kDropHistory, std::span(&drop, 1), now_);
}

TestRequest RandomWorkload::next_lookup(const ReferenceLedger& ledger) {
  std::vector<u128> ids(static_cast<std::size_t>(random_.between(1, 12)));
  const bool accounts = random_.chance(40);
  for (u128& id : ids) {
    if (random_.chance(10)) {
      id = random_.pick<u128>({0, kU128Max, kEngineId, 1, random_.next_u128()});
    } else if (accounts || sent_transfers_.empty()) {
      id = account_id();
    } else {
      id = random_.chance(70) ? random_.pick_from(sent_transfers_).id : pending_id(ledger);
    }
  }
  return make_request<u128>(accounts ? Operation::kLookupAccounts : Operation::kLookupTransfers, ids);
}

TestRequest RandomWorkload::next_query(const ReferenceLedger& ledger) {
  switch (random_.below(10)) {
    case 8: return options_.moments ? next_moment(ledger) : next_events_query(ledger);
    case 9: return next_trial_balance(ledger);
    case 0:
    case 1: return next_ledger_query(ledger);
    case 2:
    case 3: return next_events_query(ledger);
    case 4: return next_accounts_at(ledger);
    default: return next_account_query(ledger);
  }
}

/// Of a transfer, of an expiry, of an account, or beside one; or any.
std::uint64_t RandomWorkload::some_time(const ReferenceLedger& ledger) {
  if (!ledger.events().empty() && random_.chance(70)) {
    return ledger.events()[static_cast<std::size_t>(random_.below(ledger.events().size()))].timestamp + random_.below(3) - 1;
  }
  if (const auto found = ledger.accounts().find(account_id()); found != ledger.accounts().end() && random_.chance(50)) {
    return found->second.timestamp + random_.below(3) - 1;
  }
  return random_.between(1, now_);
}

template <typename Filter>
void RandomWorkload::narrow(Filter& filter, const ReferenceLedger& ledger) {
  if (random_.chance(30)) filter.timestamp_min = some_time(ledger);
  if (random_.chance(30)) filter.timestamp_max = some_time(ledger);
  if (filter.timestamp_max != 0 && filter.timestamp_min > filter.timestamp_max) {
    std::swap(filter.timestamp_min, filter.timestamp_max);
  }
  filter.limit = random_.pick<std::uint32_t>({1, 2, 5, 20, 300, kQueryRowsMax, kQueryRowsMax + 1, ~std::uint32_t{0}});
}

template <typename Filter>
void RandomWorkload::narrow_to_transfers(Filter& filter, const ReferenceLedger& ledger) {
  narrow(filter, ledger);
  if (random_.chance(15)) filter.user_data_128 = random_.below(3);
  if (random_.chance(15)) filter.user_data_64 = random_.below(3);
  if (random_.chance(15)) filter.user_data_32 = static_cast<std::uint32_t>(random_.below(3));
  if (random_.chance(15)) filter.code = static_cast<std::uint16_t>(random_.below(4));
  const auto some_amount = [&]() -> u128 {
    const Transfer sent = sent_transfers_.empty() ? Transfer{} : random_.pick_from(sent_transfers_);
    return random_.pick<u128>({1, 10, 500, sent.amount, u128{1} << 64, kU128Max});
  };
  if (random_.chance(15)) filter.amount_min = some_amount();
  if (random_.chance(15)) filter.amount_max = some_amount();
  if (filter.amount_max != 0 && filter.amount_min > filter.amount_max) std::swap(filter.amount_min, filter.amount_max);
  if (random_.chance(25)) filter.pending_statuses = static_cast<std::uint8_t>(random_.below(PendingStatuses::kAll + 1U));
}

TestRequest RandomWorkload::next_account_query(const ReferenceLedger& ledger) {
  AccountFilter filter;
  filter.account_id = account_id();
  narrow_to_transfers(filter, ledger);
  filter.flags = static_cast<std::uint32_t>(random_.between(1, 3)) | (random_.chance(50) ? AccountFilterFlags::kReversed : 0);
  const Operation operation = random_.chance(50) ? Operation::kGetAccountTransfers : Operation::kGetAccountBalances;
  return make_request<AccountFilter>(operation, std::span(&filter, 1));
}

TestRequest RandomWorkload::next_ledger_query(const ReferenceLedger& ledger) {
  QueryFilter filter;
  narrow_to_transfers(filter, ledger);
  if (random_.chance(20)) filter.ledger = static_cast<std::uint32_t>(random_.below(3));
  if (random_.chance(50)) filter.flags = QueryFilterFlags::kReversed;
  const bool accounts = random_.chance(40);
  if (accounts) {
    filter.amount_min = filter.amount_max = 0;
    filter.pending_statuses = 0;
  }
  return make_request<QueryFilter>(accounts ? Operation::kQueryAccounts : Operation::kQueryTransfers, std::span(&filter, 1));
}

TestRequest RandomWorkload::next_events_query(const ReferenceLedger& ledger) {
  ChangeEventsFilter filter;
  narrow(filter, ledger);
  if (random_.chance(20)) filter.expiries_timestamp_min = some_time(ledger);
  if (random_.chance(50)) filter.account_id = account_id();
  return make_request<ChangeEventsFilter>(Operation::kGetChangeEvents, std::span(&filter, 1));
}

TestRequest RandomWorkload::next_accounts_at(const ReferenceLedger& ledger) {
  AccountsAt at;
  if (random_.chance(90)) at.timestamp = some_time(ledger);
  std::vector<u128> words = {at.timestamp};
  const std::uint64_t ids = random_.between(1, 12);
  for (std::uint64_t i = 0; i < ids; ++i) words.push_back(random_.chance(95) ? account_id() : random_.pick<u128>({0, kU128Max, 1}));
  return make_request<u128>(Operation::kGetAccountsAt, words);
}

TestRequest RandomWorkload::next_moment(const ReferenceLedger& ledger) {
  Moment moment;
  if (random_.chance(50)) {
    moment.sequence = random_.between(1, ledger.moments().back().sequence + 2);
  } else {
    moment.timestamp = some_time(ledger);
  }
  return make_request<Moment>(Operation::kGetMoment, std::span(&moment, 1));
}

TestRequest RandomWorkload::next_trial_balance(const ReferenceLedger& ledger) {
  TrialBalanceFilter filter;
  if (random_.chance(80)) filter.timestamp = some_time(ledger);
  if (random_.chance(20)) filter.timestamp_min = some_time(ledger);
  if (random_.chance(40)) filter.ledger = static_cast<std::uint32_t>(random_.between(1, 3));
  return make_request<TrialBalanceFilter>(Operation::kGetTrialBalance, std::span(&filter, 1));
}

// ---------------------------------------------------------------------------------------------------------------------
// Events.

/// Four kinds of ids: rising, rising in the high half, the same in both halves, and all over the place.
u128 RandomWorkload::new_id() {
  ++last_id_;
  switch (id_kind_) {
    case 0: return last_id_;
    case 1: return make_u128(last_id_, 0);
    case 2: return make_u128(last_id_, last_id_);
    default: return random_.next_u128();
  }
}

/// Somewhere among the ids given out so far.
u128 RandomWorkload::some_id() {
  const std::uint64_t number = random_.between(first_id_, last_id_);
  switch (id_kind_) {
    case 0: return number;
    case 1:
    case 2: return make_u128(number, 0);
    default: return random_.next_u128();
  }
}

u128 RandomWorkload::account_id() {
  if (random_.per_mille(3)) return new_id();
  return random_.pick_from(account_ids_);
}

u128 RandomWorkload::existing_account_id(const ReferenceLedger& ledger) {
  u128 id = account_id();
  for (int i = 0; i < 6 && !ledger.accounts().contains(id) && random_.chance(97); ++i) id = account_id();
  return id;
}

Account RandomWorkload::random_account(const ReferenceLedger& ledger) {
  Account account;
  account.id = account_id();
  // Prefer ids that are still missing, or most requests would only find that they exist.
  for (int i = 0; i < 5 && ledger.accounts().contains(account.id); ++i) account.id = account_id();
  if (ledger.accounts().contains(account.id) && random_.chance(60)) account.id = new_id();
  account.user_data_128 = random_.below(3);
  account.user_data_64 = random_.below(3);
  account.user_data_32 = static_cast<std::uint32_t>(random_.below(3));
  account.ledger = random_.chance(97) ? 1 : 2;
  account.code = static_cast<std::uint16_t>(random_.between(1, 3));
  if (random_.chance(temper_.limits)) {
    account.flags |= random_.chance(50) ? AccountFlags::kDebitsMustNotExceedCredits : AccountFlags::kCreditsMustNotExceedDebits;
  }
  if (random_.chance(50)) account.flags |= AccountFlags::kHistory;
  if (random_.chance(1)) account.flags |= AccountFlags::kClosed;
  return account;
}

Account RandomWorkload::account_again() {
  Account account = random_.pick_from(sent_accounts_);
  account.flags &= static_cast<std::uint16_t>(~AccountFlags::kLinked);
  switch (random_.below(12)) {
    case 0: account.flags ^= static_cast<std::uint16_t>(1U << random_.between(1, 5)); break;
    case 1: account.user_data_128 ^= 1; break;
    case 2: account.user_data_64 ^= 1; break;
    case 3: account.user_data_32 ^= 1; break;
    case 4: account.ledger ^= 3; break;
    case 5: account.code ^= 1; break;
    case 6: account.credits_posted = 1; break;
    default: break;
  }
  return account;
}

void RandomWorkload::spoil(Account& account) {
  switch (random_.below(13)) {
    case 0: account.id = 0; break;
    case 1: account.id = kU128Max; break;
    case 2: account.id = kEngineId; break;
    case 3: account.debits_pending = 1; break;
    case 4: account.debits_posted = random_.next_u128(); break;
    case 5: account.credits_pending = 1; break;
    case 6: account.credits_posted = 1; break;
    case 7: account.reserved = 1; break;
    case 8: account.ledger = 0; break;
    case 9: account.code = 0; break;
    case 10: account.timestamp = random_.between(1, now_ + 1); break;
    case 11: account.flags = static_cast<std::uint16_t>(random_.next()); break;
    default:
      account.flags |= AccountFlags::kDebitsMustNotExceedCredits | AccountFlags::kCreditsMustNotExceedDebits;
      break;
  }
}

Transfer RandomWorkload::random_transfer(const ReferenceLedger& ledger) {
  if (ledger.history_begins() != 0 && random_.chance(temper_.retries)) return dropped_again(ledger);
  if (random_.chance(temper_.retries) && !sent_transfers_.empty()) return transfer_again(ledger);
  Transfer transfer = random_.chance(temper_.post_or_void) ? random_post_or_void(ledger) : random_ordinary(ledger);
  if (random_.chance(temper_.any_flags)) {
    transfer.flags = static_cast<std::uint16_t>(random_.below(512)) & static_cast<std::uint16_t>(~TransferFlags::kLinked);
  }
  return transfer;
}

Transfer RandomWorkload::random_ordinary(const ReferenceLedger& ledger) {
  Transfer transfer;
  transfer.id = new_id();
  transfer.debit_account_id = existing_account_id(ledger);
  transfer.credit_account_id = existing_account_id(ledger);
  for (int i = 0; i < 6 && transfer.credit_account_id == transfer.debit_account_id; ++i) {
    transfer.credit_account_id = existing_account_id(ledger);
  }
  transfer.user_data_128 = random_.below(3);
  transfer.user_data_64 = random_.below(3);
  transfer.user_data_32 = static_cast<std::uint32_t>(random_.below(3));
  transfer.ledger = 1;
  if (const auto debit = ledger.accounts().find(transfer.debit_account_id); debit != ledger.accounts().end() && random_.chance(95)) {
    transfer.ledger = debit->second.ledger;
  }
  transfer.code = static_cast<std::uint16_t>(random_.between(1, 3));
  if (random_.chance(temper_.pending)) {
    transfer.flags |= TransferFlags::kPending;
    if (random_.chance(temper_.timeouts)) {
      transfer.timeout = random_.pick<std::uint32_t>({1, 1, 1, 2, 5, 100, 5'000'000, ~std::uint32_t{0}});
    }
    if (random_.per_mille(temper_.closing)) transfer.flags |= TransferFlags::kClosingDebit;
    if (random_.per_mille(temper_.closing)) transfer.flags |= TransferFlags::kClosingCredit;
  }
  if (random_.chance(8)) transfer.flags |= TransferFlags::kBalancingDebit;
  if (random_.chance(8)) transfer.flags |= TransferFlags::kBalancingCredit;
  transfer.amount = random_amount(ledger, transfer);
  return transfer;
}

/// Small, or at the edge of something: what the debit account has left, what fits into 128 bits, all that there is.
u128 RandomWorkload::random_amount(const ReferenceLedger& ledger, const Transfer& transfer) {
  const auto edge = [&](u128 value) -> u128 { return value + random_.below(3) - 1; };
  const auto debit = ledger.accounts().find(transfer.debit_account_id);
  const auto credit = ledger.accounts().find(transfer.credit_account_id);
  if (debit != ledger.accounts().end() && credit != ledger.accounts().end() && random_.chance(20)) {
    const Account& from = debit->second;
    const Account& to = credit->second;
    const u128 left = random_.chance(50) ? from.credits_posted - from.debits_posted - from.debits_pending
                                         : to.debits_posted - to.credits_posted - to.credits_pending;
    const bool sane = left >> 127 == 0;  // otherwise it is below zero
    if (sane) return edge(left);
  }
  if (!random_.chance(temper_.huge)) return random_.pick<u128>({0, 1, random_.below(10), random_.below(1'000)});
  if (debit == ledger.accounts().end() || credit == ledger.accounts().end()) return kU128Max;
  const Account& from = debit->second;
  const Account& to = credit->second;
  switch (random_.below(10)) {
    case 0: return random_.pick<u128>({kU128Max, u128{1} << 127, edge(u128{1} << 127), u128{1} << 126});
    case 1: return edge(u128{1} << random_.pick({63, 89, 90, 91, 125}));
    case 2: return (u128{1} << 64) - random_.below(2);
    case 3: return edge(kU128Max - from.debits_posted);
    case 4: return edge(kU128Max - from.debits_pending);
    case 5: return edge(kU128Max - to.credits_posted);
    case 6: return edge(kU128Max - to.credits_pending);
    case 7: return edge(kU128Max - from.debits_posted - from.debits_pending);
    case 8: return edge((u128{1} << 127) - from.debits_posted);
    default: return edge(kU128Max - to.credits_posted - to.credits_pending);
  }
}

/// Of one that was just sent, perhaps in this very request; of an open hold; of a hold in any state; of something else.
u128 RandomWorkload::pending_id(const ReferenceLedger& ledger) {
  if (!sent_transfers_.empty() && random_.chance(30)) {
    for (int i = 0; i < 8; ++i) {
      const Transfer& candidate = random_.pick_from(sent_transfers_);
      if ((candidate.flags & TransferFlags::kPending) != 0) return candidate.id;
    }
  }
  if (!ledger.holds().empty() && random_.chance(95)) {
    auto hold = ledger.holds().lower_bound(some_id());
    const bool only_open = random_.chance(80);
    for (int i = 0; i < 200; ++i) {
      if (hold == ledger.holds().end()) hold = ledger.holds().begin();
      if (!only_open || hold->second.status == model::HoldStatus::kPending) return hold->first;
      ++hold;
    }
  }
  return sent_transfers_.empty() ? new_id() : random_.pick_from(sent_transfers_).id;
}

Transfer RandomWorkload::random_post_or_void(const ReferenceLedger& ledger) {
  Transfer transfer;
  transfer.id = new_id();
  transfer.pending_id = pending_id(ledger);
  const bool posts = random_.chance(60);
  transfer.flags = posts ? TransferFlags::kPostPendingTransfer : TransferFlags::kVoidPendingTransfer;
  transfer.amount = posts ? kAmountMax : u128{0};
  if (random_.chance(30)) transfer.user_data_128 = random_.below(3);
  if (random_.chance(30)) transfer.user_data_64 = random_.below(3);
  if (random_.chance(30)) transfer.user_data_32 = static_cast<std::uint32_t>(random_.below(3));

  Transfer pending;  // of an earlier request, or of this one
  if (const auto found = ledger.transfers().find(transfer.pending_id); found != ledger.transfers().end()) {
    pending = found->second;
  } else {
    const auto sent = std::find_if(sent_transfers_.rbegin(), sent_transfers_.rend(),
                                   [&](const Transfer& candidate) { return candidate.id == transfer.pending_id; });
    if (sent != sent_transfers_.rend()) pending = *sent;
  }
  if (random_.chance(30)) transfer.debit_account_id = pending.debit_account_id;
  if (random_.chance(30)) transfer.credit_account_id = pending.credit_account_id;
  if (random_.chance(30)) transfer.ledger = pending.ledger;
  if (random_.chance(30)) transfer.code = pending.code;
  if (random_.chance(50)) {
    transfer.amount = random_.pick<u128>({0, pending.amount, pending.amount - 1, pending.amount + 1, pending.amount / 2, kAmountMax});
  }
  if (random_.chance(3)) transfer.debit_account_id = account_id();
  if (random_.chance(3)) transfer.credit_account_id = account_id();
  if (random_.chance(3)) transfer.ledger = 2;
  if (random_.chance(3)) transfer.code = 3;
  return transfer;
}

Transfer RandomWorkload::transfer_again(const ReferenceLedger& ledger) {
  Transfer transfer = random_.pick_from(sent_transfers_);
  transfer.flags &= static_cast<std::uint16_t>(~TransferFlags::kLinked);
  if (const auto stored = ledger.transfers().find(transfer.id); stored != ledger.transfers().end() && random_.chance(20)) {
    transfer = stored->second;  // as a client would send what a look-up had given it
    transfer.flags &= static_cast<std::uint16_t>(~TransferFlags::kLinked);
  }
  change_field(transfer);
  return transfer;
}

/// As it is stored, a post or void if chance finds one: with what its hold may have said or without, and perhaps with another field.
Transfer RandomWorkload::dropped_again(const ReferenceLedger& ledger) {
  const auto is_resolution = [](const Transfer& transfer) {
    return (transfer.flags & (TransferFlags::kPostPendingTransfer | TransferFlags::kVoidPendingTransfer)) != 0;
  };
  const auto& events = ledger.events();
  // Nearly all of them: what was imported may stand behind expiries that are later.
  const auto kept = std::ranges::partition_point(events, [&](const model::LedgerEvent& event) { return ledger.is_dropped(event.timestamp); });
  if (kept == events.begin()) return random_ordinary(ledger);
  Transfer transfer;
  for (int i = 0; i < 8 && !is_resolution(transfer); ++i) {
    const auto place = random_.below(static_cast<std::uint64_t>(kept - events.begin()));
    transfer = ledger.transfers().at(events[static_cast<std::size_t>(place)].transfer_id);
  }
  if (random_.chance(70)) transfer.flags &= static_cast<std::uint16_t>(~TransferFlags::kLinked);
  if (is_resolution(transfer)) {
    if (random_.chance(50)) transfer.debit_account_id = 0;
    if (random_.chance(50)) transfer.credit_account_id = 0;
    if (random_.chance(50)) transfer.ledger = 0;
    if (random_.chance(50)) transfer.code = 0;
    if (random_.chance(50)) transfer.user_data_128 = 0;
    if (random_.chance(50)) transfer.user_data_64 = 0;
    if (random_.chance(50)) transfer.user_data_32 = 0;
    if (random_.chance(20)) transfer.amount = random_.pick<u128>({0, kAmountMax});
  }
  change_field(transfer);
  return transfer;
}

void RandomWorkload::change_field(Transfer& transfer) {
  switch (random_.below(20)) {
    case 0: transfer.flags ^= static_cast<std::uint16_t>(1U << random_.between(1, 8)); break;
    case 1: transfer.debit_account_id = account_id(); break;
    case 2: transfer.credit_account_id = account_id(); break;
    case 3: transfer.amount += random_.pick<u128>({1, kU128Max}); break;
    case 4: transfer.pending_id ^= 1; break;
    case 5: transfer.user_data_128 ^= 1; break;
    case 6: transfer.user_data_64 ^= 1; break;
    case 7: transfer.user_data_32 ^= 1; break;
    case 8: transfer.timeout ^= 1; break;
    case 9: transfer.ledger ^= 3; break;
    case 10: transfer.code ^= 1; break;
    case 11: transfer.amount = random_.pick<u128>({0, kAmountMax}); break;
    case 12: transfer.user_data_128 = 0; break;
    case 13: transfer.debit_account_id = 0; break;
    case 14: transfer.id = new_id(); break;
    default: break;
  }
}

void RandomWorkload::spoil(Transfer& transfer) {
  switch (random_.below(18)) {
    case 0: transfer.id = 0; break;
    case 1: transfer.id = random_.pick({kU128Max, kEngineId}); break;
    case 2: transfer.debit_account_id = 0; break;
    case 3: transfer.debit_account_id = random_.pick({kU128Max, kEngineId}); break;
    case 4: transfer.credit_account_id = 0; break;
    case 5: transfer.credit_account_id = random_.pick({kU128Max, kEngineId}); break;
    case 6: transfer.credit_account_id = transfer.debit_account_id; break;
    case 7: transfer.pending_id = random_.pick<u128>({0, 1, kU128Max, kEngineId, transfer.id}); break;
    case 8: transfer.timeout = random_.pick<std::uint32_t>({1, ~std::uint32_t{0}}); break;
    case 9: transfer.ledger = static_cast<std::uint32_t>(random_.below(3)); break;
    case 10: transfer.code = 0; break;
    case 11: transfer.timestamp = random_.between(1, now_ + 1); break;
    case 12: transfer.flags = static_cast<std::uint16_t>(random_.next() & (options_.imported ? 0xFFFFU : 0xFEFFU)); break;
    case 13: transfer.flags |= TransferFlags::kClosingDebit; break;
    case 14: transfer.flags |= TransferFlags::kPending; break;
    case 15: transfer.debit_account_id = new_id(); break;
    case 16: transfer.credit_account_id = new_id(); break;
    default: transfer.flags |= TransferFlags::kPostPendingTransfer; break;
  }
}

}  // namespace florin::test
