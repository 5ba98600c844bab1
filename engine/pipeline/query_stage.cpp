#include "pipeline/query_stage.hpp"

#include <algorithm>
#include <utility>

#include "runtime/check.hpp"

namespace florin::pipeline {

QueryStage::QueryStage(BatchRing& ring, const Ports& ports, core::StateMachine& state_machine, ReleaseGate& gate,
                       const runtime::Clock& clock, std::uint32_t reader_count)
    : ports_(ports), gate_(gate), clock_(clock), taken_(block_count(ports)) {
  for (std::uint32_t i = 0; i < reader_count; ++i) {
    auto reader = state_machine.make_query_reader();
    if (reader == nullptr) return;
    agents_.push_back(std::make_unique<QueryAgent>(*this, ring, std::move(reader), clock));
  }
}

void QueryStage::set_wakers(std::vector<runtime::Waker> readers, runtime::Waker boundary, runtime::Waker answer) {
  reader_wakers_ = std::move(readers);
  for (const auto& agent : agents_) {
    agent->set_boundary_waker(boundary);
    agent->set_answer_waker(answer);
  }
}

void QueryStage::take(Batch& batch) noexcept {
  if (batch.query_count == 0) return;
  const std::uint32_t end = batch.block_count + batch.query_block_count;
  blocks_taken_.store(blocks_taken_.load(std::memory_order_relaxed) + batch.query_block_count, std::memory_order_release);
  queries_taken_.store(queries_taken_.load(std::memory_order_relaxed) + batch.query_count, std::memory_order_relaxed);
  for (std::uint32_t i = batch.block_count; i < end; ++i) {
    RequestBlock& block = *batch.blocks[i];
    block.answer_position = batch.position;
    block.timing = {batch.sequenced_ns, 0, 0};
    FLORIN_CHECK(taken_.push(&block));
  }
  for (const runtime::Waker& waker : reader_wakers_) waker();
}

void QueryStage::serve_boundaries() noexcept {
  for (const auto& agent : agents_) agent->serve_boundary();
}

bool QueryStage::has_boundaries() const noexcept {
  return std::any_of(agents_.begin(), agents_.end(), [](const auto& agent) { return agent->waits_for_boundary(); });
}

QueryTurns::Query QueryStage::next() noexcept {
  const std::lock_guard lock(mutex_);
  while (RequestBlock* block = taken_.pop()) turns_.add(*block);
  const QueryTurns::Query query = turns_.next();
  if (query.request != nullptr) queries_begun_.store(queries_begun_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  return query;
}

void QueryStage::finish(RequestBlock& block, std::uint64_t position) noexcept {
  BlockPort& port = *ports_[block.owner];
  {
    const std::lock_guard lock(mutex_);
    block.answer_position = std::max(block.answer_position, position);
    if (--block.queries_open > 0) return;
    block.timing.executed_ns = clock_.steady_ns();
    gate_.add_answered(block);  // nobody's here any more
  }
  port.notify();  // its thread drains the gate
}

}  // namespace florin::pipeline
