#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace florin::load {

/// Latencies in ns, in buckets whose width is at most 1/128 of their value: every percentile is right to 0.8 %, at a cost of a
/// shift and an increment per value. Writer and reader: the load loop's thread.
class Histogram {
 public:
  void record(std::uint64_t value_ns, std::uint64_t times = 1) noexcept {
    counts_[index_of(value_ns)] += times;
    count_ += times;
    if (value_ns > max_ns_) max_ns_ = value_ns;
  }

  /// The value that `share` (0..1) of all recorded values do not exceed; 0 when nothing was recorded.
  [[nodiscard]] std::uint64_t percentile_ns(double share) const noexcept {
    if (count_ == 0) return 0;
    const double wanted = share * static_cast<double>(count_);
    std::uint64_t seen = 0;
    for (std::size_t index = 0; index < counts_.size(); ++index) {
      seen += counts_[index];
      if (seen != 0 && static_cast<double>(seen) >= wanted) {
        const std::uint64_t highest = highest_of(index);
        return highest < max_ns_ ? highest : max_ns_;
      }
    }
    return max_ns_;
  }

  [[nodiscard]] std::uint64_t count() const noexcept { return count_; }
  [[nodiscard]] std::uint64_t max_ns() const noexcept { return max_ns_; }
  void reset() noexcept { *this = Histogram{}; }

 private:
  static constexpr unsigned kSubBits = 7;
  static constexpr std::size_t kSub = std::size_t{1} << kSubBits;
  static constexpr std::size_t kBuckets = (64 - kSubBits + 1) * kSub;

  /// Values below 2 * kSub have a bucket each; above, each power of two is cut into kSub buckets.
  static std::size_t index_of(std::uint64_t value) noexcept {
    if (value < kSub) return static_cast<std::size_t>(value);
    const unsigned exponent = static_cast<unsigned>(std::bit_width(value)) - 1 - kSubBits;
    return (exponent + 1) * kSub + static_cast<std::size_t>((value >> exponent) - kSub);
  }
  static std::uint64_t highest_of(std::size_t index) noexcept {
    if (index < kSub) return index;
    const unsigned exponent = static_cast<unsigned>(index / kSub) - 1;
    const std::uint64_t mantissa = kSub + index % kSub;
    return ((mantissa + 1) << exponent) - 1;
  }

  std::array<std::uint64_t, kBuckets> counts_{};
  std::uint64_t count_ = 0;
  std::uint64_t max_ns_ = 0;
};

}  // namespace florin::load
