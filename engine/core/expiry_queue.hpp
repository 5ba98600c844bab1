#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>

#include "core/memory/append_log.hpp"

namespace florin::core {

/// Holds with a time-out, ordered by (expires_at, timestamp). Most come in that order, because most have the same time-out: these
/// stand in a line. The others are in a binary heap. A hold that is posted or voided stays in until its time comes and is skipped
/// then: taking it out early would cost a search on the hot path.
/// Writer: the partition's thread.
class ExpiryQueue {
 public:
  struct Entry {
    std::uint64_t expires_at = 0;
    std::uint64_t timestamp = 0;  ///< of the pending transfer
    std::uint32_t hold = 0;       ///< its place in the table of holds
    std::uint32_t reserved = 0;
  };

  static bool later(const Entry& a, const Entry& b) noexcept {
    return a.expires_at != b.expires_at ? a.expires_at > b.expires_at : a.timestamp > b.timestamp;
  }

  explicit ExpiryQueue(std::size_t capacity) : line_(2 * capacity), heap_(capacity) {}

  void push(const Entry& entry) noexcept {
    if (line_.size() == head_ || !later(line_[line_.size() - 1], entry)) {
      line_.push(entry);
      return;
    }
    heap_.push(entry);
    std::push_heap(heap_.data(), heap_.data() + heap_.size(), later);
  }
  [[nodiscard]] bool empty() const noexcept { return size() == 0; }
  [[nodiscard]] const Entry& top() const noexcept { return line_is_first() ? line_[head_] : heap_[0]; }
  void pop() noexcept {
    if (line_is_first()) {
      leave_line();
      return;
    }
    std::pop_heap(heap_.data(), heap_.data() + heap_.size(), later);
    heap_.truncate(heap_.size() - 1);
  }
  [[nodiscard]] std::size_t size() const noexcept { return line_.size() - head_ + heap_.size(); }
  [[nodiscard]] std::size_t bytes_taken() const noexcept { return line_.bytes_taken() + heap_.bytes_taken(); }

  // To look through it in order without taking anything out.
  [[nodiscard]] std::size_t line_size() const noexcept { return line_.size() - head_; }
  [[nodiscard]] const Entry& in_line(std::size_t index) const noexcept { return line_[head_ + index]; }
  [[nodiscard]] std::size_t heap_size() const noexcept { return heap_.size(); }
  [[nodiscard]] const Entry& in_heap(std::size_t node) const noexcept { return heap_[node]; }

 private:
  [[nodiscard]] bool line_is_first() const noexcept {
    return line_.size() != head_ && (heap_.size() == 0 || later(heap_[0], line_[head_]));
  }
  void leave_line() noexcept {
    ++head_;
    // Moves up when half of what is there has left: each entry moves once on average, and the line is never twice what it holds.
    if (head_ < line_.size() - head_) return;
    const std::size_t left = line_.size() - head_;
    std::memmove(line_.data(), line_.data() + head_, left * sizeof(Entry));
    line_.truncate(left);
    head_ = 0;
  }

  AppendLog<Entry> line_;
  std::size_t head_ = 0;  // entries of the line that have left
  AppendLog<Entry> heap_;
};

}  // namespace florin::core
