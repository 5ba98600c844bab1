#pragma once

#include <atomic>
#include <thread>

#include "runtime/cache_line.hpp"
#include "runtime/check.hpp"

namespace florin::runtime {

/// The right to carry an agent. Held by one thread at a time; whoever acquires it sees everything the last holder wrote, so
/// an agent's state stays "one writer" although threads take turns. This is how an I/O thread carries a request all the way
/// at low load, without a hop.
///
/// No work may be forgotten when try_acquire() fails: publish the work, then try; the holder releases, then looks for work.
/// Both are read-modify-writes of one word, so either the trier gets the token or the holder sees the work.
class AgentToken {
 public:
  [[nodiscard]] bool try_acquire() noexcept {
    // No look before: the exchange itself is what makes published work visible to the holder's release().
    if (held_.exchange(true, std::memory_order_acq_rel)) return false;
#ifndef NDEBUG
    owner_.store(std::this_thread::get_id(), std::memory_order_relaxed);
#endif
    return true;
  }

  /// Look for work once more after this, and hand it on if there is some.
  void release() noexcept {
    assert_held();
#ifndef NDEBUG
    owner_.store(std::thread::id(), std::memory_order_relaxed);
#endif
    held_.exchange(false, std::memory_order_acq_rel);
  }

  /// Debug builds: the calling thread holds the token (the single-writer check of what it guards).
  void assert_held() const noexcept {
#ifndef NDEBUG
    FLORIN_CHECK(owner_.load(std::memory_order_relaxed) == std::this_thread::get_id());
#endif
  }

 private:
  alignas(kCacheLineSize) std::atomic<bool> held_{false};
#ifndef NDEBUG
  std::atomic<std::thread::id> owner_{};
#endif
};

}  // namespace florin::runtime
