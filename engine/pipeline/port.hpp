#pragma once

#include <cstdint>

#include "pipeline/request_block.hpp"

namespace florin::pipeline {

/// An I/O thread's door to the engine: empty blocks out, full blocks in, finished blocks back. One port per I/O thread; every
/// method is called by that thread only. All queues are bounded by the number of blocks of the port, so nothing can overflow.
/// A block comes back as a whole, and one with queries (is_answered_beside()) when the last of them is answered: who mixes them with other
/// requests, or queries of several sessions, makes these wait.
class Port {
 public:
  virtual ~Port() = default;

  /// An empty block, or nullptr when all are in use: then the session stops reading its socket (back-pressure).
  virtual RequestBlock* acquire() noexcept = 0;
  /// The same from blocks of their own, so that queries cannot take those that writes need, nor the reverse.
  virtual RequestBlock* acquire_for_queries() noexcept = 0;
  [[nodiscard]] virtual bool has_block_for_queries() const noexcept = 0;
  /// Hands a filled block to the sequencer. Never fails. Wakes no one by itself: see run_inline().
  virtual void submit(RequestBlock* block) noexcept = 0;
  /// A block whose replies may leave (durable and applied or answered), or nullptr. The caller encodes the replies and then recycles it.
  virtual RequestBlock* completed() noexcept = 0;
  virtual void recycle(RequestBlock* block) noexcept = 0;

  /// Called once after each round of socket work. At low load it carries the submitted requests through sequencer, state
  /// machine and journal on the calling thread (no hop is paid); otherwise it wakes the threads that will. Returns true if
  /// completed() may have something now.
  virtual bool run_inline() noexcept = 0;

  /// Called by another thread when completed() has something for a sleeping I/O thread. Must be callable from any thread, cheap
  /// and idempotent (an eventfd write). Set once before the engine starts.
  virtual void set_wake(void (*wake)(void* context), void* context) noexcept = 0;
};

}  // namespace florin::pipeline
