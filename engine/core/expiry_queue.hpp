#pragma once

#include <algorithm>
#include <cstdint>

#include "core/memory/append_log.hpp"

namespace florin::core {

/// Holds with a time-out, ordered by (expires_at, timestamp): a binary heap. A hold that is posted or voided stays in until its
/// time comes and is skipped then: taking it out early would cost a search on the hot path.
/// Writer: the partition's thread.
class ExpiryQueue {
 public:
  struct Entry {
    std::uint64_t expires_at = 0;
    std::uint64_t timestamp = 0;  ///< of the pending transfer
    std::uint32_t transfer = 0;   ///< its index
    std::uint32_t reserved = 0;
  };

  static bool later(const Entry& a, const Entry& b) noexcept {
    return a.expires_at != b.expires_at ? a.expires_at > b.expires_at : a.timestamp > b.timestamp;
  }

  explicit ExpiryQueue(std::size_t capacity) : heap_(capacity) {}

  void push(const Entry& entry) noexcept {
    heap_.push(entry);
    std::push_heap(begin(), end(), later);
  }
  [[nodiscard]] bool empty() const noexcept { return heap_.size() == 0; }
  [[nodiscard]] const Entry& top() const noexcept { return heap_[0]; }
  void pop() noexcept {
    std::pop_heap(begin(), end(), later);
    heap_.truncate(heap_.size() - 1);
  }
  [[nodiscard]] std::size_t size() const noexcept { return heap_.size(); }
  [[nodiscard]] const Entry& operator[](std::size_t index) const noexcept { return heap_[index]; }
  [[nodiscard]] std::size_t bytes() const noexcept { return heap_.bytes(); }
  void clear() noexcept { heap_.truncate(0); }

 private:
  Entry* begin() noexcept { return heap_.data(); }
  Entry* end() noexcept { return heap_.data() + heap_.size(); }

  AppendLog<Entry> heap_;
};

}  // namespace florin::core
