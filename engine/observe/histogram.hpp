#pragma once

#include <array>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace florin::observe {

/// Counts of values by size: 32 linear steps within each power of two, so a percentile is off by at most 1/32 (3 %).
/// Fixed size (9 KiB), no allocation, exact below 64. Values from 2^40 (18 minutes in ns) on fall into the last bucket.
/// Writer: one thread at a time. Readers: any; they may see a value in one place before another.
class Histogram {
 public:
  void record(std::uint64_t value, std::uint64_t times = 1) noexcept {
    bump(buckets_[index_of(value)], times);
    bump(count_, times);
    if (value > max_.load(std::memory_order_relaxed)) max_.store(value, std::memory_order_relaxed);
  }

  /// The smallest value that at least `fraction` (0..1) of the recorded ones do not exceed, rounded up to its step;
  /// 0 if there are none.
  [[nodiscard]] std::uint64_t percentile(double fraction) const noexcept;
  [[nodiscard]] std::uint64_t max() const noexcept { return max_.load(std::memory_order_relaxed); }
  [[nodiscard]] std::uint64_t count() const noexcept { return count_.load(std::memory_order_relaxed); }

  /// Adds what `other` has seen.
  void merge(const Histogram& other) noexcept;
  void clear() noexcept;

 private:
  static constexpr unsigned kStepBits = 5;
  static constexpr unsigned kValueBits = 40;
  static constexpr std::size_t kSteps = std::size_t{1} << kStepBits;
  static constexpr std::size_t kBuckets = kSteps * (kValueBits - kStepBits + 1);

  /// Below 2 * kSteps every value has a bucket of its own; above, the top kStepBits + 1 bits choose.
  static constexpr std::size_t index_of(std::uint64_t value) noexcept {
    if (value >= (std::uint64_t{1} << kValueBits)) return kBuckets - 1;
    const unsigned width = static_cast<unsigned>(std::bit_width(value));
    const unsigned shift = width > kStepBits + 1 ? width - (kStepBits + 1) : 0;
    return shift * kSteps + static_cast<std::size_t>(value >> shift);
  }
  /// Largest value of a bucket.
  static constexpr std::uint64_t top_of(std::size_t index) noexcept {
    if (index < 2 * kSteps) return index;
    const std::size_t shift = index / kSteps - 1;
    return ((static_cast<std::uint64_t>(index - shift * kSteps) + 1) << shift) - 1;
  }
  static void bump(std::atomic<std::uint64_t>& counter, std::uint64_t times) noexcept {
    counter.store(counter.load(std::memory_order_relaxed) + times, std::memory_order_relaxed);
  }

  std::array<std::atomic<std::uint64_t>, kBuckets> buckets_{};
  std::atomic<std::uint64_t> count_{0};
  std::atomic<std::uint64_t> max_{0};
};

}  // namespace florin::observe
