#pragma once

#include <immintrin.h>

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "core/memory/region.hpp"
#include "florin/prefetch.hpp"

namespace florin::core {

/// Hash table from 32 bits of a hash (the tag) to 32-bit values, in lines of one cache line: eight entries of {tag, value}.
/// A look-up touches one line in nearly all cases and only proposes candidates: the caller compares the id in the record the
/// value names. Lines are ordered by tag, so that a sweep visits entries in hash order, and so that the table doubles in place:
/// line i becomes lines 2i and 2i + 1, from the last line down to the first, a few at every batch. There is no moment at which
/// the table is copied, and never a second one.
///
/// Entry: value in the low half (0 = empty), tag in the high half. A full line spills into the next.
/// Writer: the partition's thread, which is also the only reader.
class TagTable {
 public:
  static constexpr std::uint32_t kEntriesPerLine = 8;
  static constexpr std::uint64_t kSpillLines = 64;  ///< so far from its line an entry may lie, and so many lines are behind the last

  /// `entries_max`: values it must be able to hold. `entries_per_line_max`: it begins to double when lines hold so many on
  /// average; fewer mean fewer spills, which peek() does not see.
  explicit TagTable(std::uint64_t entries_max, std::uint32_t entries_per_line_max = 4);

  static std::uint32_t tag_of(std::uint64_t hash) noexcept { return static_cast<std::uint32_t>(hash); }

  /// From a tag to its line, for loops that ask often: the table's fields are read once. Valid until prepare().
  class Lines {
   public:
    explicit Lines(const TagTable& table) noexcept : begin_(table.begin_), unsplit_(table.unsplit_), shift_(table.shift_) {}
    /// The line where an entry with this tag is, or from which on it is sought.
    [[nodiscard]] std::uint64_t* operator()(std::uint32_t tag) const noexcept {
      const std::uint64_t index = std::uint64_t{tag} >> shift_;
      const bool unsplit = (index >> 1) < unsplit_;
      return begin_ + (index >> unsigned{unsplit}) * kEntriesPerLine;
    }

   private:
    std::uint64_t* begin_;
    std::uint64_t unsplit_;
    unsigned shift_;
  };
  [[nodiscard]] Lines lines() const noexcept { return Lines(*this); }

  static void prefetch(const std::uint64_t* line) noexcept { prefetch_line(line); }
  void prefetch(std::uint32_t tag) const noexcept { prefetch(line(tag)); }
  /// Reads a line to have it near. Nothing waits for it, but it is never passed over.
  static void touch(const std::uint64_t* line) noexcept { asm volatile("" : : "r"(*line)); }

  /// Where an entry with this tag belongs, if nothing in the table has this tag; else nullptr, and always for the tag 0, which
  /// looks like an empty entry. `line` is that of the tag. For put_at().
  [[nodiscard]] static std::uint64_t* place_if_absent(std::uint64_t* line, std::uint32_t tag) noexcept {
    for (std::uint64_t* at = line; at != line + kSpillLines * kEntriesPerLine; at += kEntriesPerLine) {
      if (match_tags(at, tag) != 0) [[unlikely]] return nullptr;
      if (const unsigned empty = match_empty(at); empty != 0) [[likely]] return at + static_cast<unsigned>(__builtin_ctz(empty));
    }
    return nullptr;  // insert() will have its say
  }
  [[nodiscard]] std::uint64_t* place_if_absent(std::uint32_t tag) noexcept { return place_if_absent(line(tag), tag); }
  /// True if nothing in the table has this tag.
  [[nodiscard]] bool surely_absent(std::uint32_t tag) const noexcept { return place_if_absent(line(tag), tag) != nullptr; }
  /// Adds an entry at the place that place_if_absent() has just named.
  void put_at(std::uint64_t* place, std::uint32_t tag, std::uint32_t value) noexcept {
    ++count_;
    *place = (std::uint64_t{tag} << 32) | value;
  }

