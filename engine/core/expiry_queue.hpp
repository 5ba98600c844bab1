#pragma once

#include <algorithm>
#include <cstdint>
#include <utility>

#include "core/memory/append_log.hpp"

namespace florin::core {

/// Holds with a time-out, ordered by (expires_at, timestamp). Most come in that order, because most have the same time-out: these
/// stand in a line. The others are in a binary heap. A hold that is posted or voided stays in at first: taking it out at once would cost a search
/// on the hot path. When more than half of what is there has ended, the line is closed up and the heap is gone through, some places after every
/// batch and more the more comes in: so the queue is not longer than a few times the open holds, however late their time is. Which one is next
/// does not depend on it.
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

  /// The line has room for what left it and for what comes while it is closed up, too.
  explicit ExpiryQueue(std::size_t capacity) : line_(3 * capacity), heap_(capacity) {}

  void push(const Entry& entry) noexcept {
    ++pushed_;
    if (line_size() == 0 || !later(line_[line_.size() - 1], entry)) {
      line_.push(entry);
      return;
    }
    heap_.push(entry);
    std::push_heap(heap_.data(), heap_.data() + heap_.size(), later);
  }
  [[nodiscard]] bool empty() const noexcept { return size() == 0; }
  [[nodiscard]] const Entry& top() const noexcept { return line_is_first() ? in_line(0) : heap_[0]; }
  void pop() noexcept {
    if (!line_is_first()) return take_from_heap(0);
    ++(head_ != closed_up_ ? head_ : rest_);
    if (line_size() != 0) return;
    line_.truncate(0);
    head_ = closed_up_ = rest_ = 0;
  }
  [[nodiscard]] std::size_t size() const noexcept { return line_size() + heap_.size(); }
  [[nodiscard]] std::size_t bytes_taken() const noexcept { return line_.bytes_taken() + heap_.bytes_taken(); }

  /// One of those in it is not open any more.
  void note_ended() noexcept { ++ended_; }
  /// Drops ended holds from the front, and some others if there are many. After every batch.
  template <typename Holds>
  void tidy_up(const Holds& holds) noexcept {
    while (!empty() && !holds.is_open(top().hold, top().timestamp)) {
      pop();
      --ended_;
    }
    const std::size_t places = kPlacesLeast + kPlacesPerPush * std::exchange(pushed_, 0);
    if (!is_sweeping_ && 2 * ended_ <= size() && rest_ <= line_size()) return;
    if (!std::exchange(is_sweeping_, true)) {
      is_line_swept_ = false;
      swept_ = 0;
    }
    sweep(holds, places);
  }

  // To look through it in order without taking anything out.
  [[nodiscard]] std::size_t line_size() const noexcept { return closed_up_ - head_ + line_.size() - rest_; }
  [[nodiscard]] const Entry& in_line(std::size_t index) const noexcept {
    const std::size_t closed_up = closed_up_ - head_;
    return line_[index < closed_up ? head_ + index : rest_ + index - closed_up];
  }
  [[nodiscard]] std::size_t heap_size() const noexcept { return heap_.size(); }
  [[nodiscard]] const Entry& in_heap(std::size_t node) const noexcept { return heap_[node]; }

 private:
  static constexpr std::size_t kPlacesLeast = 64;
  static constexpr std::size_t kPlacesPerPush = 4;
  static constexpr std::size_t kAhead = 16;

  [[nodiscard]] bool line_is_first() const noexcept {
    return line_size() != 0 && (heap_.size() == 0 || later(heap_[0], in_line(0)));
  }

  template <typename Holds>
  void sweep(const Holds& holds, std::size_t places) noexcept {
    for (; !is_line_swept_ && places != 0 && rest_ != line_.size(); --places) {
      if (rest_ + kAhead < line_.size()) holds.prefetch_place(line_[rest_ + kAhead].hold);
      const Entry entry = line_[rest_++];
      if (holds.is_open(entry.hold, entry.timestamp)) {
        line_[closed_up_++] = entry;
      } else {
        --ended_;
      }
    }
    if (!is_line_swept_ && rest_ != line_.size()) return;
    if (!std::exchange(is_line_swept_, true)) {
      line_.truncate(closed_up_);
      rest_ = head_;
      head_ = closed_up_ = 0;
    }
    for (; places != 0 && swept_ < heap_.size(); --places) {
      if (swept_ + kAhead < heap_.size()) holds.prefetch_place(heap_[swept_ + kAhead].hold);
      if (holds.is_open(heap_[swept_].hold, heap_[swept_].timestamp)) {
        ++swept_;
      } else {
        take_from_heap(swept_);
        --ended_;
      }
    }
    is_sweeping_ = swept_ < heap_.size();
  }

  /// The last one takes its place, or that of one above it, or below.
  void take_from_heap(std::size_t node) noexcept {
    const Entry last = heap_[heap_.size() - 1];
    heap_.truncate(heap_.size() - 1);
    if (node == heap_.size()) return;
    for (; node != 0 && later(heap_[(node - 1) / 2], last); node = (node - 1) / 2) heap_[node] = heap_[(node - 1) / 2];
    for (std::size_t child = 2 * node + 1; child < heap_.size(); child = 2 * node + 1) {
      if (child + 1 < heap_.size() && later(heap_[child], heap_[child + 1])) ++child;
      if (!later(last, heap_[child])) break;
      heap_[node] = heap_[child];
      node = child;
    }
    heap_[node] = last;
  }

  AppendLog<Entry> line_;        // [head_, closed_up_) and [rest_, size): the first is empty unless the line is being swept
  std::size_t head_ = 0;
  std::size_t closed_up_ = 0;
  std::size_t rest_ = 0;
  AppendLog<Entry> heap_;
  std::size_t ended_ = 0;        // of those in the queue
  std::size_t pushed_ = 0;       // since the last tidy_up()
  bool is_sweeping_ = false;     // first the line, then the heap, of which `swept_` places are done
  bool is_line_swept_ = false;
  std::size_t swept_ = 0;
};

}  // namespace florin::core
