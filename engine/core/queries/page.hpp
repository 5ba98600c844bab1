#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "core/state_machine.hpp"
#include "florin/query.hpp"

namespace florin::core {

/// How many records one request may still look at: what bounds the time for which a query holds up everybody else.
class WorkBudget {
 public:
  explicit WorkBudget(std::uint32_t records) noexcept : left_(records) {}

  /// Asks for one record more.
  [[nodiscard]] bool spend() noexcept {
    if (left_ == 0) return false;
    --left_;
    return true;
  }
  [[nodiscard]] std::uint32_t left() const noexcept { return left_; }

 private:
  std::uint32_t left_;
};

/// Rows of a page in the order in which they are found, written into the reply.
template <typename Row>
class Page {
 public:
  Page(ReplyArea& reply, std::uint32_t rows_max) noexcept : reply_(reply), rows_max_(rows_max) {}

  [[nodiscard]] bool full() const noexcept { return count_ == rows_max_; }
  void add(const Row& row) noexcept { std::memcpy(reply_.data + sizeof(Row) * count_++, &row, sizeof row); }
  void finish(const PageEnd& end) noexcept {
    std::memcpy(reply_.data + sizeof(Row) * count_, &end, sizeof end);
    reply_.count = count_;
    reply_.size = static_cast<std::uint32_t>(sizeof(Row) * count_ + sizeof end);
  }

 private:
  ReplyArea& reply_;
  std::uint32_t rows_max_;
  std::uint32_t count_ = 0;
};

/// Rows of a page in ascending order that are found newest first: the last ones found are the page. A ring in the reply itself.
template <typename Row>
class BackwardPage {
 public:
  BackwardPage(ReplyArea& reply, std::uint32_t rows_max) noexcept : reply_(reply), rows_max_(rows_max) {}

  void add(const Row& row) noexcept {
    Slot& slot = slots()[found_ % rows_max_];
    if (found_ >= rows_max_) std::memcpy(&next_, slot.bytes + offsetof(Row, timestamp), sizeof next_);
    std::memcpy(slot.bytes, &row, sizeof row);
    ++found_;
  }
  /// Timestamp of the row behind the page; 0: there is none.
  [[nodiscard]] std::uint64_t next() const noexcept { return next_; }
  void finish(const PageEnd& end) noexcept {
    const auto count = static_cast<std::uint32_t>(std::min<std::uint64_t>(found_, rows_max_));
    std::rotate(slots(), slots() + (found_ > rows_max_ ? found_ % rows_max_ : 0), slots() + count);
    std::reverse(slots(), slots() + count);
    std::memcpy(reply_.data + sizeof(Row) * count, &end, sizeof end);
    reply_.count = count;
    reply_.size = static_cast<std::uint32_t>(sizeof(Row) * count + sizeof end);
  }

 private:
  struct Slot {  // of any alignment, as the reply is
    std::byte bytes[sizeof(Row)];
  };
  [[nodiscard]] Slot* slots() const noexcept { return reinterpret_cast<Slot*>(reply_.data); }

  ReplyArea& reply_;
  std::uint32_t rows_max_;
  std::uint64_t found_ = 0;
  std::uint64_t next_ = 0;
};

}  // namespace florin::core
