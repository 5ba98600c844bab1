#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "core/state_machine.hpp"
#include "pipeline/batch_ring.hpp"
#include "pipeline/block_port.hpp"
#include "pipeline/query_agent.hpp"
#include "pipeline/query_turns.hpp"
#include "pipeline/release_gate.hpp"
#include "runtime/clock.hpp"
#include "runtime/pointer_ring.hpp"

namespace florin::pipeline {

/// Answers queries off the path of writes: takes a block when the batch in front of its queries has been executed, so that they see
/// what their connection sent before; lets the readers answer them, sessions in turn; gives the block to the release gate, which
/// waits until what the answers tell is durable.
/// Readers run at a lower priority, so they hold nothing that the path of writes could have to wait for: see "Queries beside the path"
/// in design_notes.
/// Writers: the holder of the core token (take), the readers (the rest, under a lock that nobody else takes).
class QueryStage {
 public:
  /// As many readers as `reader_count` says, or none if the state machine answers queries itself.
  QueryStage(BatchRing& ring, const Ports& ports, core::StateMachine& state_machine, ReleaseGate& gate, const runtime::Clock& clock,
             std::uint32_t reader_count);

  [[nodiscard]] std::uint32_t reader_count() const noexcept { return static_cast<std::uint32_t>(agents_.size()); }
  [[nodiscard]] QueryAgent& agent(std::uint32_t index) noexcept { return *agents_[index]; }
  [[nodiscard]] const QueryAgent& agent(std::uint32_t index) const noexcept { return *agents_[index]; }
  /// How to call the readers, one each; who carries their tasks between batches; and who hears of each answer. Set before the engine runs.
  void set_wakers(std::vector<runtime::Waker> readers, runtime::Waker boundary, runtime::Waker answer);

  // Holder of the core token.
  /// The queries of a batch whose commands have been executed. Before publish_executed(): then they are never out of sight.
  void take(Batch& batch) noexcept;
  /// Carries what waits for the end of a batch. Between two batches.
  void serve_boundaries() noexcept;

  // Readers.
  QueryTurns::Query next() noexcept;
  /// One query of the block was answered, from what was executed up to `position`.
  void finish(RequestBlock& block, std::uint64_t position) noexcept;

  // Any thread.
  [[nodiscard]] bool has_boundaries() const noexcept;
  /// Blocks that wait for their answers, or to leave with them.
  [[nodiscard]] bool is_drained() const noexcept { return blocks_taken_.load(std::memory_order_acquire) == gate_.answers_released(); }
  /// Queries that wait for their turn: a hint.
  [[nodiscard]] std::uint64_t waiting_count() const noexcept {
    const std::uint64_t begun = queries_begun_.load(std::memory_order_relaxed);  // first: it never passes what came in
    return queries_taken_.load(std::memory_order_relaxed) - begun;
  }

 private:
  const Ports& ports_;
  ReleaseGate& gate_;
  const runtime::Clock& clock_;
  std::vector<std::unique_ptr<QueryAgent>> agents_;
  std::vector<runtime::Waker> reader_wakers_;

  // Readers, under the lock.
  std::mutex mutex_;
  QueryTurns turns_;

  // Shared.
  runtime::PointerRing<RequestBlock> taken_;  ///< core token -> readers; holds every block there is
  alignas(runtime::kCacheLineSize) std::atomic<std::uint64_t> blocks_taken_{0};
  std::atomic<std::uint64_t> queries_taken_{0};
  alignas(runtime::kCacheLineSize) std::atomic<std::uint64_t> queries_begun_{0};
};

}  // namespace florin::pipeline
