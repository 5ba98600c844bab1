#include <algorithm>
#include <array>

#include "core/queries/event_scratch.hpp"
#include "core/queries/queries.hpp"

/// @file
/// Walks from a checkpoint of a segment to the events of a page: from one above, back, or from one below, forward, whichever is found first.
///
/// What the walk of one account reads is scattered over the segments, some dozen cache lines, and a page has thousands of accounts. So they go
/// side by side: a segment is asked for all that have not found a checkpoint, first that of the events and then its neighbours, farther
/// and farther away; and while one account is walked, the entries and rows of those after it are on their way.

namespace florin::core {
namespace {

constexpr std::uint32_t kPiece = 64;  // entries read at a time

/// The entries of a range that a walk comes to first.
PostingRange first_piece(PostingRange range, bool is_forward) noexcept {
  if (range.size() <= kPiece) return range;
  return is_forward ? PostingRange{range.begin, range.begin + kPiece} : PostingRange{range.end - kPiece, range.end};
}

}  // namespace

/// Asks one segment about some accounts: what changes they have in it, up to a checkpoint, and which that is.
class Queries::SealedSearch {
 public:
  static constexpr std::uint32_t kGroup = 64;  // accounts at a time
  using Walk = EventScratch::Walk;
  using From = EventScratch::From;

  SealedSearch(const HistoryView& view, EventScratch& scratch, std::uint32_t segment) noexcept
      : view_(view), scratch_(scratch), segment_(segment), past_(view.segments()[segment]) {}

  /// Those that have events there.
  void look_here(std::span<const std::uint32_t> walks) noexcept {
    begin(walks, [&](const Walk& walk) { return oldest(walk).segment <= segment_ && newest(walk).segment >= segment_; });
    for (std::uint32_t i = 0; i < count_; ++i) past_.prefetch_entries(ranges_[i]);
    for (std::uint32_t i = 0; i < count_; ++i) {
      if (!ranges_[i].empty()) add_here(*walks_[i], i);
    }
    take_checkpoints();
  }
  /// Those whose events are all in that segment, farther down.
  void look_above(std::uint32_t events_segment, std::span<const std::uint32_t> walks) noexcept {
    begin(walks, [&](const Walk& walk) { return newest(walk).segment == events_segment; });
    for (std::uint32_t i = 0; i < count_; ++i) {
      if (ranges_[i].empty()) continue;
      add(walks_[i]->above, ranges_[i]);
      ask(i, 0);
    }
    take_checkpoints();
  }
  /// Likewise, farther up.
  void look_below(std::uint32_t events_segment, std::span<const std::uint32_t> walks) noexcept {
    begin(walks, [&](const Walk& walk) { return newest(walk).segment == events_segment && walk.below.first != 0; });
    for (std::uint32_t i = 0; i < count_; ++i) {
      if (ranges_[i].empty()) continue;
      add(walks_[i]->below, ranges_[i]);
      ask(i, ranges_[i].size());
    }
    take_checkpoints();
  }

 private:
  [[nodiscard]] const EventScratch::Event& oldest(const Walk& walk) const noexcept { return scratch_.events[walk.oldest_event]; }
  [[nodiscard]] const EventScratch::Event& newest(const Walk& walk) const noexcept { return scratch_.events[walk.newest_event]; }

  template <typename Concerns>
  void begin(std::span<const std::uint32_t> walks, Concerns&& concerns) noexcept {
    count_ = asked_ = 0;
    for (const std::uint32_t place : walks) {
      Walk& walk = scratch_.walks[place];
      if (!concerns(walk)) continue;
      ordinals_[count_] = view_.tables().ordinal_of(scratch_.sides[walk.begin].account);
      walks_[count_++] = &walk;
    }
    past_.find_postings(std::span(ordinals_).first(count_), ranges_);
  }

