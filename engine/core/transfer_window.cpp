#include "core/transfer_window.hpp"

#include <immintrin.h>

#include <algorithm>

namespace florin::core {
namespace {

using Flags = TransferFlags;

/// Amounts in a window are at most this, and so is what balancing transfers find in their accounts. These can move no more than
/// that money and what came in with the window: less than 2^105 each, 2^118 together.
constexpr u128 kSafeAmount = u128{1} << 90;
/// Totals below this cannot overflow within a window, so nobody needs to ask.
constexpr u128 kSafeTotal = u128{1} << 127;

/// True if the decision came as far as the balances, so that they matter.
bool reached_balances(CreateTransferStatus status) noexcept {
  return status == CreateTransferStatus::kCreated ||
         (status >= CreateTransferStatus::kOverflowsDebitsPending && status <= CreateTransferStatus::kExceedsDebits);
}

/// What a decision reads of an account, with balances that somebody published, or none that could refuse anything.
AccountRecord account_facts(const AccountRecord& live, bool decides, const Balances& published) noexcept {
  AccountRecord facts;
  facts.id = live.id;
  facts.timestamp = live.timestamp;
  facts.ledger = live.ledger;
  facts.flags = decides ? live.flags : static_cast<std::uint16_t>(live.flags & AccountFlags::kClosed);
  if (decides) facts.balances = published;
  return facts;
}

}  // namespace

TransferWindow::TransferWindow(Tables& tables)
    : tables_(tables),
      events_(std::make_unique<EventAt[]>(kEventsPerWindow)),
      slots_(std::make_unique<Slot[]>(kEventsPerWindow)),
      previous_same_id_(std::make_unique<std::uint32_t[]>(kEventsPerWindow)),
      walks_(std::make_unique<Walk[]>(tables.count())) {}

bool TransferWindow::takes(const Transfer& event) noexcept {
  if ((event.flags & (Flags::kLinked | Flags::kImported | kClosing)) != 0 || event.timestamp != 0) return false;
  return event.amount <= kSafeAmount || (event.flags & (kPostOrVoid | kBalancing)) != 0;
}

std::uint32_t TransferWindow::run(PhaseRunner& runner, std::uint32_t from) noexcept {
  begin_ = from;
  end_ = count_;
  ResolvePhase resolve_phase(*this);
  runner.run(resolve_phase);
  end_ = cut();
  for (std::uint32_t p = 0; p < tables_.count(); ++p) {
    walks_[p].next = begin_;
    walks_[p].published = false;
  }
  if (begin_ != end_) {
    ApplyPhase apply_phase(*this);
    runner.run(apply_phase);
  }
  return end_ - begin_;
}

std::uint32_t TransferWindow::cut() const noexcept {
  std::uint32_t index = begin_;
  while (index < end_ && !slots_[index].alone && !slots_[index].pending_ambiguous) ++index;
  return index;
}

// Phase 1.

bool TransferWindow::resolve(std::uint32_t partition) noexcept {
  note_repetitions(partition);
  const std::uint64_t size = end_ - begin_;
  const auto from = begin_ + static_cast<std::uint32_t>(size * partition / tables_.count());
  const auto to = begin_ + static_cast<std::uint32_t>(size * (partition + 1) / tables_.count());
  resolve_slice(from, to);
  return true;
}

void TransferWindow::resolve_slice(std::uint32_t from, std::uint32_t to) noexcept {
  constexpr std::uint32_t kGroup = 32;  // three passes, as in Ledger::create_transfers()
  struct Accounts {
    std::uint64_t debit, credit;
  };
  Accounts hashes[kGroup];
  for (std::uint32_t base = from; base < to; base += kGroup) {
    const std::uint32_t size = std::min(kGroup, to - base);
    for (std::uint32_t i = 0; i < size; ++i) {
      const Transfer& event = *events_[base + i].event;
      hashes[i] = {tables_.hash()(event.debit_account_id), tables_.hash()(event.credit_account_id)};
      slots_[base + i].id_hash = tables_.hash()(event.id);
      tables_.owner(hashes[i].debit).account_ids().prefetch(TagTable::tag_of(hashes[i].debit));
      tables_.owner(hashes[i].credit).account_ids().prefetch(TagTable::tag_of(hashes[i].credit));
      tables_.owner(slots_[base + i].id_hash).transfer_ids().prefetch(TagTable::tag_of(slots_[base + i].id_hash));
    }
    for (std::uint32_t i = 0; i < size; ++i) {
      for (const std::uint64_t hash : {hashes[i].debit, hashes[i].credit}) {
        const Partition& owner = tables_.owner(hash);
        if (const std::uint32_t ordinal = owner.account_ids().peek(TagTable::tag_of(hash)); ordinal != 0) owner.prefetch_account(ordinal);
      }
    }
    for (std::uint32_t i = 0; i < size; ++i) resolve_event(base + i);
  }
}

void TransferWindow::resolve_event(std::uint32_t index) noexcept {
  const auto [event_at, timestamp] = events_[index];
  const Transfer& event = *event_at;
  Slot& slot = slots_[index];
  slot.published.store(0, std::memory_order_relaxed);
  slot.decided.store(0, std::memory_order_relaxed);

  const TransferAt known = tables_.find_id(event.id, slot.id_hash);
  slot.id_owner = known.partition->index();
  slot.id_failed = known.failed();
  slot.existing = known ? &known.record() : nullptr;
  slot.debit = slot.credit = {};
  slot.pending = nullptr;
  slot.pending_owner = kNobody;
  slot.pending_status = PendingStatus::kNone;
  slot.alone = false;
  const bool resolves = (event.flags & kPostOrVoid) != 0;
  if (!resolves) {
    slot.debit = tables_.find_account(event.debit_account_id);
    slot.credit = tables_.find_account(event.credit_account_id);
  } else {
    const TransferAt pending = tables_.find_transfer(event.pending_id);
    slot.pending_owner = pending.partition->index();
    slot.pending_number = pending.number;
    if (pending) slot.pending = &pending.record();
    if (pending && (slot.pending->flags & Flags::kPending) != 0) {
      slot.pending_status = pending.hold().status;
      slot.alone = (slot.pending->flags & kClosing) != 0;
      slot.debit = {&tables_.owner(tables_.hash()(slot.pending->debit_account_id)), pending.hold().debit};
      slot.credit = {&tables_.owner(tables_.hash()(slot.pending->credit_account_id)), pending.hold().credit};
    }
  }

  const TransferFacts facts{.existing = slot.existing,
                            .existing_pending = slot.existing == nullptr ? nullptr : tables_.pending_of(*slot.existing),
                            .id_failed = slot.id_failed,
                            .pending = slot.pending,
                            .pending_status = slot.pending_status,
                            .debit = slot.debit ? &slot.debit.record() : nullptr,
                            .credit = slot.credit ? &slot.credit.record() : nullptr,
                            .now = timestamp};
  Transfer stored;
  slot.status = decide_transfer(event, timestamp, facts, stored);
  slot.timestamp = slot.status == CreateTransferStatus::kExists ? slot.existing->timestamp : timestamp;
  slot.amount = slot.status == CreateTransferStatus::kCreated ? stored.amount : 0;

  slot.debit_decides = slot.credit_decides = false;
  if (resolves || !reached_balances(slot.status)) return;
  const AccountRecord& debit = *facts.debit;
  const AccountRecord& credit = *facts.credit;
  const bool both = (event.flags & kBalancing) != 0;
  slot.alone = both && (debit.balances.credits_posted > kSafeAmount || credit.balances.debits_posted > kSafeAmount);
  slot.debit_decides = both || debit.has(AccountFlags::kDebitsMustNotExceedCredits) ||
                       debit.balances.debits_pending + debit.balances.debits_posted > kSafeTotal;
  slot.credit_decides = both || credit.has(AccountFlags::kCreditsMustNotExceedDebits) ||
                        credit.balances.credits_pending + credit.balances.credits_posted > kSafeTotal;
}

void TransferWindow::note_repetitions(std::uint32_t partition) noexcept {
  Walk& walk = walks_[partition];
  walk.ids.clear();
  walk.pending_ids.clear();
  const Partition& own = tables_[partition];
  for (std::uint32_t index = begin_; index < end_; ++index) {
    const Transfer& event = *events_[index].event;
    Slot& slot = slots_[index];
    const bool resolves = (event.flags & kPostOrVoid) != 0;
    if (resolves) {
      const std::uint64_t hash = tables_.hash()(event.pending_id);
      if (&tables_.owner(hash) == &own) note_pending(walk, own, index, hash);
    }
    const std::uint64_t hash = tables_.hash()(event.id);
    if (&tables_.owner(hash) != &own) continue;
    if (!resolves) {
      slot.pending_moves = slot.pending_ambiguous = false;
      slot.pending_event = 0;
    }
    std::uint32_t& place = walk.ids.place(hash, [&](std::uint32_t other) { return events_[other].event->id == event.id; });
    previous_same_id_[index] = place;
    slot.id_repeated = place != 0 && own.find_id(event.id, hash) == 0;
    walk.ids.set(place, index);
  }
}

/// A post or void of a hold of this partition: does an earlier event of the window create that hold, or resolve it too?
void TransferWindow::note_pending(Walk& walk, const Partition& partition, std::uint32_t index, std::uint64_t hash) noexcept {
  const u128 pending_id = events_[index].event->pending_id;
  Slot& slot = slots_[index];
  slot.pending_moves = slot.pending_ambiguous = false;
  slot.pending_event = 0;
  std::uint32_t& place = walk.pending_ids.place(hash, [&](std::uint32_t other) { return events_[other].event->pending_id == pending_id; });
  slot.pending_moves = place != 0;
  walk.pending_ids.set(place, index);
  const std::uint32_t creator = walk.ids.place(hash, [&](std::uint32_t other) { return events_[other].event->id == pending_id; });
  if (creator == 0 || partition.find_id(pending_id, hash) != 0) return;
  slot.pending_moves = true;
  slot.pending_event = creator;
  slot.pending_ambiguous = previous_same_id_[creator - 1] != 0 || (events_[creator - 1].event->flags & kPostOrVoid) != 0;
}

// Phase 2.

bool TransferWindow::apply(std::uint32_t partition) noexcept {
  constexpr std::uint32_t kAhead = 12;
  Walk& walk = walks_[partition];
  Partition& own = tables_[partition];
  for (; walk.next < end_; ++walk.next) {
    const std::uint32_t index = walk.next;
    if (index + kAhead < end_) {
      const Slot& ahead = slots_[index + kAhead];
      if (ahead.debit.partition == &own) own.prefetch_account(ahead.debit.ordinal);
      if (ahead.credit.partition == &own) own.prefetch_account(ahead.credit.ordinal);
    }
    if (!concerns(partition, index)) continue;
    Slot& slot = slots_[index];
    if (slot.publishers() != 0) {
      if (!walk.published) {
        publish(own, index);
        walk.published = true;
      }
      if (slot.decided.load(std::memory_order_acquire) == 0) return false;
      walk.published = false;
    }
    carry_out(own, index);
  }
  _mm_sfence();  // the records were streamed past the caches; the others read them after this phase
  return true;
}

std::pair<AccountAt, AccountAt> TransferWindow::accounts_of(std::uint32_t index) const noexcept {
  const Slot& slot = slots_[index];
  if (slot.pending_event == 0) return {slot.debit, slot.credit};
  const Transfer& pending = *events_[slot.pending_event - 1].event;  // no account is created in a window: look-ups are safe
  return {tables_.find_account(pending.debit_account_id), tables_.find_account(pending.credit_account_id)};
}

bool TransferWindow::concerns(std::uint32_t partition, std::uint32_t index) const noexcept {
  const Slot& slot = slots_[index];
  if (slot.id_owner == partition || slot.pending_owner == partition) return true;
  const auto [debit, credit] = accounts_of(index);
  return (debit && debit.partition->index() == partition) || (credit && credit.partition->index() == partition);
}

void TransferWindow::publish(Partition& partition, std::uint32_t index) noexcept {
  Slot& slot = slots_[index];
  std::uint32_t shares = 0;
  if (slot.debit_decides && slot.debit.partition == &partition) {
    slot.debit_balances = slot.debit.record().balances;
    ++shares;
  }
  if (slot.credit_decides && slot.credit.partition == &partition) {
    slot.credit_balances = slot.credit.record().balances;
    ++shares;
  }
  if (slot.id_repeated && slot.id_owner == partition.index()) {
    publish_id(partition, index);
    ++shares;
  }
  if (slot.pending_moves && slot.pending_owner == partition.index()) {
    publish_pending(partition, index);
    ++shares;
  }
  if (shares == 0) return;
  _mm_sfence();  // what the published pointers name was streamed
  if (slot.published.fetch_add(shares, std::memory_order_acq_rel) + shares == slot.publishers()) decide(index);
}

void TransferWindow::publish_id(Partition& partition, std::uint32_t index) noexcept {
  Slot& slot = slots_[index];
  const std::uint32_t known = partition.find_id(events_[index].event->id, slot.id_hash);
  slot.id_failed_now = (known & Partition::kFailedBit) != 0;
  slot.existing_now = nullptr;
  slot.existing_pending_now = nullptr;
  if (known == 0 || slot.id_failed_now) return;
  slot.existing_now = &partition.transfer(known);
  // It was created in this window, by an event that this partition has already carried out.
  std::uint32_t creator = previous_same_id_[index];
  while (slots_[creator - 1].status != CreateTransferStatus::kCreated) creator = previous_same_id_[creator - 1];
  slot.existing_pending_now = slots_[creator - 1].pending_record();
}

void TransferWindow::publish_pending(Partition& partition, std::uint32_t index) noexcept {
  Slot& slot = slots_[index];
  const u128 pending_id = events_[index].event->pending_id;
  const std::uint32_t number = partition.find_transfer(pending_id, tables_.hash()(pending_id));
  slot.pending_now = number == 0 ? nullptr : &partition.transfer(number);
  const bool is_hold = number != 0 && (slot.pending_now->flags & Flags::kPending) != 0;
  slot.pending_status_now = is_hold ? partition.hold(number).status : PendingStatus::kNone;
}

/// All that can still change is on the board: the same rules as everywhere give the decision.
void TransferWindow::decide(std::uint32_t index) noexcept {
  const auto [event, timestamp] = events_[index];
  Slot& slot = slots_[index];
  TransferFacts facts{.existing = slot.id_repeated ? slot.existing_now : slot.existing,
                      .existing_pending = slot.id_repeated ? slot.existing_pending_now : nullptr,
                      .id_failed = slot.id_repeated ? slot.id_failed_now : slot.id_failed,
                      .pending = slot.pending_record(),
                      .pending_status = slot.pending_moves ? slot.pending_status_now : slot.pending_status,
                      .now = timestamp};
  if (slot.existing != nullptr && !slot.id_repeated) {
    // Known before the window: the first decision stands, whatever else moves.
    slot.decided.store(1, std::memory_order_release);
    return;
  }
  const auto [debit, credit] = accounts_of(index);
  AccountRecord debit_facts;
  AccountRecord credit_facts;
  if (debit) {
    debit_facts = account_facts(debit.record(), slot.debit_decides, slot.debit_balances);
    facts.debit = &debit_facts;
  }
  if (credit) {
    credit_facts = account_facts(credit.record(), slot.credit_decides, slot.credit_balances);
    facts.credit = &credit_facts;
  }
  Transfer stored;
  slot.status = decide_transfer(*event, timestamp, facts, stored);
  slot.timestamp = slot.status == CreateTransferStatus::kExists ? facts.existing->timestamp : timestamp;
  slot.amount = slot.status == CreateTransferStatus::kCreated ? stored.amount : 0;
  slot.decided.store(1, std::memory_order_release);
}

void TransferWindow::carry_out(Partition& partition, std::uint32_t index) noexcept {
  const Transfer& event = *events_[index].event;
  const Slot& slot = slots_[index];
  if (slot.status != CreateTransferStatus::kCreated) {
    if (is_transient(slot.status) && slot.id_owner == partition.index()) partition.burn_id(event.id, slot.id_hash);
    return;
  }
  const Transfer* pending = slot.pending_record();
  const Transfer stored = stored_transfer(event, slot.timestamp, slot.amount, pending);
  const auto [debit, credit] = accounts_of(index);
  if (debit.partition == &partition) {
    AccountRecord& record = debit.record();
    partition.before_change(record);
    apply_debit(record.balances, stored, pending);
    partition.post(record, {.timestamp = stored.timestamp, .previous = 0, .credit = 0, .expiry = 0, .partition = slot.id_owner});
  }
  if (credit.partition == &partition) {
    AccountRecord& record = credit.record();
    partition.before_change(record);
    apply_credit(record.balances, stored, pending);
    partition.post(record, {.timestamp = stored.timestamp, .previous = 0, .credit = 1, .expiry = 0, .partition = slot.id_owner});
  }
  if (slot.id_owner == partition.index()) {
    const std::uint32_t number = partition.create_transfer(stored, stored.timestamp, slot.id_hash);
    if ((stored.flags & Flags::kPending) != 0) partition.open_hold(stored, number, debit.ordinal, credit.ordinal);
  }
  if (slot.pending_owner == partition.index()) {
    const std::uint32_t number = slot.pending_event == 0 ? slot.pending_number : partition.find_transfer(event.pending_id, tables_.hash()(event.pending_id));
    const bool post = (stored.flags & Flags::kPostPendingTransfer) != 0;
    partition.end_hold(number, post ? PendingStatus::kPosted : PendingStatus::kVoided);
  }
}

}  // namespace florin::core
