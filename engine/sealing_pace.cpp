#include "sealing_pace.hpp"

#include <ctime>

namespace florin {
namespace {

constexpr std::uint64_t kPieceNs = 200'000;
constexpr std::uint64_t kPauseNs = 1'000'000;
constexpr std::uint32_t kIdlePauses = 5;

std::uint64_t now_ns(clockid_t clock) noexcept {
  timespec time{};
  clock_gettime(clock, &time);
  return static_cast<std::uint64_t>(time.tv_sec) * 1'000'000'000 + static_cast<std::uint64_t>(time.tv_nsec);
}

void sleep_ns(std::uint64_t ns) noexcept {
  const timespec time{.tv_sec = 0, .tv_nsec = static_cast<long>(ns)};
  nanosleep(&time, nullptr);
}

}  // namespace

void SealingPace::begin() noexcept {
  begin_ns_ = now_ns(CLOCK_THREAD_CPUTIME_ID);
  piece_ns_ = now_ns(CLOCK_MONOTONIC);
  idle_pauses_ = 0;
}

void SealingPace::end() noexcept { expected_ns_ = now_ns(CLOCK_THREAD_CPUTIME_ID) - begin_ns_; }

void SealingPace::breathe(std::uint64_t filled, std::uint64_t full) noexcept {
  if (now_ns(CLOCK_MONOTONIC) - piece_ns_ < kPieceNs) return;
  if (has_time(filled, full) && !is_alone(filled)) sleep_ns(kPauseNs);
  piece_ns_ = now_ns(CLOCK_MONOTONIC);
}

/// Done by the time that the next one is half full, at the speed of the last one.
bool SealingPace::has_time(std::uint64_t filled, std::uint64_t full) const noexcept {
  if (2 * filled >= full) return false;
  const double done = static_cast<double>(now_ns(CLOCK_THREAD_CPUTIME_ID) - begin_ns_);
  return done * static_cast<double>(full) >= 2.0 * static_cast<double>(expected_ns_) * static_cast<double>(filled);
}

bool SealingPace::is_alone(std::uint64_t filled) noexcept {
  idle_pauses_ = filled == filled_ ? idle_pauses_ + 1 : 0;
  filled_ = filled;
  return idle_pauses_ > kIdlePauses;
}

}  // namespace florin
