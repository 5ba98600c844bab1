#include "core/tag_table.hpp"

#include <algorithm>
#include <bit>
#include <cstdlib>
#include <cstring>
#include <utility>

namespace florin::core {
namespace {
constexpr std::uint64_t kLinesMin = 64;
// Above, an entry moves to where no unsplit line is, nor what spilled from one.
constexpr std::uint64_t kUnsplitMin = 4 * TagTable::kSpillLines;
constexpr unsigned kAllEmpty = 0xFF;
constexpr std::uint64_t kStepLines = 32'768;         // 2 MiB: lines touched at once
constexpr std::uint64_t kTouchAheadLines = 262'144;  // 16 MiB: ahead of the border of a doubling
}  // namespace

// The last line spills into kSpillLines more behind the end instead of wrapping to the front: a wrap would cross the border
// between split and unsplit lines. No entry lies further from its line, which is what doubling in place counts on. Under a keyed
// hash a run of so many full lines does not happen; insert_at() would stop the process rather than lose an id.

TagTable::TagTable(std::uint64_t entries_max, std::uint32_t entries_per_line_max)
    : entries_per_line_max_(entries_per_line_max),
      lines_max_(std::max(kLinesMin, std::bit_ceil(entries_max / entries_per_line_max + 1))) {
  lines_ = kLinesMin;
  shift_ = 32 - static_cast<unsigned>(std::countr_zero(lines_));
  region_ = Region((lines_max_ + kSpillLines) * 64);
  begin_ = reinterpret_cast<std::uint64_t*>(region_.data());
}

void TagTable::insert_at(std::uint64_t* at, std::uint32_t tag, std::uint32_t value) noexcept {
  for (const std::uint64_t* const end = at + kSpillLines * kEntriesPerLine;; at += kEntriesPerLine) {
    if (at == end) std::abort();
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

void TagTable::erase(std::uint32_t tag, std::uint32_t value) noexcept {
  const std::uint64_t entry = (std::uint64_t{tag} << 32) | value;
  std::uint64_t* hole = line(tag);
  while (*hole != entry) ++hole;  // lines behind one another
  --count_;
  // A look-up ends at the first line with an empty place: whatever lies beyond the hole and is sought from before it moves up.
  std::uint64_t* at = begin_ + (hole - begin_) / kEntriesPerLine * kEntriesPerLine;
  bool goes_on = match_empty(at) == 0;
  *hole = 0;
  while (goes_on) {
    std::uint64_t* const holed_line = begin_ + (hole - begin_) / kEntriesPerLine * kEntriesPerLine;
    at += kEntriesPerLine;
    goes_on = match_empty(at) == 0;
    for (std::uint32_t i = 0; i < kEntriesPerLine; ++i) {
      if (at[i] == 0 || line(static_cast<std::uint32_t>(at[i] >> 32)) > holed_line) continue;
      *hole = std::exchange(at[i], 0);
      hole = at + i;
      break;
    }
  }
}

void TagTable::prepare(std::uint64_t entries) {
  // One old line for every entry finishes the doubling when lines hold a fifth more than where it began.
  if (unsplit_ != 0) split_lines(entries + 64);
  const std::uint64_t room = lines_ * entries_per_line_max_;
  while (count_ + entries > lines_ * entries_per_line_max_ && lines_ < lines_max_) {
    if (unsplit_ != 0) split_lines(unsplit_);
    begin_split();
  }
  // Lines that are still to be split fill up meanwhile, at the rate of the whole table: not beyond what they have room for.
  if (unsplit_ != 0 && count_ + entries > lines_ / 2 * (entries_per_line_max_ + 1)) split_lines(unsplit_);
  if (count_ + entries > room / 8 * 7 && lines_ < lines_max_) announce(2 * lines_, 2 * lines_);
}

void TagTable::expect(std::uint64_t entries) noexcept {
  if (count_ != 0) return;
  lines_ = std::clamp(std::bit_ceil(entries / entries_per_line_max_ + 1), lines_, lines_max_);
  shift_ = 32 - static_cast<unsigned>(std::countr_zero(lines_));
  expected_lines_.store(lines_, std::memory_order_relaxed);
  announce(lines_, lines_);
}

void TagTable::begin_split() noexcept {
  unsplit_ = lines_;
  lines_ *= 2;
  shift_ -= 1;
  announce(lines_, lines_);
}

void TagTable::split_lines(std::uint64_t count) noexcept {
  move_lines(count);
  _mm_sfence();  // new lines were written past the caches; other threads may read them in the next batch
}

void TagTable::move_lines(std::uint64_t count) noexcept {
  std::uint64_t behind = kSpillLines;  // lines that may hold what spilled past the last unsplit one since
  if (unsplit_ > kUnsplitMin) {
    for (std::uint64_t* at = begin_ + unsplit_ * kEntriesPerLine; match_empty(at) != kAllEmpty; at += kEntriesPerLine) move_line(at);
    behind = 0;
  }
  // Only stop where the line below has room: nothing spilled across that border, so every entry that belongs to an unsplit line
  // is below it.
  while (unsplit_ > kUnsplitMin) {
    if (count == 0 && match_empty(begin_ + (unsplit_ - 1) * kEntriesPerLine) != 0) return announce(lines_, 2 * unsplit_);
    --unsplit_;
    move_line(begin_ + unsplit_ * kEntriesPerLine);
    if (count > 0) --count;
  }
  // Near the front the new lines are where the old ones still are.
  std::uint64_t entries[(kUnsplitMin + kSpillLines) * kEntriesPerLine];
  const std::size_t size = (unsplit_ + behind) * kEntriesPerLine;
  std::memcpy(entries, begin_, size * sizeof(std::uint64_t));
  std::memset(begin_, 0, size * sizeof(std::uint64_t));
  unsplit_ = 0;
  stray_line_ = kNoStray;
  reinsert(entries, size);
  announce(lines_, 0);
}

/// Empties a line of the table before doubling and puts its entries where they belong now.
void TagTable::move_line(std::uint64_t* from) noexcept {
  const auto index = static_cast<std::uint64_t>(from - begin_) / kEntriesPerLine;
  std::uint64_t* const to = begin_ + 2 * index * kEntriesPerLine;
  alignas(64) std::uint64_t entries[kEntriesPerLine];
  std::memcpy(entries, from, sizeof entries);
  std::memset(from, 0, sizeof entries);
  // Nearly always all entries are at home and the two new lines are empty: these are then written whole, past the caches.
  alignas(64) std::uint64_t halves[2][kEntriesPerLine] = {};
  std::uint32_t sizes[2] = {};
  bool at_home = true;
  for (const std::uint64_t entry : entries) {
    const std::uint64_t home = entry >> 32 >> shift_;
    const auto half = static_cast<unsigned>(home & 1);
    halves[half][sizes[half]] = entry;
    sizes[half] += entry != 0 ? 1 : 0;
    at_home &= entry == 0 || home >> 1 == index;
  }
  if (!at_home || index >= stray_line_) [[unlikely]] {
    for (const std::uint64_t entry : entries) {
      if (entry != 0) stray_line_ = std::min(stray_line_, entry >> 32 >> shift_ >> 1);
    }
    if (index == stray_line_) stray_line_ = kNoStray;
    reinsert(entries, kEntriesPerLine);
    return;
  }
  const auto* source = reinterpret_cast<const __m256i*>(halves);
  auto* target = reinterpret_cast<__m256i*>(to);
  for (int i = 0; i < 4; ++i) _mm256_stream_si256(target + i, _mm256_load_si256(source + i));
}

void TagTable::reinsert(const std::uint64_t* entries, std::size_t size) noexcept {
  for (std::size_t i = 0; i < size; ++i) {
    if (entries[i] == 0) continue;
    const auto tag = static_cast<std::uint32_t>(entries[i] >> 32);
    insert_at(begin_ + (std::uint64_t{tag} >> shift_) * kEntriesPerLine, tag, static_cast<std::uint32_t>(entries[i]));
  }
}

void TagTable::touch_ahead(std::uint64_t entries_least) noexcept {
  const std::uint64_t least = entries_least == 0 ? 0 : std::min(lines_max_, std::bit_ceil(entries_least / entries_per_line_max_ + 1));
  if (least > prefaulted_lines_) {
    touch_lines(prefaulted_lines_, least);
    prefaulted_lines_ = least;
  }
  // A little at a time, ahead of the first entries: those of a replay come in over the whole table.
  if (const std::uint64_t expected = expected_lines_.load(std::memory_order_relaxed); expected > prefaulted_lines_) {
    const std::uint64_t to = std::min(expected, prefaulted_lines_ + kStepLines);
    touch_lines(prefaulted_lines_, to);
    prefaulted_lines_ = to;
  }
  // As fast as the border moves and no faster: half a table at once would hold up whoever shares the processor.
  const std::uint64_t wanted = lines_wanted_.load(std::memory_order_relaxed);
  if (std::exchange(touching_lines_, wanted) != wanted) touched_from_ = wanted;
  const std::uint64_t border = border_.load(std::memory_order_relaxed);
  const std::uint64_t lowest = std::max({wanted / 2, prefaulted_lines_, border - std::min(border, kTouchAheadLines)});
  if (touched_from_ <= lowest) return;
  touch_lines(lowest, touched_from_);
  touched_from_ = lowest;
}

/// From the end: there a doubling begins.
void TagTable::touch_lines(std::uint64_t begin, std::uint64_t end) const noexcept {
  while (end > begin) {
    const std::uint64_t from = end - std::min(kStepLines, end - begin);
    region_.touch(from * 64, end * 64);
    end = from;
  }
}

bool TagTable::clear_some(std::uint64_t lines) noexcept {
  const std::uint64_t all = lines_ + kSpillLines;
  const std::uint64_t end = std::min(all, cleared_ + lines);
  std::memset(begin_ + cleared_ * kEntriesPerLine, 0, (end - cleared_) * 64);
  cleared_ = end;
  if (end != all) return false;
  unsplit_ = 0;
  stray_line_ = kNoStray;
  count_ = 0;
  cleared_ = 0;
  return true;
}

}  // namespace florin::core
