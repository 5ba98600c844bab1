#include "core/queries/history_view.hpp"

#include <algorithm>
#include <array>

#include "florin/prefetch.hpp"

namespace florin::core {
namespace {

constexpr std::size_t kGroup = 32;  // rows, or look-ups, in flight at once
constexpr TransferName kUnknown{~std::uint64_t{0}};

/// Index behind the last record before which `is_before(record)` holds, of a log within these bounds.
template <typename Read, typename Before>
std::size_t lower_bound(std::size_t begin, std::size_t end, const Read& read, Before&& is_before) noexcept {
  while (begin < end) {
    const std::size_t middle = begin + (end - begin) / 2;
    if (is_before(read(middle))) {
      begin = middle + 1;
    } else {
      end = middle;
    }
  }
  return begin;
}

template <typename T>
const T& read(const StreamLog<T>& log, std::size_t index) noexcept {
  return log.settled(index);
}
template <typename T>
const T& read(const AppendLog<T>& log, std::size_t index) noexcept {
  return log[index];
}

/// How many records of a log, forgotten ones included, have a timestamp below this one.
template <typename Log>
std::size_t count_before(const Log& log, const LedgerView::Log& bounds, std::uint64_t timestamp) noexcept {
  return lower_bound(bounds.first, bounds.end, [&](std::size_t i) -> const auto& { return read(log, i); },
                     [&](const auto& record) { return record.timestamp < timestamp; });
}

}  // namespace

// Accounts.

void HistoryView::copy_head(AccountHead& head) const noexcept {
  const AccountRecord& record = tables_.account_at(head.reference).record();
  head.newest_posting = record.newest_posting;
  head.newest_checkpoint = record.newest_checkpoint;
  head.flags = record.flags;
  head.balances = record.balances();
}

void HistoryView::find_accounts(std::span<const u128> ids, std::span<AccountHead> heads) const noexcept {
  std::uint64_t hashes[kGroup];
  for (std::size_t base = 0; base < ids.size(); base += kGroup) {
    const std::size_t size = std::min(kGroup, ids.size() - base);
    for (std::size_t i = 0; i < size; ++i) {
      hashes[i] = tables_.hash()(ids[base + i]);
      tables_.owner(hashes[i]).account_ids().prefetch(TagTable::tag_of(hashes[i]));
    }
    for (std::size_t i = 0; i < size; ++i) {
      const Partition& owner = tables_.owner(hashes[i]);
      if (const std::uint32_t number = owner.account_ids().peek(TagTable::tag_of(hashes[i])); number != 0) owner.prefetch_account(number);
    }
    for (std::size_t i = 0; i < size; ++i) {
      AccountHead& head = heads[base + i] = {};
      const AccountAt account = tables_.find_account(ids[base + i], hashes[i]);
      if (!account) continue;
      head.reference = tables_.reference(account);
      copy_head(head);
    }
  }
}

void HistoryView::take_heads(std::span<AccountHead> heads) noexcept {
  if (heads.empty()) return;
  at_boundary([&] {
    LedgerViews::extend(reach_, tables_);
    for (std::size_t i = 0; i < heads.size(); ++i) {
      if (i + kGroup < heads.size()) {
        const AccountAt ahead = tables_.account_at(heads[i + kGroup].reference);
        ahead.partition->prefetch_account(ahead.ordinal);
      }
      copy_head(heads[i]);
    }
  });
}

Account HistoryView::fixed_account(std::uint32_t reference) const noexcept {
  const AccountAt at = tables_.account_at(reference);
  return at.partition->fixed_account(at.ordinal);
}

// Rows.

HistoryRow HistoryView::begin_row(TransferName name) const noexcept {
  HistoryRow row{.name = name, .record = {}, .extra = {}};
  if (name.is_in_memory()) {
    row.record = tables_[name.partition()].transfers().settled(name.place());
  } else {
    row.record = segments()[name.segment()].transfer(name.index());
  }
  return row;
}

void HistoryView::prefetch_rest(const HistoryRow& row) const noexcept {
  if (row.record.extra == 0) return;
  if (row.name.is_in_memory()) {
    const Partition& partition = tables_[row.name.partition()];
    const std::size_t place = partition.index_of(row.record.extra, view_.parts[row.name.partition()].extras_base);
    prefetch_line(&partition.extras().settled(place));
  } else {
    segments()[row.name.segment()].prefetch_extra(row.record);
  }
}

void HistoryView::end_row(HistoryRow& row, bool for_balances) const noexcept {
  if (row.name.is_in_memory()) {
    if (row.record.extra == 0) return;
    const Partition& partition = tables_[row.name.partition()];
    const TransferExtra& extra = partition.extras().settled(partition.index_of(row.record.extra, view_.parts[row.name.partition()].extras_base));
    row.extra = extra.as_created();
    row.extra.state = __atomic_load_n(&extra.state, __ATOMIC_RELAXED);
    return;
  }
  if (row.record.extra != 0 && (!for_balances || row.needs_rest_for_balances())) row.extra = segments()[row.name.segment()].extra(row.record);
  row.record.debit = tables_.account_by_ordinal(row.record.debit);
  row.record.credit = tables_.account_by_ordinal(row.record.credit);
}

void HistoryView::prefetch(TransferName name) const noexcept {
  if (name.is_in_memory()) {
    prefetch_line(&tables_[name.partition()].transfers().settled(name.place()));
  } else {
    segments()[name.segment()].prefetch_transfer(name.index());
  }
}

void HistoryView::prefetch_accounts(const HistoryRow& row) const noexcept {
  for (const std::uint32_t account : {row.record.debit, row.record.credit}) {
    const AccountAt at = tables_.account_at(account);
    at.partition->prefetch_account(at.ordinal);
  }
}

void HistoryView::rows(std::span<const TransferName> names, std::span<HistoryRow> found) const noexcept {
  for (std::size_t i = 0; i < names.size() + 2 * kGroup; ++i) {
    if (i < names.size()) prefetch(names[i]);
    if (i >= kGroup && i - kGroup < names.size()) {
      found[i - kGroup] = begin_row(names[i - kGroup]);
      prefetch_rest(found[i - kGroup]);
    }
    if (i >= 2 * kGroup) end_row(found[i - 2 * kGroup]);
  }
}

Transfer HistoryView::whole(const HistoryRow& row) const noexcept {
  return whole_transfer(row.record, &row.extra, tables_.account_at(row.record.debit).record(), tables_.account_at(row.record.credit).record());
}

std::size_t HistoryView::find_transfers(std::span<const u128> ids, std::span<TransferName> names) noexcept {
  unsure_.clear();
  hints_.clear();
  at_boundary([&] {
    LedgerViews::extend(reach_, tables_);
    std::uint64_t hashes[kGroup];
    for (std::size_t i = 0; i < ids.size(); ++i) {
      if (i % kGroup == 0) {
        for (std::size_t ahead = i; ahead < std::min(i + kGroup, ids.size()); ++ahead) {
          hashes[ahead % kGroup] = tables_.hash()(ids[ahead]);
          tables_.owner(hashes[ahead % kGroup]).transfer_ids().prefetch(TagTable::tag_of(hashes[ahead % kGroup]));
        }
      }
      const std::uint64_t hash = hashes[i % kGroup];
      const Partition& owner = tables_.owner(hash);
      names[i] = kUnknown;
      const std::uint32_t number = owner.find_id(ids[i], hash);
      if ((number & Partition::kFailedBit) != 0) continue;
      const LedgerView::Log& log = view_.parts[owner.index()].transfers;
      if (number != 0) {
        const std::size_t index = owner.index_of(number, log.base);
        if (log.has(index)) names[i] = TransferName::in_memory(owner.index(), index);
        if (index >= log.first) continue;  // what came after the view does not belong to it
      }
      if (past_ == nullptr) continue;
      const PastHint hint = past_->hint(ids[i], hash);
      if (hint.is_certainly_unknown()) continue;
      unsure_.push_back(static_cast<std::uint32_t>(i));
      hints_.push_back(hint);
    }
  });
  find_sealed(ids, names);
  const auto known = names.first(ids.size());
  return static_cast<std::size_t>(std::remove_if(known.begin(), known.end(), [&](TransferName name) { return name.value == kUnknown.value; }) - known.begin());
}

/// The unsure ones, many at a time: a segment is asked for all that may be in it, so that the latencies of 32 look-ups overlap. First where an id
/// in order must be, then, newest first, every segment for what came in no order.
void HistoryView::find_sealed(std::span<const u128> ids, std::span<TransferName> names) noexcept {
  std::array<u128, kGroup> asked;
  std::array<std::uint64_t, kGroup> hashes;
  std::array<std::uint32_t, kGroup> found;
  const auto look = [&](std::uint32_t place, std::size_t begin, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
      asked[i] = ids[unsure_[begin + i]];
      hashes[i] = tables_.hash()(asked[i]);
    }
    segments()[place].find_all(std::span(asked).first(count), std::span(hashes).first(count), found);
    for (std::size_t i = 0; i < count; ++i) {
      if (found[i] != PastSegment::kNone) names[unsure_[begin + i]] = TransferName::in_segment(place, found[i]);
    }
  };
  std::size_t left = 0;
  for (std::size_t begin = 0, count = 0; begin < unsure_.size(); begin += count) {
    const std::uint32_t segment = hints_[begin].segment;
    for (count = 1; count < kGroup && begin + count < unsure_.size() && hints_[begin + count].segment == segment; ++count) {
    }
    if (segment < segments().count()) look(segment, begin, count);
    for (std::size_t i = begin; i < begin + count; ++i) {
      if (hints_[i].may_be_anywhere && names[unsure_[i]].value == kUnknown.value) unsure_[left++] = unsure_[i];
    }
  }
  for (std::uint32_t place = segments().count(); place-- > 0 && left != 0;) {
    for (std::size_t begin = 0; begin < left; begin += kGroup) look(place, begin, std::min(kGroup, left - begin));
    const auto is_found = [&](std::uint32_t i) { return names[i].value != kUnknown.value; };
    left = static_cast<std::size_t>(std::remove_if(unsure_.begin(), unsure_.begin() + static_cast<std::ptrdiff_t>(left), is_found) - unsure_.begin());
  }
}

