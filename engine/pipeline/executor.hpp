#pragma once

#include <cstdint>
#include <span>

#include "core/state_machine.hpp"
#include "pipeline/batch_ring.hpp"
#include "pipeline/query_stage.hpp"
#include "pipeline/snapshot_driver.hpp"
#include "runtime/clock.hpp"

namespace florin::pipeline {

/// Writes what the engine tells about itself. Called between two batches by the holder of the core token.
class StatusWriter {
 public:
  virtual ~StatusWriter() = default;
  /// Fills `area` with JSON text; returns its length.
  virtual std::uint32_t write_status(std::span<std::byte> area) = 0;
};

/// Executes batches on the state machine, while the journal stage writes them, answers what is about the engine itself, and hands
/// queries on to their stage.
/// Writer: the holder of the core token.
class Executor {
 public:
  /// `test_clock`: moved by clock_advance; nullptr: time is real and clock_advance is not permitted.
  Executor(BatchRing& ring, core::StateMachine& state_machine, SnapshotDriver& snapshots, QueryStage& queries, StatusWriter& status,
           const runtime::Clock& clock, runtime::TestClock* test_clock);

  /// The batch after the last one executed.
  void execute(Batch& batch) noexcept;

 private:
  void answer(Request& request) noexcept;

  BatchRing& ring_;
  core::StateMachine& state_machine_;
  SnapshotDriver& snapshots_;
  QueryStage& queries_;
  StatusWriter& status_;
  const runtime::Clock& clock_;
  runtime::TestClock* test_clock_;
};

}  // namespace florin::pipeline
