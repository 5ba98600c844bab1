#include "core/queries/account_changes.hpp"

#include <algorithm>

namespace florin::core {

namespace {

/// Which changes of a segment need not be looked at. Those of one block come one after the other, so its filter is asked once.
class Passing {
 public:
  Passing(const PastSegment& segment, const SoughtUserData* sought) noexcept : segment_(segment), sought_(sought) {}

  [[nodiscard]] bool may_pass(PostingEntry entry) noexcept {
    if (sought_ == nullptr || entry.is_expiry()) return false;
    const std::uint32_t block = entry.index() / segment_.filter_block();
    if (block != block_) {
      block_ = block;
      may_have_ = segment_.may_have(*sought_, block);
    }
    return !may_have_;
  }

 private:
  const PastSegment& segment_;
  const SoughtUserData* sought_;
  std::uint32_t block_ = ~std::uint32_t{0};
  bool may_have_ = true;
};

}  // namespace

void AccountChanges::set_account(std::uint32_t reference, const AccountHead* head, Wanted wanted, const SoughtUserData* sought) noexcept {
  wanted_ = wanted;
  sought_ = sought;
  reference_ = reference;
  at_account_ = view_.tables().account_at(reference);
  ordinal_ = view_.tables().ordinal_of(reference);
  head_ = head;
  go_to(0);
}

// Where things are.

std::uint64_t AccountChanges::newest_sealed_before(std::uint32_t segment) const noexcept {
  while (segment-- > 0) {
    const PostingRange range = view_.segments()[segment].postings(ordinal_);
    if (!range.empty()) return in_segment(segment, range.end - 1);
  }
  return 0;
}

/// The place that the number of a posting names, if there is one that is older than index `before`. 0: it has left memory.
std::uint64_t AccountChanges::place_in_memory(std::uint32_t posting, std::size_t before) const noexcept {
  if (posting == 0) return 0;
  const LedgerView::Log& log = reach().postings;
  const std::size_t index = Partition::posting_index(posting, log.base);
  return index < log.first || index >= before ? 0 : in_memory(index);
}

AccountChanges::Start AccountChanges::newest() const noexcept {
  const std::uint64_t place = place_in_memory(head_->newest_posting, reach().postings.end);
  return {.place = place != 0 ? place : newest_sealed_before(view_.segments().count()), .flags = head_->flags, .balances = head_->balances};
}

bool AccountChanges::sealed_checkpoint_from(std::uint32_t segment, std::uint32_t posting, Start& start) const noexcept {
  for (; segment < view_.segments().count(); ++segment, posting = 0) {
    const PastSegment& past = view_.segments()[segment];
    const PostingRange range = past.postings(ordinal_);
    PastSegment::Checkpoint found;
    if (range.empty() || !past.checkpoint_from(ordinal_, posting, found)) continue;
    start = {.place = in_segment(segment, range.begin + found.posting), .flags = found.flags, .balances = found.balances};
    return true;
  }
  return false;
}

bool AccountChanges::sealed_checkpoint_above(const LedgerPoint& point, Start& start) const noexcept {
  const std::uint32_t segment = view_.segment_with(point);
  if (segment == view_.segments().count()) return false;
  const PostingRange range = view_.segments()[segment].postings(ordinal_);
  const std::uint32_t above = view_.first_above(view_.segments()[segment], range, point) - range.begin;
  return sealed_checkpoint_from(segment, above == 0 ? 0 : above - 1, start);
}

/// A checkpoint in memory, if the number leads to one of this account, older than one of that depth.
const BalanceCheckpoint* AccountChanges::checkpoint(std::uint32_t number, std::uint32_t before_depth) const noexcept {
  if (number == 0) return nullptr;
  const LedgerView::Log& log = reach().checkpoints;
  const std::size_t index = owner().index_of(number, log.base);
  if (!log.has(index)) return nullptr;
  const BalanceCheckpoint& found = owner().checkpoints().settled(index);
  return found.account == at_account_.ordinal && found.depth < before_depth ? &found : nullptr;
}

/// The oldest checkpoint in memory for which `reaches` holds; those above it do as well. nullptr: none.
template <typename Reaches>
const BalanceCheckpoint* AccountChanges::oldest_checkpoint(Reaches&& reaches) const noexcept {
  const BalanceCheckpoint* at = checkpoint(head_->newest_checkpoint, ~std::uint32_t{0});
  if (at == nullptr || !reaches(*at)) return nullptr;
  for (;;) {
    const BalanceCheckpoint* older = checkpoint(at->jump, at->depth);
    if (older == nullptr || !reaches(*older)) older = checkpoint(at->previous, at->depth);
    if (older == nullptr || !reaches(*older)) return at;
    at = older;
  }
}

AccountChanges::Start AccountChanges::start_at(const BalanceCheckpoint& checkpoint) const noexcept {
  return {.place = in_memory(Partition::posting_index(checkpoint.posting, reach().postings.base)), .flags = checkpoint.flags, .balances = checkpoint.balances};
}

bool AccountChanges::checkpoint_above(const LedgerPoint& point, Start& start) const noexcept {
  if (sealed_checkpoint_above(point, start)) return true;
  const BalanceCheckpoint* found = oldest_checkpoint([&](const BalanceCheckpoint& one) { return point.is_reached_by(one.transfers, one.timestamp); });
  if (found == nullptr) return false;
  start = start_at(*found);
  return true;
}

std::uint64_t AccountChanges::place_above(const LedgerPoint& point) const noexcept {
  if (const std::uint32_t segment = view_.segment_with(point); segment != view_.segments().count()) {
    const PostingRange range = view_.segments()[segment].postings(ordinal_);
    const std::uint32_t above = view_.first_above(view_.segments()[segment], range, point);
    return above == range.begin ? newest_sealed_before(segment) : in_segment(segment, above - 1);
  }
  const BalanceCheckpoint* found = oldest_checkpoint([&](const BalanceCheckpoint& one) { return point.is_reached_by(one.transfers, one.timestamp); });
  return found == nullptr ? newest().place : start_at(*found).place;
}

std::uint64_t AccountChanges::place_higher(std::uint64_t place, std::uint32_t changes) const noexcept {
  const std::uint64_t all = newest().place;
  if (!is_in_memory(place)) {
    std::uint32_t segment = place == 0 ? 0 : segment_of(place);
    std::uint32_t entry = place == 0 ? 0 : entry_of(place) + 1;  // the first above
    for (; segment < view_.segments().count(); ++segment, entry = 0) {
      const PostingRange range = view_.segments()[segment].postings(ordinal_);
      if (range.empty()) continue;
      entry = std::max(entry, range.begin);
      if (range.end - entry >= changes) return in_segment(segment, entry + changes - 1);
      changes -= range.end - entry;
    }
    if (!is_in_memory(all)) return all;
  }
  // In memory the checkpoints count: from the one nearest above, so many further.
  const auto is_above = [&](const BalanceCheckpoint& one) { return start_at(one).place >= place; };
  const BalanceCheckpoint* first = oldest_checkpoint(is_above);
  if (first == nullptr) return all;
  const BalanceCheckpoint* found = oldest_checkpoint(
      [&](const BalanceCheckpoint& one) { return is_above(one) && one.changes - first->changes >= changes; });
  return found == nullptr ? all : start_at(*found).place;
}

AccountChanges::Start AccountChanges::start_from(std::uint64_t place) const noexcept {
  Start start;
  if (!is_in_memory(place) && place != 0) {
    const std::uint32_t segment = segment_of(place);
    const PostingRange range = view_.segments()[segment].postings(ordinal_);
    if (sealed_checkpoint_from(segment, entry_of(place) - range.begin, start)) return start;
  }
  const BalanceCheckpoint* found = oldest_checkpoint([&](const BalanceCheckpoint& one) { return start_at(one).place >= place; });
  return found == nullptr ? newest() : start_at(*found);
}

// The changes themselves.

void AccountChanges::go_to(std::uint64_t place) noexcept {
  count_ = at_ = 0;
  next_place_ = next_segment_ = 0;
  block_size_ = kFirstBlock;
  read_ahead_.begin(wanted_ != Wanted::kBalances);
  if (place != 0) fill(place);
}

/// Looks up some changes from a place on. Few at first: a walk that ends soon has no use for more.
void AccountChanges::fill(std::uint64_t place) noexcept {
  count_ = at_ = 0;
  if (is_in_memory(place)) {
    fill_from_memory(place & ~kInMemory);
    if (count_ == 0) fill_next();  // a stale number
  } else {
    fill_from_segment(segment_of(place), entry_of(place));
  }
  block_size_ = std::min(block_size_ * 2, kBlock);
}

void AccountChanges::fill_next() noexcept {
  const std::uint64_t place = next_place_ != 0 ? next_place_ : newest_sealed_before(next_segment_);
  count_ = at_ = 0;
  next_place_ = next_segment_ = 0;
  if (place != 0) fill(place);
}

bool AccountChanges::names_account(AccountChange& change) const noexcept {
  const std::uint32_t debit = change.is_expiry ? change.expiry.debit : change.row.record.debit;
  const std::uint32_t credit = change.is_expiry ? change.expiry.credit : change.row.record.credit;
  change.is_credit = credit == reference_;
  return debit == reference_ || credit == reference_;
}

void AccountChanges::fill_from_memory(std::size_t index) noexcept {
  struct Named {
    bool is_expiry;
    std::uint32_t partition;
    std::size_t place;
  };
  std::array<Named, kBlock> named;
  const Tables& tables = view_.tables();
  next_place_ = in_memory(index);
  next_segment_ = view_.segments().count();
  for (; count_ < block_size_ && is_in_memory(next_place_); ++count_) {
    index = next_place_ & ~kInMemory;
    const Posting posting = owner().postings().settled(index);
    const bool is_expiry = (posting.transfer & Posting::kExpiry) != 0;
    const std::uint32_t reference = posting.transfer & ~Posting::kExpiry;
    const std::uint32_t partition = tables.references().partition(reference);
    const LedgerView::Part& part = view_.reach(partition);
    const LedgerView::Log& log = is_expiry ? part.expiries : part.transfers;
    const std::size_t place = tables[partition].index_of(tables.references().number(reference), log.base);
    block_[count_].place = next_place_;
    next_place_ = place_in_memory(posting.previous, index);
    if (!log.has(place)) {  // the number led to what is not this account's any more
      next_place_ = 0;
      break;
    }
    named[count_] = {is_expiry, partition, place};
    if (!is_expiry) view_.prefetch(TransferName::in_memory(partition, place));
  }
  for (std::uint32_t i = 0; i < count_; ++i) {
    AccountChange& change = block_[i];
    change.is_expiry = named[i].is_expiry;
    if (change.is_expiry) {
      change.expiry = tables[named[i].partition].expiries().settled(named[i].place);
    } else {
      begin_row(change, TransferName::in_memory(named[i].partition, named[i].place));
    }
    if (names_account(change)) continue;
    count_ = i;
    next_place_ = 0;
  }
  end_block();
}

void AccountChanges::begin_row(AccountChange& change, TransferName name) const noexcept {
  change.row = view_.begin_row(name);
  if (wanted_ != Wanted::kBalances || change.row.needs_rest_for_balances()) view_.prefetch_rest(change.row);
}

void AccountChanges::end_block() noexcept {
  for (std::uint32_t i = 0; i < count_; ++i) {
    if (block_[i].is_expiry) continue;
    view_.end_row(block_[i].row, wanted_ == Wanted::kBalances);
    if (wanted_ == Wanted::kTransfers) view_.prefetch_accounts(block_[i].row);
  }
}

void AccountChanges::fill_from_segment(std::uint32_t segment, std::uint32_t entry) noexcept {
  const PastSegment& past = view_.segments()[segment];
  const PostingRange range = past.postings(ordinal_);
  // What is passed over is not read; and a walk that may end soon asks for no more than it is at.
  if (sought_ == nullptr && block_size_ == kBlock) read_ahead_.come_to(past, range, entry);
  const std::uint32_t looked_at_max = sought_ == nullptr ? block_size_ : block_size_ * (kPassedMax + 1);
  std::uint32_t begin = entry + 1 - range.begin > looked_at_max ? entry + 1 - looked_at_max : range.begin;
  const std::span<const PostingEntry> entries = past.entries({begin, entry + 1}, room_);
  std::array<PostingEntry, kBlock> taken;
  Passing passing(past, sought_);
  std::uint32_t passed = kPassedMax;  // the first one appears: a walk stands where it was told to
  std::size_t i = entries.size();
  while (i > 0 && count_ < block_size_) {
    const PostingEntry one = entries[--i];
    if (passed < kPassedMax && passing.may_pass(one)) {
      ++passed;
      continue;
    }
    passed = 0;
    block_[count_].place = in_segment(segment, begin + static_cast<std::uint32_t>(i));
    taken[count_++] = one;
    if (!one.is_expiry()) past.prefetch_transfer(one.index());
  }
  begin += static_cast<std::uint32_t>(i);
  for (std::uint32_t t = 0; t < count_; ++t) {
    AccountChange& change = block_[t];
    change.is_expiry = taken[t].is_expiry();
    change.is_credit = taken[t].is_credit();
    if (change.is_expiry) {
      change.expiry = view_.in_references(past.expiry(taken[t].index()));
    } else {
      begin_row(change, TransferName::in_segment(segment, taken[t].index()));
    }
  }
  end_block();
  next_place_ = begin == range.begin ? 0 : in_segment(segment, begin - 1);
  next_segment_ = segment;
}

}  // namespace florin::core