u128 HistoryView::hold_amount(const HistoryRow& post) noexcept {
  if (post.extra.state != TransferExtra::kLargeHold) return post.extra.state;
  TransferName pending;
  const std::size_t found = find_transfers(std::span(&post.extra.pending_id, 1), std::span(&pending, 1));
  return found == 0 ? 0 : row(pending).amount();
}

// Holds.

/// A row in memory says itself how its hold ended. Of a sealed one, the segments know if the end is sealed too; else the table of holds
/// still has it, because the view keeps the record of the end in memory.
void HistoryView::find_statuses(std::span<const HistoryRow> rows, std::span<PendingStatus> statuses) noexcept {
  unsure_.clear();
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const HistoryRow& row = rows[i];
    statuses[i] = PendingStatus::kNone;
    if (!row.is_pending()) continue;
    if (row.name.is_in_memory()) {
      statuses[i] = HoldState::load(row.extra.state).at(view_.stamp);
      continue;
    }
    const std::uint64_t hash = tables_.hash()(row.record.id);
    for (std::uint32_t place = row.name.segment(); place < segments().count() && statuses[i] == PendingStatus::kNone; ++place) {
      statuses[i] = segments()[place].ending_of(row.record.id, hash);
    }
    if (statuses[i] == PendingStatus::kNone) unsure_.push_back(static_cast<std::uint32_t>(i));
  }
  if (unsure_.empty()) return;
  at_boundary([&] {
    for (const std::uint32_t i : unsure_) {
      const std::uint64_t hash = tables_.hash()(rows[i].record.id);
      const Partition& owner = tables_.owner(hash);
      const std::uint32_t place = owner.find_hold(rows[i].record.id, hash);
      statuses[i] = PendingStatus::kPending;
      if (place != 0) statuses[i] = owner.holds()[place].status_at(view_.stamp);
    }
  });
}

