#include "runtime/parker.hpp"

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdint>
#include <ctime>

namespace florin::runtime {
namespace {

constexpr std::uint64_t kNsPerSecond = 1'000'000'000;

std::uint32_t* word_of(std::atomic<std::uint32_t>& state) noexcept {
  static_assert(sizeof(std::atomic<std::uint32_t>) == sizeof(std::uint32_t));
  return reinterpret_cast<std::uint32_t*>(&state);
}

}  // namespace

void Parker::park(std::uint64_t timeout_ns) noexcept {
  std::uint32_t expected = kEmpty;
  if (!state_.compare_exchange_strong(expected, kAsleep, std::memory_order_acq_rel)) {
    state_.exchange(kEmpty, std::memory_order_acq_rel);  // there was a permit: take it
    return;
  }
  timespec timeout{};
  timeout.tv_sec = static_cast<std::time_t>(timeout_ns / kNsPerSecond);
  timeout.tv_nsec = static_cast<long>(timeout_ns % kNsPerSecond);
  // The kernel compares the word again under its own lock: an unpark() in between makes it return at once.
  ::syscall(SYS_futex, word_of(state_), FUTEX_WAIT_PRIVATE, kAsleep, timeout_ns == kForever ? nullptr : &timeout, nullptr, 0);
  state_.exchange(kEmpty, std::memory_order_acq_rel);
}

void Parker::wake() noexcept { ::syscall(SYS_futex, word_of(state_), FUTEX_WAKE_PRIVATE, 1, nullptr, nullptr, 0); }

}  // namespace florin::runtime
