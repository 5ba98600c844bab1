#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <utility>

#include "core/state_machine.hpp"
#include "observe/counter.hpp"
#include "observe/histogram.hpp"
#include "pipeline/batch_ring.hpp"
#include "runtime/agent.hpp"
#include "runtime/cache_line.hpp"
#include "runtime/clock.hpp"
#include "runtime/parker.hpp"
#include "runtime/waker.hpp"

namespace florin::pipeline {

class QueryStage;

/// Answers queries, one in each step, on a thread of its own. Unlike other agents it waits inside a step: for the disk, and for the
/// core to come to the end of a batch (where no core thread runs, a free core token is taken at once instead).
/// Writer: its thread. serve_boundary(): the holder of the core token. Counters: any thread.
class QueryAgent final : public runtime::Agent, private core::BatchBoundary {
 public:
  QueryAgent(QueryStage& stage, BatchRing& ring, std::unique_ptr<core::QueryReader> reader, const runtime::Clock& clock)
      : stage_(stage), ring_(ring), reader_(std::move(reader)), clock_(clock) {}

  int do_work() noexcept override;

  /// Carries the task that waits for the end of a batch, if one does. Between two batches.
  void serve_boundary() noexcept;
  [[nodiscard]] bool waits_for_boundary() const noexcept { return task_.load(std::memory_order_acquire) != nullptr; }

  /// Who has the task carried: see Pipeline::carry_boundary(). Set before the engine runs.
  void set_boundary_waker(runtime::Waker waker) noexcept { boundary_waker_ = waker; }
  /// Whom it tells that it has answered, and reads no more what it saw: see Pipeline::note_answered(). Set before the engine runs.
  void set_answer_waker(runtime::Waker waker) noexcept { answer_waker_ = waker; }

  struct Counters {
    observe::Counter answered;
    observe::Histogram time_ns;  ///< from its turn to its answer
  };
  [[nodiscard]] const Counters& counters() const noexcept { return counters_; }

 private:
  void run(core::BoundaryTask& task) noexcept override;
  std::uint64_t answer(Request& request) noexcept;

  QueryStage& stage_;
  BatchRing& ring_;
  const std::unique_ptr<core::QueryReader> reader_;
  const runtime::Clock& clock_;
  runtime::Waker boundary_waker_;
  runtime::Waker answer_waker_;
  Counters counters_;

  // Between the reader and the holder of the core token.
  alignas(runtime::kCacheLineSize) std::atomic<core::BoundaryTask*> task_{nullptr};  ///< set by the reader, cleared when it has run
  std::uint64_t boundary_position_ = 0;  ///< executed when it ran; 0: none ran for this query. Handed over by `task_`
  runtime::Parker parker_;
};

}  // namespace florin::pipeline
