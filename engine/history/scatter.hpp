#pragma once

#include <immintrin.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <numeric>
#include <span>
#include <vector>

#include "core/memory/region.hpp"

namespace florin::history {

/// Sorts 64-bit values into up to some thousand partitions, in order of arrival within each. Values gather in a line per
/// partition, all of which stay in the second-level cache, and go out past the caches, whole lines at a time: a plain store to
/// as many places would miss caches and translation each time.
/// Writer: one thread. How many values each partition gets is known beforehand.
class Scatter {
 public:
  /// Room for `counts[p]` values in partition p.
  explicit Scatter(std::span<const std::uint32_t> counts)
      : begins_(counts.size() + 1), ends_(counts.size()), staged_(counts.size() * kLineBytes), room_(bytes_for(counts)) {
    std::uint64_t at = 0;  // partitions begin at whole lines
    for (std::size_t partition = 0; partition < counts.size(); ++partition) {
      begins_[partition] = ends_[partition] = at;
      at += (counts[partition] + kPerLine - 1) / kPerLine * kPerLine;
    }
    begins_.back() = at;
  }

  void push(std::size_t partition, std::uint64_t value) noexcept {
    const std::uint64_t at = ends_[partition]++;
    std::uint64_t* const line = staged(partition);
    line[at % kPerLine] = value;
    if (at % kPerLine != kPerLine - 1) return;
    const auto* const from = reinterpret_cast<const __m256i*>(line);
    auto* const to = reinterpret_cast<__m256i*>(values() + (at - (kPerLine - 1)));
    _mm256_stream_si256(to, _mm256_load_si256(from));
    _mm256_stream_si256(to + 1, _mm256_load_si256(from + 1));
  }

  /// Writes the lines that are not full. Then partitions can be read.
  void settle() noexcept {
    for (std::size_t partition = 0; partition < ends_.size(); ++partition) {
      const std::uint64_t rest = ends_[partition] % kPerLine;
      std::memcpy(values() + (ends_[partition] - rest), staged(partition), rest * sizeof(std::uint64_t));
    }
    _mm_sfence();
  }

  [[nodiscard]] std::size_t partitions() const noexcept { return ends_.size(); }
  [[nodiscard]] std::span<std::uint64_t> partition(std::size_t partition) noexcept {
    return {values() + begins_[partition], ends_[partition] - begins_[partition]};
  }

 private:
  static constexpr std::size_t kLineBytes = 64;
  static constexpr std::uint64_t kPerLine = kLineBytes / sizeof(std::uint64_t);

  static std::size_t bytes_for(std::span<const std::uint32_t> counts) noexcept {
    return std::accumulate(counts.begin(), counts.end(), std::size_t{0}) * sizeof(std::uint64_t) + counts.size() * kLineBytes;
  }
  [[nodiscard]] std::uint64_t* values() const noexcept { return reinterpret_cast<std::uint64_t*>(room_.data()); }
  [[nodiscard]] std::uint64_t* staged(std::size_t partition) const noexcept {
    return reinterpret_cast<std::uint64_t*>(staged_.data() + partition * kLineBytes);
  }

  std::vector<std::uint64_t> begins_;
  std::vector<std::uint64_t> ends_;
  core::Region staged_;
  core::Region room_;
};

}  // namespace florin::history
