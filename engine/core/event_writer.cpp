#include "core/event_writer.hpp"

#include <algorithm>

#include "core/rules/account_rules.hpp"

namespace florin::core {
namespace {

using Flags = TransferFlags;

}  // namespace

EventVerdict EventWriter::create_account(const Account& event, const EventPlace& at) {
  AccountFacts facts;
  const AccountAt known = tables_.find_account(event.id, at.id_hash);
  if (known) {
    facts.exists = true;
    facts.existing = known.partition->to_account(known.ordinal);
  }
  if ((event.flags & AccountFlags::kImported) != 0) {
    facts.newest_account_timestamp = tables_.newest_account_timestamp();
    facts.timestamp_of_transfer = tables_.has_transfer_at(event.timestamp);
  }
  const CreateAccountStatus status = decide_account(event, facts);
  EventVerdict verdict{.status = static_cast<std::uint32_t>(status), .timestamp = at.nominal_timestamp, .amount = 0};
  if (status == CreateAccountStatus::kExists) verdict.timestamp = facts.existing.timestamp;
  if (status == CreateAccountStatus::kCreated) {
    Account stored = event;
    stored.timestamp = verdict.timestamp = at.timestamp;
    tables_.create_account(*known.partition, stored, at.id_hash);
  }
  return verdict;
}

EventVerdict EventWriter::create_transfer(const Transfer& event, const EventPlace& at) {
  TransferFacts facts;
  facts.now = at.nominal_timestamp;
  const KnownId known = tables_.known(event.id, at.id_hash);
  facts.id_failed = known.has_failed;
  if (known.existing) facts.existing = &*known.existing;
  facts.existing_digest = known.existing_digest;
  facts.history_begins = tables_.dropped().timestamp;
  if (known.existing_pending) facts.existing_pending = &*known.existing_pending;

  PendingAt pending;
  AccountAt debit;
  AccountAt credit;
  if ((event.flags & kPostOrVoid) == 0) {
    debit = tables_.find_account(event.debit_account_id);
    credit = tables_.find_account(event.credit_account_id);
  } else if (pending = tables_.find_pending(event.pending_id); pending) {
    facts.pending = &pending.transfer;
    facts.pending_status = pending.status;
    debit = pending.debit;
    credit = pending.credit;
  }
  if (debit) facts.debit = &debit.record();
  if (credit) facts.credit = &credit.record();
  if ((event.flags & Flags::kImported) != 0) {
    facts.newest_transfer_timestamp = newest_transfer_timestamp();
    facts.timestamp_of_account = tables_.has_account_at(at.timestamp);
  }

  Transfer stored;
  const CreateTransferStatus status = decide_transfer(event, at.timestamp, facts, stored);
  EventVerdict verdict{.status = static_cast<std::uint32_t>(status), .timestamp = at.nominal_timestamp, .amount = 0};
  if (status == CreateTransferStatus::kExists) verdict.timestamp = facts.existing->timestamp;
  if (status == CreateTransferStatus::kCreated) {
    verdict.timestamp = stored.timestamp;
    verdict.amount = stored.amount;
    verdict.amount_differs = stored.amount != event.amount;
    apply(stored, at.id_hash, debit, credit, pending);
  }
  return verdict;
}

void EventWriter::apply(const Transfer& stored, std::uint64_t id_hash, const AccountAt& debit_at, const AccountAt& credit_at,
                        const PendingAt& pending) noexcept {
  const Transfer* const origin = pending ? &pending.transfer : nullptr;
  AccountRecord& debit = debit_at.record();
  AccountRecord& credit = credit_at.record();
  debit_at.partition->before_change(debit);
  credit_at.partition->before_change(credit);
  apply_to_debit(debit, stored, origin);
  apply_to_credit(credit, stored, origin);
  if (origin != nullptr) {
    const bool post = (stored.flags & Flags::kPostPendingTransfer) != 0;
    pending.partition->end_hold(pending.hold, post ? PendingStatus::kPosted : PendingStatus::kVoided);
    if (!post) reopen_accounts(*origin, debit, credit);
  } else {
    if ((stored.flags & Flags::kClosingDebit) != 0) debit.flags |= AccountFlags::kClosed;
    if ((stored.flags & Flags::kClosingCredit) != 0) credit.flags |= AccountFlags::kClosed;
  }
  Partition& home = tables_.owner(id_hash);
  const std::uint32_t number =
      home.create_transfer(stored, stored.timestamp, id_hash, tables_.reference(debit_at), tables_.reference(credit_at));
  if (origin != nullptr) home.remember_hold(number, *origin);
  const std::uint32_t reference = tables_.reference(TransferAt{&home, number});
  debit_at.partition->post(debit, reference);
  credit_at.partition->post(credit, reference);
}

void EventWriter::reopen_accounts(const Transfer& pending, AccountRecord& debit, AccountRecord& credit) noexcept {
  constexpr auto kOpen = static_cast<std::uint16_t>(~AccountFlags::kClosed);
  if ((pending.flags & Flags::kClosingDebit) != 0) debit.flags &= kOpen;
  if ((pending.flags & Flags::kClosingCredit) != 0) credit.flags &= kOpen;
}

/// Imported transfers have to be later: dropped history is complete too.
std::uint64_t EventWriter::newest_transfer_timestamp() const noexcept {
  const std::uint64_t begins = tables_.dropped().timestamp;
  return std::max(tables_.newest_transfer_timestamp(), begins == 0 ? 0 : begins - 1);
}

}  // namespace florin::core
