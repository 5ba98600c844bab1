#include "core/queries/user_data_search.hpp"

#include <algorithm>

namespace florin::core {

class UserDataSearch::SealedRows {
 public:
  explicit SealedRows(const PastSegment& segment) noexcept : segment_(segment) {}

  [[nodiscard]] std::size_t block_size() const noexcept { return segment_.filter_block(); }
  [[nodiscard]] bool may_have(const SoughtUserData& sought, std::size_t block, bool /*is_whole*/, WorkBudget&) const noexcept {
    return segment_.may_have(sought, static_cast<std::uint32_t>(block));
  }
  [[nodiscard]] std::optional<std::size_t> find(const SoughtUserData& sought, const Stretch& stretch, Order order) const noexcept {
    const std::uint32_t found =
        segment_.find_user_data(sought, static_cast<std::uint32_t>(stretch.begin), static_cast<std::uint32_t>(stretch.end), order);
    if (found == PastSegment::kNone) return std::nullopt;
    return found;
  }

 private:
  const PastSegment& segment_;
};

class UserDataSearch::RecentRows {
 public:
  RecentRows(const HistoryView& view, RecentFilters& filters, std::uint32_t partition) noexcept
      : partition_(view.tables()[partition]), part_(view.view().parts[partition]), filters_(filters) {}

  [[nodiscard]] std::size_t block_size() const noexcept { return filters_.block_size(); }
  /// `is_whole`: all of the block is to be looked at, so a filter costs little more.
  [[nodiscard]] bool may_have(const SoughtUserData& sought, std::size_t block, bool is_whole, WorkBudget& budget) const {
    const BlockFilter* filter = filters_.find(partition_.index(), block);
    if (filter == nullptr) {
      if (!is_whole) return true;
      budget.make_filter(block_size());
      filter = &filters_.make(partition_.index(), block, part_);
    }
    return filter->may_have(sought);
  }
  [[nodiscard]] std::optional<std::size_t> find(const SoughtUserData& sought, const Stretch& stretch, Order order) const noexcept {
    const std::size_t found = find_first(stretch.begin, stretch.end, order, stretch.end, [&](std::size_t i) {
      const TransferRecord& record = partition_.transfers().settled(i);
      return record.extra != 0 && sought.matches(partition_.extras().settled(partition_.index_of(record.extra, part_.extras_base)));
    });
    if (found == stretch.end) return std::nullopt;
    return found;
  }

