#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "core/state_machine.hpp"
#include "journal/memory_snapshot_store.hpp"
#include "journal/testing/faulty_journal.hpp"
#include "pipeline/pipeline.hpp"
#include "pipeline/recovery.hpp"
#include "runtime/clock.hpp"

namespace florin::sim {

/// What survives a node: its disk, its snapshots, and the time.
struct World {
  journal::MemoryDisk disk;
  journal::MemorySnapshotStore snapshots;
};

/// One life of a whole engine without its sockets: recovered from the world's disk, stepped by hand on one thread, with a
/// clock that only the test moves and a journal that fails as told.
/// Writer: one test thread.
class SimulatedNode {
 public:
  struct Options {
    std::function<std::unique_ptr<core::StateMachine>()> make_state_machine;
    journal::testing::JournalFaults faults;
    std::uint64_t utc_ns = 1;
    std::uint64_t snapshot_events = 0;
    std::uint32_t ports = 2;
  };

  /// Recovers; the errors are those of journal and recovery.
  static Result<std::unique_ptr<SimulatedNode>> start(World& world, const Options& options);

  /// The machine goes down, now.
  void crash() { journal_->crash(); }

  [[nodiscard]] pipeline::Pipeline& pipeline() { return *pipeline_; }
  [[nodiscard]] core::StateMachine& state_machine() { return *recovered_.state_machine; }
  [[nodiscard]] const pipeline::Recovered& recovered() const { return recovered_; }
  [[nodiscard]] journal::testing::FaultyJournal& journal() { return *journal_; }
  [[nodiscard]] runtime::TestClock& clock() { return clock_; }

 private:
  explicit SimulatedNode(std::uint64_t utc_ns) : clock_(utc_ns) {}

  // In the order of construction; the pipeline goes first.
  runtime::TestClock clock_;
  std::unique_ptr<journal::testing::FaultyJournal> journal_;
  pipeline::Recovered recovered_;
  std::unique_ptr<pipeline::Pipeline> pipeline_;
};

}  // namespace florin::sim
