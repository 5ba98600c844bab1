#include "pipeline/release_gate.hpp"

#include <gtest/gtest.h>

#include "pipeline_fixture.hpp"

namespace florin::pipeline {
namespace {

/// The gate alone: the test plays executor and journal stage.
class ReleaseGateTest : public testing::Test, public PipelineBench {
 protected:
  ReleaseGateTest() {
    start();
    ports.push_back(std::make_unique<BlockPort>(*pipeline, clock, 0, 4));
    for (std::uint64_t position = 1; position <= 3; ++position) {
      Batch& batch = ring.at(position);
      batch.position = position;
      batch.block_count = 1;
      batch.blocks[0] = ports[0]->acquire();
      add(*batch.blocks[0], Operation::kCreateTransfers, 1, position);
    }
    ring.publish_sequenced(3);
  }
  RequestBlock* released() { return ports[0]->completed(); }

  BatchRing ring;
  Ports ports;
  SnapshotDriver snapshots{{}, machine, 1, 2};
  ReleaseGate gate{ring, ports, snapshots};
};

TEST_F(ReleaseGateTest, DurableButNotExecutedStays) {
  ring.publish_journalled(1);
  gate.drain();
  EXPECT_EQ(released(), nullptr);
  EXPECT_EQ(ring.released(), 0U);
}

TEST_F(ReleaseGateTest, ExecutedButNotDurableStays) {
  ring.publish_executed(3);
  gate.drain();
  EXPECT_EQ(released(), nullptr);
}

TEST_F(ReleaseGateTest, LeavesUpToTheSlowerOfTheTwoInOrder) {
  ring.publish_executed(2);
  ring.publish_journalled(3);
  gate.drain();
  EXPECT_EQ(released()->requests()[0].request, 1U);
  EXPECT_EQ(released()->requests()[0].request, 2U);
  EXPECT_EQ(released(), nullptr);
  EXPECT_EQ(ring.released(), 2U);
  ring.publish_executed(3);
  gate.drain();
  EXPECT_EQ(released()->requests()[0].request, 3U);
}

TEST_F(ReleaseGateTest, FromTheFailedBatchOnNoOutcomeIsKnown) {
  gate.fail_from(2);
  ring.publish_executed(3);
  ring.publish_journalled(3);
  gate.drain();
  EXPECT_EQ(released()->requests()[0].reply.code, ReplyCode::kOk);
  EXPECT_EQ(released()->requests()[0].reply.code, ReplyCode::kInternal);
  EXPECT_EQ(released()->requests()[0].reply.code, ReplyCode::kInternal);
}

TEST_F(ReleaseGateTest, CallsTheSequencerOnlyIfItWaits) {
  int calls = 0;
  gate.set_sequencer_waker({[](void* n) { ++*static_cast<int*>(n); }, &calls});
  ring.publish_executed(3);
  ring.publish_journalled(1);
  gate.drain();
  EXPECT_EQ(calls, 0);
  gate.call_sequencer();
  gate.drain();
  EXPECT_EQ(calls, 0);  // nothing was released
  ring.publish_journalled(2);
  gate.drain();
  EXPECT_EQ(calls, 1);
}

}  // namespace
}  // namespace florin::pipeline
