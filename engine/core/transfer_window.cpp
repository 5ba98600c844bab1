#include "core/transfer_window.hpp"

#include <immintrin.h>

#include <algorithm>

#include "core/rules/plain_transfer.hpp"

namespace florin::core {
namespace {

using Flags = TransferFlags;

/// Amounts in a window are at most this, and so is what balancing transfers find in their accounts. These can move no more than
/// that money and what came in with the window: less than 2^105 each, 2^118 together.
constexpr u128 kSafeAmount = u128{1} << 90;
/// Totals below this cannot overflow within a window, so nobody needs to ask.
constexpr u128 kSafeTotal = u128{1} << 127;

const Transfer* pointer_to(const std::optional<Transfer>& transfer) noexcept { return transfer ? &*transfer : nullptr; }

/// True if the decision came as far as the balances, so that they matter.
bool reached_balances(CreateTransferStatus status) noexcept {
  return status == CreateTransferStatus::kCreated ||
         (status >= CreateTransferStatus::kOverflowsDebitsPending && status <= CreateTransferStatus::kExceedsDebits);
}

u128 debits_of(const AccountRecord& account) noexcept {
  const Balances balances = account.balances();
  return balances.debits_pending + balances.debits_posted;
}
u128 credits_of(const AccountRecord& account) noexcept {
  const Balances balances = account.balances();
  return balances.credits_pending + balances.credits_posted;
}

/// What a decision reads of an account, with balances that somebody published, or none that could refuse anything.
AccountRecord account_facts(const AccountRecord& live, bool decides, const Balances& published) noexcept {
  AccountRecord facts;
  facts.id = live.id;
  facts.timestamp = live.timestamp;
  facts.ledger = live.ledger;
  facts.flags = decides ? live.flags : static_cast<std::uint16_t>(live.flags & AccountFlags::kClosed);
  if (decides) facts.set_balances(published);
  return facts;
}

}  // namespace

TransferWindow::TransferWindow(Tables& tables)
    : tables_(tables),
      events_(std::make_unique<EventAt[]>(kEventsPerWindow)),
      slots_(std::make_unique<Slot[]>(kEventsPerWindow)),
      details_(std::make_unique<Details[]>(kEventsPerWindow)),
      previous_same_id_(std::make_unique<std::uint32_t[]>(kEventsPerWindow)),
      walks_(std::make_unique<Walk[]>(tables.count())) {}

bool TransferWindow::takes(const Transfer& event) noexcept {
  if ((event.flags & (Flags::kLinked | Flags::kImported | kClosing)) != 0 || event.timestamp != 0) return false;
  return event.amount <= kSafeAmount || (event.flags & (kPostOrVoid | kBalancing)) != 0;
}

std::uint32_t TransferWindow::run(PhaseRunner& runner, std::uint32_t from) noexcept {
  begin_ = from;
  end_ = std::min(count_, begin_ + reach_);
  ResolvePhase resolve_phase(*this);
  runner.run(resolve_phase);
  mark_exceptions();
  const std::uint32_t resolved_end = end_;
  end_ = cut();
  cut_short_ = end_ != resolved_end;
  // What was resolved behind a cut was resolved for nothing: where cuts are frequent, look less far ahead.
  reach_ = cut_short_ ? std::max(kReachMin, (end_ - begin_) * 2) : std::min(kEventsPerWindow, reach_ * 4);
  for (std::uint32_t p = 0; p < tables_.count(); ++p) {
    walks_[p].next = begin_;
    walks_[p].published = false;
    walks_[p].first_number = tables_[p].next_number();
  }
  if (begin_ != end_) {
    ApplyPhase apply_phase(*this);
    runner.run(apply_phase);
    LinkPhase link_phase(*this);
    runner.run(link_phase);
  }
  return end_ - begin_;
}

void TransferWindow::mark_exceptions() noexcept {
  for (std::uint32_t p = 0; p < tables_.count(); ++p) {
    for (const Exception& exception : walks_[p].exceptions) {
      Slot& slot = slots_[exception.index];
      // Who found it looked into its own tables only: what is known from the past is not created in this window.
      const bool repeats = exception.id_repeated && !is_known_from_before(exception.index);
      const bool follows = exception.pending_event != 0 && !is_known_from_before(exception.pending_event - 1);
      if (!repeats && !follows && !exception.pending_repeated) continue;
      if (slot.plain) give_details(exception.index);
      slot.id_repeated |= repeats;
      slot.pending_moves |= follows || exception.pending_repeated;
      if (!follows) continue;
      slot.alone |= exception.pending_ambiguous;
      details_[exception.index].pending_event = exception.pending_event;
    }
  }
}

bool TransferWindow::is_known_from_before(std::uint32_t index) const noexcept {
  return !slots_[index].plain && (details_[index].is_known || details_[index].id_failed);
}

std::uint32_t TransferWindow::cut() const noexcept {
  std::uint32_t index = begin_;
  while (index < end_ && !slots_[index].alone) ++index;
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
      Slot& slot = slots_[base + i];
      slot = {};
      slot.id_hash = tables_.hash()(event.id);
      tables_.owner(hashes[i].debit).account_ids().prefetch(TagTable::tag_of(hashes[i].debit));
      tables_.owner(hashes[i].credit).account_ids().prefetch(TagTable::tag_of(hashes[i].credit));
      tables_.owner(slot.id_hash).transfer_ids().prefetch(TagTable::tag_of(slot.id_hash));
    }
    for (std::uint32_t i = 0; i < size; ++i) {
      for (const std::uint64_t hash : {hashes[i].debit, hashes[i].credit}) {
        const Partition& owner = tables_.owner(hash);
        if (const std::uint32_t ordinal = owner.account_ids().peek(TagTable::tag_of(hash)); ordinal != 0) owner.prefetch_account(ordinal);
      }
    }
    for (std::uint32_t i = 0; i < size; ++i) {
      if (!resolve_plain(base + i, hashes[i].debit, hashes[i].credit)) resolve_event(base + i);
    }
  }
}

