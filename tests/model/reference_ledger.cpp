#include "model/reference_ledger.hpp"

#include <algorithm>
#include <cassert>

namespace florin::model {
namespace {

constexpr std::uint64_t kTimestampMax = (std::uint64_t{1} << 63) - 1;
/// High half of the ids that belong to the engine itself.
constexpr std::uint64_t kEngineIdSpace = 0xF16C6F72696E0001ULL;
/// Sequences and nanoseconds that a payment command owns.
constexpr std::uint64_t kPaymentNanoseconds = 32;

bool is_valid_timestamp(std::uint64_t timestamp) { return timestamp >= 1 && timestamp <= kTimestampMax; }
bool is_engine_id(u128 id) { return high64(id) == kEngineIdSpace; }
bool is_max_or_engine_id(u128 id) { return id == kU128Max || is_engine_id(id); }
std::uint64_t timeout_ns(const Transfer& transfer) { return std::uint64_t{transfer.timeout} * 1'000'000'000; }
bool is_set(std::uint16_t flags, std::uint16_t bit) { return (flags & bit) != 0; }
bool is_post(const Transfer& t) { return is_set(t.flags, TransferFlags::kPostPendingTransfer); }
bool is_void(const Transfer& t) { return is_set(t.flags, TransferFlags::kVoidPendingTransfer); }

bool sum_overflows(u128 a, u128 b) {
  u128 sum = 0;
  return add_overflows(a, b, sum);
}

Balances balances_of(const Account* account) {
  if (account == nullptr) return {};
  return {account->debits_pending, account->debits_posted, account->credits_pending, account->credits_posted};
}

template <typename Status>
std::uint32_t number(Status status) {
  return static_cast<std::uint32_t>(status);
}

}  // namespace

/// The codes that the two operations number differently.
struct ReferenceLedger::ImportedCodes {
  std::uint32_t expected;
  std::uint32_t not_expected;
  std::uint32_t out_of_range;
  std::uint32_t must_not_advance;
};

// ---------------------------------------------------------------------------------------------------------------------
// A request: chains, imported mode, timestamps.

template <typename Event, typename CreateOne, typename BalancesAfter>
std::vector<EventOutcome> ReferenceLedger::run_request(std::span<const Event> events, std::uint64_t timestamp,
                                                       const ImportedCodes& codes, CreateOne create_one,
                                                       BalancesAfter balances_after) {
  constexpr std::uint32_t kLinkedEventFailed = 1;
  constexpr std::uint32_t kLinkedEventChainOpen = 2;
  constexpr std::uint32_t kTimestampMustBeZero = 3;
  constexpr std::uint16_t kLinked = AccountFlags::kLinked;
  static_assert(kLinked == TransferFlags::kLinked);
  const auto is_imported = [](const Event& event) {
    if constexpr (std::is_same_v<Event, Account>) {
      return is_set(event.flags, AccountFlags::kImported);
    } else {
      return is_set(event.flags, TransferFlags::kImported);
    }
  };

  record_moments(events.size(), timestamp);
  std::vector<EventOutcome> outcomes(events.size());
  bool in_chain = false;
  bool chain_broken = false;
  std::size_t chain_start = 0;

  for (std::size_t i = 0; i < events.size(); ++i) {
    const Event& event = events[i];
    event_sequence_ = sequence_ + (is_imported(events[0]) ? events.size() : i + 1);
    const std::uint64_t event_timestamp = timestamp - events.size() + 1 + i;
    const bool linked = is_set(event.flags, kLinked);
    const bool is_last = i + 1 == events.size();
    if (linked && !in_chain) {
      in_chain = true;
      chain_broken = false;
      chain_start = i;
      undo_.clear();
    }

    const auto decide = [&]() -> Verdict {
      if (linked && is_last) return {kLinkedEventChainOpen, event_timestamp};
      if (chain_broken) return {kLinkedEventFailed, event_timestamp};
      if (is_imported(event) != is_imported(events[0])) {
        return {is_imported(event) ? codes.not_expected : codes.expected, event_timestamp};
      }
      if (is_imported(event)) {
        if (!is_valid_timestamp(event.timestamp)) return {codes.out_of_range, event_timestamp};
        if (event.timestamp >= timestamp) return {codes.must_not_advance, event_timestamp};
      } else if (event.timestamp != 0) {
        return {kTimestampMustBeZero, event_timestamp};
      }
      return create_one(event, event_timestamp);
    };
    const Verdict verdict = decide();

    if (verdict.status != kCreated && in_chain && !chain_broken) {
      chain_broken = true;
      roll_back();
      for (std::size_t j = chain_start; j < i; ++j) outcomes[j].result.status = kLinkedEventFailed;
    }
    outcomes[i].result = {verdict.timestamp, verdict.status, 0};
    balances_after(event, verdict.status, outcomes[i]);

    if (!linked || is_last) {
      in_chain = false;
      chain_broken = false;
      undo_.clear();
    }
  }
  sequence_ += events.size();
  return outcomes;
}

// ---------------------------------------------------------------------------------------------------------------------
// Accounts.

std::vector<EventOutcome> ReferenceLedger::create_accounts(std::span<const Account> events, std::uint64_t timestamp) {
  using S = CreateAccountStatus;
  const ImportedCodes codes{number(S::kImportedEventExpected), number(S::kImportedEventNotExpected),
                            number(S::kImportedEventTimestampOutOfRange), number(S::kImportedEventTimestampMustNotAdvance)};
  return run_request(
      events, timestamp, codes,
      [this](const Account& event, std::uint64_t event_timestamp) { return create_account(event, event_timestamp); },
      [this](const Account& event, std::uint32_t, EventOutcome& outcome) {
        outcome.debit = balances_of(find_account(event.id));
      });
}

ReferenceLedger::Verdict ReferenceLedger::create_account(const Account& event, std::uint64_t event_timestamp) {
  const CreateAccountStatus status = check_account(event);
  if (status == CreateAccountStatus::kExists) return {number(status), accounts_.at(event.id).timestamp};
  if (status != CreateAccountStatus::kCreated) return {number(status), event_timestamp};
  Account account = event;
  if (!is_set(event.flags, AccountFlags::kImported)) account.timestamp = event_timestamp;
  insert_account(account);
  return {kCreated, account.timestamp};
}

CreateAccountStatus ReferenceLedger::check_account(const Account& event) const {
  using S = CreateAccountStatus;
  if (event.reserved != 0) return S::kReservedField;
  if ((event.flags & ~AccountFlags::kAll) != 0) return S::kReservedFlag;
  if (event.id == 0) return S::kIdMustNotBeZero;
  if (is_max_or_engine_id(event.id)) return S::kIdMustNotBeIntMax;

  if (const Account* existing = find_account(event.id)) {
    if (event.flags != existing->flags) return S::kExistsWithDifferentFlags;
    if (event.user_data_128 != existing->user_data_128) return S::kExistsWithDifferentUserData128;
    if (event.user_data_64 != existing->user_data_64) return S::kExistsWithDifferentUserData64;
    if (event.user_data_32 != existing->user_data_32) return S::kExistsWithDifferentUserData32;
    if (event.ledger != existing->ledger) return S::kExistsWithDifferentLedger;
    if (event.code != existing->code) return S::kExistsWithDifferentCode;
    return S::kExists;
  }

  constexpr std::uint16_t kBothLimits = AccountFlags::kDebitsMustNotExceedCredits | AccountFlags::kCreditsMustNotExceedDebits;
  if ((event.flags & kBothLimits) == kBothLimits) return S::kFlagsAreMutuallyExclusive;
  if (event.debits_pending != 0) return S::kDebitsPendingMustBeZero;
  if (event.debits_posted != 0) return S::kDebitsPostedMustBeZero;
  if (event.credits_pending != 0) return S::kCreditsPendingMustBeZero;
  if (event.credits_posted != 0) return S::kCreditsPostedMustBeZero;
  if (event.ledger == 0) return S::kLedgerMustNotBeZero;
  if (event.code == 0) return S::kCodeMustNotBeZero;

  if (is_set(event.flags, AccountFlags::kImported)) {
    const bool regresses = !account_at_.empty() && event.timestamp <= account_at_.rbegin()->first;
    if (regresses || transfer_at_.contains(event.timestamp)) return S::kImportedEventTimestampMustNotRegress;
  }
  return S::kCreated;
}

// ---------------------------------------------------------------------------------------------------------------------
// Transfers.

std::vector<EventOutcome> ReferenceLedger::create_transfers(std::span<const Transfer> events, std::uint64_t timestamp) {
  using S = CreateTransferStatus;
  const ImportedCodes codes{number(S::kImportedEventExpected), number(S::kImportedEventNotExpected),
                            number(S::kImportedEventTimestampOutOfRange), number(S::kImportedEventTimestampMustNotAdvance)};
  return run_request(
      events, timestamp, codes,
      [this](const Transfer& event, std::uint64_t event_timestamp) { return create_transfer(event, event_timestamp); },
      [this](const Transfer& event, std::uint32_t status, EventOutcome& outcome) {
        balances_after_transfer(event, status, outcome);
      });
}

ReferenceLedger::Verdict ReferenceLedger::create_transfer(const Transfer& event, std::uint64_t event_timestamp) {
  using S = CreateTransferStatus;
  const auto refused = [&](S status) { return Verdict{number(status), event_timestamp}; };
  if ((event.flags & ~TransferFlags::kAll) != 0) return refused(S::kReservedFlag);
  if (event.id == 0) return refused(S::kIdMustNotBeZero);
  if (is_max_or_engine_id(event.id)) return refused(S::kIdMustNotBeIntMax);
  if (const Transfer* existing = find_transfer(event.id)) {
    const S status = check_existing(event, *existing);
    return status == S::kExists ? Verdict{number(status), existing->timestamp} : refused(status);
  }
  if (failed_ids_.contains(event.id)) return refused(S::kIdAlreadyFailed);

  const S status = is_post(event) || is_void(event) ? create_post_or_void(event, event_timestamp)
                                                    : create_ordinary(event, event_timestamp);
  if (status == S::kCreated) return {kCreated, transfers_.at(event.id).timestamp};
  if (status == S::kDebitAccountNotFound || status == S::kCreditAccountNotFound || status == S::kPendingTransferNotFound ||
      status == S::kExceedsCredits || status == S::kExceedsDebits || status == S::kDebitAccountAlreadyClosed ||
      status == S::kCreditAccountAlreadyClosed) {
    failed_ids_.insert(event.id);
  }
  return refused(status);
}

bool ReferenceLedger::transfer_time_regresses(std::uint64_t timestamp) const {
  const bool regresses = !transfer_at_.empty() && timestamp <= transfer_at_.rbegin()->first;
  return regresses || is_dropped(timestamp) || account_at_.contains(timestamp);
}

CreateTransferStatus ReferenceLedger::create_ordinary(const Transfer& event, std::uint64_t event_timestamp) {
  using S = CreateTransferStatus;
  using F = TransferFlags;
  const bool pending = is_set(event.flags, F::kPending);
  const bool imported = is_set(event.flags, F::kImported);

  if (event.debit_account_id == 0) return S::kDebitAccountIdMustNotBeZero;
  if (is_max_or_reserved_id(event.debit_account_id)) return S::kDebitAccountIdMustNotBeIntMax;
  if (event.credit_account_id == 0) return S::kCreditAccountIdMustNotBeZero;
  if (is_max_or_reserved_id(event.credit_account_id)) return S::kCreditAccountIdMustNotBeIntMax;
  if (event.debit_account_id == event.credit_account_id) return S::kAccountsMustBeDifferent;
  if (event.pending_id != 0) return S::kPendingIdMustBeZero;
  if (!pending) {
    if (event.timeout != 0) return S::kTimeoutReservedForPendingTransfer;
    if (is_set(event.flags, F::kClosingDebit | F::kClosingCredit)) return S::kClosingTransferMustBePending;
  }
  if (event.ledger == 0) return S::kLedgerMustNotBeZero;
  if (event.code == 0) return S::kCodeMustNotBeZero;

  const Account* found_debit = find_account(event.debit_account_id);
  if (found_debit == nullptr) return S::kDebitAccountNotFound;
  const Account* found_credit = find_account(event.credit_account_id);
  if (found_credit == nullptr) return S::kCreditAccountNotFound;
  Account debit = *found_debit;
  Account credit = *found_credit;
  if (debit.ledger != credit.ledger) return S::kAccountsMustHaveTheSameLedger;
  if (event.ledger != debit.ledger) return S::kTransferMustHaveTheSameLedgerAsAccounts;

  if (imported) {
    if (transfer_time_regresses(event.timestamp)) return S::kImportedEventTimestampMustNotRegress;
    if (event.timestamp <= debit.timestamp) return S::kImportedEventTimestampMustPostdateDebitAccount;
    if (event.timestamp <= credit.timestamp) return S::kImportedEventTimestampMustPostdateCreditAccount;
    if (event.timeout != 0) return S::kImportedEventTimeoutMustBeZero;
  }
  if (is_set(debit.flags, AccountFlags::kClosed)) return S::kDebitAccountAlreadyClosed;
  if (is_set(credit.flags, AccountFlags::kClosed)) return S::kCreditAccountAlreadyClosed;

  u128 amount = event.amount;
  if (is_set(event.flags, F::kBalancingDebit)) {
    const u128 used = debit.debits_posted + debit.debits_pending;
    amount = std::min(amount, debit.credits_posted > used ? debit.credits_posted - used : u128{0});
  }
  if (is_set(event.flags, F::kBalancingCredit)) {
    const u128 used = credit.credits_posted + credit.credits_pending;
    amount = std::min(amount, credit.debits_posted > used ? credit.debits_posted - used : u128{0});
  }

  const std::uint64_t timestamp = imported ? event.timestamp : event_timestamp;
  if (pending && sum_overflows(debit.debits_pending, amount)) return S::kOverflowsDebitsPending;
  if (pending && sum_overflows(credit.credits_pending, amount)) return S::kOverflowsCreditsPending;
  if (sum_overflows(debit.debits_posted, amount)) return S::kOverflowsDebitsPosted;
  if (sum_overflows(credit.credits_posted, amount)) return S::kOverflowsCreditsPosted;
  if (sum_overflows(debit.debits_pending + debit.debits_posted, amount)) return S::kOverflowsDebits;
  if (sum_overflows(credit.credits_pending + credit.credits_posted, amount)) return S::kOverflowsCredits;
  if (u128{timestamp} + timeout_ns(event) > kTimestampMax) return S::kOverflowsTimeout;
  if (is_set(debit.flags, AccountFlags::kDebitsMustNotExceedCredits) &&
      debit.debits_pending + debit.debits_posted + amount > debit.credits_posted) {
    return S::kExceedsCredits;
  }
  if (is_set(credit.flags, AccountFlags::kCreditsMustNotExceedDebits) &&
      credit.credits_pending + credit.credits_posted + amount > credit.debits_posted) {
    return S::kExceedsDebits;
  }

  if (pending) {
    debit.debits_pending += amount;
    credit.credits_pending += amount;
  } else {
    debit.debits_posted += amount;
    credit.credits_posted += amount;
  }
  if (is_set(event.flags, F::kClosingDebit)) debit.flags |= AccountFlags::kClosed;
  if (is_set(event.flags, F::kClosingCredit)) credit.flags |= AccountFlags::kClosed;
  update_account(debit);
  update_account(credit);

  Transfer transfer = event;
  transfer.amount = amount;
  transfer.timestamp = timestamp;
  insert_transfer(transfer);
  if (pending) insert_hold(transfer.id, {HoldStatus::kPending, event.timeout == 0 ? 0 : timestamp + timeout_ns(event)});
  record_event(false, timestamp, transfer);
  return S::kCreated;
}

CreateTransferStatus ReferenceLedger::create_post_or_void(const Transfer& event, std::uint64_t event_timestamp) {
  using S = CreateTransferStatus;
  using F = TransferFlags;
  constexpr std::uint16_t kForbidden = F::kPending | F::kBalancingDebit | F::kBalancingCredit | F::kClosingDebit | F::kClosingCredit;
  const bool post = is_post(event);
  const bool imported = is_set(event.flags, F::kImported);

  if ((post && is_void(event)) || is_set(event.flags, kForbidden)) return S::kFlagsAreMutuallyExclusive;
  if (event.pending_id == 0) return S::kPendingIdMustNotBeZero;
  if (event.pending_id == kU128Max) return S::kPendingIdMustNotBeIntMax;
  if (event.pending_id == event.id) return S::kPendingIdMustBeDifferent;
  if (event.timeout != 0) return S::kTimeoutReservedForPendingTransfer;
  if (is_engine_id(event.pending_id) && !engine_writes_) return S::kPendingTransferNotPending;
  const Transfer* found = find_transfer(event.pending_id);
  if (found == nullptr) return S::kPendingTransferNotFound;
  const Transfer pending = *found;
  if (is_dropped(pending.timestamp)) {  // whether it fits nobody knows, unless its hold is open
    const auto dropped = holds_.find(pending.id);
    if (dropped == holds_.end()) return S::kPendingTransferNotPending;
    if (dropped->second.status == HoldStatus::kPosted) return S::kPendingTransferAlreadyPosted;
    if (dropped->second.status == HoldStatus::kVoided) return S::kPendingTransferAlreadyVoided;
    if (dropped->second.status == HoldStatus::kExpired) return S::kPendingTransferExpired;
  }
  if (!is_set(pending.flags, F::kPending)) return S::kPendingTransferNotPending;
  if (event.debit_account_id != 0 && event.debit_account_id != pending.debit_account_id) {
    return S::kPendingTransferHasDifferentDebitAccountId;
  }
  if (event.credit_account_id != 0 && event.credit_account_id != pending.credit_account_id) {
    return S::kPendingTransferHasDifferentCreditAccountId;
  }
  if (event.ledger != 0 && event.ledger != pending.ledger) return S::kPendingTransferHasDifferentLedger;
  if (event.code != 0 && event.code != pending.code) return S::kPendingTransferHasDifferentCode;

  u128 amount = event.amount;
  if (post && amount == kAmountMax) amount = pending.amount;
  if (!post && amount == 0) amount = pending.amount;
  if (amount > pending.amount) return S::kExceedsPendingTransferAmount;
  if (!post && amount < pending.amount) return S::kPendingTransferHasDifferentAmount;

  const Hold hold = holds_.at(pending.id);
  if (hold.status == HoldStatus::kPosted) return S::kPendingTransferAlreadyPosted;
  if (hold.status == HoldStatus::kVoided) return S::kPendingTransferAlreadyVoided;
  if (hold.status == HoldStatus::kExpired) return S::kPendingTransferExpired;
  if (hold.expires_at != 0 && hold.expires_at <= event_timestamp) return S::kPendingTransferExpired;

  if (imported && transfer_time_regresses(event.timestamp)) return S::kImportedEventTimestampMustNotRegress;

  Account debit = accounts_.at(pending.debit_account_id);
  Account credit = accounts_.at(pending.credit_account_id);
  if (post && is_set(debit.flags, AccountFlags::kClosed)) return S::kDebitAccountAlreadyClosed;
  if (post && is_set(credit.flags, AccountFlags::kClosed)) return S::kCreditAccountAlreadyClosed;

  debit.debits_pending -= pending.amount;
  credit.credits_pending -= pending.amount;
  if (post) {
    debit.debits_posted += amount;
    credit.credits_posted += amount;
  } else {
    if (is_set(pending.flags, F::kClosingDebit)) debit.flags &= static_cast<std::uint16_t>(~AccountFlags::kClosed);
    if (is_set(pending.flags, F::kClosingCredit)) credit.flags &= static_cast<std::uint16_t>(~AccountFlags::kClosed);
  }
  update_account(debit);
  update_account(credit);
  end_hold(pending.id, post ? HoldStatus::kPosted : HoldStatus::kVoided);

  Transfer transfer = event;
  transfer.debit_account_id = pending.debit_account_id;
  transfer.credit_account_id = pending.credit_account_id;
  transfer.ledger = pending.ledger;
  transfer.code = pending.code;
  transfer.amount = amount;
  transfer.timeout = 0;
  if (!engine_writes_) {
    if (event.user_data_128 == 0) transfer.user_data_128 = pending.user_data_128;
    if (event.user_data_64 == 0) transfer.user_data_64 = pending.user_data_64;
    if (event.user_data_32 == 0) transfer.user_data_32 = pending.user_data_32;
  }
  if (!imported) transfer.timestamp = event_timestamp;
  insert_transfer(transfer);
  record_event(false, transfer.timestamp, transfer);
  return S::kCreated;
}

/// Which field differs is not known any more, nor what a balancing transfer asked for, nor the hold of a post or void: what is left to that fits.
CreateTransferStatus ReferenceLedger::check_dropped(const Transfer& event, const Transfer& existing) const {
  Transfer same = existing;
  same.timestamp = event.timestamp;
  if (is_set(existing.flags, TransferFlags::kBalancingDebit | TransferFlags::kBalancingCredit)) same.amount = event.amount;
  if (is_post(existing) || is_void(existing)) {
    const u128 all_of_it = is_post(existing) ? kAmountMax : u128{0};
    if (event.amount == all_of_it) same.amount = all_of_it;
    if (event.debit_account_id == 0) same.debit_account_id = 0;
    if (event.credit_account_id == 0) same.credit_account_id = 0;
    if (event.user_data_128 == 0) same.user_data_128 = 0;
    if (event.user_data_64 == 0) same.user_data_64 = 0;
    if (event.user_data_32 == 0) same.user_data_32 = 0;
    if (event.ledger == 0) same.ledger = 0;
    if (event.code == 0) same.code = 0;
  }
  return event == same ? CreateTransferStatus::kExists : CreateTransferStatus::kExistsWithDifferentFields;
}

CreateTransferStatus ReferenceLedger::check_existing(const Transfer& event, const Transfer& existing) const {
  using S = CreateTransferStatus;
  if (is_dropped(existing.timestamp)) return check_dropped(event, existing);
  if (event.flags != existing.flags) return S::kExistsWithDifferentFlags;
  if (event.pending_id != existing.pending_id) return S::kExistsWithDifferentPendingId;
  if (event.timeout != existing.timeout) return S::kExistsWithDifferentTimeout;
  if (is_post(existing) || is_void(existing)) return check_existing_post_or_void(event, existing);
  if (event.debit_account_id != existing.debit_account_id) return S::kExistsWithDifferentDebitAccountId;
  if (event.credit_account_id != existing.credit_account_id) return S::kExistsWithDifferentCreditAccountId;
  const bool balancing = is_set(existing.flags, TransferFlags::kBalancingDebit | TransferFlags::kBalancingCredit);
  if (balancing ? event.amount < existing.amount : event.amount != existing.amount) return S::kExistsWithDifferentAmount;
  if (event.user_data_128 != existing.user_data_128) return S::kExistsWithDifferentUserData128;
  if (event.user_data_64 != existing.user_data_64) return S::kExistsWithDifferentUserData64;
  if (event.user_data_32 != existing.user_data_32) return S::kExistsWithDifferentUserData32;
  if (event.ledger != existing.ledger) return S::kExistsWithDifferentLedger;
  if (event.code != existing.code) return S::kExistsWithDifferentCode;
  return S::kExists;
}

CreateTransferStatus ReferenceLedger::check_existing_post_or_void(const Transfer& event, const Transfer& existing) const {
  using S = CreateTransferStatus;
  const Transfer& hold = transfers_.at(existing.pending_id);
  const Transfer& pending = is_dropped(hold.timestamp) ? existing : hold;  // then what was left to it is not compared
  if (event.debit_account_id != 0 && event.debit_account_id != existing.debit_account_id) {
    return S::kExistsWithDifferentDebitAccountId;
  }
  if (event.credit_account_id != 0 && event.credit_account_id != existing.credit_account_id) {
    return S::kExistsWithDifferentCreditAccountId;
  }
  const u128 all_of_it = is_post(existing) ? kAmountMax : u128{0};
  const u128 amount = event.amount == all_of_it ? pending.amount : event.amount;
  if (amount != existing.amount) return S::kExistsWithDifferentAmount;
  const u128 user_data_128 = event.user_data_128 == 0 ? pending.user_data_128 : event.user_data_128;
  if (user_data_128 != existing.user_data_128) return S::kExistsWithDifferentUserData128;
  const std::uint64_t user_data_64 = event.user_data_64 == 0 ? pending.user_data_64 : event.user_data_64;
  if (user_data_64 != existing.user_data_64) return S::kExistsWithDifferentUserData64;
  const std::uint32_t user_data_32 = event.user_data_32 == 0 ? pending.user_data_32 : event.user_data_32;
  if (user_data_32 != existing.user_data_32) return S::kExistsWithDifferentUserData32;
  if (event.ledger != 0 && event.ledger != existing.ledger) return S::kExistsWithDifferentLedger;
  if (event.code != 0 && event.code != existing.code) return S::kExistsWithDifferentCode;
  return S::kExists;
}

/// The accounts of an event are those it names; a post or void that leaves them out means those of the pending transfer.
void ReferenceLedger::balances_after_transfer(const Transfer& event, std::uint32_t status, EventOutcome& outcome) const {
  u128 debit_id = event.debit_account_id;
  u128 credit_id = event.credit_account_id;
  if (is_post(event) || is_void(event)) {
    const Transfer* pending = find_transfer(event.pending_id);
    if (pending != nullptr && is_dropped(pending->timestamp) && status != kCreated) {
      const auto hold = holds_.find(pending->id);
      const bool is_open = hold != holds_.end() && hold->second.status == HoldStatus::kPending;
      const Transfer* own = find_transfer(event.id);
      const bool knows = own != nullptr && !is_dropped(own->timestamp) && own->pending_id == event.pending_id;
      if (!is_open) pending = knows ? own : nullptr;
    }
    if (pending != nullptr && (debit_id == 0 || status == kCreated)) debit_id = pending->debit_account_id;
    if (pending != nullptr && (credit_id == 0 || status == kCreated)) credit_id = pending->credit_account_id;
  }
  outcome.debit = balances_of(find_account(debit_id));
  outcome.credit = balances_of(find_account(credit_id));
}

// ---------------------------------------------------------------------------------------------------------------------
// Payments.

void ReferenceLedger::begin_payment_event(std::uint64_t timestamp) {
  if (!in_group_) undo_.clear();
  record_moments(kPaymentNanoseconds, timestamp);
  event_sequence_ = sequence_ += kPaymentNanoseconds;
  payment_timestamp_ = timestamp;
}

void ReferenceLedger::open_account(const Account& account) {
  assert(find_account(account.id) == nullptr);
  insert_account(account);
}

CreateTransferStatus ReferenceLedger::write_leg(const Transfer& leg) {
  assert(find_transfer(leg.id) == nullptr && leg.timeout == 0);
  engine_writes_ = true;
  event_sequence_ = sequence_ - (payment_timestamp_ - leg.timestamp);
  const CreateTransferStatus status = is_post(leg) || is_void(leg) ? create_post_or_void(leg, leg.timestamp) : create_ordinary(leg, leg.timestamp);
  engine_writes_ = false;
  return status;
}

CreateResult ReferenceLedger::create_in_group(const Account& event, std::uint64_t timestamp) {
  if (event.timestamp != 0) return {timestamp, number(CreateAccountStatus::kTimestampMustBeZero), 0};
  const Verdict verdict = create_account(event, timestamp);
  return {verdict.timestamp, verdict.status, 0};
}

CreateResult ReferenceLedger::create_in_group(const Transfer& event, std::uint64_t timestamp) {
  if (event.timestamp != 0) return {timestamp, number(CreateTransferStatus::kTimestampMustBeZero), 0};
  const Verdict verdict = create_transfer(event, timestamp);
  return {verdict.timestamp, verdict.status, 0};
}

void ReferenceLedger::begin_group() {
  undo_.clear();
  in_group_ = true;
  failed_ids_before_group_ = failed_ids_;
}

void ReferenceLedger::end_group() {
  undo_.clear();
  in_group_ = false;
}

void ReferenceLedger::take_back_group() {
  roll_back();
  failed_ids_ = failed_ids_before_group_;
  end_group();
}

// ---------------------------------------------------------------------------------------------------------------------
// Retention.

DroppedHistoryReply ReferenceLedger::drop_history(const DropHistory& asked, std::uint64_t timestamp) {
  record_moments(1, timestamp);
  ++sequence_;
  DroppedHistoryReply reply;
  if (asked.timestamp > timestamp) {
    reply.status = DropHistoryStatus::kTimestampInTheFuture;
  } else if (asked.timestamp <= history_begins_) {
    reply.status = DropHistoryStatus::kAlreadyDropped;
  } else if ((asked.flags & DropHistoryFlags::kDryRun) != 0) {
    reply.status = DropHistoryStatus::kWouldBeDropped;
  } else {
    history_begins_ = asked.timestamp;
  }
  reply.timestamp = reply.status == DropHistoryStatus::kWouldBeDropped ? asked.timestamp : history_begins_;
  for (const auto& [at, id] : transfer_at_) reply.transfers += at < reply.timestamp ? 1U : 0U;
  return reply;
}

// ---------------------------------------------------------------------------------------------------------------------
// Expiry.

void ReferenceLedger::pulse(std::span<const u128> ids, std::uint64_t timestamp) {
  record_moments(ids.size(), timestamp);
  for (std::size_t i = 0; i < ids.size(); ++i) {
    const std::uint64_t expiry_timestamp = timestamp - ids.size() + 1 + i;
    event_sequence_ = sequence_ + i + 1;
    const auto hold = holds_.find(ids[i]);
    if (hold == holds_.end() || hold->second.status != HoldStatus::kPending) continue;
    if (hold->second.expires_at == 0 || hold->second.expires_at > expiry_timestamp) continue;
    expire(ids[i], expiry_timestamp);
  }
  sequence_ += ids.size();
  undo_.clear();
}

void ReferenceLedger::record_moments(std::size_t events, std::uint64_t timestamp) {
  for (std::size_t i = 0; i < events; ++i) {
    moments_.push_back({.sequence = moments_.back().sequence + 1, .timestamp = timestamp - events + 1 + i});
  }
}

void ReferenceLedger::expire(u128 pending_id, std::uint64_t timestamp) {
  const Transfer pending = transfers_.at(pending_id);
  Account debit = accounts_.at(pending.debit_account_id);
  Account credit = accounts_.at(pending.credit_account_id);
  debit.debits_pending -= pending.amount;
  credit.credits_pending -= pending.amount;
  if (is_set(pending.flags, TransferFlags::kClosingDebit)) debit.flags &= static_cast<std::uint16_t>(~AccountFlags::kClosed);
  if (is_set(pending.flags, TransferFlags::kClosingCredit)) credit.flags &= static_cast<std::uint16_t>(~AccountFlags::kClosed);
  update_account(debit);
  update_account(credit);
  end_hold(pending_id, HoldStatus::kExpired);
  record_event(true, timestamp, pending);
}

std::vector<u128> ReferenceLedger::due_expiries(std::uint64_t now, std::size_t ids_max) const {
  std::vector<u128> ids;
  for (const auto& [expires_at, timestamp, id] : timers_) {
    if (expires_at > now || ids.size() == ids_max) break;
    ids.push_back(id);
  }
  return ids;
}

std::uint64_t ReferenceLedger::next_expiry() const {
  return timers_.empty() ? ~std::uint64_t{0} : std::get<0>(*timers_.begin());
}

// ---------------------------------------------------------------------------------------------------------------------
// Changes, and how to take them back.

void ReferenceLedger::insert_account(const Account& account) {
  assert(!account_at_.contains(account.timestamp) && !transfer_at_.contains(account.timestamp));
  accounts_[account.id] = account;
  account_at_[account.timestamp] = account.id;
  undo_.emplace_back([this, account] {
    accounts_.erase(account.id);
    account_at_.erase(account.timestamp);
  });
}

void ReferenceLedger::update_account(const Account& account) {
  undo_.emplace_back([this, before = accounts_.at(account.id)] { accounts_[before.id] = before; });
  accounts_[account.id] = account;
}

void ReferenceLedger::insert_transfer(const Transfer& transfer) {
  assert(!account_at_.contains(transfer.timestamp) && !transfer_at_.contains(transfer.timestamp));
  transfers_[transfer.id] = transfer;
  transfer_at_[transfer.timestamp] = transfer.id;
  undo_.emplace_back([this, transfer] {
    transfers_.erase(transfer.id);
    transfer_at_.erase(transfer.timestamp);
  });
}

void ReferenceLedger::insert_hold(u128 pending_id, const Hold& hold) {
  const std::tuple timer{hold.expires_at, transfers_.at(pending_id).timestamp, pending_id};
  holds_[pending_id] = hold;
  if (hold.expires_at != 0) timers_.insert(timer);
  undo_.emplace_back([this, pending_id, timer] {
    holds_.erase(pending_id);
    timers_.erase(timer);
  });
}

void ReferenceLedger::end_hold(u128 pending_id, HoldStatus status) {
  const Hold before = holds_.at(pending_id);
  const std::tuple timer{before.expires_at, transfers_.at(pending_id).timestamp, pending_id};
  holds_[pending_id].status = status;
  timers_.erase(timer);
  undo_.emplace_back([this, pending_id, before, timer] {
    holds_[pending_id] = before;
    if (before.expires_at != 0) timers_.insert(timer);
  });
}

void ReferenceLedger::record_event(bool is_expiry, std::uint64_t timestamp, const Transfer& transfer) {
  events_.push_back({is_expiry, timestamp, transfer.id, accounts_.at(transfer.debit_account_id),
                     accounts_.at(transfer.credit_account_id), event_sequence_});
  if (is_expiry) return;  // an expiry never belongs to a chain
  undo_.emplace_back([this] { events_.pop_back(); });
}

void ReferenceLedger::roll_back() {
  for (; !undo_.empty(); undo_.pop_back()) undo_.back()();
}

// ---------------------------------------------------------------------------------------------------------------------
// Reads.

/// An id that a transfer may not name as one of its accounts.
bool ReferenceLedger::is_max_or_reserved_id(u128 id) const { return engine_writes_ ? id == kU128Max : is_max_or_engine_id(id); }

const Account* ReferenceLedger::find_account(u128 id) const {
  const auto found = accounts_.find(id);
  return found == accounts_.end() ? nullptr : &found->second;
}

const Transfer* ReferenceLedger::find_transfer(u128 id) const {
  const auto found = transfers_.find(id);
  return found == transfers_.end() ? nullptr : &found->second;
}

std::vector<Account> ReferenceLedger::lookup_accounts(std::span<const u128> ids) const {
  std::vector<Account> rows;
  for (const u128 id : ids) {
    if (const Account* account = find_account(id)) rows.push_back(*account);
  }
  return rows;
}

std::vector<Transfer> ReferenceLedger::lookup_transfers(std::span<const u128> ids) const {
  std::vector<Transfer> rows;
  for (const u128 id : ids) {
    const Transfer* transfer = find_transfer(id);
    if (transfer == nullptr) continue;
    const auto hold = holds_.find(id);
    const bool is_open = hold != holds_.end() && hold->second.status == HoldStatus::kPending;
    rows.push_back(is_dropped(transfer->timestamp) && !is_open ? Transfer{.id = id, .timestamp = transfer->timestamp} : *transfer);
  }
  return rows;
}

}  // namespace florin::model
