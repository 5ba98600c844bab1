#include "pipeline/release_gate.hpp"

#include <algorithm>

#include "runtime/check.hpp"

namespace florin::pipeline {
namespace {
constexpr std::size_t kPortsMax = 64;
}

ReleaseGate::ReleaseGate(BatchRing& ring, const Ports& ports, SnapshotDriver& snapshots)
    : ring_(ring), ports_(ports), snapshots_(snapshots) {
  FLORIN_CHECK(ports.size() <= kPortsMax);
}

void ReleaseGate::drain(const BlockPort* self) noexcept {
  // Whoever finds a drain going on only counts itself in: the drainer sees the count and looks again. Every change of the
  // count is acquire and release, so the gate's own fields and the rings' pushing sides pass from drainer to drainer.
  if (calls_.fetch_add(1, std::memory_order_acq_rel) != 0) return;
  std::uint32_t answered = 1;
  for (;;) {
    drain_once(self);
    if (calls_.compare_exchange_strong(answered, 0, std::memory_order_acq_rel)) return;
  }
}

void ReleaseGate::drain_once(const BlockPort* self) noexcept {
  const std::uint64_t end = std::min(ring_.executed(), ring_.journalled());
  std::uint64_t position = ring_.released();
  const bool any = position < end;
  for (++position; position <= end; ++position) {
    release(ring_.at(position));
    ring_.publish_released(position);
  }
  release_snapshot_block();
  call_ports(self);
  if (!any) return;
  for (const auto& port : ports_) {
    if (port.get() != self) port->notify_if_waiting_for_turn();
  }
  if (sequencer_waits_.exchange(false, std::memory_order_acq_rel)) sequencer_waker_();
}

void ReleaseGate::release(Batch& batch) noexcept {
  const bool failed = batch.position >= failed_from_.load(std::memory_order_acquire);
  if (batch.starts_snapshot) {
    if (failed) {
      snapshots_.cancel();
    } else {
      snapshots_.set_chain_end(batch.number, batch.checksum);
    }
    if (batch.snapshot_request != nullptr) {
      held_request_ = batch.snapshot_request;
      held_block_ = batch.snapshot_block;
    }
  }
  for (std::uint32_t i = 0; i < batch.block_count; ++i) {
    RequestBlock& block = *batch.blocks[i];
    block.outcome_unknown = failed;
    block.timing = {batch.sequenced_ns, batch.executed_ns, batch.durable_ns};
    if (&block != held_block_) hand_back(block);
  }
}

void ReleaseGate::release_snapshot_block() noexcept {
  if (held_block_ == nullptr) return;
  const SnapshotDriver::Progress progress = snapshots_.progress();
  if (progress == SnapshotDriver::Progress::kRunning) return;
  held_request_->reply.code = snapshots_.reply_code();
  RequestBlock& block = *held_block_;
  held_request_ = nullptr;
  held_block_ = nullptr;
  hand_back(block);
}

void ReleaseGate::hand_back(RequestBlock& block) noexcept {
  ports_[block.owner]->complete(&block);
  ports_to_call_ |= std::uint64_t{1} << block.owner;
}

void ReleaseGate::call_ports(const BlockPort* self) noexcept {
  for (const auto& port : ports_) {
    const bool call = (ports_to_call_ >> port->index() & 1) != 0;
    if (call && port.get() != self) port->notify();
  }
  ports_to_call_ = 0;
}

}  // namespace florin::pipeline