/// The common event: two known, open accounts without limits, a new id, nothing that an earlier event could change but a
/// repeated id. Otherwise false.
bool TransferWindow::resolve_plain(std::uint32_t index, std::uint64_t debit_hash, std::uint64_t credit_hash) noexcept {
  const Transfer& event = *events_[index].event;
  if (!fields_are_plain(event) || event.amount > kSafeAmount || event.debit_account_id == event.credit_account_id) return false;
  const AccountAt debit = tables_.find_account(event.debit_account_id, debit_hash);
  const AccountAt credit = tables_.find_account(event.credit_account_id, credit_hash);
  if (!debit || !credit) return false;
  constexpr std::uint16_t kDebitDecides = AccountFlags::kDebitsMustNotExceedCredits | AccountFlags::kClosed;
  constexpr std::uint16_t kCreditDecides = AccountFlags::kCreditsMustNotExceedDebits | AccountFlags::kClosed;
  const AccountRecord& d = debit.record();
  const AccountRecord& c = credit.record();
  const bool special = (d.ledger != event.ledger) | (c.ledger != event.ledger) | d.has(kDebitDecides) | c.has(kCreditDecides) |
                       (debits_of(d) > kSafeTotal) | (credits_of(c) > kSafeTotal) |
                       (events_[index].timestamp + std::uint64_t{event.timeout} * 1'000'000'000 > kTimestampMax);
  Slot& slot = slots_[index];
  const Partition& home = tables_.owner(slot.id_hash);
  if (special || !home.transfer_ids().surely_absent(TagTable::tag_of(slot.id_hash)) || tables_.past_may_know(event.id, slot.id_hash)) return false;
  slot.id_owner = home.index();
  slot.debit = debit.ordinal;
  slot.credit = credit.ordinal;
  slot.debit_owner = debit.partition->index();
  slot.credit_owner = credit.partition->index();
  slot.plain = true;
  return true;
}

/// Writes down for a plain event what resolve_event() would have: it turned out not to be settled.
void TransferWindow::give_details(std::uint32_t index) noexcept {
  Details& details = details_[index];
  details.published.store(0, std::memory_order_relaxed);
  details.decided.store(0, std::memory_order_relaxed);
  details.pending.reset();
  details.is_known = false;
  details.pending_event = 0;
  details.id_failed = false;
  details.timestamp = events_[index].timestamp;
  details.amount = events_[index].event->amount;
  slots_[index].plain = false;
}

void TransferWindow::resolve_event(std::uint32_t index) noexcept {
  const auto [event_at, timestamp] = events_[index];
  const Transfer& event = *event_at;
  give_details(index);
  Slot& slot = slots_[index];
  Details& details = details_[index];

  const KnownId known = tables_.known(event.id, slot.id_hash);
  slot.id_owner = tables_.owner(slot.id_hash).index();
  details.id_failed = known.has_failed;
  details.is_known = known.existing.has_value();
  details.pending_status = PendingStatus::kNone;
  const bool resolves = (event.flags & kPostOrVoid) != 0;
  AccountAt debit;
  AccountAt credit;
  if (!resolves) {
    debit = tables_.find_account(event.debit_account_id);
    credit = tables_.find_account(event.credit_account_id);
  } else {
    const PendingAt pending = tables_.find_pending(event.pending_id);
    slot.pending_owner = pending.partition->index();
    details.pending_hold = pending.hold;
    if (pending) {
      details.pending = pending.transfer;
      details.pending_status = pending.status;
      // A post may bring in more than any event of a window could: balancing transfers would carry it to accounts nobody watches.
      const bool brings_much = (event.flags & Flags::kPostPendingTransfer) != 0 && details.pending->amount > kSafeAmount;
      slot.alone = brings_much || (details.pending->flags & kClosing) != 0;
      debit = pending.debit;
      credit = pending.credit;
    }
  }
  if (debit) {
    slot.debit = debit.ordinal;
    slot.debit_owner = debit.partition->index();
  }
  if (credit) {
    slot.credit = credit.ordinal;
    slot.credit_owner = credit.partition->index();
  }

  const TransferFacts facts{.existing = pointer_to(known.existing),
                            .existing_digest = known.existing_digest,
                            .existing_pending = pointer_to(known.existing_pending),
                            .id_failed = details.id_failed,
                            .pending = pointer_to(details.pending),
                            .pending_status = details.pending_status,
                            .debit = debit ? &debit.record() : nullptr,
                            .credit = credit ? &credit.record() : nullptr,
                            .now = timestamp,
                            .history_begins = tables_.dropped().timestamp};
  Transfer stored;
  slot.status = decide_transfer(event, timestamp, facts, stored);
  details.timestamp = slot.status == CreateTransferStatus::kExists ? known.existing->timestamp : timestamp;
  details.amount = slot.status == CreateTransferStatus::kCreated ? stored.amount : 0;
  if (resolves || !reached_balances(slot.status)) return;
  const Balances d = facts.debit->balances();
  const Balances c = facts.credit->balances();
  const bool both = (event.flags & kBalancing) != 0;
  slot.alone = both && (d.credits_posted > kSafeAmount || c.debits_posted > kSafeAmount);
  slot.debit_decides = both || facts.debit->has(AccountFlags::kDebitsMustNotExceedCredits) || d.debits_pending + d.debits_posted > kSafeTotal;
  slot.credit_decides = both || facts.credit->has(AccountFlags::kCreditsMustNotExceedDebits) || c.credits_pending + c.credits_posted > kSafeTotal;
}

void TransferWindow::note_repetitions(std::uint32_t partition) noexcept {
  Walk& walk = walks_[partition];
  walk.ids.clear();
  walk.pending_ids.clear();
  walk.exceptions.clear();
  const Partition& own = tables_[partition];
  for (std::uint32_t index = begin_; index < end_; ++index) {
    const Transfer& event = *events_[index].event;
    if ((event.flags & kPostOrVoid) != 0) {
      const std::uint64_t hash = tables_.hash()(event.pending_id);
      if (&tables_.owner(hash) == &own) note_pending(walk, own, index, hash);
    }
    const std::uint64_t hash = tables_.hash()(event.id);
    if (&tables_.owner(hash) != &own) continue;
    std::uint32_t& place = walk.ids.place(hash, [&](std::uint32_t other) { return events_[other].event->id == event.id; });
    if (place != 0) [[unlikely]] {
      previous_same_id_[index] = place;
      if (own.find_id(event.id, hash) == 0) walk.exceptions.push_back({.index = index, .id_repeated = true});
    } else {
      previous_same_id_[index] = 0;
    }
    walk.ids.set(place, index);
  }
}

/// A post or void of a hold of this partition: does an earlier event of the window create that hold, or resolve it too?
void TransferWindow::note_pending(Walk& walk, const Partition& partition, std::uint32_t index, std::uint64_t hash) noexcept {
  const u128 pending_id = events_[index].event->pending_id;
  Exception exception{.index = index};
  std::uint32_t& place = walk.pending_ids.place(hash, [&](std::uint32_t other) { return events_[other].event->pending_id == pending_id; });
  exception.pending_repeated = place != 0;
  walk.pending_ids.set(place, index);
  const std::uint32_t creator = walk.ids.place(hash, [&](std::uint32_t other) { return events_[other].event->id == pending_id; });
  if (creator != 0 && partition.find_id(pending_id, hash) == 0) {
    exception.pending_event = creator;
    exception.pending_ambiguous = previous_same_id_[creator - 1] != 0 || (events_[creator - 1].event->flags & kPostOrVoid) != 0;
  }
  if (exception.pending_repeated || exception.pending_event != 0) walk.exceptions.push_back(exception);
}

// Phase 2.

bool TransferWindow::apply(std::uint32_t partition) noexcept {
  constexpr std::uint32_t kAhead = 16;
  Walk& walk = walks_[partition];
  Partition& own = tables_[partition];
  for (; walk.next < end_; ++walk.next) {
    const std::uint32_t index = walk.next;
    if (index + kAhead < end_) prefetch(own, slots_[index + kAhead]);
    Slot& slot = slots_[index];
    if (slot.plain) [[likely]] {
      carry_out_plain(own, index);
      continue;
    }
    if (!concerns(partition, index)) continue;
    if (slot.publishers() != 0) {
      if (!walk.published) {
        publish(own, index);
        walk.published = true;
      }
      if (details_[index].decided.load(std::memory_order_acquire) == 0) return false;
      walk.published = false;
    }
    carry_out(own, index);
  }
  own.settle();  // the others read the records after this phase
  return true;
}

// Phase 3.

bool TransferWindow::link(std::uint32_t partition) noexcept {
  Partition& own = tables_[partition];
  std::uint32_t number[64];  // of the next transfer by owner of the id, as this walk comes past them
  for (std::uint32_t p = 0; p < tables_.count(); ++p) number[p] = walks_[p].first_number;
  for (std::uint32_t index = begin_; index < end_; ++index) {
    const Slot& slot = slots_[index];
    if (!slot.plain && slot.status != CreateTransferStatus::kCreated) continue;
    const std::uint32_t reference = tables_.references().to(slot.id_owner, number[slot.id_owner]);
    number[slot.id_owner] = own.number_after(number[slot.id_owner]);
    const auto [debit, credit] = accounts_of(index);
    if (debit.partition == &own) own.post(debit.record(), reference);
    if (credit.partition == &own) own.post(credit.record(), reference);
  }
  own.settle();
  return true;
}

void TransferWindow::prefetch(const Partition& partition, const Slot& slot) const noexcept {
  if (slot.debit_owner == partition.index()) partition.prefetch_account(slot.debit);
  if (slot.credit_owner == partition.index()) partition.prefetch_account(slot.credit);
  if (slot.id_owner == partition.index()) partition.transfer_ids().prefetch(TagTable::tag_of(slot.id_hash));
}

std::pair<AccountAt, AccountAt> TransferWindow::accounts_of(std::uint32_t index) const noexcept {
  const Slot& slot = slots_[index];
  if (slot.pending_moves && details_[index].pending_event != 0) {
    const Transfer& pending = *events_[details_[index].pending_event - 1].event;
    return {tables_.find_account(pending.debit_account_id), tables_.find_account(pending.credit_account_id)};  // none is created in a window
  }
  std::pair<AccountAt, AccountAt> accounts;
  if (slot.debit != 0) accounts.first = {&tables_[slot.debit_owner], slot.debit};
  if (slot.credit != 0) accounts.second = {&tables_[slot.credit_owner], slot.credit};
  return accounts;
}

const Transfer* TransferWindow::pending_of(std::uint32_t index) const noexcept {
  return pointer_to(slots_[index].pending_moves ? details_[index].pending_now : details_[index].pending);
}

bool TransferWindow::concerns(std::uint32_t partition, std::uint32_t index) const noexcept {
  const Slot& slot = slots_[index];
  if (slot.id_owner == partition || slot.pending_owner == partition) return true;
  const auto [debit, credit] = accounts_of(index);
  return (debit && debit.partition->index() == partition) || (credit && credit.partition->index() == partition);
}

void TransferWindow::publish(Partition& partition, std::uint32_t index) noexcept {
  const Slot& slot = slots_[index];
  Details& details = details_[index];
  std::uint32_t shares = 0;
  if (slot.debit_decides && slot.debit_owner == partition.index()) {
    details.debit_balances = partition.account(slot.debit).balances();
    ++shares;
  }
  if (slot.credit_decides && slot.credit_owner == partition.index()) {
    details.credit_balances = partition.account(slot.credit).balances();
    ++shares;
  }
  if (slot.id_repeated && slot.id_owner == partition.index()) {
    publish_id(partition, index);
    ++shares;
  }
  if (slot.pending_moves && slot.pending_owner == partition.index()) {
    publish_pending(index);
    ++shares;
  }
  if (shares == 0) return;
  if (details.published.fetch_add(shares, std::memory_order_acq_rel) + shares == slot.publishers()) decide(index);
}

void TransferWindow::publish_id(Partition& partition, std::uint32_t index) noexcept {
  Details& details = details_[index];
  const std::uint32_t known = partition.find_id(events_[index].event->id, slots_[index].id_hash);
  details.id_failed_now = (known & Partition::kFailedBit) != 0;
  details.existing_now.reset();
  details.existing_pending_now.reset();
  if (known == 0 || details.id_failed_now) return;
  details.existing_now = tables_.transfer({&partition, known});
  // It was created in this window, by an event that this partition has already carried out.
  std::uint32_t creator = previous_same_id_[index];
  while (slots_[creator - 1].status != CreateTransferStatus::kCreated) creator = previous_same_id_[creator - 1];
  const bool resolves = (details.existing_now->flags & kPostOrVoid) != 0;
  if (resolves) details.existing_pending_now = *pending_of(creator - 1);
}

void TransferWindow::publish_pending(std::uint32_t index) noexcept {
  Details& details = details_[index];
  const PendingAt pending = tables_.find_pending(events_[index].event->pending_id);
  details.pending_now.reset();
  if (pending) details.pending_now = pending.transfer;
  details.pending_status_now = pending.status;
}

/// All that can still change is on the board: the same rules as everywhere give the decision.
void TransferWindow::decide(std::uint32_t index) noexcept {
  const auto [event, timestamp] = events_[index];
  Slot& slot = slots_[index];
  Details& details = details_[index];
  if (details.is_known && !slot.id_repeated) {
    // Known before the window: the first decision stands, whatever else moves.
    details.decided.store(1, std::memory_order_release);
    return;
  }
  TransferFacts facts{.existing = slot.id_repeated ? pointer_to(details.existing_now) : nullptr,
                      .existing_pending = slot.id_repeated ? pointer_to(details.existing_pending_now) : nullptr,
                      .id_failed = slot.id_repeated ? details.id_failed_now : details.id_failed,
                      .pending = pending_of(index),
                      .pending_status = slot.pending_moves ? details.pending_status_now : details.pending_status,
                      .now = timestamp,
                      .history_begins = tables_.dropped().timestamp};
  const auto [debit, credit] = accounts_of(index);
  AccountRecord debit_facts;
  AccountRecord credit_facts;
  if (debit) {
    debit_facts = account_facts(debit.record(), slot.debit_decides, details.debit_balances);
    facts.debit = &debit_facts;
  }
  if (credit) {
    credit_facts = account_facts(credit.record(), slot.credit_decides, details.credit_balances);
    facts.credit = &credit_facts;
  }
  Transfer stored;
  slot.status = decide_transfer(*event, timestamp, facts, stored);
  details.timestamp = slot.status == CreateTransferStatus::kExists ? facts.existing->timestamp : timestamp;
  details.amount = slot.status == CreateTransferStatus::kCreated ? stored.amount : 0;
  details.decided.store(1, std::memory_order_release);
}

void TransferWindow::carry_out_plain(Partition& partition, std::uint32_t index) noexcept {
  const auto [event, timestamp] = events_[index];
  const Slot& slot = slots_[index];
  if (slot.debit_owner == partition.index()) {
    AccountRecord& record = partition.account(slot.debit);
    partition.before_change(record);
    apply_to_debit(record, *event, nullptr);
  }
  if (slot.credit_owner == partition.index()) {
    AccountRecord& record = partition.account(slot.credit);
    partition.before_change(record);
    apply_to_credit(record, *event, nullptr);
  }
  if (slot.id_owner != partition.index()) return;
  const References references = tables_.references();
  partition.create_transfer(*event, timestamp, slot.id_hash, references.to(slot.debit_owner, slot.debit),
                            references.to(slot.credit_owner, slot.credit));
}

void TransferWindow::carry_out(Partition& partition, std::uint32_t index) noexcept {
  const Transfer& event = *events_[index].event;
  const Slot& slot = slots_[index];
  const Details& details = details_[index];
  if (slot.status != CreateTransferStatus::kCreated) {
    if (is_transient(slot.status) && slot.id_owner == partition.index()) partition.burn_id(event.id, slot.id_hash);
    return;
  }
  const Transfer* pending = (event.flags & kPostOrVoid) != 0 ? pending_of(index) : nullptr;
  const Transfer stored = stored_transfer(event, details.timestamp, details.amount, pending);
  const auto [debit, credit] = accounts_of(index);
  if (debit.partition == &partition) {
    AccountRecord& record = debit.record();
    partition.before_change(record);
    apply_to_debit(record, stored, pending);
  }
  if (credit.partition == &partition) {
    AccountRecord& record = credit.record();
    partition.before_change(record);
    apply_to_credit(record, stored, pending);
  }
  if (slot.id_owner == partition.index()) {
    const std::uint32_t number =
        partition.create_transfer(stored, stored.timestamp, slot.id_hash, tables_.reference(debit), tables_.reference(credit));
    if (pending != nullptr) partition.remember_hold(number, *pending);
  }
  if (slot.pending_owner == partition.index()) {
    const std::uint32_t place = details.pending_event == 0 ? details.pending_hold : partition.find_hold(event.pending_id, tables_.hash()(event.pending_id));
    const bool post = (stored.flags & Flags::kPostPendingTransfer) != 0;
    partition.end_hold(place, post ? PendingStatus::kPosted : PendingStatus::kVoided);
  }
}

}  // namespace florin::core
