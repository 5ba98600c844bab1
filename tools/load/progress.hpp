#pragma once

#include <cstdint>
#include <string>

#include "load/histogram.hpp"

namespace florin::load {

/// Shows how a run goes, on stderr: a bar that redraws itself on a terminal, a plain line a second elsewhere.
/// Writer: the load loop's thread.
class Progress {
 public:
  /// `events`: how many the run will settle, 0 if unknown; then `duration_ns` says how long it lasts.
  Progress(std::string name, std::uint64_t events, std::uint64_t duration_ns);

  /// `latency` may be nullptr: then there is nothing to say of it.
  void show(std::uint64_t now_ns, std::uint64_t events, const Histogram* latency = nullptr);
  /// Leaves the last state on the screen and ends the line.
  void finish();

 private:
  [[nodiscard]] double share(std::uint64_t now_ns, std::uint64_t events) const;

  const std::string name_;
  const std::uint64_t events_;
  const std::uint64_t duration_ns_;
  const bool terminal_;
  std::uint64_t begin_ns_ = 0;
  std::uint64_t last_ns_ = 0;
  std::uint64_t last_events_ = 0;
  bool shown_ = false;
};

/// "6.61 M/s", "812 k/s", "37 /s"
std::string rate_text(double per_second);

}  // namespace florin::load
