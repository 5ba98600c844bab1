#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "journal/file.hpp"

namespace florin::journal {

/// A segment's pages where the kernel keeps them, for a reader that goes through a whole journal: copying them out first costs a
/// tenth of a replay (docs/design_notes.md). A place that cannot be read is found when its pages are asked for, not by a fault
/// when they are looked at; then at() gives nothing, and pread says why.
/// Reader: one thread asks for places, any may look at them.
class SegmentMap {
 public:
  SegmentMap() = default;
  /// Maps the first `bytes` of a file. Reads nothing yet, and cannot fail: what cannot be mapped has nothing at any place.
  SegmentMap(const File& file, std::uint64_t bytes) noexcept;
  ~SegmentMap();
  SegmentMap(SegmentMap&& other) noexcept;
  SegmentMap& operator=(SegmentMap&& other) noexcept;

  /// `count` bytes at `offset`, valid as long as the map; empty if they cannot be had. Cheap for places that ascend.
  [[nodiscard]] std::span<const std::byte> at(std::uint64_t offset, std::size_t count) noexcept;

 private:
  bool populate(std::uint64_t end) noexcept;

  std::byte* data_ = nullptr;
  std::uint64_t bytes_ = 0;
  std::uint64_t populated_begin_ = 0;
  std::uint64_t populated_end_ = 0;
};

}  // namespace florin::journal
