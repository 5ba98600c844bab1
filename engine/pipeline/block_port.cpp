#include "pipeline/block_port.hpp"

#include "pipeline/pipeline.hpp"
#include "runtime/check.hpp"

namespace florin::pipeline {

BlockPort::BlockPort(Pipeline& pipeline, const runtime::Clock& clock, std::uint32_t index, std::uint32_t block_count,
                     std::uint32_t query_block_count)
    : pipeline_(pipeline),
      clock_(clock),
      index_(index),
      memory_((block_count + query_block_count) * RequestBlock::memory_bytes()),
      submitted_(block_count + query_block_count),
      completed_(block_count + query_block_count) {
  const std::uint32_t count = block_count + query_block_count;
  blocks_.reserve(count);
  free_.reserve(block_count);
  free_for_queries_.reserve(query_block_count);
  for (std::uint32_t i = 0; i < count; ++i) {
    RequestBlock& block = blocks_.emplace_back(memory_.data() + i * RequestBlock::memory_bytes());
    block.owner = index;
    block.is_for_queries = i >= block_count;
  }
  for (std::uint32_t i = count; i-- > 0;) recycle(&blocks_[i]);
}

RequestBlock* BlockPort::take(std::vector<RequestBlock*>& free) noexcept {
  if (free.empty()) return nullptr;
  RequestBlock* block = free.back();
  free.pop_back();
  return block;
}

void BlockPort::submit(RequestBlock* block) noexcept {
  round_.bytes += block->body_bytes_used();
  round_.requests += block->request_count();
  FLORIN_CHECK(submitted_.push(block));
}

RequestBlock* BlockPort::completed() noexcept {
  RequestBlock* block = completed_.pop();
  if (block != nullptr) account(*block);
  return block;
}

void BlockPort::recycle(RequestBlock* block) noexcept {
  block->clear();
  (block->is_for_queries ? free_for_queries_ : free_).push_back(block);
}

bool BlockPort::run_inline() noexcept {
  // Cleared before looking: what is completed from here on calls again. Pairs with notify().
  notified_.exchange(false, std::memory_order_acq_rel);
  pipeline_.release_answers(this);
  if (submitted_.empty()) {
    is_handed_to_core_ = false;
  } else {
    pipeline_.carry(*this);
  }
  return !completed_.empty();
}

void BlockPort::complete(RequestBlock* block) noexcept { FLORIN_CHECK(completed_.push(block)); }

void BlockPort::notify() noexcept {
  if (!notified_.exchange(true, std::memory_order_acq_rel)) wake_();
}

void BlockPort::notify_if_waiting_for_turn() noexcept {
  if (waiting_for_turn_.exchange(false, std::memory_order_acq_rel)) notify();
}

BlockPort::Round BlockPort::take_round() noexcept {
  const Round round = round_;
  round_ = {};
  return round;
}

/// Turns the block's times into receipts and figures here, on the thread that is about to read every request anyway.
void BlockPort::account(RequestBlock& block) noexcept {
  const std::uint64_t now_ns = clock_.steady_ns();
  const BlockTiming& timing = block.timing;
  std::uint64_t refused = 0;
  for (Request& request : block.requests()) {
    if (block.outcome_unknown && request.reply.code == ReplyCode::kOk) {
      request.reply.code = ReplyCode::kInternal;
      request.reply.size = 0;
      request.reply.count = 0;
    }
    if (request.reply.code != ReplyCode::kOk) ++refused;
    if ((request.flags & RequestFlags::kLatencyReceipt) != 0) {
      request.receipt.queue_ns = timing.sequenced_ns - request.arrived_ns;
      request.receipt.execute_ns = timing.executed_ns - timing.sequenced_ns;
      request.receipt.durable_ns = (timing.durable_ns != 0 ? timing.durable_ns : now_ns) - timing.sequenced_ns;
    }
    latency_.record(now_ns > request.arrived_ns ? now_ns - request.arrived_ns : 0);
  }
  requests_.add(block.request_count());
  refused_.add(refused);
}

std::size_t block_count(const Ports& ports) noexcept {
  std::size_t count = 0;
  for (const auto& port : ports) count += port->block_count();
  return count;
}

}  // namespace florin::pipeline
