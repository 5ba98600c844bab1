#include "observe/histogram.hpp"

#include <algorithm>
#include <cmath>

namespace florin::observe {

std::uint64_t Histogram::percentile(double fraction) const noexcept {
  std::uint64_t total = 0;
  for (const auto& bucket : buckets_) total += bucket.load(std::memory_order_relaxed);
  if (total == 0) return 0;
  const auto rank = std::max<std::uint64_t>(1, static_cast<std::uint64_t>(std::ceil(fraction * static_cast<double>(total))));
  std::uint64_t seen = 0;
  for (std::size_t index = 0; index < kBuckets; ++index) {
    seen += buckets_[index].load(std::memory_order_relaxed);
    if (seen >= rank) return index + 1 == kBuckets ? max() : std::min(top_of(index), max());
  }
  return max();
}

void Histogram::merge(const Histogram& other) noexcept {
  for (std::size_t index = 0; index < kBuckets; ++index) {
    const std::uint64_t times = other.buckets_[index].load(std::memory_order_relaxed);
    if (times != 0) bump(buckets_[index], times);
  }
  bump(count_, other.count());
  max_.store(std::max(max(), other.max()), std::memory_order_relaxed);
}

void Histogram::clear() noexcept {
  for (auto& bucket : buckets_) bucket.store(0, std::memory_order_relaxed);
  count_.store(0, std::memory_order_relaxed);
  max_.store(0, std::memory_order_relaxed);
}

}  // namespace florin::observe
