#include "pipeline/release_gate.hpp"

#include <algorithm>
#include <cstring>
#include <string_view>

#include "runtime/check.hpp"

namespace florin::pipeline {
namespace {
constexpr std::size_t kPortsMax = 64;
}

ReleaseGate::ReleaseGate(BatchRing& ring, const Ports& ports, SnapshotDriver& snapshots)
    : ring_(ring), ports_(ports), snapshots_(snapshots), answered_(std::max<std::size_t>(block_count(ports), 1)) {
  FLORIN_CHECK(ports.size() <= kPortsMax);
  not_durable_.reserve(block_count(ports));
}

void ReleaseGate::add_answered(RequestBlock& block) noexcept { FLORIN_CHECK(answered_.push(&block)); }

void ReleaseGate::drain(const BlockPort* self) noexcept {
  // Whoever finds a drain going on only counts itself in: the drainer sees the count and looks again. Every change of the
  // count is acquire and release, so the gate's own fields and the rings' pushing sides pass from drainer to drainer.
  if (calls_.fetch_add(1, std::memory_order_acq_rel) != 0) return;
  std::uint32_t answered = 1;
  Calls calls;
  do {
    drain_once(calls);
  } while (!calls_.compare_exchange_strong(answered, 0, std::memory_order_acq_rel));
  // Only now: whoever is called may take our processor, and nobody could drain while we wait for it.
  call(calls, self);
}

void ReleaseGate::drain_once(Calls& calls) noexcept {
  const std::uint64_t end = std::min(ring_.executed(), ring_.journalled());
  std::uint64_t position = ring_.released();
  calls.has_released_batch |= position < end;
  for (++position; position <= end; ++position) {
    release(ring_.at(position), calls);
    ring_.publish_released(position);
  }
  release_answered(calls);
  release_snapshot_block(calls);
}

void ReleaseGate::release(Batch& batch, Calls& calls) noexcept {
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
    if (&block != held_block_) hand_back(block, calls);
  }
}

void ReleaseGate::release_answered(Calls& calls) noexcept {
  while (RequestBlock* block = answered_.pop()) not_durable_.push_back(block);
  const std::uint64_t journalled = ring_.journalled();
  const std::uint64_t failed_from = failed_from_.load(std::memory_order_acquire);  // after: it was set before that was published
  const auto durable =
      std::partition(not_durable_.begin(), not_durable_.end(), [&](const auto* block) { return block->answer_position > journalled; });
  for (auto next = durable; next != not_durable_.end(); ++next) {
    RequestBlock& block = **next;
    block.outcome_unknown = block.answer_position >= failed_from;
    hand_back(block, calls);
  }
  const auto count = static_cast<std::uint64_t>(not_durable_.end() - durable);
  not_durable_.erase(durable, not_durable_.end());
  answers_released_.store(answers_released_.load(std::memory_order_relaxed) + count, std::memory_order_release);
}

void ReleaseGate::release_snapshot_block(Calls& calls) noexcept {
  if (held_block_ == nullptr) return;
  const SnapshotDriver::Progress progress = snapshots_.progress();
  if (progress == SnapshotDriver::Progress::kRunning) return;
  core::ReplyArea& reply = held_request_->reply;
  reply.code = SnapshotDriver::reply_code_of(progress);
  if (reply.code != ReplyCode::kOk) {
    const std::string_view text = SnapshotDriver::reply_text_of(progress);
    reply.size = std::min(reply.capacity, static_cast<std::uint32_t>(text.size()));
    std::memcpy(reply.data, text.data(), reply.size);
  }
  RequestBlock& block = *held_block_;
  held_request_ = nullptr;
  held_block_ = nullptr;
  hand_back(block, calls);
}

void ReleaseGate::hand_back(RequestBlock& block, Calls& calls) noexcept {
  ports_[block.owner]->complete(&block);
  calls.ports |= std::uint64_t{1} << block.owner;
}

void ReleaseGate::call(const Calls& calls, const BlockPort* self) noexcept {
  for (const auto& port : ports_) {
    if (port.get() == self) continue;
    if ((calls.ports >> port->index() & 1) != 0) port->notify();
    if (calls.has_released_batch) port->notify_if_waiting_for_turn();
  }
  if (calls.has_released_batch && sequencer_waits_.exchange(false, std::memory_order_acq_rel)) sequencer_waker_();
}

}  // namespace florin::pipeline