/// The table of holds has all that are open, and those that ended after the view.
void HistoryView::find_open_holds(std::span<const u128> ids, std::span<std::optional<Transfer>> found) noexcept {
  at_boundary([&] {
    for (std::size_t i = 0; i < ids.size(); ++i) {
      const std::uint64_t hash = tables_.hash()(ids[i]);
      const Partition& owner = tables_.owner(hash);
      const std::uint32_t place = owner.find_hold(ids[i], hash);
      found[i].reset();
      if (place != 0 && owner.holds()[place].status_at(view_.stamp) == PendingStatus::kPending) found[i] = owner.holds()[place].transfer;
    }
  });
}

// Lists.

/// Calls take(partition, index) for the next `count` records of all partitions together.
template <typename Log, typename Bounds, typename Take>
std::size_t HistoryView::merge(const Log& log_of, const Bounds& bounds_of, Order order, std::uint64_t from, std::size_t count, Take&& take) const noexcept {
  const bool ascending = order == Order::kAscending;
  for (std::uint32_t p = 0; p < tables_.count(); ++p) {
    heads_[p] = count_before(log_of(tables_[p]), bounds_of(view_.parts[p]), ascending ? from : from + 1);
  }
  for (std::size_t taken = 0; taken < count; ++taken) {
    std::uint32_t next = tables_.count();
    std::uint64_t next_timestamp = 0;
    for (std::uint32_t p = 0; p < tables_.count(); ++p) {
      const LedgerView::Log bounds = bounds_of(view_.parts[p]);
      if (heads_[p] == (ascending ? bounds.end : bounds.first)) continue;
      const std::uint64_t timestamp = read(log_of(tables_[p]), ascending ? heads_[p] : heads_[p] - 1).timestamp;
      if (next != tables_.count() && ascending == (timestamp > next_timestamp)) continue;
      next = p;
      next_timestamp = timestamp;
    }
    if (next == tables_.count()) return taken;
    take(next, ascending ? heads_[next]++ : --heads_[next]);
  }
  return count;
}