  /// Back there is all from the oldest event on, and forward all up to the newest.
  void add_here(Walk& walk, std::uint32_t i) noexcept {
    const PostingRange range = ranges_[i];
    const auto change_of = [&](const EventScratch::Event& event) { return view_.first_above(past_, range, event.point) - 1; };
    const bool has_oldest = oldest(walk).segment == segment_;
    add(walk.above, {has_oldest ? change_of(oldest(walk)) : range.begin, range.end});
    if (newest(walk).segment != segment_) return;
    const std::uint32_t last = change_of(newest(walk));
    if (has_oldest) add(walk.below, {range.begin, last + 1});
    ask(i, last - range.begin);
  }
  void add(EventScratch::Chain& chain, PostingRange range) noexcept {
    scratch_.stretches.push_back({.segment = segment_, .range = range, .next = chain.first});
    chain.first = static_cast<std::uint32_t>(scratch_.stretches.size());
    chain.changes += range.size();
  }
  [[nodiscard]] EventScratch::Stretch& farthest(const EventScratch::Chain& chain) const noexcept { return scratch_.stretches[chain.first - 1]; }
  /// The farthest stretch has only these.
  void cut(EventScratch::Chain& chain, std::uint32_t begin, std::uint32_t end) noexcept {
    PostingRange& range = farthest(chain).range;
    chain.changes -= range.size();
    range = {begin, end};
    chain.changes += range.size();
  }

  void ask(std::uint32_t i, std::uint32_t posting) noexcept {
    places_[asked_] = {.ordinal = ordinals_[i], .posting = posting};
    of_[asked_++] = i;
  }
  void take_checkpoints() noexcept {
    past_.find_checkpoints(std::span(places_).first(asked_), found_);
    for (std::uint32_t j = 0; j < asked_; ++j) {
      Walk& walk = *walks_[of_[j]];
      const std::uint32_t begin = ranges_[of_[j]].begin;
      const auto& [before, from] = found_[j];
      if (from) {
        cut(walk.above, farthest(walk.above).range.begin, begin + from->posting + 1);
        start(walk, From::kAbove, *from);
      }
      if (!before || walk.below.first == 0) continue;
      const std::uint32_t behind = begin + before->posting + 1;
      const bool is_between_events = farthest(walk.above).segment == segment_ && behind > farthest(walk.above).range.begin;
      if (is_between_events) continue;
      cut(walk.below, behind, farthest(walk.below).range.end);
      if (!from || walk.below.changes < walk.above.changes) start(walk, From::kBelow, *before);
    }
  }
  static void start(Walk& walk, From from, const PastSegment::Checkpoint& checkpoint) noexcept {
    walk.from = from;
    walk.start = {.balances = checkpoint.balances, .flags = checkpoint.flags};
  }

