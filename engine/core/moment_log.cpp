#include "core/moment_log.hpp"

#include <algorithm>

namespace florin::core {

void MomentLog::record(const Moment& last, std::uint64_t count) noexcept {
  if (runs_.size() != 0) {
    Run& newest = runs_[runs_.size() - 1];
    if (last.timestamp - newest.last.timestamp == count) {
      newest.last = last;
      newest.count += count;
      return;
    }
  }
  runs_.push({.last = last, .count = count});
}

void MomentLog::begin_at(const Moment& last) noexcept {
  runs_.truncate(0);
  runs_.push({.last = last, .count = 1});
}

std::optional<Moment> MomentLog::of_sequence(std::uint64_t sequence) const noexcept {
  return find(sequence, [](const Moment& moment) { return moment.sequence; });
}

std::optional<Moment> MomentLog::of_timestamp(std::uint64_t timestamp) const noexcept {
  return find(timestamp, [](const Moment& moment) { return moment.timestamp; });
}

template <typename Field>
std::optional<Moment> MomentLog::find(std::uint64_t wanted, Field&& field) const noexcept {
  const Run* begin = runs_.data();
  const Run* end = begin + runs_.size();
  const Run* run = std::partition_point(begin, end, [&](const Run& candidate) { return field(candidate.last) < wanted; });
  if (run != end) {
    const std::uint64_t back = field(run->last) - wanted;
    if (back < run->count) return Moment{.sequence = run->last.sequence - back, .timestamp = run->last.timestamp - back};
  }
  if (run == begin) return std::nullopt;
  return (run - 1)->last;
}

}  // namespace florin::core
