#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <utility>

#include "pipeline/replay_batch.hpp"
#include "record/batch_walk.hpp"

namespace florin::pipeline {

/// What replay does with the batches of a journal while record::walk() shows them: decodes and asks for hints beside the execution
/// of earlier ones, and executes in order. Start-up and replay only: live batches are decoded by the sequencer, and need no thread
/// of oneTBB to get through.
/// Writer: the walk's threads, each part of a slot as BatchVisitor says.
class ReplayVisitor final : public record::BatchVisitor {
 public:
  /// Executes one batch. In order, one at a time; not always on the same thread, but what one call wrote the next one sees.
  /// False: no more are wanted.
  using Execute = std::function<Result<bool>(const ReplayBatch&)>;

  /// `state_machine`: the one that executes; it is asked for hints where that is safe, and its page faults are taken ahead.
  /// `executed_number`: of the last batch that it has executed.
  ReplayVisitor(core::StateMachine& state_machine, std::uint64_t executed_number, Execute execute)
      : state_machine_(state_machine), execute_(std::move(execute)), executed_number_(executed_number) {}

  void announce(std::size_t slot, const record::BatchView& batch) override;
  void prepare(std::size_t slot, const record::BatchView& batch) override;
  Result<bool> take(std::size_t slot, const record::BatchView& batch) override;

 private:
  struct Slot {
    ReplayBatch batch;
    Status status;                  // of decoding
    std::uint64_t hints_after = 0;  // number of the newest batch up to this one that changes what hints look at
  };

  core::StateMachine& state_machine_;
  const Execute execute_;
  std::array<Slot, record::kWalkSlotsMax> slots_;
  std::uint64_t last_structural_ = 0;           // announce()
  std::atomic<std::uint64_t> executed_number_;  // release in take(), acquire in prepare()
};

}  // namespace florin::pipeline
