#include "runtime/clock.hpp"

#include <ctime>

namespace florin::runtime {
namespace {

std::uint64_t read(clockid_t clock) noexcept {
  timespec time{};
  clock_gettime(clock, &time);
  return static_cast<std::uint64_t>(time.tv_sec) * 1'000'000'000 + static_cast<std::uint64_t>(time.tv_nsec);
}

}  // namespace

std::uint64_t SystemClock::steady_ns() const noexcept { return read(CLOCK_MONOTONIC); }
std::uint64_t SystemClock::utc_ns() const noexcept { return read(CLOCK_REALTIME); }

}  // namespace florin::runtime
