#include "history/high_water_lanes.hpp"

#include <algorithm>
#include <string>

namespace florin::history {
namespace {

constexpr std::size_t kSampleMin = 64;  // a lane with fewer says nothing of order, and its ids cost the filter little
constexpr std::size_t kPieces = 8;      // of a lane's sample, by time
constexpr std::size_t kShare = 64;      // one in so many may be out of order
constexpr u128 kJumpMax = 8;            // times the mean step from piece to piece

/// The top of each piece of a lane's sample, without outliers, and whether ids rise.
struct Pieces {
  explicit Pieces(std::span<u128> ids) {
    std::size_t late = 0;
    for (std::size_t piece = 0; piece < kPieces; ++piece) {
      const std::size_t begin = ids.size() * piece / kPieces;
      const std::span<u128> here = ids.subspan(begin, ids.size() * (piece + 1) / kPieces - begin);
      const auto top = here.end() - 1 - static_cast<std::ptrdiff_t>(here.size() / kShare);
      std::nth_element(here.begin(), top, here.end());
      tops[piece] = *top;
      // Neighbouring pieces may overlap: clocks and batches are not that exact.
      if (piece < 2) continue;
      late += static_cast<std::size_t>(std::count_if(here.begin(), here.end(), [&](u128 id) { return id <= tops[piece - 2]; }));
    }
    rise = late * kShare <= ids.size();
  }

  /// Up to where ids are in order. The tops of all pieces but the last two are known to be right by what came later; those are believed
  /// unless they jump.
  [[nodiscard]] u128 mark() const noexcept {
    u128 believed = tops[kPieces - 3];
    const u128 step_max = (believed > tops[0] ? believed - tops[0] : 0) / (kPieces - 3) * kJumpMax;
    for (std::size_t piece = kPieces - 2; piece < kPieces; ++piece) {
      if (tops[piece] > believed && tops[piece] - believed <= step_max) believed = tops[piece];
    }
    return believed;
  }

  std::array<u128, kPieces> tops{};
  bool rise = false;
};

/// The lowest of the ids above a mark; the largest id there is, if all are below. Where an interval begins: ids between it and the one before are
/// nobody's, and a client that goes on there later, below another's, brings new ones.
u128 lowest_above(u128 mark, std::span<const u128> ids) noexcept {
  u128 lowest = kU128Max;
  for (const u128 id : ids) {
    if (id > mark && id < lowest) lowest = id;
  }
  return lowest;
}

}  // namespace

Result<SegmentLanes> SegmentLanes::read(const VerifiedBytes& bytes) {
  SegmentLanes lanes;
  if (Status status = read_header(bytes, lanes, "lanes"); !status) return status;
  return lanes;
}

SegmentLanes HighWaterLanes::judge(std::uint64_t segment, std::span<const u128> sample) const {
  std::array<std::vector<u128>, kLanes> by_lane;
  for (const u128 id : sample) by_lane[lane_of(id)].push_back(id);
  SegmentLanes judged;
  judged.segment = segment;
  for (std::size_t lane = 0; lane < kLanes; ++lane) {
    std::vector<u128>& ids = by_lane[lane];
    SegmentLane& out = judged.lanes[lane];
    out.above = out.up_to = lanes_[lane].high_water;
    if (ids.size() < kSampleMin) continue;
    const u128 lowest = lowest_above(lanes_[lane].high_water, ids);
    const Pieces pieces(ids);
    if (!pieces.rise || pieces.mark() <= out.above) continue;
    out.above = lowest - 1;
    out.up_to = std::max(out.above, pieces.mark());
  }
  return judged;
}

std::vector<HighWaterLanes::Interval>::const_iterator HighWaterLanes::place_of(const Lane& lane, const SegmentLane& interval) noexcept {
  return std::partition_point(lane.intervals.begin(), lane.intervals.end(),
                              [&](const Interval& candidate) { return candidate.up_to <= interval.above; });
}

Status HighWaterLanes::add(const SegmentLanes& segment) {
  for (std::size_t i = 0; i < kLanes; ++i) {
    const SegmentLane& from = segment.lanes[i];
    const auto next = place_of(lanes_[i], from);
    if (from.has_interval() && next != lanes_[i].intervals.end() && next->above < from.up_to) {
      return {ErrorKind::kCorrupt, "lane " + std::to_string(i) + ": sealed segments " + std::to_string(segment.segment) + " and " +
                                       std::to_string(next->segment) + " overlap"};
    }
  }
  for (std::size_t i = 0; i < kLanes; ++i) {
    const SegmentLane& from = segment.lanes[i];
    Lane& to = lanes_[i];
    to.straggler_low = std::min(to.straggler_low, from.straggler_low);
    to.straggler_high = std::max(to.straggler_high, from.straggler_high);
    has_stragglers_ |= from.straggler_low <= from.straggler_high;
    if (!from.has_interval()) continue;
    to.intervals.insert(place_of(to, from), {from.above, from.up_to, segment.segment});
    to.high_water = to.intervals.back().up_to;
  }
  return Status::ok();
}

std::uint64_t HighWaterLanes::segment_of(const Lane& lane, u128 id) noexcept {
  const auto interval = std::partition_point(lane.intervals.begin(), lane.intervals.end(),
                                             [id](const Interval& candidate) { return candidate.up_to < id; });
  return interval != lane.intervals.end() && id > interval->above ? interval->segment : 0;
}

std::size_t HighWaterLanes::intervals() const noexcept {
  std::size_t sum = 0;
  for (const Lane& lane : lanes_) sum += lane.intervals.size();
  return sum;
}

}  // namespace florin::history
