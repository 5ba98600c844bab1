#include "core/rules/transfer_rules.hpp"

#include <algorithm>

namespace florin::core {
namespace {

using Code = CreateTransferStatus;
using Flags = TransferFlags;

bool id_is_max(u128 id) noexcept { return id == kU128Max || is_engine_id(id); }

/// A second use of the id of a transfer that was dropped.
Code compare_dropped(const Transfer& event, const TransferFacts& facts) noexcept {
  const TransferDigest digest = facts.existing_digest ? *facts.existing_digest : transfer_digest(*facts.existing);
  return matches_digest(event, digest) ? Code::kExists : Code::kExistsWithDifferentFields;
}

/// Ledger-model section 6: what a second use of an id answers.
Code compare_existing(const Transfer& event, const TransferFacts& facts) noexcept {
  const Transfer& existing = *facts.existing;
  if (existing.timestamp < facts.history_begins) return compare_dropped(event, facts);
  if (event.flags != existing.flags) return Code::kExistsWithDifferentFlags;
  if (event.pending_id != existing.pending_id) return Code::kExistsWithDifferentPendingId;
  if (event.timeout != existing.timeout) return Code::kExistsWithDifferentTimeout;
  const bool resolves = (event.flags & kPostOrVoid) != 0;
  // What a post or void left to a hold that was dropped is taken to be as it was stored.
  const bool knows_pending = resolves && facts.existing_pending->timestamp >= facts.history_begins;
  const Transfer& origin = knows_pending ? *facts.existing_pending : existing;
  // In a post or void, zero meant "as the pending transfer has it", and that is what was stored.
  const auto same = [&](auto given, auto kept, auto inherited) { return (resolves && given == 0 ? inherited : given) == kept; };
  if (!same(event.debit_account_id, existing.debit_account_id, existing.debit_account_id)) return Code::kExistsWithDifferentDebitAccountId;
  if (!same(event.credit_account_id, existing.credit_account_id, existing.credit_account_id)) return Code::kExistsWithDifferentCreditAccountId;
  bool same_amount = event.amount == existing.amount;
  if ((event.flags & kBalancing) != 0) same_amount = event.amount >= existing.amount;
  if ((event.flags & Flags::kPostPendingTransfer) != 0 && event.amount == kAmountMax) same_amount = existing.amount == origin.amount;
  if ((event.flags & Flags::kVoidPendingTransfer) != 0 && event.amount == 0) same_amount = existing.amount == origin.amount;
  if (!same_amount) return Code::kExistsWithDifferentAmount;
  if (!same(event.user_data_128, existing.user_data_128, origin.user_data_128)) return Code::kExistsWithDifferentUserData128;
  if (!same(event.user_data_64, existing.user_data_64, origin.user_data_64)) return Code::kExistsWithDifferentUserData64;
  if (!same(event.user_data_32, existing.user_data_32, origin.user_data_32)) return Code::kExistsWithDifferentUserData32;
  if (!same(event.ledger, existing.ledger, existing.ledger)) return Code::kExistsWithDifferentLedger;
  if (!same(event.code, existing.code, existing.code)) return Code::kExistsWithDifferentCode;
  return Code::kExists;
}

/// min(amount, max(0, have - used)).
u128 balance_amount(u128 amount, u128 have, u128 posted, u128 pending) noexcept {
  const u128 used = posted + pending;  // fits: overflows_debits and overflows_credits keep the sums below 2^128
  return std::min(amount, have > used ? have - used : u128{0});
}

Code check_overflow(const Transfer& stored, const Balances& debit, const Balances& credit) noexcept {
  u128 sum = 0;
  if ((stored.flags & Flags::kPending) != 0) {
    if (add_overflows(debit.debits_pending, stored.amount, sum)) return Code::kOverflowsDebitsPending;
    if (add_overflows(credit.credits_pending, stored.amount, sum)) return Code::kOverflowsCreditsPending;
  }
  if (add_overflows(debit.debits_posted, stored.amount, sum)) return Code::kOverflowsDebitsPosted;
  if (add_overflows(credit.credits_posted, stored.amount, sum)) return Code::kOverflowsCreditsPosted;
  if (add_overflows(debit.debits_pending + debit.debits_posted, stored.amount, sum)) return Code::kOverflowsDebits;
  if (add_overflows(credit.credits_pending + credit.credits_posted, stored.amount, sum)) return Code::kOverflowsCredits;
  const u128 expiry = u128{stored.timestamp} + u128{stored.timeout} * 1'000'000'000;
  if (expiry > kTimestampMax) return Code::kOverflowsTimeout;
  return Code::kCreated;
}

Code check_limits(const Transfer& stored, const AccountRecord& debit, const AccountRecord& credit) noexcept {
  const Balances d = debit.balances();
  const Balances c = credit.balances();
  if (debit.has(AccountFlags::kDebitsMustNotExceedCredits) && d.debits_pending + d.debits_posted + stored.amount > d.credits_posted) {
    return Code::kExceedsCredits;
  }
  if (credit.has(AccountFlags::kCreditsMustNotExceedDebits) && c.credits_pending + c.credits_posted + stored.amount > c.debits_posted) {
    return Code::kExceedsDebits;
  }
  return Code::kCreated;
}

/// Ledger-model 5a: fields alone.
Code check_ordinary_fields(const Transfer& event) noexcept {
  if (event.debit_account_id == 0) return Code::kDebitAccountIdMustNotBeZero;
  if (id_is_max(event.debit_account_id)) return Code::kDebitAccountIdMustNotBeIntMax;
  if (event.credit_account_id == 0) return Code::kCreditAccountIdMustNotBeZero;
  if (id_is_max(event.credit_account_id)) return Code::kCreditAccountIdMustNotBeIntMax;
  if (event.credit_account_id == event.debit_account_id) return Code::kAccountsMustBeDifferent;
  if (event.pending_id != 0) return Code::kPendingIdMustBeZero;
  if ((event.flags & Flags::kPending) == 0) {
    if (event.timeout != 0) return Code::kTimeoutReservedForPendingTransfer;
    if ((event.flags & kClosing) != 0) return Code::kClosingTransferMustBePending;
  }
  if (event.ledger == 0) return Code::kLedgerMustNotBeZero;
  if (event.code == 0) return Code::kCodeMustNotBeZero;
  return Code::kCreated;
}

Code decide_ordinary(const Transfer& event, std::uint64_t timestamp, const TransferFacts& facts, Transfer& stored) noexcept {
  if (const Code code = check_ordinary_fields(event); code != Code::kCreated) return code;
  if (facts.debit == nullptr) return Code::kDebitAccountNotFound;
  if (facts.credit == nullptr) return Code::kCreditAccountNotFound;
  const AccountRecord& debit = *facts.debit;
  const AccountRecord& credit = *facts.credit;
  if (debit.ledger != credit.ledger) return Code::kAccountsMustHaveTheSameLedger;
  if (event.ledger != debit.ledger) return Code::kTransferMustHaveTheSameLedgerAsAccounts;
  if ((event.flags & Flags::kImported) != 0) {
    if (timestamp <= facts.newest_transfer_timestamp || facts.timestamp_of_account) return Code::kImportedEventTimestampMustNotRegress;
    if (timestamp <= debit.timestamp) return Code::kImportedEventTimestampMustPostdateDebitAccount;
    if (timestamp <= credit.timestamp) return Code::kImportedEventTimestampMustPostdateCreditAccount;
    if (event.timeout != 0) return Code::kImportedEventTimeoutMustBeZero;
  }
  if (debit.has(AccountFlags::kClosed)) return Code::kDebitAccountAlreadyClosed;
  if (credit.has(AccountFlags::kClosed)) return Code::kCreditAccountAlreadyClosed;

  stored = event;
  stored.timestamp = timestamp;
  const Balances d = debit.balances();
  const Balances c = credit.balances();
  if ((event.flags & Flags::kBalancingDebit) != 0) {
    stored.amount = balance_amount(stored.amount, d.credits_posted, d.debits_posted, d.debits_pending);
  }
  if ((event.flags & Flags::kBalancingCredit) != 0) {
    stored.amount = balance_amount(stored.amount, c.debits_posted, c.credits_posted, c.credits_pending);
  }
  if (const Code code = check_overflow(stored, d, c); code != Code::kCreated) return code;
  return check_limits(stored, debit, credit);
}

Code check_pending_matches(const Transfer& event, const Transfer& pending) noexcept {
  if (event.debit_account_id != 0 && event.debit_account_id != pending.debit_account_id) return Code::kPendingTransferHasDifferentDebitAccountId;
  if (event.credit_account_id != 0 && event.credit_account_id != pending.credit_account_id) return Code::kPendingTransferHasDifferentCreditAccountId;
  if (event.ledger != 0 && event.ledger != pending.ledger) return Code::kPendingTransferHasDifferentLedger;
  if (event.code != 0 && event.code != pending.code) return Code::kPendingTransferHasDifferentCode;
  return Code::kCreated;
}

/// There is no hold any more, or never was one.
Code resolved_before(PendingStatus status) noexcept {
  switch (status) {
    case PendingStatus::kPosted: return Code::kPendingTransferAlreadyPosted;
    case PendingStatus::kVoided: return Code::kPendingTransferAlreadyVoided;
    case PendingStatus::kExpired: return Code::kPendingTransferExpired;
    case PendingStatus::kPending:
    case PendingStatus::kNone: break;
  }
  return Code::kPendingTransferNotPending;
}

/// Ledger-model 5b: post or void.
Code decide_resolution(const Transfer& event, std::uint64_t timestamp, const TransferFacts& facts, Transfer& stored) noexcept {
  const bool post = (event.flags & Flags::kPostPendingTransfer) != 0;
  if ((event.flags & kPostOrVoid) == kPostOrVoid || (event.flags & (Flags::kPending | kBalancing | kClosing)) != 0) {
    return Code::kFlagsAreMutuallyExclusive;
  }
  if (event.pending_id == 0) return Code::kPendingIdMustNotBeZero;
  if (event.pending_id == kU128Max) return Code::kPendingIdMustNotBeIntMax;
  if (event.pending_id == event.id) return Code::kPendingIdMustBeDifferent;
  if (event.timeout != 0) return Code::kTimeoutReservedForPendingTransfer;
  if (is_engine_id(event.pending_id)) return Code::kPendingTransferNotPending;  // an order's hold is moved by the order alone
  if (facts.pending == nullptr) return Code::kPendingTransferNotFound;
  const Transfer& pending = *facts.pending;
  if (pending.timestamp < facts.history_begins && facts.pending_status != PendingStatus::kPending) return resolved_before(facts.pending_status);
  if ((pending.flags & Flags::kPending) == 0) return Code::kPendingTransferNotPending;
  if (const Code code = check_pending_matches(event, pending); code != Code::kCreated) return code;

  const bool everything = post ? event.amount == kAmountMax : event.amount == 0;
  const u128 amount = everything ? pending.amount : event.amount;
  if (amount > pending.amount) return Code::kExceedsPendingTransferAmount;
  if (!post && amount < pending.amount) return Code::kPendingTransferHasDifferentAmount;
  if (facts.pending_status != PendingStatus::kPending) return resolved_before(facts.pending_status);
  if (expires_at(pending) <= facts.now) return Code::kPendingTransferExpired;
  if ((event.flags & Flags::kImported) != 0 &&
      (timestamp <= facts.newest_transfer_timestamp || facts.timestamp_of_account)) {
    return Code::kImportedEventTimestampMustNotRegress;
  }
  if (post) {
    if (facts.debit->has(AccountFlags::kClosed)) return Code::kDebitAccountAlreadyClosed;
    if (facts.credit->has(AccountFlags::kClosed)) return Code::kCreditAccountAlreadyClosed;
  }
  stored = stored_transfer(event, timestamp, amount, &pending);
  return Code::kCreated;
}

}  // namespace

Code decide_transfer(const Transfer& event, std::uint64_t timestamp, const TransferFacts& facts, Transfer& stored) noexcept {
  if ((event.flags & ~Flags::kAll) != 0) return Code::kReservedFlag;
  if (event.id == 0) return Code::kIdMustNotBeZero;
  if (id_is_max(event.id)) return Code::kIdMustNotBeIntMax;
  if (facts.existing != nullptr) return compare_existing(event, facts);
  if (facts.id_failed) return Code::kIdAlreadyFailed;
  return (event.flags & kPostOrVoid) != 0 ? decide_resolution(event, timestamp, facts, stored)
                                          : decide_ordinary(event, timestamp, facts, stored);
}

Transfer stored_transfer(const Transfer& event, std::uint64_t timestamp, u128 amount, const Transfer* pending) noexcept {
  Transfer stored = event;
  stored.timestamp = timestamp;
  stored.amount = amount;
  if ((event.flags & kPostOrVoid) == 0) return stored;
  stored.debit_account_id = pending->debit_account_id;
  stored.credit_account_id = pending->credit_account_id;
  if (event.user_data_128 == 0) stored.user_data_128 = pending->user_data_128;
  if (event.user_data_64 == 0) stored.user_data_64 = pending->user_data_64;
  if (event.user_data_32 == 0) stored.user_data_32 = pending->user_data_32;
  stored.ledger = pending->ledger;
  stored.code = pending->code;
  return stored;
}

}  // namespace florin::core