  const HistoryView& view_;
  EventScratch& scratch_;
  const std::uint32_t segment_;
  const PastSegment& past_;
  // The accounts in hand, and what they have in the segment.
  std::uint32_t count_ = 0;
  std::array<Walk*, kGroup> walks_;
  std::array<std::uint32_t, kGroup> ordinals_;
  std::array<PostingRange, kGroup> ranges_;
  // Around which of their postings checkpoints are looked for.
  std::uint32_t asked_ = 0;
  std::array<std::uint32_t, kGroup> of_;
  std::array<PastSegment::PostingOf, kGroup> places_;
  std::array<PastSegment::CheckpointsAround, kGroup> found_;
};

/// Where a segment has a checkpoint, nobody has to be asked how the account is now.
void Queries::find_sealed_starts() noexcept {
  EventScratch& scratch = *events_;
  const std::uint32_t segments = view_.segments().count();
  scratch.stretches.clear();
  std::uint32_t* end = scratch.searching;
  for (std::uint32_t walk = 0; walk < scratch.walk_count; ++walk) {
    if (scratch.events[scratch.walks[walk].newest_event].segment < segments) *end++ = walk;
  }
  if (end == scratch.searching) return;
  const auto search = [&](std::uint32_t segment, auto&& look) {
    SealedSearch one(view_, scratch, segment);
    for (std::uint32_t* begin = scratch.searching; begin < end; begin += SealedSearch::kGroup) {
      look(one, std::span(begin, std::min(end, begin + SealedSearch::kGroup)));
    }
    end = std::remove_if(scratch.searching, end, [&](std::uint32_t walk) { return scratch.walks[walk].from != EventScratch::From::kUnknown; });
  };
  const std::uint32_t lowest = scratch.events[0].segment;
  const std::uint32_t highest = std::min(scratch.events[scratch.count - 1].segment, segments - 1);
  for (std::uint32_t segment = lowest; segment <= highest; ++segment) search(segment, [](SealedSearch& one, auto walks) { one.look_here(walks); });
  // Of segments that were dropped some have their changes still and some do not; after a replay one that has may lie below one that has not, and
  // its checkpoint would lead past changes that are missing. So no walk goes through them, whatever they have.
  const std::uint64_t begins = view_.view().dropped.timestamp;
  const std::uint32_t kept = view_.segments().lower_bound([&](const PastSegments::Entry& entry) { return entry.batch_timestamp < begins; });
  for (std::uint32_t distance = 1; distance <= std::max(segments - 1 - lowest, highest) && end != scratch.searching; ++distance) {
    for (std::uint32_t segment = lowest; segment <= highest; ++segment) {
      if (segment + distance < segments) search(segment + distance, [&](SealedSearch& one, auto walks) { one.look_above(segment, walks); });
      if (segment >= kept + distance) search(segment - distance, [&](SealedSearch& one, auto walks) { one.look_below(segment, walks); });
    }
  }
}

void Queries::prefetch_entries(std::uint32_t walk_index) const noexcept {
  const EventScratch& scratch = *events_;
  for (std::uint32_t at = scratch.chain_of(scratch.walks[walk_index]).first; at != 0; at = scratch.stretches[at - 1].next) {
    view_.segments()[scratch.stretches[at - 1].segment].prefetch_entries(scratch.stretches[at - 1].range);
  }
}

void Queries::prefetch_rows(std::uint32_t walk_index) const noexcept {
  const EventScratch& scratch = *events_;
  std::array<PostingEntry, kPiece> room;
  for (std::uint32_t at = scratch.chain_of(scratch.walks[walk_index]).first; at != 0; at = scratch.stretches[at - 1].next) {
    const EventScratch::Stretch& stretch = scratch.stretches[at - 1];
    const PastSegment& past = view_.segments()[stretch.segment];
    for (const PostingEntry entry : past.entries(first_piece(stretch.range, scratch.walks[walk_index].from == EventScratch::From::kBelow), room)) {
      if (!entry.is_expiry()) past.prefetch_transfer(entry.index());
    }
  }
}

/// One account's part in all its events of the page.
void Queries::fill_sealed_account(std::uint32_t walk_index, WorkBudget& budget) noexcept {
  EventScratch& scratch = *events_;
  const EventScratch::Walk& walk = scratch.walks[walk_index];
  const bool is_forward = walk.from == EventScratch::From::kBelow;
  AccountState state = walk.start;
  std::uint32_t left = walk.end - walk.begin;
  std::array<PostingEntry, kPiece> room;
  for (std::uint32_t at = scratch.chain_of(walk).first; at != 0; at = scratch.stretches[at - 1].next) {
    const std::uint32_t segment = scratch.stretches[at - 1].segment;
    for (PostingRange range = scratch.stretches[at - 1].range; !range.empty();) {
      const PostingRange piece = first_piece(range, is_forward);
      (is_forward ? range.begin : range.end) = is_forward ? piece.end : piece.begin;
      const std::span<const PostingEntry> entries = view_.segments()[segment].entries(piece, room);
      for (std::size_t i = 0; i < entries.size(); ++i) {
        read_change(segment, entries[is_forward ? i : entries.size() - 1 - i]);
        if (is_forward) state.carry_out(scratch.change, view_);
        const EventScratch::Side& side = scratch.sides[is_forward ? walk.begin + left - 1 : walk.end - left];
        if (EventScratch::Event& event = scratch.events[side.event]; event.is(scratch.change)) {
          event.accounts[side.side].balances = state.balances;
          event.accounts[side.side].flags = state.flags;
          if (--left == 0) return;
        }
        if (!is_forward) state.take_back(scratch.change, view_);
        budget.spend();
      }
    }
  }
}

/// What balances depend on: not the accounts, of which one is known.
void Queries::read_change(std::uint32_t segment, PostingEntry entry) noexcept {
  const PastSegment& past = view_.segments()[segment];
  AccountChange& change = events_->change;
  change.is_expiry = entry.is_expiry();
  change.is_credit = entry.is_credit();
  if (change.is_expiry) {
    change.expiry = past.expiry(entry.index());
    return;
  }
  change.row.name = TransferName::in_segment(segment, entry.index());
  change.row.record = past.transfer(entry.index());
  const bool needs_extra = change.row.record.extra != 0 && change.row.needs_rest_for_balances();
  change.row.extra = needs_extra ? past.extra(change.row.record) : TransferExtra{};
}

}  // namespace florin::core
