#pragma once

#include <atomic>
#include <cstdint>
#include <limits>

#include "pipeline/batch_ring.hpp"
#include "pipeline/block_port.hpp"
#include "pipeline/snapshot_driver.hpp"
#include "runtime/waker.hpp"

namespace florin::pipeline {

/// Gives the blocks of a batch back to their ports when it is durable and executed, in order, and not before: the only way
/// for a reply to leave.
/// Carried by whoever finishes a batch (executor, journal stage, snapshot writer): one drains, the others leave word and go.
class ReleaseGate {
 public:
  ReleaseGate(BatchRing& ring, const Ports& ports, SnapshotDriver& snapshots);

  /// Releases every batch that may leave and calls their I/O threads, but not `self`, who is going to look anyway.
  void drain(const BlockPort* self = nullptr) noexcept;

  /// The journal failed at this position: from it on no outcome is known. Before publish_journalled(position).
  void fail_from(std::uint64_t position) noexcept { failed_from_.store(position, std::memory_order_release); }

  /// The sequencer found every slot in flight: call it when one is released. Ask for a slot once more after this.
  void call_sequencer() noexcept { sequencer_waits_.exchange(true, std::memory_order_acq_rel); }
  /// How to call it. Set before the engine runs.
  void set_sequencer_waker(runtime::Waker waker) noexcept { sequencer_waker_ = waker; }

 private:
  void drain_once(const BlockPort* self) noexcept;
  void release(Batch& batch) noexcept;
  void release_block(Batch& batch, RequestBlock& block) noexcept;
  void release_snapshot_block() noexcept;
  void hand_back(RequestBlock& block) noexcept;
  void call_ports(const BlockPort* self) noexcept;

  BatchRing& ring_;
  const Ports& ports_;
  SnapshotDriver& snapshots_;
  runtime::Waker sequencer_waker_;

  // The draining thread.
  std::uint64_t ports_to_call_ = 0;  ///< bit per port
  Request* held_request_ = nullptr;  ///< waits for a snapshot, and its block with it
  RequestBlock* held_block_ = nullptr;

  // Shared.
  alignas(runtime::kCacheLineSize) std::atomic<std::uint32_t> calls_{0};  ///< calls of drain() not yet answered
  std::atomic<bool> sequencer_waits_{false};
  std::atomic<std::uint64_t> failed_from_{std::numeric_limits<std::uint64_t>::max()};
};

}  // namespace florin::pipeline