std::size_t HistoryView::accounts(Order order, std::uint64_t from, std::span<std::uint32_t> found) const noexcept {
  std::uint32_t* out = found.data();
  return merge([](const Partition& p) -> const auto& { return p.accounts(); },
               [](const LedgerView::Part& part) { return LedgerView::Log{.base = 0, .first = 0, .end = part.accounts}; }, order, from, found.size(),
               [&](std::uint32_t p, std::size_t index) { *out++ = tables_.references().to(p, static_cast<std::uint32_t>(index) + 1); });
}

std::size_t HistoryView::transfers(Order order, std::uint64_t from, std::span<TransferName> found) const noexcept {
  std::size_t count = 0;
  const auto take = [&](std::uint32_t p, std::size_t index) { found[count++] = TransferName::in_memory(p, index); };
  const auto merge_memory = [&] {
    merge([](const Partition& p) -> const auto& { return p.transfers(); }, [](const LedgerView::Part& part) { return part.transfers; }, order, from,
          found.size() - count, take);
  };
  const PastSegments& past = segments();
  if (order == Order::kAscending) {
    for (std::uint32_t place = past.lower_bound([&](const auto& entry) { return entry.transfers_timestamp < from; }); place < past.count(); ++place) {
      for (std::uint32_t i = past[place].transfers_before(from); i < past[place].transfers(); ++i) {
        if (count == found.size()) return count;
        found[count++] = TransferName::in_segment(place, i);
      }
    }
    merge_memory();
    return count;
  }
  merge_memory();
  const std::uint32_t newest = past.lower_bound([&](const auto& entry) { return entry.transfers_timestamp <= from; });
  for (std::uint32_t place = std::min(newest + 1, past.count()); place-- > 0 && count < found.size();) {
    for (std::uint32_t i = past[place].transfers_before(from + 1); i-- > 0 && count < found.size();) found[count++] = TransferName::in_segment(place, i);
  }
  return count;
}

