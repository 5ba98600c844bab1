#pragma once

#include <atomic>
#include <cstdint>
#include <limits>
#include <vector>

#include "pipeline/batch_ring.hpp"
#include "pipeline/block_port.hpp"
#include "pipeline/snapshot_driver.hpp"
#include "runtime/pointer_ring.hpp"
#include "runtime/waker.hpp"

namespace florin::pipeline {

/// Gives the blocks of a batch back to their ports when it is durable and executed, in order, and not before; and blocks with queries,
/// in any order, when they are answered and what they tell is durable: the only way for a reply to leave.
/// Carried by whoever finishes a batch (executor, journal stage, snapshot writer) or looks for answers (I/O thread): one drains, the
/// others leave word and go.
class ReleaseGate {
 public:
  ReleaseGate(BatchRing& ring, const Ports& ports, SnapshotDriver& snapshots);

  /// Releases every batch that may leave and calls their I/O threads, but not `self`, who is going to look anyway.
  void drain(const BlockPort* self = nullptr) noexcept;

  /// Every query of the block was answered; it may leave when batch `answer_position` is durable. One thread at a time. Somebody else
  /// is then to drain().
  void add_answered(RequestBlock& block) noexcept;
  [[nodiscard]] bool has_answered() const noexcept { return !answered_.empty(); }
  /// Blocks that left so. Any thread.
  [[nodiscard]] std::uint64_t answers_released() const noexcept { return answers_released_.load(std::memory_order_acquire); }

  /// The journal failed at this position: from it on no outcome is known. Before publish_journalled(position).
  void fail_from(std::uint64_t position) noexcept { failed_from_.store(position, std::memory_order_release); }

  /// The sequencer found every slot in flight: call it when one is released. Ask for a slot once more after this.
  void call_sequencer() noexcept { sequencer_waits_.exchange(true, std::memory_order_acq_rel); }
  /// How to call it. Set before the engine runs.
  void set_sequencer_waker(runtime::Waker waker) noexcept { sequencer_waker_ = waker; }

 private:
  /// Whom to call once the gate is free again.
  struct Calls {
    std::uint64_t ports = 0;  ///< bit per port
    bool has_released_batch = false;
  };
  void drain_once(Calls& calls) noexcept;
  void release(Batch& batch, Calls& calls) noexcept;
  void release_answered(Calls& calls) noexcept;
  void release_snapshot_block(Calls& calls) noexcept;
  void hand_back(RequestBlock& block, Calls& calls) noexcept;
  void call(const Calls& calls, const BlockPort* self) noexcept;

  BatchRing& ring_;
  const Ports& ports_;
  SnapshotDriver& snapshots_;
  runtime::Waker sequencer_waker_;

  // The draining thread.
  Request* held_request_ = nullptr;  ///< waits for a snapshot, and its block with it
  RequestBlock* held_block_ = nullptr;
  std::vector<RequestBlock*> not_durable_;  ///< answered, but what they tell is not durable yet

  // Shared.
  runtime::PointerRing<RequestBlock> answered_;  ///< holds every block there is
  std::atomic<std::uint64_t> answers_released_{0};
  alignas(runtime::kCacheLineSize) std::atomic<std::uint32_t> calls_{0};  ///< calls of drain() not yet answered
  std::atomic<bool> sequencer_waits_{false};
  std::atomic<std::uint64_t> failed_from_{std::numeric_limits<std::uint64_t>::max()};
};

}  // namespace florin::pipeline
