#pragma once

#include <immintrin.h>

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "core/memory/region.hpp"

namespace florin::core {

/// Hash table from 32 bits of a hash (the tag) to 32-bit values, in lines of one cache line: eight entries of {tag, value}.
/// A look-up touches one line in nearly all cases and only proposes candidates: the caller compares the id in the record the
/// value names. Lines are ordered by tag, so that the table doubles by splitting line i into 2i and 2i + 1, a few lines
/// at every batch (no stop), and so that a sweep visits entries in hash order.
///
/// Entry: value in the low half (0 = empty), tag in the high half. A full line spills into the next.
/// Writer: the partition's thread, which is also the only reader.
class TagTable {
 public:
  static constexpr std::uint32_t kEntriesPerLine = 8;
  static constexpr std::uint64_t kSpillLines = 64;  ///< behind the last line

  /// `entries_max`: values it must be able to hold. `entries_per_line_max`: it doubles when lines hold so many on average; fewer
  /// mean fewer spills, which peek() does not see.
  explicit TagTable(std::uint64_t entries_max, std::uint32_t entries_per_line_max = 4);

  static std::uint32_t tag_of(std::uint64_t hash) noexcept { return static_cast<std::uint32_t>(hash); }

  void prefetch(std::uint32_t tag) const noexcept { _mm_prefetch(reinterpret_cast<const char*>(line(tag)), _MM_HINT_T0); }

  /// True if the home line has no entry with this tag and did not spill: then nothing with this tag is in the table.
  [[nodiscard]] bool surely_absent(std::uint32_t tag) const noexcept {
    return match_tags(line(tag), tag) == 0 && match_empty(line(tag)) != 0;
  }

  /// First value in the home line whose tag matches, or 0: for prefetching what it names. Spilled entries are not seen.
  [[nodiscard]] std::uint32_t peek(std::uint32_t tag) const noexcept {
    const unsigned match = match_tags(line(tag), tag);
    return match == 0 ? 0 : static_cast<std::uint32_t>(line(tag)[static_cast<unsigned>(__builtin_ctz(match))]);
  }

  /// Calls `same(value)` for each candidate until it returns true; returns that value, or 0 if there is none.
  template <typename Same>
  [[nodiscard]] std::uint32_t find(std::uint32_t tag, Same&& same) const noexcept {
    const std::uint64_t* at = line(tag);
    for (;;) {
      for (unsigned match = match_tags(at, tag); match != 0; match &= match - 1) {
        const auto value = static_cast<std::uint32_t>(at[static_cast<unsigned>(__builtin_ctz(match))]);
        if (value != 0 && same(value)) return value;
      }
      if (match_empty(at) != 0) return 0;
      at += kEntriesPerLine;
    }
  }

  /// Adds an entry; the caller knows that no equal id is there. `value` is not 0.
  void insert(std::uint32_t tag, std::uint32_t value) noexcept {
    std::uint64_t* at = line(tag);
    ++count_;
    if (const unsigned empty = match_empty(at); empty != 0) [[likely]] {
      at[static_cast<unsigned>(__builtin_ctz(empty))] = (std::uint64_t{tag} << 32) | value;
    } else {
      insert_at(at, tag, value);
    }
  }

  /// Takes back insert(tag, value). Only in reverse order of insertion: then no entry that spilled past it is left.
  void erase_newest(std::uint32_t tag, std::uint32_t value) noexcept;

  /// Makes room for `entries` more and moves on with a split under way. Between batches only: it moves entries.
  void prepare(std::uint64_t entries);

  /// Takes the page faults of the table that a split fills. One background thread.
  void touch_ahead() noexcept;

  [[nodiscard]] std::uint64_t count() const noexcept { return count_; }
  [[nodiscard]] std::size_t bytes() const noexcept { return (lines_ + old_lines_ - split_) * 64; }
  void clear() noexcept;

 private:
  static unsigned match_tags(const std::uint64_t* at, std::uint32_t tag) noexcept {
    const __m256i wanted = _mm256_set1_epi64x(static_cast<std::int64_t>(std::uint64_t{tag} << 32));
    const __m256i high = _mm256_set1_epi64x(static_cast<std::int64_t>(0xFFFFFFFF00000000ULL));
    const __m256i a = _mm256_load_si256(reinterpret_cast<const __m256i*>(at));
    const __m256i b = _mm256_load_si256(reinterpret_cast<const __m256i*>(at + 4));
    const __m256i ma = _mm256_cmpeq_epi64(_mm256_and_si256(a, high), wanted);
    const __m256i mb = _mm256_cmpeq_epi64(_mm256_and_si256(b, high), wanted);
    return static_cast<unsigned>(_mm256_movemask_pd(_mm256_castsi256_pd(ma))) |
           static_cast<unsigned>(_mm256_movemask_pd(_mm256_castsi256_pd(mb))) << 4;
  }
  static unsigned match_empty(const std::uint64_t* at) noexcept {
    const __m256i zero = _mm256_setzero_si256();
    const __m256i a = _mm256_cmpeq_epi64(_mm256_load_si256(reinterpret_cast<const __m256i*>(at)), zero);
    const __m256i b = _mm256_cmpeq_epi64(_mm256_load_si256(reinterpret_cast<const __m256i*>(at + 4)), zero);
    return static_cast<unsigned>(_mm256_movemask_pd(_mm256_castsi256_pd(a))) |
           static_cast<unsigned>(_mm256_movemask_pd(_mm256_castsi256_pd(b))) << 4;
  }

  /// Home line of a tag: in the old table as long as its line there was not split yet.
  [[nodiscard]] std::uint64_t* line(std::uint32_t tag) const noexcept {
    const std::uint64_t old_index = std::uint64_t{tag} >> old_shift_;
    if (old_index < old_lines_ && old_index >= split_) [[unlikely]] return old_begin_ + old_index * kEntriesPerLine;
    return begin_ + (std::uint64_t{tag} >> shift_) * kEntriesPerLine;
  }
  void insert_at(std::uint64_t* at, std::uint32_t tag, std::uint32_t value) noexcept;
  void begin_split();
  void split_lines(std::uint64_t count) noexcept;

  Region region_;      // the table; while splitting, the new one
  Region old_region_;  // while splitting, the table that empties
  std::uint64_t* begin_ = nullptr;
  std::uint64_t* old_begin_ = nullptr;
  std::uint64_t lines_ = 0;      // power of two
  std::uint64_t old_lines_ = 0;  // 0: no split under way
  std::uint64_t split_ = 0;      // old lines below are empty
  unsigned shift_ = 0;           // 32 - log2(lines_)
  unsigned old_shift_ = 32;
  std::uint64_t count_ = 0;
  std::uint64_t entries_per_line_max_;
  std::uint64_t lines_max_;

  // For touch_ahead(): where the newest table lies. Only advice is given on it, so a table that is gone by then does no harm.
  std::atomic<std::byte*> newest_begin_{nullptr};  // writer; release
  std::atomic<std::size_t> newest_bytes_{0};
  std::byte* touched_begin_ = nullptr;  // background thread
  std::size_t touched_bytes_ = 0;
};

}  // namespace florin::core
