#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "core/state_machine.hpp"
#include "florin/query.hpp"

namespace florin::core {

/// How many records one request may still look at. What a search passes over is cheaper than a record that is fetched from anywhere: it lies in
/// a row, and the processor has it there before it is needed.
class WorkBudget {
 public:
  explicit WorkBudget(std::uint32_t records) noexcept : left_(std::uint64_t{records} * kRecord) {}

  /// Asks for one record more.
  bool spend() noexcept {
    if (left_ < kRecord) return false;
    left_ -= kRecord;
    return true;
  }
  [[nodiscard]] std::uint32_t left() const noexcept { return static_cast<std::uint32_t>(left_ / kRecord); }

  /// Asks for one look into a filter.
  bool probe() noexcept {
    if (left_ < kProbe) return false;
    left_ -= kProbe;
    return true;
  }
  /// Transfers that may still be passed over.
  [[nodiscard]] std::uint64_t passes_left() const noexcept { return left_ / kPassed; }
  void pass(std::uint64_t transfers) noexcept { left_ -= transfers * kPassed; }
  /// A filter for so many transfers was made, though it may be more than what was left.
  void make_filter(std::uint64_t transfers) noexcept { left_ -= std::min(left_, transfers * kFiltered); }

  /// The share of one of `count` that work side by side; and what one of them has left comes back.
  [[nodiscard]] WorkBudget share(std::uint32_t count) const noexcept {
    WorkBudget share(0);
    share.left_ = left_ / count;
    return share;
  }
  void add(const WorkBudget& share) noexcept { left_ += share.left_; }

 private:
  static constexpr std::uint64_t kRecord = 64;
  static constexpr std::uint64_t kFiltered = 16;
  static constexpr std::uint64_t kPassed = 8;
  static constexpr std::uint64_t kProbe = 4;

  std::uint64_t left_;
};

/// How many changes of an account a search looks at in its next stretch: twice as many, so that a rare value does not take many.
constexpr std::uint32_t next_stretch(std::uint32_t stretch) noexcept {
  constexpr std::uint32_t kMax = 1U << 20;
  return stretch < kMax ? stretch * 2 : stretch;
}

/// Rows of a page in the order in which they are found, written into the reply.
template <typename Row>
class Page {
 public:
  Page(ReplyArea& reply, std::uint32_t rows_max) noexcept : reply_(reply), rows_max_(rows_max) {}

  [[nodiscard]] bool full() const noexcept { return count_ == rows_max_; }
  /// One row more, or the first that has no room: then the next page starts with it.
  void add(const Row& row) noexcept {
    if (!full()) {
      std::memcpy(reply_.data + sizeof(Row) * count_++, &row, sizeof row);
    } else if constexpr (requires { row.timestamp; }) {
      if (next_ == 0) next_ = row.timestamp;
    }
  }
  /// Timestamp of the row behind the page; 0: none was found.
  [[nodiscard]] std::uint64_t next() const noexcept { return next_; }
  void finish(const PageEnd& end) noexcept {
    std::memcpy(reply_.data + sizeof(Row) * count_, &end, sizeof end);
    reply_.count = count_;
    reply_.size = static_cast<std::uint32_t>(sizeof(Row) * count_ + sizeof end);
  }

 private:
  ReplyArea& reply_;
  std::uint32_t rows_max_;
  std::uint32_t count_ = 0;
  std::uint64_t next_ = 0;
};

/// Rows of a page in ascending order that are found in stretches, each newest first: of those that do not fit the newest give way.
/// A ring in the reply itself.
template <typename Row>
class BackwardPage {
 public:
  BackwardPage(ReplyArea& reply, std::uint32_t rows_max) noexcept : reply_(reply), rows_max_(rows_max) {}

  [[nodiscard]] bool full() const noexcept { return count_ == rows_max_; }
  /// A row of the stretch in hand. Not when the page is full.
  void add(const Row& row) noexcept {
    const std::uint32_t room = rows_max_ - count_;
    Slot& slot = slots()[count_ + found_ % room];
    if (found_ >= room) std::memcpy(&next_, slot.bytes + offsetof(Row, timestamp), sizeof next_);
    std::memcpy(slot.bytes, &row, sizeof row);
    ++found_;
  }
  /// The next stretch is newer than this one.
  void end_stretch() noexcept {
    const std::uint32_t room = rows_max_ - count_;
    const auto found = static_cast<std::uint32_t>(std::min<std::uint64_t>(found_, room));
    Slot* const begin = slots() + count_;
    std::rotate(begin, begin + (found_ > room ? found_ % room : 0), begin + found);
    std::reverse(begin, begin + found);
    count_ += found;
    found_ = 0;
  }
  /// Timestamp of the row behind the page; 0: none was found.
  [[nodiscard]] std::uint64_t next() const noexcept { return next_; }
  void finish(const PageEnd& end) noexcept {
    std::memcpy(reply_.data + sizeof(Row) * count_, &end, sizeof end);
    reply_.count = count_;
    reply_.size = static_cast<std::uint32_t>(sizeof(Row) * count_ + sizeof end);
  }

 private:
  struct Slot {  // of any alignment, as the reply is
    std::byte bytes[sizeof(Row)];
  };
  [[nodiscard]] Slot* slots() const noexcept { return reinterpret_cast<Slot*>(reply_.data); }

  ReplyArea& reply_;
  std::uint32_t rows_max_;
  std::uint32_t count_ = 0;   // of the stretches that ended
  std::uint64_t found_ = 0;   // in the one in hand
  std::uint64_t next_ = 0;
};

}  // namespace florin::core
