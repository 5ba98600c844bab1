#include "core/payments/story_pages.hpp"

#include <algorithm>
#include <array>
#include <cstring>

#include "core/payments/payment_reply_rows.hpp"

namespace florin::core {
namespace {

constexpr std::array kKinds = {StoryKind::kOrder, StoryKind::kParty, StoryKind::kMovement, StoryKind::kAccount};  // as StoryOf, from 1 on

/// Sequences of a story's first and last line; 0: there is none.
struct StoryEnds {
  std::uint64_t oldest = 0;
  std::uint64_t newest = 0;
};

class StoryPage {
 public:
  StoryPage(PaymentView& view, const StoryFilter& filter, ReplyArea& reply) noexcept : view_(view), filter_(filter), reply_(reply) {}

  void gather(BatchBoundary& boundary) noexcept {
    view_.open(boundary, [&](const PaymentTables& tables) { look_for_story(tables); });
    if (!find_story()) return;
    // A page mostly comes after another one, whose last line it names. Behind any other sequence it is looked for from the end on.
    const bool goes_on = filter_.after != 0 && is_of_story(filter_.after);
    std::uint64_t next = goes_on ? filter_.after : (newest_first() ? ends_.newest : ends_.oldest);
    while (next != 0 && !is_full()) next = is_in_memory(next) ? take_from_memory(next) : take_from_segments(next);
  }

 private:
  /// What memory knows of the stories that may be meant, and of which of the others segments may know.
  struct Candidate {
    StoryEnds ends;
    std::uint64_t hash = 0;
    bool may_be_sealed = false;
  };

  [[nodiscard]] bool newest_first() const noexcept { return (filter_.flags & StoryFilterFlags::kReversed) != 0; }
  [[nodiscard]] bool is_full() const noexcept { return reply_.count == filter_.limit; }
  [[nodiscard]] bool is_in_memory(std::uint64_t sequence) const noexcept { return sequence > view_.end_sequence(); }
  [[nodiscard]] bool is_asked_for(std::size_t i) const noexcept { return filter_.kind == StoryOf::kAny || static_cast<std::size_t>(filter_.kind) == i + 1; }

  void look_for_story(const PaymentTables& tables) noexcept {
    const u128 id = filter_.object;
    for (std::size_t i = 0; i < kKinds.size(); ++i) {
      if (!is_asked_for(i)) continue;
      Candidate& candidate = candidates_[i];
      if (kKinds[i] == StoryKind::kParty) {
        if (const std::uint32_t party = tables.find_party(id); party != 0) candidate.ends = {tables.party(party).created, tables.party(party).changed};
        continue;
      }
      if (kKinds[i] == StoryKind::kOrder) {
        candidate.hash = tables.order_hash(id);
        if (tables.find_order_in_memory(id, candidate.hash, order_)) candidate.ends = {order_.cold.created, order_.cold.last_event};
      } else {
        candidate.hash = tables.story_hash(kKinds[i], id);
        if (const std::uint64_t number = tables.logs().find_story(kKinds[i], id); number != 0) {
          const std::uint64_t only = tables.logs().line(number).sequence;
          candidate.ends = {only, only};
        }
      }
      candidate.may_be_sealed = candidate.ends.newest == 0 && tables.sealed().may_have(candidate.hash);
    }
    story_hash_of_order_ = tables.story_hash(StoryKind::kOrder, id);
    story_hash_of_party_ = tables.story_hash(StoryKind::kParty, id);
  }

  /// The first of its kinds that there is.
  bool find_story() noexcept {
    for (std::size_t i = 0; i < kKinds.size(); ++i) {
      Candidate& candidate = candidates_[i];
      if (candidate.may_be_sealed) look_in_segments(kKinds[i], candidate);
      if (candidate.ends.newest == 0) continue;
      kind_ = kKinds[i];
      ends_ = candidate.ends;
      hash_ = kind_ == StoryKind::kOrder ? story_hash_of_order_ : kind_ == StoryKind::kParty ? story_hash_of_party_ : candidate.hash;
      return true;
    }
    return false;
  }
  void look_in_segments(StoryKind kind, Candidate& candidate) noexcept {
    if (kind == StoryKind::kOrder) {
      if (view_.segments().find_order(filter_.object, candidate.hash, order_)) candidate.ends = {order_.cold.created, order_.cold.last_event};
    } else if (StoryLine line; view_.segments().newest_line(kind, filter_.object, candidate.hash, line)) {
      candidate.ends = {line.sequence, line.sequence};
    }
  }

