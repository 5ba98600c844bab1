#include <algorithm>

#include "core/queries/event_scratch.hpp"
#include "core/queries/queries.hpp"

/// @file
/// Both accounts of each event of a page as they were then: by a walk, one for each account however many of its events are on the page. It
/// begins at a checkpoint of a segment if there is one near by (sealed_walks.cpp), or else goes back from what memory has.

namespace florin::core {
namespace {

constexpr std::uint32_t kWorkFactor = 8;     // a page has thousands of accounts, and each is some steps from its checkpoint
constexpr std::uint32_t kEntriesAhead = 12;  // walks whose entries are on their way
constexpr std::uint32_t kRowsAhead = 4;      // walks whose rows are: a dozen each

}  // namespace

/// Returns how many events, from the first on, have their accounts.
std::uint32_t Queries::fill_accounts() noexcept {
  const EventScratch& scratch = *events_;
  list_walks();
  find_sealed_starts();
  take_walk_heads();
  WorkBudget budget(records_max_ * kWorkFactor);
  for (std::uint32_t i = 0; i < scratch.walk_count + kEntriesAhead; ++i) {
    if (i < scratch.walk_count) prefetch_entries(scratch.order[i]);
    if (const std::uint32_t at = i - (kEntriesAhead - kRowsAhead); at < scratch.walk_count) prefetch_rows(scratch.order[at]);
    if (i < kEntriesAhead) continue;
    const std::uint32_t walk = scratch.order[i - kEntriesAhead];
    if (budget.left() == 0) return scratch.walks[walk].oldest_event;
    if (scratch.walks[walk].from == EventScratch::From::kMemory) {
      fill_account(walk, budget);
    } else {
      fill_sealed_account(walk, budget);
    }
  }
  return scratch.count;
}

/// One walk for each account, and the order in which the page needs them, so that what is done when the work ends is its beginning.
void Queries::list_walks() noexcept {
  using Side = EventScratch::Side;
  EventScratch& scratch = *events_;
  constexpr std::uint32_t kNone = ~std::uint32_t{0};
  std::uint32_t sides = 0;
  for (std::uint32_t i = 0; i < scratch.count; ++i) {
    scratch.events[i].segment = view_.segment_with(scratch.events[i].point);
    for (std::uint32_t side = 0; side < 2; ++side) {
      scratch.order[sides] = kNone;
      scratch.sides[sides++] = {scratch.events[i].accounts[side].reference, i, side};
    }
  }
  std::sort(scratch.sides, scratch.sides + sides,
            [](const Side& a, const Side& b) { return a.account != b.account ? a.account < b.account : a.event > b.event; });
  scratch.walk_count = 0;
  for (std::uint32_t begin = 0, end = 0; begin < sides; begin = end) {
    while (end < sides && scratch.sides[end].account == scratch.sides[begin].account) ++end;
    const Side& oldest = scratch.sides[end - 1];
    scratch.order[2 * oldest.event + oldest.side] = scratch.walk_count;
    scratch.walks[scratch.walk_count++] = {.oldest_event = oldest.event, .newest_event = scratch.sides[begin].event, .begin = begin, .end = end,
                                           .from = EventScratch::From::kUnknown, .head = 0, .above = {}, .below = {}, .start = {}};
  }
  static_cast<void>(std::remove(scratch.order, scratch.order + sides, kNone));
}

/// Of the accounts for which no segment has a checkpoint, how they are now.
void Queries::take_walk_heads() noexcept {
  EventScratch& scratch = *events_;
  scratch.head_count = 0;
  for (std::uint32_t i = 0; i < scratch.walk_count; ++i) {
    EventScratch::Walk& walk = scratch.walks[i];
    if (walk.from != EventScratch::From::kUnknown) continue;
    walk.from = EventScratch::From::kMemory;
    walk.head = scratch.head_count;
    scratch.heads[scratch.head_count++] = {.reference = scratch.sides[walk.begin].account, .balances = {}};
  }
  view_.take_heads(std::span(scratch.heads).first(scratch.head_count));
}

/// One account's part in all its events of the page.
void Queries::fill_account(std::uint32_t walk_index, WorkBudget& budget) noexcept {
  const EventScratch::Walk& walk = events_->walks[walk_index];
  const EventScratch::Side* const sides = events_->sides;
  walk_.set_account(sides[walk.begin].account, &events_->heads[walk.head]);
  walk_.begin_above(events_->events[walk.newest_event].point);
  for (std::uint32_t i = walk.begin; i < walk.end; ++i) {
    EventScratch::Event& event = events_->events[sides[i].event];
    for (; !event.is(walk_.change()); walk_.step()) budget.spend();
    EventScratch::Account& account = event.accounts[sides[i].side];
    account.balances = walk_.balances();
    account.flags = walk_.flags();
  }
}

}  // namespace florin::core
