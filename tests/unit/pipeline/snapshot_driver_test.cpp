#include "pipeline/snapshot_driver.hpp"

#include <gtest/gtest.h>

#include "memory_snapshots.hpp"
#include "pipeline_fixture.hpp"

namespace florin::pipeline {
namespace {

class SnapshotTest : public testing::Test {
 protected:
  SnapshotTest() { bench.start(); }

  void write(std::uint32_t events = 1) {
    bench.submit(Operation::kCreateTransfers, events);
    bench.settle();
    bench.port().recycle(bench.port().completed());
  }
  const Request& ask() {
    RequestBlock* block = bench.submit(Operation::kSnapshot, 0);
    return block->requests()[0];
  }

  MemorySnapshots store;
  PipelineBench bench{1, &store};
};

TEST_F(SnapshotTest, RequestIsAnsweredWhenPublished) {
  write(4);
  const Request& request = ask();
  bench.pipeline->core_agent().do_work();
  bench.pipeline->journal_agent().do_work();
  EXPECT_EQ(bench.port().completed(), nullptr);
  EXPECT_TRUE(store.published.empty());
  bench.settle();
  EXPECT_NE(bench.port().completed(), nullptr);
  EXPECT_EQ(request.reply.code, ReplyCode::kOk);
  ASSERT_EQ(store.published.size(), 1U);
  const auto& [sequence, snapshot] = *store.published.begin();
  EXPECT_EQ(sequence, 5U);
  EXPECT_EQ(snapshot.header.sequence, 5U);
  EXPECT_EQ(snapshot.header.timestamp, bench.machine.timestamp());
  EXPECT_EQ(snapshot.header.store_id, u128{77});
  EXPECT_EQ(snapshot.header.state_hash, bench.machine.state_hash());
  EXPECT_EQ(snapshot.header.outcome_digest, bench.machine.outcome_digest());
  EXPECT_EQ(snapshot.header.batch_number, 2U);
  EXPECT_EQ(snapshot.header.batch_checksum, bench.journal.view(1).header().checksum);
  EXPECT_EQ(snapshot.chunks.size(), bench.machine.chunk_count);
}

/// Found by review: a new server asked for a snapshot at once.
TEST_F(SnapshotTest, OfAStoreWithoutARowIsPublished) {
  bench.machine.chunk_count = 0;
  const Request& request = ask();
  bench.settle();
  EXPECT_EQ(request.reply.code, ReplyCode::kOk);
  ASSERT_EQ(store.published.size(), 1U);
  EXPECT_TRUE(store.published.begin()->second.chunks.empty());
}

TEST_F(SnapshotTest, BegunOnAnIoThreadTheCoreThreadCopies) {
  int core_calls = 0;
  bench.pipeline->set_wakers({.core = {[](void* n) { ++*static_cast<int*>(n); }, &core_calls},
                              .journal = {}, .snapshot = {}, .tidy = {}, .failure = {}});
  ask();
  bench.port().run_inline();
  EXPECT_EQ(bench.machine.snapshots_begun, 1);
  EXPECT_GE(core_calls, 1);
}

TEST_F(SnapshotTest, IsNotPublishedBeforeItsBatchIsDurable) {
  RequestBlock* block = bench.port().acquire();
  PipelineBench::add(*block, Operation::kCreateTransfers);
  PipelineBench::add(*block, Operation::kSnapshot, 0);
  bench.port().submit(block);
  for (int i = 0; i < 100; ++i) {
    bench.pipeline->core_agent().do_work();
    bench.pipeline->snapshot_agent().do_work();
  }
  EXPECT_TRUE(store.published.empty());
  bench.settle();
  EXPECT_EQ(store.published.size(), 1U);
}

TEST_F(SnapshotTest, WritesGoOnMeanwhileAndBelongToTheRecordsAfterIt) {
  ask();
  bench.pipeline->core_agent().do_work();
  bench.submit(Operation::kCreateTransfers, 3);
  bench.settle();
  EXPECT_EQ(store.published.begin()->first, 1U);
  EXPECT_EQ(store.published.begin()->second.header.batch_number, 1U);
  EXPECT_EQ(bench.machine.sequence(), 4U);
}

TEST_F(SnapshotTest, ASecondOneMeanwhileIsBusy) {
  ask();
  bench.pipeline->core_agent().do_work();
  const Request& second = ask();
  bench.settle();
  EXPECT_EQ(second.reply.code, ReplyCode::kBusy);
  const Request& third = ask();
  bench.settle();
  EXPECT_EQ(third.reply.code, ReplyCode::kOk);
}

TEST_F(SnapshotTest, KeepsTheNewestTwo) {
  for (int i = 0; i < 4; ++i) {
    write();
    ask();
    bench.settle();
    bench.port().recycle(bench.port().completed());
  }
  EXPECT_EQ(*store.list(), (std::vector<std::uint64_t>{5, 4}));
}

TEST_F(SnapshotTest, FailureToWriteIsAnsweredAndLeavesNothing) {
  store.put_status = Status(ErrorKind::kIo, "disk full");
  const Request& request = ask();
  bench.settle();
  EXPECT_NE(bench.port().completed(), nullptr);
  EXPECT_EQ(request.reply.code, ReplyCode::kDiskFull);
  EXPECT_TRUE(store.published.empty());
  EXPECT_EQ(store.unpublished, 1);
  EXPECT_EQ(bench.machine.snapshots_abandoned, 1);
  // The next one works.
  store.put_status = {};
  const Request& again = ask();
  bench.settle();
  EXPECT_EQ(again.reply.code, ReplyCode::kOk);
}

TEST_F(SnapshotTest, FailureToPublishIsAnswered) {
  store.publish_status = Status(ErrorKind::kIo, "disk full");
  const Request& request = ask();
  bench.settle();
  EXPECT_EQ(request.reply.code, ReplyCode::kDiskFull);
  EXPECT_EQ(store.unpublished, 1);
}

TEST_F(SnapshotTest, JournalFailureEndsItUnpublished) {
  bench.journal.commit_status = Status(ErrorKind::kIo, "gone");
  RequestBlock* block = bench.port().acquire();
  PipelineBench::add(*block, Operation::kCreateTransfers);
  PipelineBench::add(*block, Operation::kSnapshot, 0);
  bench.port().submit(block);
  bench.settle();
  EXPECT_EQ(bench.port().completed(), block);
  EXPECT_TRUE(store.published.empty());
  EXPECT_EQ(bench.machine.snapshots_abandoned, 1);
}

TEST(SnapshotWithoutStoreTest, IsNotPermitted) {
  PipelineBench bench;
  bench.start();
  RequestBlock* block = bench.submit(Operation::kSnapshot, 0);
  bench.settle();
  EXPECT_EQ(block->requests()[0].reply.code, ReplyCode::kNotPermitted);
}

TEST(PeriodicSnapshotTest, IsTakenEverySoManyEvents) {
  MemorySnapshots store;
  PipelineBench bench(1, &store);
  bench.options.snapshots.events_between = 100;
  bench.start();
  for (int i = 0; i < 25; ++i) {
    bench.submit(Operation::kCreateTransfers, 10);
    bench.settle();
    bench.port().recycle(bench.port().completed());
  }
  EXPECT_EQ(bench.machine.snapshots_begun, 2);
  EXPECT_EQ(store.published.size(), 2U);
}

}  // namespace
}  // namespace florin::pipeline
