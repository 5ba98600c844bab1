#include "core/tag_table.hpp"

#include <algorithm>
#include <bit>
#include <cstdlib>
#include <cstring>
#include <utility>

namespace florin::core {
namespace {
constexpr std::uint64_t kLinesMin = 64;
constexpr std::size_t kHugeFrom = std::size_t{2} << 20;
}  // namespace

// The last line spills into kSpillLines more behind the end instead of wrapping to the front: a wrap would cross the border
// between split and unsplit lines. Under a keyed hash a run of so many full lines does not happen; insert_at() would stop the
// process rather than lose an id.

TagTable::TagTable(std::uint64_t entries_max, std::uint32_t entries_per_line_max)
    : entries_per_line_max_(entries_per_line_max),
      lines_max_(std::max(kLinesMin, std::bit_ceil(entries_max / entries_per_line_max + 1))) {
  lines_ = kLinesMin;
  shift_ = 32 - static_cast<unsigned>(std::countr_zero(lines_));
  region_ = Region((lines_ + kSpillLines) * 64);
  begin_ = reinterpret_cast<std::uint64_t*>(region_.data());
}

void TagTable::insert_at(std::uint64_t* at, std::uint32_t tag, std::uint32_t value) noexcept {
  const auto full = [&](const std::uint64_t* line) {
    return line == begin_ + (lines_ + kSpillLines) * kEntriesPerLine ||
           (old_begin_ != nullptr && line == old_begin_ + (old_lines_ + kSpillLines) * kEntriesPerLine);
  };
  for (;; at += kEntriesPerLine) {
    if (full(at)) std::abort();
    if (const unsigned empty = match_empty(at); empty != 0) {
      at[static_cast<unsigned>(__builtin_ctz(empty))] = (std::uint64_t{tag} << 32) | value;
      return;
    }
  }
}

void TagTable::erase_newest(std::uint32_t tag, std::uint32_t value) noexcept {
  const std::uint64_t entry = (std::uint64_t{tag} << 32) | value;
  for (std::uint64_t* at = line(tag);; at += kEntriesPerLine) {
    for (std::uint32_t i = 0; i < kEntriesPerLine; ++i) {
      if (at[i] == entry) {
        at[i] = 0;
        --count_;
        return;
      }
    }
  }
}

void TagTable::prepare(std::uint64_t entries) {
  // Two old lines for every three entries finish the split long before the new table is half full itself.
  if (old_lines_ != 0) split_lines(entries * 2 / 3 + 64);
  while (count_ + entries > lines_ * entries_per_line_max_ && lines_ < lines_max_) {
    if (old_lines_ != 0) split_lines(old_lines_ + kSpillLines);
    begin_split();
  }
}

void TagTable::begin_split() {
  old_region_ = std::move(region_);
  old_begin_ = begin_;
  old_lines_ = lines_;
  old_shift_ = shift_;
  split_ = 0;
  lines_ *= 2;
  shift_ -= 1;
  const std::size_t bytes = (lines_ + kSpillLines) * 64;
  region_ = Region(bytes, bytes < kHugeFrom ? Region::Head::kSmallPages : Region::Head::kHugePages);
  begin_ = reinterpret_cast<std::uint64_t*>(region_.data());
  newest_bytes_.store(bytes, std::memory_order_relaxed);
  newest_begin_.store(region_.data(), std::memory_order_release);
}

void TagTable::touch_ahead() noexcept {
  constexpr std::size_t kStep = std::size_t{8} << 20;  // then looks whether there is a newer one
  std::byte* const begin = newest_begin_.load(std::memory_order_acquire);
  if (begin == nullptr) return;
  if (begin != touched_begin_) {
    touched_begin_ = begin;
    touched_bytes_ = 0;
  }
  const std::size_t bytes = newest_bytes_.load(std::memory_order_relaxed) & ~std::size_t{4095};
  while (touched_bytes_ < bytes && newest_begin_.load(std::memory_order_relaxed) == begin) {
    const std::size_t step = std::min(kStep, bytes - touched_bytes_);
    Region::touch_pages(begin + touched_bytes_, step);
    touched_bytes_ += step;
  }
}

void TagTable::split_lines(std::uint64_t count) noexcept {
  // Only stop behind a line that had room: nothing spilled across that border, so every entry of a line below it is moved.
  bool spilled = true;
  const std::uint64_t end = old_lines_ + kSpillLines;
  while (split_ < end && (count > 0 || spilled)) {
    std::uint64_t* from = old_begin_ + split_ * kEntriesPerLine;
    spilled = match_empty(from) == 0;
    for (std::uint32_t i = 0; i < kEntriesPerLine; ++i) {
      if (from[i] == 0) continue;
      const auto tag = static_cast<std::uint32_t>(from[i] >> 32);
      insert_at(begin_ + (std::uint64_t{tag} >> shift_) * kEntriesPerLine, tag, static_cast<std::uint32_t>(from[i]));
    }
    ++split_;
    if (count > 0) --count;
  }
  if (split_ >= old_lines_ && !spilled) {
    old_region_ = Region();
    old_begin_ = nullptr;
    old_lines_ = 0;
    old_shift_ = 32;
    split_ = 0;
  }
}

void TagTable::clear() noexcept {
  std::memset(begin_, 0, (lines_ + kSpillLines) * 64);
  old_region_ = Region();
  old_begin_ = nullptr;
  old_lines_ = 0;
  old_shift_ = 32;
  split_ = 0;
  count_ = 0;
}

}  // namespace florin::core
