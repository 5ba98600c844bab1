#pragma once

#include <algorithm>
#include <cstdint>

#include "core/past_segment.hpp"

namespace florin::core {

/// Asks the disk for the rows of a long walk back in time before the walk comes to them: of an account that has some transfers in each block of
/// rows, a page would wait for one block after the other. Where all of it has been read before, that costs next to nothing. Writer: the walk's
/// thread.
class ReadAhead {
 public:
  /// A walk begins. With `extras` it will look at more of a transfer than its row.
  void begin(bool extras) noexcept {
    extras_ = extras;
    segment_ = nullptr;
  }

  /// It has come to this entry of the account's in a segment, a PastSegment or what a test has in its place.
  template <typename Segment>
  void come_to(const Segment& segment, PostingRange range, std::uint32_t entry) noexcept {
    if (segment_ != &segment) {
      segment_ = &segment;
      rows_to_ = extras_to_ = entry + 1;
    }
    // Where the extras are is in the rows: so they are asked for when those are here, or on the way for some time.
    const std::uint32_t rows_end = rows_to_;
    while (rows_to_ > range.begin && rows_to_ + kAhead > entry) rows_to_ -= std::min(kStretch, rows_to_ - range.begin);
    if (rows_to_ < rows_end) segment.read_ahead({rows_to_, rows_end});
    if (!extras_) return;
    const std::uint32_t extras_end = extras_to_;
    while (extras_to_ > rows_to_ && extras_to_ + kAhead / 2 > entry) extras_to_ -= std::min(kStretch, extras_to_ - rows_to_);
    if (extras_to_ < extras_end) segment.read_ahead_extras({extras_to_, extras_end});
  }

 private:
  static constexpr std::uint32_t kStretch = 256;  // entries asked for at a time
  static constexpr std::uint32_t kAhead = 1024;   // how far in front of the walk: some MiB if each block has a dozen

  const void* segment_ = nullptr;  // where the walk is
  bool extras_ = false;
  std::uint32_t rows_to_ = 0;    // from here up all rows were asked for
  std::uint32_t extras_to_ = 0;  // likewise
};

}  // namespace florin::core
