#include "pipeline/snapshot_driver.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "florin/engine_id.hpp"
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

/// Found by review: a snapshot waited for ever while the disk was full, and SIGTERM waited with it.
TEST_F(SnapshotTest, FailsWhenWhatItBuildsOnCannotBeSealed) {
  bench.machine.is_backed = false;
  const Request& request = ask();
  bench.settle();
  EXPECT_EQ(bench.port().completed(), nullptr) << "sealing is under way";
  bench.machine.fails_to_seal = true;
  bench.pipeline->note_sealed();
  bench.settle();
  EXPECT_NE(bench.port().completed(), nullptr);
  EXPECT_EQ(request.reply.code, ReplyCode::kDiskFull);
  const std::string_view text(reinterpret_cast<const char*>(request.reply.data), request.reply.size);
  EXPECT_EQ(text, "the snapshot failed: what it builds on cannot be sealed; the server's standard error says why");
  EXPECT_TRUE(store.published.empty());
  EXPECT_EQ(store.unpublished, 1);
  // When that is mended, the next one works.
  bench.machine.is_backed = true;
  bench.machine.fails_to_seal = false;
  const Request& again = ask();
  bench.settle();
  EXPECT_EQ(again.reply.code, ReplyCode::kOk);
  EXPECT_EQ(again.reply.size, 0U);
  EXPECT_EQ(store.published.size(), 1U);
}

TEST(SnapshotFailureTest, IsReportedEachTime) {
  MemorySnapshots store;
  std::vector<std::string> reports;
  PipelineBench bench(1, &store);
  bench.options.snapshots.on_failure = [&](const Status& failure) { reports.push_back(failure.message()); };
  bench.start();
  bench.machine.is_backed = false;
  bench.machine.fails_to_seal = true;
  bench.submit(Operation::kSnapshot, 0);
  bench.settle();
  bench.machine.is_backed = true;
  store.put_status = Status(ErrorKind::kIo, "disk full");
  bench.submit(Operation::kSnapshot, 0);
  bench.settle();
  EXPECT_EQ(reports, (std::vector<std::string>{"no snapshot of sequence 1: what it builds on cannot be sealed", "no snapshot of sequence 1: disk full"}));
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

/// Found when payments were measured: each command owns 32 sequences, so that snapshots followed each other without a pause.
TEST(PeriodicSnapshotTest, APaymentCommandCountsAsItsWorkAndNotAsItsSequences) {
  MemorySnapshots store;
  PipelineBench bench(1, &store);
  bench.options.snapshots.events_between = 100;
  bench.start();
  const auto pay = [&](int commands) {
    for (int i = 0; i < commands; ++i) {
      RequestBlock* block = bench.port().acquire();
      bench.add(*block, Operation::kPayments, 1, 1).event_count = kPaymentNanoseconds;
      bench.port().submit(block);
      bench.settle();
      bench.port().recycle(bench.port().completed());
    }
  };
  pay(20);
  EXPECT_EQ(bench.machine.snapshots_begun, 0);
  pay(10);
  EXPECT_EQ(bench.machine.snapshots_begun, 1);
}

/// What a start would have to execute again is saved while nobody asks for anything, if it is worth it.
TEST(PeriodicSnapshotTest, IsTakenEarlierWhenNothingMoreComes) {
  MemorySnapshots store;
  PipelineBench bench(1, &store);
  bench.options.snapshots.events_between = 1 << 20;
  bench.start();
  const auto write = [&](int batches) {
    for (int i = 0; i < batches; ++i) {
      bench.submit(Operation::kCreateTransfers, 8'000);
      bench.settle();
      bench.port().recycle(bench.port().completed());
    }
  };
  const auto wait = [&](std::uint64_t ns) {
    bench.clock.advance(ns);
    bench.settle();
    return bench.machine.snapshots_begun;
  };
  write(32);
  EXPECT_EQ(wait(36'000'000'000), 0) << "256,000 events are no 256 Ki";
  write(2);
  EXPECT_EQ(wait(24'000'000'000), 0);
  write(1);
  EXPECT_EQ(wait(24'000'000'000), 0) << "the last one came just now";
  EXPECT_EQ(wait(12'000'000'000), 1);
  EXPECT_EQ(wait(120'000'000'000), 1) << "nothing has happened since";
  EXPECT_EQ(store.published.size(), 1U);
}

/// It would copy everything for nothing. Nobody has to ask for it again: it is due as soon as sealing works.
TEST(PeriodicSnapshotTest, WaitsWhileSealingFails) {
  MemorySnapshots store;
  PipelineBench bench(1, &store);
  bench.options.snapshots.events_between = 100;
  bench.start();
  bench.machine.fails_to_seal = true;
  const auto write = [&] {
    bench.submit(Operation::kCreateTransfers, 10);
    bench.settle();
    bench.port().recycle(bench.port().completed());
  };
  for (int i = 0; i < 25; ++i) write();
  EXPECT_EQ(bench.machine.snapshots_begun, 0);
  bench.machine.fails_to_seal = false;
  bench.settle();
  EXPECT_EQ(store.published.size(), 1U);
}

}  // namespace
}  // namespace florin::pipeline
