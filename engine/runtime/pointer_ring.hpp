#pragma once

#include <boost/lockfree/policies.hpp>
#include <boost/lockfree/spsc_queue.hpp>
#include <cstddef>

namespace florin::runtime {

/// Bounded ring of pointers from one thread to one other. Batches travel by pointer: passing 128-byte events one by one
/// would ping-pong their cache lines between the cores.
/// Writer: one thread at a time pushes, one thread at a time pops; whoever takes over a side must have synchronised with
/// the one before (an AgentToken does that). push() releases, pop() acquires.
template <typename T>
class PointerRing {
 public:
  explicit PointerRing(std::size_t capacity) : queue_(capacity) {}
  PointerRing(const PointerRing&) = delete;
  PointerRing& operator=(const PointerRing&) = delete;

  /// False when full.
  [[nodiscard]] bool push(T* item) noexcept { return queue_.push(item); }

  /// The oldest, or nullptr.
  [[nodiscard]] T* pop() noexcept {
    T* item = nullptr;
    return queue_.pop(item) ? item : nullptr;
  }

  /// The oldest without taking it, or nullptr. Popping side only.
  [[nodiscard]] T* front() noexcept { return queue_.read_available() == 0 ? nullptr : queue_.front(); }

  /// Exact for the popping side; a hint for anyone else.
  [[nodiscard]] std::size_t size() const noexcept { return queue_.read_available(); }
  [[nodiscard]] bool empty() const noexcept { return size() == 0; }

 private:
  boost::lockfree::spsc_queue<T*> queue_;
};

}  // namespace florin::runtime
