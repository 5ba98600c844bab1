#include "load/progress.hpp"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <utility>

#include <fmt/format.h>

namespace florin::load {
namespace {

constexpr std::uint64_t kPlainLineNs = 1'000'000'000;
constexpr std::size_t kBarCells = 30;

}  // namespace

std::string rate_text(double per_second) {
  if (per_second >= 1e6) return fmt::format("{:.2f} M/s", per_second / 1e6);
  if (per_second >= 1e3) return fmt::format("{:.1f} k/s", per_second / 1e3);
  return fmt::format("{:.0f} /s", per_second);
}

Progress::Progress(std::string name, std::uint64_t events, std::uint64_t duration_ns)
    : name_(std::move(name)), events_(events), duration_ns_(duration_ns), terminal_(::isatty(STDERR_FILENO) == 1) {}

double Progress::share(std::uint64_t now_ns, std::uint64_t events) const {
  const double done = events_ != 0 ? static_cast<double>(events) / static_cast<double>(events_)
                      : duration_ns_ != 0 ? static_cast<double>(now_ns - begin_ns_) / static_cast<double>(duration_ns_)
                                          : 0;
  return std::min(done, 1.0);
}

void Progress::show(std::uint64_t now_ns, std::uint64_t events, const Histogram* latency) {
  if (begin_ns_ == 0) begin_ns_ = last_ns_ = now_ns;
  const std::uint64_t pause_ns = now_ns - last_ns_;
  if (!terminal_ && pause_ns < kPlainLineNs) return;
  const std::uint64_t before = std::min(last_events_, events);  // the count starts again after a warm-up
  const double rate = pause_ns == 0 ? 0 : static_cast<double>(events - before) * 1e9 / static_cast<double>(pause_ns);
  last_ns_ = now_ns;
  last_events_ = events;
  const double done = share(now_ns, events);
  auto text = fmt::format("{:3.0f} %  {:>10}", done * 100, rate_text(rate));
  if (latency != nullptr) {
    text += fmt::format("  p50 {:.2f} ms  p99 {:.2f} ms", static_cast<double>(latency->percentile_ns(0.5)) / 1e6,
                        static_cast<double>(latency->percentile_ns(0.99)) / 1e6);
  }
  if (terminal_) {
    const auto full = static_cast<std::size_t>(done * kBarCells);
    const auto line = fmt::format("\r{} [{}{}] {}\x1b[K", name_, std::string(full, '#'), std::string(kBarCells - full, '.'), text);
    std::fputs(line.c_str(), stderr);
  } else {
    std::fputs(fmt::format("{}: {}\n", name_, text).c_str(), stderr);
  }
  std::fflush(stderr);
  shown_ = true;
}

void Progress::finish() {
  if (terminal_ && shown_) std::fputs("\n", stderr);
  shown_ = false;
}

}  // namespace florin::load
