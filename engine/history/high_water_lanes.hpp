#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>
#include <vector>

#include "florin/status.hpp"
#include "florin/uint128.hpp"
#include "history/section.hpp"

namespace florin::history {

/// Lanes: 256 ranges of ids by their first byte. Counters, ULIDs and UUIDv7s rise within theirs.
inline constexpr std::size_t kLanes = 256;
constexpr std::size_t lane_of(u128 id) noexcept { return static_cast<std::size_t>(id >> 120); }

/// What one sealed segment says of one lane.
struct SegmentLane {
  u128 above = 0;  ///< ids in (above, up_to] were in order: they are in this segment, or stragglers of a later one
  u128 up_to = 0;  ///< equal to `above`: none was
  u128 straggler_low = kU128Max;  ///< its other ids are in [low, high]; low > high: there are none
  u128 straggler_high = 0;

  [[nodiscard]] bool has_interval() const noexcept { return up_to > above; }
  [[nodiscard]] bool in_order(u128 id) const noexcept { return id > above && id <= up_to; }
};
static_assert(sizeof(SegmentLane) == 64 && std::has_unique_object_representations_v<SegmentLane>);

/// What one sealed segment says of all lanes: a section of its file, 16 KiB.
struct SegmentLanes {
  static constexpr std::uint64_t kMagic = 0x53454E414C4C46ULL;  // "FLLANES"

  std::uint64_t magic = kMagic;
  std::uint64_t segment = 0;
  std::uint64_t reserved[6] = {};
  std::array<SegmentLane, kLanes> lanes;

  /// True if the id is a straggler, one that belongs into the filter. Notes it as such. For every id of the segment, once.
  bool take(u128 id) noexcept {
    SegmentLane& lane = lanes[lane_of(id)];
    if (lane.in_order(id)) return false;
    if (id < lane.straggler_low) lane.straggler_low = id;
    if (id > lane.straggler_high) lane.straggler_high = id;
    return true;
  }
  [[nodiscard]] std::span<const std::byte> bytes() const noexcept { return std::as_bytes(std::span(this, 1)); }
  static Result<SegmentLanes> read(const VerifiedBytes& bytes);
};
static_assert(sizeof(SegmentLanes) == 64 + kLanes * 64 && std::has_unique_object_representations_v<SegmentLanes>);

/// Which sealed segments can hold an id, as far as order tells, without touching any of them.
/// A lane is in order in a segment if its ids rose with time, above what came before. Then one interval covers them, but for the first and
/// lowest, and the last and highest few, and ids above it, or between it and the one before, that come later are new. A client that sends
/// 2^128 - 1 must not raise the mark for everybody: that is what the few are for. Ids in no interval are stragglers, and stand in the
/// filter. A lane whose ids come in no order has no intervals at all, or every new id would have to be sought in an id run.
///
/// Writer: the builder's thread, on an object that nobody else sees yet. Readers: any thread, on one that is not changed any more.
class HighWaterLanes {
 public:
  /// Where an id can be in the sealed segments. Neither: it is certainly in none of them.
  struct Answer {
    std::uint64_t in_order_segment = 0;  ///< this one's id run, 0 = no segment's by order
    bool may_be_straggler = false;       ///< ask the filter

    [[nodiscard]] bool is_certainly_new() const noexcept { return in_order_segment == 0 && !may_be_straggler; }
  };

  [[nodiscard]] Answer find(u128 id) const noexcept {
    const Lane& lane = lanes_[lane_of(id)];
    const bool may_be_straggler = id >= lane.straggler_low && id <= lane.straggler_high;
    if (id > lane.high_water) [[likely]] return {0, may_be_straggler};
    return {segment_of(lane, id), may_be_straggler};
  }

  /// Some answer may say so.
  [[nodiscard]] bool has_stragglers() const noexcept { return has_stragglers_; }

  /// Judges a segment that comes after all that were added, from a sample of its ids in order of arrival (one in 64 is plenty).
  /// Then SegmentLanes::take() says of each of its ids whether it is a straggler, and add() makes it known.
  [[nodiscard]] SegmentLanes judge(std::uint64_t segment, std::span<const u128> sample) const;

  /// Adds a segment that was judged now or read from its file. In any order of segments; each once. kCorrupt, and nothing is added, if
  /// one of its intervals overlaps another segment's: an id in both would be sought in one of them only.
  Status add(const SegmentLanes& segment);

  [[nodiscard]] std::size_t intervals() const noexcept;

 private:
  struct Interval {
    u128 above = 0;
    u128 up_to = 0;
    std::uint64_t segment = 0;
  };
  struct Lane {
    u128 high_water = 0;  ///< of all intervals
    u128 straggler_low = kU128Max;
    u128 straggler_high = 0;
    std::vector<Interval> intervals;  ///< ascending; they do not overlap
  };

  static std::uint64_t segment_of(const Lane& lane, u128 id) noexcept;
  /// The place of an interval in its lane: before the first that ends after it begins.
  static std::vector<Interval>::const_iterator place_of(const Lane& lane, const SegmentLane& interval) noexcept;

  std::array<Lane, kLanes> lanes_;
  bool has_stragglers_ = false;
};

}  // namespace florin::history