Expiry HistoryView::in_references(Expiry expiry) const noexcept {
  expiry.debit = tables_.account_by_ordinal(expiry.debit);
  expiry.credit = tables_.account_by_ordinal(expiry.credit);
  return expiry;
}

std::size_t HistoryView::expiries(std::uint64_t from, std::span<Expiry> found) const noexcept {
  std::size_t count = 0;
  const PastSegments& past = segments();
  for (std::uint32_t place = past.lower_bound([&](const auto& entry) { return entry.expiries_timestamp < from; }); place < past.count(); ++place) {
    for (std::uint32_t i = past[place].expiries_before(from); i < past[place].expiries(); ++i) {
      if (count == found.size()) return count;
      found[count++] = in_references(past[place].expiry(i));
    }
  }
  merge([](const Partition& p) -> const auto& { return p.expiries(); }, [](const LedgerView::Part& part) { return part.expiries; },
        Order::kAscending, from, found.size() - count,
        [&](std::uint32_t p, std::size_t index) { found[count++] = tables_[p].expiries().settled(index); });
  return count;
}

std::uint64_t HistoryView::newest_expiry_before(std::uint64_t timestamp) const noexcept {
  std::uint64_t newest = 0;
  for (std::uint32_t p = 0; p < tables_.count(); ++p) {
    const LedgerView::Log& log = view_.parts[p].expiries;
    const std::size_t behind = count_before(tables_[p].expiries(), log, timestamp);
    if (behind != log.first) newest = std::max(newest, tables_[p].expiries().settled(behind - 1).timestamp);
  }
  if (newest != 0) return newest;
  const PastSegments& past = segments();
  const std::uint32_t place = past.lower_bound([&](const auto& entry) { return entry.expiries_timestamp < timestamp; });
  if (place < past.count()) {
    if (const std::uint32_t behind = past[place].expiries_before(timestamp); behind != 0) return past[place].expiry(behind - 1).timestamp;
  }
  return place == 0 ? 0 : past.at(place - 1).expiries_timestamp;
}

std::uint32_t HistoryView::first_above(const PastSegment& segment, PostingRange range, const LedgerPoint& point) const noexcept {
  const auto is_above = [&](PostingEntry entry) {
    if (!entry.is_expiry()) return segment.first_position() + entry.index() >= point.transfers;
    const Expiry expiry = segment.expiry(entry.index());
    return expiry.timestamp > point.timestamp && expiry.transfers_before >= point.transfers;
  };
  while (!range.empty()) {
    const std::uint32_t middle = range.begin + range.size() / 2;
    PostingEntry room;
    if (is_above(segment.entries({middle, middle + 1}, {&room, 1}).front())) {
      range.end = middle;
    } else {
      range.begin = middle + 1;
    }
  }
  return range.begin;
}

std::uint64_t HistoryView::transfers_before(std::uint64_t timestamp) const noexcept {
  const PastSegments& past = segments();
  const std::uint32_t place = past.lower_bound([&](const auto& entry) { return entry.transfers_timestamp < timestamp; });
  if (place < past.count()) return past[place].first_position() + past[place].transfers_before(timestamp);
  std::uint64_t count = 0;
  for (std::uint32_t p = 0; p < tables_.count(); ++p) count += transfers_before(p, timestamp);
  return count;
}

std::size_t HistoryView::transfers_before(std::uint32_t partition, std::uint64_t timestamp) const noexcept {
  return count_before(tables_[partition].transfers(), view_.parts[partition].transfers, timestamp);
}

TransferName HistoryView::pending_of(const Expiry& expiry) const noexcept {
  const std::uint64_t timestamp = expiry.pending_timestamp;
  const PastSegments& past = segments();
  const std::uint32_t place = past.lower_bound([&](const auto& entry) { return entry.transfers_timestamp < timestamp; });
  if (place < past.count()) return TransferName::in_segment(place, past[place].transfers_before(timestamp));
  for (std::uint32_t p = 0; p < tables_.count(); ++p) {
    const LedgerView::Log& log = view_.parts[p].transfers;
    const std::size_t index = transfers_before(p, timestamp);
    if (index < log.end && tables_[p].transfers().settled(index).timestamp == timestamp) return TransferName::in_memory(p, index);
  }
  return {};
}

