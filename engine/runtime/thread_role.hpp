#pragma once

#include <atomic>
#include <thread>

#include "runtime/check.hpp"

namespace florin::runtime {

/// Debug check that one thread, and only one, writes an object: the first caller becomes the writer for good. Costs nothing
/// in release builds. (What changes hands is guarded by an AgentToken instead.)
class ThreadRole {
 public:
  void assert_writer() noexcept {
#ifndef NDEBUG
    std::thread::id none;
    const std::thread::id self = std::this_thread::get_id();
    if (!writer_.compare_exchange_strong(none, self, std::memory_order_relaxed)) FLORIN_CHECK(none == self);
#endif
  }

 private:
#ifndef NDEBUG
  std::atomic<std::thread::id> writer_{};
#endif
};

}  // namespace florin::runtime
