#pragma once

#include <atomic>
#include <cstdint>
#include <limits>

#include "runtime/cache_line.hpp"

namespace florin::runtime {

/// Lets one thread sleep until another has work for it. A permit, as in "unpark before park": an unpark() that comes first
/// makes the next park() return at once, so a wake-up cannot be lost. No system call unless a thread really sleeps.
/// Sleeper: one thread. Wakers: any.
class Parker {
 public:
  static constexpr std::uint64_t kForever = std::numeric_limits<std::uint64_t>::max();

  /// Sleeps until unpark(), or for `timeout_ns`. May return early; the caller looks for work again.
  void park(std::uint64_t timeout_ns = kForever) noexcept;

  /// Everything written before is visible to the thread that park() lets go.
  void unpark() noexcept {
    if (state_.exchange(kPermit, std::memory_order_acq_rel) == kAsleep) wake();
  }

 private:
  static constexpr std::uint32_t kEmpty = 0;
  static constexpr std::uint32_t kPermit = 1;
  static constexpr std::uint32_t kAsleep = 2;

  void wake() noexcept;

  alignas(kCacheLineSize) std::atomic<std::uint32_t> state_{kEmpty};
};

}  // namespace florin::runtime