 private:
  const Partition& partition_;
  const LedgerView::Part& part_;
  RecentFilters& filters_;
};

UserDataSearch::UserDataSearch(const HistoryView& view, RecentFilters& filters, const SoughtUserData& sought, Order order, std::uint64_t oldest,
                               std::uint64_t newest, WorkBudget budget)
    : view_(view), filters_(filters), sought_(sought), order_(order), oldest_(oldest), newest_(newest), budget_(budget) {
  const PastSegments& past = view_.segments();
  if (is_ascending()) {
    next_segment_ = past.lower_bound([&](const auto& entry) { return entry.transfers_timestamp < oldest_; });
  } else {
    next_segment_ = std::min(past.lower_bound([&](const auto& entry) { return entry.transfers_timestamp <= newest_; }) + 1, past.count());
  }
}

std::optional<TransferName> UserDataSearch::next() {
  if (is_ascending()) {
    const auto found = next_sealed();
    return found || resume_ != 0 ? found : next_recent();
  }
  const auto found = next_recent();
  return found || resume_ != 0 ? found : next_sealed();
}

// One run of transfers.

UserDataSearch::Stretch UserDataSearch::first(const Stretch& stretch, std::uint64_t count) const noexcept {
  if (count >= stretch.size()) return stretch;
  return is_ascending() ? Stretch{stretch.begin, stretch.begin + count} : Stretch{stretch.end - count, stretch.end};
}

UserDataSearch::Stretch UserDataSearch::behind(const Stretch& stretch, std::size_t index) const noexcept {
  return is_ascending() ? Stretch{index + 1, stretch.end} : Stretch{stretch.begin, index};
}

/// Takes away from the stretch what was looked at. Nothing: it is empty, or the work is done.
template <typename Rows>
std::optional<std::size_t> UserDataSearch::seek(const Rows& rows, Stretch& stretch, WorkBudget& budget) const {
  while (!stretch.empty()) {
    const std::size_t block = front(stretch) / rows.block_size();
    const Stretch of_block{std::max(stretch.begin, block * rows.block_size()), std::min(stretch.end, (block + 1) * rows.block_size())};
    if (!budget.probe()) return std::nullopt;
    if (!rows.may_have(sought_, block, of_block.size() == rows.block_size(), budget)) {
      stretch = behind(stretch, is_ascending() ? of_block.end - 1 : of_block.begin);
      continue;
    }
    const Stretch piece = first(of_block, budget.passes_left());
    if (piece.empty()) return std::nullopt;
    const auto found = rows.find(sought_, piece, order_);
    const std::size_t last = found ? *found : is_ascending() ? piece.end - 1 : piece.begin;
    const Stretch rest = behind(stretch, last);
    budget.pass(stretch.size() - rest.size());
    stretch = rest;
    if (!found) continue;
    budget.spend();
    return found;
  }
  return std::nullopt;
}

// Segments, one after the other.

/// Stands before what the next segment has of the time asked for. False: there is none.
bool UserDataSearch::begin_segment() noexcept {
  const PastSegments& past = view_.segments();
  if (next_segment_ == (is_ascending() ? past.count() : 0)) return false;
  segment_ = is_ascending() ? next_segment_++ : --next_segment_;
  const PastSegment& segment = past[segment_];
  const std::uint64_t before = segment_ == 0 ? 0 : past.at(segment_ - 1).transfers_timestamp;
  sealed_ = {.begin = before < oldest_ ? segment.transfers_before(oldest_) : 0,
             .end = past.at(segment_).transfers_timestamp > newest_ ? segment.transfers_before(newest_ + 1) : segment.transfers()};
  // Segments behind the time asked for have nothing.
  if (is_ascending() ? past.at(segment_).transfers_timestamp >= newest_ : before < oldest_) next_segment_ = is_ascending() ? past.count() : 0;
  return true;
}

std::optional<TransferName> UserDataSearch::next_sealed() {
  while (!sealed_.empty() || begin_segment()) {
    const PastSegment& segment = view_.segments()[segment_];
    const auto found = seek(SealedRows(segment), sealed_, budget_);
    if (found) return TransferName::in_segment(segment_, static_cast<std::uint32_t>(*found));
    if (sealed_.empty()) continue;
    resume_ = segment.transfer(static_cast<std::uint32_t>(front(sealed_))).timestamp;
    break;
  }
  return std::nullopt;
}

// What is in memory, all partitions at once.

void UserDataSearch::begin_recent() {
  const std::uint32_t count = view_.tables().count();
  recent_.resize(count);
  for (std::uint32_t p = 0; p < count; ++p) {
    recent_[p].stretch = {.begin = view_.transfers_before(p, oldest_), .end = view_.transfers_before(p, newest_ + 1)};
    recent_[p].budget = budget_.share(count);
  }
  budget_ = WorkBudget(0);
}

/// The first match of each partition is looked for, and the first of these is taken. If one of them ends its work before it has found any, what
/// the others have found behind that place is left for another time.
std::optional<TransferName> UserDataSearch::next_recent() {
  if (is_recent_over_) return std::nullopt;
  if (recent_.empty()) begin_recent();
  std::uint32_t chosen = static_cast<std::uint32_t>(recent_.size());
  std::uint64_t chosen_timestamp = 0;
  for (std::uint32_t p = 0; p < recent_.size(); ++p) {
    Recent& recent = recent_[p];
    if (!recent.found) recent.found = seek(RecentRows(view_, filters_, p), recent.stretch, recent.budget);
    if (!recent.found && recent.stretch.empty()) continue;
    const std::size_t at = recent.found ? *recent.found : front(recent.stretch);
    const std::uint64_t timestamp = view_.tables()[p].transfers().settled(at).timestamp;
    if (chosen != recent_.size() && (timestamp < chosen_timestamp) != is_ascending()) continue;
    chosen = p;
    chosen_timestamp = timestamp;
  }
  if (chosen == recent_.size()) {
    is_recent_over_ = true;
    for (const Recent& recent : recent_) budget_.add(recent.budget);
    return std::nullopt;
  }
  if (!recent_[chosen].found) {
    resume_ = chosen_timestamp;
    return std::nullopt;
  }
  const std::size_t index = *recent_[chosen].found;
  recent_[chosen].found.reset();
  return TransferName::in_memory(chosen, index);
}

}  // namespace florin::core