Transfer HistoryView::expired_transfer(std::uint64_t expiry_timestamp) const noexcept {
  Expiry expiry;
  if (expiries(expiry_timestamp, std::span(&expiry, 1)) == 0) return {};
  if (!view_.dropped.has(expiry.pending_timestamp)) return whole(row(pending_of(expiry)));
  const AccountRecord& debit = tables_.account_at(expiry.debit).record();
  return {.id = expiry.pending_id,
          .debit_account_id = debit.id,
          .credit_account_id = tables_.account_at(expiry.credit).record().id,
          .amount = expiry.amount,
          .ledger = debit.ledger,
          .flags = expiry.flags,
          .timestamp = expiry.pending_timestamp};
}

// Sequences.

/// The first batch for which `is_before` is false, and the one before; `entry_is_before` says the same of the newest one of a segment.
template <typename Before, typename EntryBefore>
HistoryView::Batches HistoryView::find_batch(Before&& is_before, EntryBefore&& entry_is_before) const noexcept {
  const PastSegments& past = segments();
  Batches batches;
  const std::uint32_t place = past.lower_bound(entry_is_before);
  if (place != 0) batches.previous = {past.at(place - 1).batch_sequence, past.at(place - 1).batch_timestamp, past.at(place - 1).transfers_end};
  if (place < past.count()) {
    const PastSegment& segment = past[place];
    const auto at = [&](std::size_t i) { return segment.batch(static_cast<std::uint32_t>(i)); };
    const std::size_t index = lower_bound(0, segment.batches(), at, is_before);
    if (index != 0) batches.previous = at(index - 1);
    batches.found = at(index);
    return batches;
  }
  const LedgerView::Log& log = view_.batches;
  const auto at = [&](std::size_t i) { return tables_.batches().settled(i); };
  const std::size_t index = lower_bound(log.first, log.end, at, is_before);
  if (index != log.first) batches.previous = at(index - 1);
  if (index != log.end) batches.found = at(index);
  return batches;
}

QueryReader::Moment HistoryView::moment_of_sequence(std::uint64_t sequence) const noexcept {
  const Batches batches = find_batch([&](const BatchEnd& one) { return one.sequence < sequence; },
                                     [&](const PastSegments::Entry& entry) { return entry.batch_sequence < sequence; });
  if (!batches.found) return {batches.previous.sequence, batches.previous.timestamp};
  return {sequence, batches.found->timestamp - (batches.found->sequence - sequence)};
}

QueryReader::Moment HistoryView::moment_of_timestamp(std::uint64_t timestamp) const noexcept {
  const Batches batches = batch_at(timestamp);
  if (batches.found) {
    const std::uint64_t back = batches.found->timestamp - timestamp;
    if (back < batches.found->sequence - batches.previous.sequence) return {batches.found->sequence - back, timestamp};
  }
  return {batches.previous.sequence, batches.previous.timestamp};
}

HistoryView::Batches HistoryView::batch_at(std::uint64_t timestamp) const noexcept {
  return find_batch([&](const BatchEnd& one) { return one.timestamp < timestamp; },
                    [&](const PastSegments::Entry& entry) { return entry.batch_timestamp < timestamp; });
}

std::uint64_t HistoryView::sequence_of(std::uint64_t timestamp) const noexcept {
  const Batches batches = batch_at(timestamp);
  return batches.found ? batches.found->sequence - (batches.found->timestamp - timestamp) : batches.previous.sequence;
}

std::uint64_t HistoryView::sequence_of_imported(std::uint64_t transfers) const noexcept {
  const Batches batches = find_batch([&](const BatchEnd& one) { return one.transfers < transfers; },
                                     [&](const PastSegments::Entry& entry) { return entry.transfers_end < transfers; });
  return batches.found ? batches.found->sequence : batches.previous.sequence;
}

}  // namespace florin::core
