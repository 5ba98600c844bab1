#pragma once

#include <gtest/gtest.h>

#include "support/engine_under_test.hpp"
#include "support/memory_snapshot.hpp"

namespace florin::test {

/// A snapshot that is taken while requests go on, a step whenever the test says so. Writer: one test thread.
class OnlineSnapshot {
 public:
  explicit OnlineSnapshot(EngineUnderTest& engine) : machine_(engine.state_machine()) {
    header_.sequence = machine_.sequence();
    header_.timestamp = machine_.timestamp();
    header_.outcome_digest = machine_.outcome_digest();
    header_.state_hash = machine_.state_hash();
    header_.store_id = EngineUnderTest::kGenesis.store_id;
    header_.hash_seed = EngineUnderTest::kGenesis.hash_seed;
    machine_.begin_snapshot();
  }
  /// True when it is complete.
  bool step(std::size_t budget_bytes) {
    const auto sink = [&](ChunkKey key, std::span<const std::byte> bytes) { snapshot.put(key, bytes); };
    if (!copied_) {
      copied_ = machine_.snapshot_step(budget_bytes, sink);
      return false;
    }
    if (!machine_.snapshot_rows(sink)) return false;
    machine_.end_snapshot_rows();
    EXPECT_TRUE(machine_.snapshot_state_hash() == header_.state_hash) << "what was emitted is not the state at the beginning";
    snapshot.publish(header_);
    return true;
  }

  /// What it builds on is durable: it counts.
  [[nodiscard]] bool is_backed() const { return machine_.is_snapshot_backed(); }

  MemorySnapshot snapshot;

 private:
  core::StateMachine& machine_;
  SnapshotHeader header_;
  bool copied_ = false;
};

}  // namespace florin::test
