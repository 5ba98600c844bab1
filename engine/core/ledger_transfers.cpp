#include <algorithm>

#include "core/ledger_events.hpp"
#include "core/rules/plain_transfer.hpp"

namespace florin::core {
namespace {

using Flags = TransferFlags;

/// Transfers in flight at once. More overflow the first-level cache, fewer leave misses unhidden.
constexpr std::uint32_t kGroup = 32;

/// Where the events of a group were found, one array per field: each pass is a simple loop.
struct Group {
  struct Sought {
    const std::uint64_t* line;
    std::uint32_t tag;
  };
  std::uint64_t id_hash[kGroup];
  std::uint64_t* id_line[kGroup];
  Sought debit_sought[kGroup];
  Sought credit_sought[kGroup];
  std::uint32_t debit[kGroup];  // candidates: ordinals whose ids are still to be compared
  std::uint32_t credit[kGroup];
  std::uint32_t hold_tag[kGroup];  // of the posts and voids
  const Hold* hold[kGroup];        // candidates, or nullptr
  std::uint32_t holds = 0;
};

/// While transfers are being sealed, a new id that is not above theirs is asked of their table too. Prefetches beyond those of the other
/// tables do not come in time (270 ns a transfer); loads do (200).
void ask_sealing_ids(const Partition& partition, std::span<const Transfer> events, const Group& group) noexcept {
  const TagTable* const sealing = partition.sealing_ids();
  if (sealing == nullptr) return;
  const TagTable::Lines lines = sealing->lines();
  for (std::size_t i = 0; i < events.size(); ++i) {
    if (partition.may_be_sealing(events[i].id)) TagTable::touch(lines(TagTable::tag_of(group.id_hash[i])));
  }
}

/// First pass: hash, and ask for the lines of the index tables.
void hash_group(const Partition& partition, std::span<const Transfer> events, Group& group) noexcept {
  const IdHash hash = partition.hash();
  const TagTable::Lines account_lines = partition.account_ids().lines();
  const TagTable::Lines id_lines = partition.transfer_ids().lines();
  for (std::size_t i = 0; i < events.size(); ++i) {
    const std::uint32_t debit_tag = TagTable::tag_of(hash(events[i].debit_account_id));
    const std::uint32_t credit_tag = TagTable::tag_of(hash(events[i].credit_account_id));
    group.debit_sought[i] = {account_lines(debit_tag), debit_tag};
    group.credit_sought[i] = {account_lines(credit_tag), credit_tag};
    group.id_hash[i] = hash(events[i].id);
    group.id_line[i] = id_lines(TagTable::tag_of(group.id_hash[i]));
    TagTable::prefetch(group.debit_sought[i].line);
    TagTable::prefetch(group.credit_sought[i].line);
    TagTable::prefetch(group.id_line[i]);
  }
}

/// Second pass: read these, and ask for the accounts they propose.
void find_group(const Partition& partition, std::size_t size, Group& group) noexcept {
  for (std::size_t i = 0; i < size; ++i) {
    group.debit[i] = TagTable::peek(group.debit_sought[i].line, group.debit_sought[i].tag);
    group.credit[i] = TagTable::peek(group.credit_sought[i].line, group.credit_sought[i].tag);
    if (group.debit[i] != 0) partition.prefetch_account(group.debit[i]);
    if (group.credit[i] != 0) partition.prefetch_account(group.credit[i]);
  }
}

/// The same from hints: only the records and the line of the id are left to ask for.
void take_hints(const Partition& partition, const TransferHint* hints, std::size_t size, Group& group) noexcept {
  const TagTable::Lines id_lines = partition.transfer_ids().lines();
  for (std::size_t i = 0; i < size; ++i) {
    group.id_hash[i] = hints[i].id_hash;
    group.id_line[i] = id_lines(TagTable::tag_of(hints[i].id_hash));
    group.debit[i] = hints[i].debit;
    group.credit[i] = hints[i].credit;
    TagTable::prefetch(group.id_line[i]);
    if (hints[i].debit != 0) partition.prefetch_account(hints[i].debit);
    if (hints[i].credit != 0) partition.prefetch_account(hints[i].credit);
  }
}

// Posts and voids hang on a hold, and that on its accounts and its record: one more thing to ask for in each pass.

void hash_holds(const Partition& partition, std::span<const Transfer> events, Group& group) noexcept {
  group.holds = 0;
  std::uint16_t flags = 0;
  for (const Transfer& event : events) flags |= event.flags;
  if ((flags & kPostOrVoid) == 0) return;
  for (const Transfer& event : events) {
    if ((event.flags & kPostOrVoid) == 0) continue;
    group.hold_tag[group.holds] = TagTable::tag_of(partition.hash()(event.pending_id));
    partition.holds().prefetch(group.hold_tag[group.holds++]);
  }
}

void find_holds(const Partition& partition, Group& group) noexcept {
  for (std::uint32_t i = 0; i < group.holds; ++i) group.hold[i] = partition.holds().prefetch_hold(group.hold_tag[i]);
}

void read_holds(const Partition& partition, const Group& group) noexcept {
  for (std::uint32_t i = 0; i < group.holds; ++i) {
    if (group.hold[i] != nullptr) partition.prefetch_end(*group.hold[i]);
  }
}

}  // namespace

void Ledger::create_transfers(const Command& command) {
  outcomes_.begin();
  if (tables_.count() != 1) {
    create_transfers_alone(command);
    return;
  }
  Partition& partition = tables_[0];
  const auto* events = reinterpret_cast<const Transfer*>(command.body.data());
  const std::uint64_t before_first = command.timestamp - command.event_count;
  const bool imported = (events[0].flags & Flags::kImported) != 0;
  const bool wants_balances = (command.flags & RequestFlags::kPostBalances) != 0 && command.reply != nullptr;
  Chain chain;
  // While a group is decided, the index lines of the next are under way.
  Group groups[2];
  const auto group_at = [&](std::uint32_t base) { return std::span<const Transfer>(events + base, std::min(kGroup, command.event_count - base)); };
  const auto ask_ahead = [&](std::uint32_t base, Group& group) {
    if (base >= command.event_count) return;
    hash_holds(partition, group_at(base), group);
    if (command.hints == nullptr) {
      hash_group(partition, group_at(base), group);
    } else {
      take_hints(partition, command.hints + base, group_at(base).size(), group);
    }
    ask_sealing_ids(partition, group_at(base), group);
    tables_.ask_past_ahead(group_at(base), group.id_hash);
  };
  const auto find = [&](std::uint32_t base, Group& group) {
    if (base >= command.event_count) return;
    find_holds(partition, group);
    if (command.hints == nullptr) find_group(partition, group_at(base).size(), group);
  };
  ask_ahead(0, groups[0]);
  find(0, groups[0]);

  for (std::uint32_t base = 0; base < command.event_count; base += kGroup) {
    const std::span<const Transfer> in_hand = group_at(base);
    const auto size = static_cast<std::uint32_t>(in_hand.size());
    const Group& group = groups[base / kGroup % 2];
    Group& next = groups[(base / kGroup + 1) % 2];
    ask_ahead(base + kGroup, next);
    read_holds(partition, group);
    for (std::uint32_t i = 0; i < size; ++i) {
      const std::uint32_t index = base + i;
      const Transfer& event = events[index];
      if (!chain.open && !imported &&
          create_plain_transfer(partition, event, before_first + 1 + index, group.id_hash[i], group.id_line[i], group.debit[i],
                                group.credit[i])) [[likely]] {
        if (wants_balances) [[unlikely]] note_balances(command, index);
        continue;
      }
      run_event<Transfer>(command, events, index, chain, [&](const Transfer& transfer, Event at) {
        at.id_hash = group.id_hash[i];
        return events_.create_transfer(transfer, at);
      });
    }
    find(base + kGroup, next);
  }
}

bool Ledger::make_hints(const Command& command, std::span<TransferHint> hints) const noexcept {
  if (tables_.count() != 1 || command.operation != Operation::kCreateTransfers) return false;
  const Partition& partition = tables_[0];
  const IdHash hash = partition.hash();
  const auto* events = reinterpret_cast<const Transfer*>(command.body.data());
  std::uint32_t tags[kGroup * 2];
  for (std::uint32_t base = 0; base < command.event_count; base += kGroup) {
    const std::uint32_t size = std::min(kGroup, command.event_count - base);
    for (std::uint32_t i = 0; i < size; ++i) {
      const Transfer& event = events[base + i];
      tags[2 * i] = TagTable::tag_of(hash(event.debit_account_id));
      tags[2 * i + 1] = TagTable::tag_of(hash(event.credit_account_id));
      hints[base + i].id_hash = hash(event.id);
      partition.account_ids().prefetch(tags[2 * i]);
      partition.account_ids().prefetch(tags[2 * i + 1]);
    }
    for (std::uint32_t i = 0; i < size; ++i) {
      hints[base + i].debit = partition.account_ids().peek(tags[2 * i]);
      hints[base + i].credit = partition.account_ids().peek(tags[2 * i + 1]);
    }
  }
  return true;
}

/// The straight path: a plain or pending transfer between two known, open accounts, with a new id, that nothing forbids, and
/// whose sums fit into 64 bits. Anything else returns false with nothing changed, and rules/ gives it its name.
inline bool Ledger::create_plain_transfer(Partition& partition, const Transfer& event, std::uint64_t timestamp, std::uint64_t id_hash,
                                          std::uint64_t* id_line, std::uint32_t debit_ordinal, std::uint32_t credit_ordinal) noexcept {
  if (debit_ordinal == 0 || credit_ordinal == 0 || debit_ordinal == credit_ordinal || !fields_are_plain(event)) [[unlikely]] return false;
  AccountRecord& debit = partition.account(debit_ordinal);
  AccountRecord& credit = partition.account(credit_ordinal);
  const std::uint64_t foreign = (low64(debit.id) ^ low64(event.debit_account_id)) | (high64(debit.id) ^ high64(event.debit_account_id)) |
                                (low64(credit.id) ^ low64(event.credit_account_id)) | (high64(credit.id) ^ high64(event.credit_account_id));
  const std::uint32_t special = (debit.ledger ^ event.ledger) | (credit.ledger ^ event.ledger) | debit.wide | credit.wide |
                                ((debit.flags | credit.flags) & std::uint32_t{AccountFlags::kClosed});
  if ((foreign | special | high64(event.amount)) != 0) [[unlikely]] return false;

  const std::uint64_t amount = low64(event.amount);
  std::uint64_t debits = 0;
  std::uint64_t credits = 0;
  const bool carries = __builtin_add_overflow(debit.debits_pending_low, debit.debits_posted_low, &debits) |
                       __builtin_add_overflow(debits, amount, &debits) |
                       __builtin_add_overflow(credit.credits_pending_low, credit.credits_posted_low, &credits) |
                       __builtin_add_overflow(credits, amount, &credits);
  if (carries) [[unlikely]] return false;
  if (event.timeout != 0 && timestamp + std::uint64_t{event.timeout} * 1'000'000'000 > kTimestampMax) [[unlikely]] return false;
  const bool exceeds = (debit.has(AccountFlags::kDebitsMustNotExceedCredits) & (debits > debit.credits_posted_low)) |
                       (credit.has(AccountFlags::kCreditsMustNotExceedDebits) & (credits > credit.debits_posted_low));
  if (exceeds) [[unlikely]] return false;
  const std::uint32_t id_tag = TagTable::tag_of(id_hash);
  std::uint64_t* const id_place = TagTable::place_if_absent(id_line, id_tag);
  if (id_place == nullptr || tables_.past_may_know(event.id, id_hash)) [[unlikely]] return false;

  partition.before_change(debit);
  partition.before_change(credit);
  if ((event.flags & Flags::kPending) != 0) [[unlikely]] {
    debit.debits_pending_low += amount;
    credit.credits_pending_low += amount;
  } else {
    debit.debits_posted_low += amount;
    credit.credits_posted_low += amount;
  }
  const std::uint32_t number = partition.create_transfer_at(id_place, event, timestamp, id_tag, debit_ordinal, credit_ordinal);
  partition.post(debit, number);
  partition.post(credit, number);
  return true;
}

// Outcomes and chains.

void Ledger::record(const Command& command, std::uint32_t index, const Verdict& verdict) noexcept {
  const std::uint64_t nominal = command.timestamp - command.event_count + 1 + index;
  if (verdict.status != kCreated || verdict.timestamp != nominal || verdict.amount_differs) {
    outcomes_.add({.index = index, .status = verdict.status, .timestamp = verdict.timestamp, .amount = verdict.amount});
  }
}

void Ledger::break_chain(Chain& chain, std::uint32_t index, std::uint32_t linked_event_failed) noexcept {
  chain.broken = true;
  tables_.rollback_chain();
  for (std::uint32_t i = chain.first; i < index; ++i) {
    chain_verdicts_[i].status = linked_event_failed;
    chain_verdicts_[i].amount = 0;
    chain_verdicts_[i].amount_differs = false;
  }
}

void Ledger::close_chain(const Command& command, Chain& chain, std::uint32_t last) noexcept {
  if (!chain.broken) tables_.commit_chain();
  for (std::uint32_t i = chain.first; i <= last; ++i) record(command, i, chain_verdicts_[i]);
  chain = {};
}

}  // namespace florin::core