  /// First value in the home line whose tag matches, or 0: for prefetching what it names. Spilled entries are not seen.
  [[nodiscard]] static std::uint32_t peek(const std::uint64_t* line, std::uint32_t tag) noexcept {
    const unsigned match = match_tags(line, tag);
    return match == 0 ? 0 : static_cast<std::uint32_t>(line[static_cast<unsigned>(__builtin_ctz(match))]);
  }
  [[nodiscard]] std::uint32_t peek(std::uint32_t tag) const noexcept { return peek(line(tag), tag); }

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
    ++count_;
    insert_at(line(tag), tag, value);
  }

  /// Takes back insert(tag, value). Only in reverse order of insertion and only what came since prepare(): then no entry that
  /// spilled past it is left.
  void erase_newest(std::uint32_t tag, std::uint32_t value) noexcept;

  /// Takes an entry out that is there, whenever it came. What spilled past it moves up.
  void erase(std::uint32_t tag, std::uint32_t value) noexcept;

  /// Makes room for `entries` more and moves on with a split under way. Between batches only: it moves entries.
  void prepare(std::uint64_t entries);

  /// Of an empty table: takes the size that `entries` will need at once. Doubling its way there moves most entries once and more,
  /// a sixth of what a replay costs.
  void expect(std::uint64_t entries) noexcept;

  /// Takes the page faults of the lines that a split will fill, and of those for the first `entries_least` entries. One
  /// background thread.
  void touch_ahead(std::uint64_t entries_least = 0) noexcept;

  [[nodiscard]] std::uint64_t count() const noexcept { return count_; }
  [[nodiscard]] std::size_t bytes() const noexcept { return lines_ * 64; }
  /// Empties it, some lines at a time; true when it is empty. Nothing else may be asked of it in between.
  bool clear_some(std::uint64_t lines) noexcept;

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

  /// While the table doubles, a line that was not split yet is where it was before.
  [[nodiscard]] std::uint64_t* line(std::uint32_t tag) const noexcept { return lines()(tag); }
  void insert_at(std::uint64_t* at, std::uint32_t tag, std::uint32_t value) noexcept;
  void begin_split() noexcept;
  void split_lines(std::uint64_t count) noexcept;
  void move_lines(std::uint64_t count) noexcept;
  void move_line(std::uint64_t* from) noexcept;
  void reinsert(const std::uint64_t* entries, std::size_t size) noexcept;

  Region region_;                 // reserved at its largest: doubling moves on into memory that was always its own
  std::uint64_t* begin_ = nullptr;
  std::uint64_t lines_ = 0;       // power of two
  std::uint64_t unsplit_ = 0;     // lines of the table before doubling that still lie where they did; 0: no doubling under way
  static constexpr std::uint64_t kNoStray = ~std::uint64_t{0};
  std::uint64_t stray_line_ = kNoStray;  // down to this unsplit line, what spilled has already come to the new lines
  unsigned shift_ = 0;            // 32 - log2(lines_)
  std::uint64_t count_ = 0;
  std::uint64_t cleared_ = 0;     // lines that clear_some() has emptied
  std::uint64_t entries_per_line_max_;
  std::uint64_t lines_max_;

  /// Tells touch_ahead() how many lines there are or soon will be, and down to which of them a doubling has come.
  void announce(std::uint64_t lines, std::uint64_t border) noexcept {
    lines_wanted_.store(lines, std::memory_order_relaxed);
    border_.store(border, std::memory_order_relaxed);
  }
  void touch_lines(std::uint64_t begin, std::uint64_t end) const noexcept;

  std::atomic<std::uint64_t> lines_wanted_ = 0;  // writer
  std::atomic<std::uint64_t> border_ = 0;        // writer
  std::atomic<std::uint64_t> expected_lines_ = 0;  // writer
  std::uint64_t prefaulted_lines_ = 0;           // background thread
  std::uint64_t touching_lines_ = 0;             // background thread
  std::uint64_t touched_from_ = 0;               // background thread
};

}  // namespace florin::core