  bool is_of_story(std::uint64_t sequence) noexcept {
    StoryLine line;
    bool is_there = false;
    if (is_in_memory(sequence)) {
      view_.slice([&](const PaymentTables& tables) {
        const std::uint64_t number = tables.logs().find_line(sequence);
        is_there = number != 0;
        if (is_there) line = tables.logs().line(number);
      });
    } else {
      is_there = view_.segments().find_line(sequence, line);
    }
    // A line that came since belongs to a later moment.
    return is_there && line.object_id == filter_.object && kind_of(line.event) == kind_ && line.sequence <= ends_.newest;
  }

  /// The line, if it is not before the page.
  void take(const StoryLine& line) noexcept {
    const bool is_before_page = filter_.after != 0 && (newest_first() ? line.sequence >= filter_.after : line.sequence <= filter_.after);
    if (!is_before_page) append_row(reply_, line);
  }
  [[nodiscard]] bool is_last(const StoryLine& line) const noexcept { return line.sequence == (newest_first() ? ends_.oldest : ends_.newest); }

  /// Some lines from this one on; the sequence of the one behind them, 0: there is none.
  std::uint64_t take_from_memory(std::uint64_t sequence) noexcept {
    view_.slice([&](const PaymentTables& tables) {
      const PaymentLogs& logs = tables.logs();
      for (std::uint32_t i = 0; i < kStoryLinesPerSlice && sequence != 0 && is_in_memory(sequence) && !is_full(); ++i) {
        const std::uint64_t number = logs.find_line(sequence);
        const StoryLine& line = logs.line(number);
        take(line);
        if (is_last(line)) {
          sequence = 0;
        } else if (newest_first()) {
          sequence = line.previous;
        } else {
          sequence = logs.line(logs.next_line(number)).sequence;
        }
      }
    });
    return sequence;
  }
  std::uint64_t take_from_segments(std::uint64_t sequence) noexcept {
    StoryLine line;
    if (!view_.segments().find_line(sequence, line)) return 0;
    for (;;) {
      take(line);
      if (is_last(line) || is_full()) return 0;
      if (newest_first()) return line.previous;
      const std::uint64_t before = line.sequence;
      if (!view_.segments().next_line(line, hash_, line)) return first_in_memory(before);
    }
  }
  /// The line behind one that is the story's last in segments. In memory only the newest is known: from there back, in slices.
  std::uint64_t first_in_memory(std::uint64_t last_sealed) noexcept {
    std::uint64_t sequence = ends_.newest;
    std::uint64_t previous = ~std::uint64_t{0};
    while (previous != last_sealed) {
      view_.slice([&](const PaymentTables& tables) {
        for (std::uint32_t i = 0; i < kStoryLinesPerSlice && previous != last_sealed; ++i) {
          if (previous != ~std::uint64_t{0}) sequence = previous;
          previous = tables.logs().line(tables.logs().find_line(sequence)).previous;
        }
      });
    }
    return sequence;
  }

  PaymentView& view_;
  const StoryFilter& filter_;
  ReplyArea& reply_;
  std::array<Candidate, kKinds.size()> candidates_;
  std::uint64_t story_hash_of_order_ = 0;
  std::uint64_t story_hash_of_party_ = 0;
  StoryKind kind_{};
  StoryEnds ends_;
  std::uint64_t hash_ = 0;
  OrderImage order_;
};

}  // namespace

void get_story(PaymentView& view, const Command& query, BatchBoundary& boundary) noexcept {
  StoryFilter filter;
  std::memcpy(&filter, query.body.data(), sizeof filter);
  StoryPage(view, filter, *query.reply).gather(boundary);
}

}  // namespace florin::core
