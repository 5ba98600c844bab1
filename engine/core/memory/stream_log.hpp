#pragma once

#include <immintrin.h>

#include <algorithm>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <numeric>
#include <span>
#include <type_traits>

#include "core/memory/region.hpp"

namespace florin::core {

/// An array that grows at its end and is forgotten at its beginning, for records that are written once and rarely read: they gather
/// in a few lines that stay in the nearest cache and go out past the caches, whole lines at a time. A plain store would first fetch
/// the line, and push out what is needed again. The memory is a ring: what is forgotten makes room at the end. An index counts from
/// the first element there ever was.
///
/// Elements at the end may still be in those lines, so operator[] is right at any time on the writer's thread; settled() and other
/// threads see all of it after settle() only. What has settled is never changed again until it is forgotten, whatever comes behind it.
/// Writer: the partition's thread. Bounds are the caller's, as in AppendLog.
template <typename T>
class StreamLog {
  static_assert(std::is_trivially_copyable_v<T>);
  static constexpr std::size_t kLine = 64;
  static constexpr std::size_t kGroup = std::lcm(sizeof(T), kLine) / sizeof(T);  // elements in the fewest whole lines
  static constexpr std::size_t kGroupBytes = kGroup * sizeof(T);
  static_assert((kGroup & (kGroup - 1)) == 0);

 public:
  /// Holds `capacity` elements at once, in a power of two.
  explicit StreamLog(std::size_t capacity)
      : capacity_(capacity), mask_(std::bit_ceil(std::max(capacity, kGroup) + kGroup) - 1), region_((mask_ + 1) * sizeof(T)) {}

  /// Index behind the newest element, and of the oldest that is not forgotten.
  [[nodiscard]] std::size_t size() const noexcept { return size_.load(std::memory_order_relaxed); }
  [[nodiscard]] std::size_t first() const noexcept { return first_; }
  [[nodiscard]] std::size_t count() const noexcept { return size() - first_; }
  [[nodiscard]] std::size_t room() const noexcept { return capacity_ - count(); }
  [[nodiscard]] std::size_t bytes() const noexcept { return count() * sizeof(T); }
  /// Memory that it has taken by now, which forgetting does not give back, and that it will take at most.
  [[nodiscard]] std::size_t bytes_taken() const noexcept { return std::min(size(), mask_ + 1) * sizeof(T); }
  [[nodiscard]] std::size_t bytes_max() const noexcept { return (mask_ + 1) * sizeof(T); }
  [[nodiscard]] const T& operator[](std::size_t index) const noexcept {
    return index >= size() / kGroup * kGroup ? gathered_[index % kGroup] : settled(index);
  }
  /// A settled element. Prefetching may name any.
  [[nodiscard]] const T& settled(std::size_t index) const noexcept { return slots()[index & mask_]; }

  /// An element that fills whole lines of its own is out at once, and may be changed there.
  [[nodiscard]] T& at(std::size_t index) noexcept requires(kGroup == 1) { return slots()[index & mask_]; }

  /// The slot behind the end, to be filled and then taken in by commit_back().
  [[nodiscard]] T& back_slot() noexcept { return gathered_[size() % kGroup]; }
  void commit_back() noexcept {
    const std::size_t size_now = size() + 1;
    size_.store(size_now, std::memory_order_relaxed);
    if (size_now % kGroup == 0) stream(gathered_, size_now - kGroup);
  }
  std::size_t push(const T& value) noexcept {
    if constexpr (kGroup == 1) {
      return append({&value, 1});
    } else {
      back_slot() = value;
      commit_back();
      return size() - 1;
    }
  }
  /// Elements that fill whole lines, which go out without being gathered. Returns the index of the first.
  std::size_t append(std::span<const T> values) noexcept requires(kGroup == 1) {
    const std::size_t first = size();
    for (std::size_t i = 0; i < values.size(); ++i) stream(&values[i], first + i);
    size_.store(first + values.size(), std::memory_order_relaxed);
    return first;
  }

  /// Makes every element readable through settled() and by other threads, once they have synchronised with this one.
  void settle() noexcept {
    const std::size_t group = size() / kGroup * kGroup;
    const std::size_t begin = std::max(group, settled_);
    if (begin < size()) std::memcpy(slots() + (begin & mask_), gathered_ + (begin - group), (size() - begin) * sizeof(T));
    settled_ = size();
    _mm_sfence();
  }

  void truncate(std::size_t size_wanted) noexcept {
    settle();
    size_.store(size_wanted, std::memory_order_relaxed);
    settled_ = size_wanted;
    const std::size_t begin = size_wanted / kGroup * kGroup;
    std::memcpy(gathered_, slots() + (begin & mask_), (size_wanted - begin) * sizeof(T));
  }
  /// Of an empty one: as if so many elements had been there and were forgotten.
  void start_at(std::size_t index) noexcept {
    start_.store(index, std::memory_order_relaxed);
    size_.store(index, std::memory_order_release);  // behind where it started
    first_ = index;
    settled_ = index;
  }
  /// Forgets what is before `index`. Readers must have left it.
  void forget_before(std::size_t index) noexcept { first_ = index; }

  /// Takes the page faults of the next `bytes_ahead` bytes, and of the first `bytes_least` in any case. One background thread.
  void touch_ahead(std::size_t bytes_ahead, std::size_t bytes_least = 0) noexcept {
    const std::size_t size_now = size_.load(std::memory_order_acquire);
    const std::size_t start = std::min(start_.load(std::memory_order_relaxed), size_now);  // it may start elsewhere right now
    ahead_.touch_ring(region_, bytes_max(), (start & mask_) * sizeof(T), (size_now - start) * sizeof(T), bytes_ahead, bytes_least);
  }

 private:
  [[nodiscard]] T* slots() const noexcept { return reinterpret_cast<T*>(region_.data()); }
  /// A group, from anywhere, to its slots.
  void stream(const T* group, std::size_t first) noexcept {
    const auto* from = reinterpret_cast<const __m256i*>(group);
    auto* to = reinterpret_cast<__m256i*>(slots() + (first & mask_));
    for (std::size_t i = 0; i < kGroupBytes / sizeof(__m256i); ++i) _mm256_stream_si256(to + i, _mm256_loadu_si256(from + i));
  }

  alignas(kLine) T gathered_[kGroup] = {};  // element i at i % kGroup; those of the last, incomplete group
  std::size_t capacity_;
  std::size_t mask_;
  Region region_;
  std::size_t first_ = 0;
  std::size_t settled_ = 0;            // elements that settled() shows
  TouchAhead ahead_;                    // background thread
  std::atomic<std::size_t> start_ = 0;  // writer; read by touch_ahead: where it began
  std::atomic<std::size_t> size_ = 0;   // writer; read by touch_ahead
};

}  // namespace florin::core
