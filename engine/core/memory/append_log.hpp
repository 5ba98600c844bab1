#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "core/memory/region.hpp"

namespace florin::core {

/// An array that only grows at its end (and shrinks there when a chain is rolled back), in reserved memory: elements never
/// move, so that a reader may hold a pointer. Bounds are the caller's: StateMachine::reserve() asks room() first.
/// Writer: the partition's thread. Readers: any thread, below a size they learnt through an acquire load.
template <typename T>
class AppendLog {
  static_assert(std::is_trivially_copyable_v<T>);

 public:
  explicit AppendLog(std::size_t capacity) : region_(capacity * sizeof(T)), capacity_(capacity) {}

  [[nodiscard]] std::size_t size() const noexcept { return size_.load(std::memory_order_relaxed); }
  [[nodiscard]] std::size_t first() const noexcept { return 0; }  // as StreamLog, which forgets
  [[nodiscard]] std::size_t room() const noexcept { return capacity_ - size(); }
  [[nodiscard]] T& operator[](std::size_t index) noexcept { return data()[index]; }
  [[nodiscard]] const T& operator[](std::size_t index) const noexcept { return data()[index]; }
  [[nodiscard]] T* data() noexcept { return reinterpret_cast<T*>(region_.data()); }
  [[nodiscard]] const T* data() const noexcept { return reinterpret_cast<const T*>(region_.data()); }

  /// The slot behind the end, to be filled and then taken in by commit_back().
  [[nodiscard]] T& back_slot() noexcept { return data()[size()]; }
  void commit_back() noexcept { size_.store(size() + 1, std::memory_order_relaxed); }
  std::size_t push(const T& value) noexcept {
    const std::size_t index = size();
    data()[index] = value;
    commit_back();
    return index;
  }
  void truncate(std::size_t size) noexcept {
    largest_ = std::max(largest_, this->size());
    size_.store(size, std::memory_order_relaxed);
  }

  /// Empties it and returns its memory to the system.
  void give_back() noexcept {
    region_.discard(0, bytes());
    truncate(0);
    largest_ = 0;
  }

  [[nodiscard]] std::size_t bytes() const noexcept { return size() * sizeof(T); }
  /// Memory that it has taken by now, which getting shorter does not give back.
  [[nodiscard]] std::size_t bytes_taken() const noexcept { return std::max(largest_, size()) * sizeof(T); }

  /// Takes the page faults of the next `bytes_ahead` bytes, and of the first `bytes_least` in any case. One background thread.
  void touch_ahead(std::size_t bytes_ahead, std::size_t bytes_least = 0) noexcept {
    ahead_.touch(region_, bytes(), bytes_ahead, bytes_least);
  }

 private:
  Region region_;
  std::size_t capacity_;
  std::size_t largest_ = 0;            // size before it was truncated
  TouchAhead ahead_;                   // background thread
  std::atomic<std::size_t> size_ = 0;  // writer; read by touch_ahead
};

}  // namespace florin::core
