#include "pipeline/recovery.hpp"

#include <gtest/gtest.h>

#include "memory_snapshots.hpp"
#include "pipeline_fixture.hpp"

namespace florin::pipeline {
namespace {

class RecoveryTest : public testing::Test {
 protected:
  RecoveryTest() {
    bench.start();
    options.make_state_machine = [this] {
      auto machine = std::make_unique<FakeStateMachine>();
      machine->outcome_error = outcome_error;
      machine->room = room;
      machine->held_up = held_up;
      machine->assumption_error = assumption_error;
      machine->must_settle_at = must_settle_at;
      last_made = machine.get();
      return machine;
    };
  }
  /// One record of `events` transfers.
  void write(std::uint32_t events) {
    bench.submit(Operation::kCreateTransfers, events, events);
    bench.settle();
    bench.port().recycle(bench.port().completed());
  }
  void snapshot() {
    bench.submit(Operation::kSnapshot, 0);
    bench.settle();
    bench.port().recycle(bench.port().completed());
  }
  Result<Recovered> recover() { return pipeline::recover(bench.journal, &store, options); }

  MemorySnapshots store;
  PipelineBench bench{1, &store};
  RecoveryOptions options;
  u128 outcome_error = 0;
  std::uint32_t room = ~0U;
  bool held_up = false;
  u128 assumption_error = 0;
  std::uint64_t must_settle_at = FakeStateMachine::kNever;
  FakeStateMachine* last_made = nullptr;
};

TEST_F(RecoveryTest, ReplayFromGenesisEqualsLive) {
  for (std::uint32_t events = 1; events < 30; ++events) write(events);
  auto recovered = recover();
  ASSERT_TRUE(recovered);
  EXPECT_EQ(recovered->state_machine->sequence(), bench.machine.sequence());
  EXPECT_EQ(recovered->state_machine->timestamp(), bench.machine.timestamp());
  EXPECT_EQ(recovered->state_machine->outcome_digest(), bench.machine.outcome_digest());
  EXPECT_EQ(recovered->genesis.store_id, u128{77});
  EXPECT_FALSE(recovered->is_new_store);
  EXPECT_EQ(recovered->batch_count, 30U);
  EXPECT_EQ(recovered->event_count, bench.machine.sequence());
  const BatchHeader& last = bench.journal.view(29).header();
  EXPECT_EQ(recovered->chain_end.number, last.number);
  EXPECT_EQ(recovered->chain_end.checksum, last.checksum);
}

TEST_F(RecoveryTest, EmptyJournalIsANewStore) {
  TestJournal empty;
  auto recovered = pipeline::recover(empty, nullptr, options);
  ASSERT_TRUE(recovered);
  EXPECT_TRUE(recovered->is_new_store);
  EXPECT_EQ(recovered->state_machine->sequence(), 0U);
}

TEST_F(RecoveryTest, TheEngineGoesOnWhereItWas) {
  write(5);
  auto recovered = recover();
  ASSERT_TRUE(recovered);
  Pipeline::Options next = bench.options;
  next.is_new_store = false;
  next.chain_end = recovered->chain_end;
  next.genesis = recovered->genesis;
  Pipeline pipeline(next, *recovered->state_machine, bench.journal, bench.clock);
  RequestBlock* block = pipeline.port(0).acquire();
  PipelineBench::add(*block, Operation::kCreateTransfers, 3);
  pipeline.port(0).submit(block);
  while (pipeline.step() > 0) {
  }
  EXPECT_EQ(bench.journal.view(2).header().previous, bench.journal.view(1).header().checksum);
  EXPECT_EQ(bench.journal.view(2).header().number, 3U);
  EXPECT_EQ(bench.journal.view(2).header().first_sequence, 7U);
  EXPECT_TRUE(recover());
}

TEST_F(RecoveryTest, BeginsAtTheNewestSnapshot) {
  write(5);
  snapshot();
  write(7);
  snapshot();
  write(9);
  auto recovered = recover();
  ASSERT_TRUE(recovered) << recovered.error().message();
  EXPECT_EQ(recovered->snapshot_sequence, 13U);
  EXPECT_EQ(recovered->batch_count, 1U);
  EXPECT_EQ(recovered->state_machine->outcome_digest(), bench.machine.outcome_digest());
  EXPECT_EQ(recovered->genesis.store_id, u128{77});
  EXPECT_EQ(recovered->chain_end.number, 4U);
}

TEST_F(RecoveryTest, SnapshotAtTheJournalsEnd) {
  write(5);
  snapshot();
  auto recovered = recover();
  ASSERT_TRUE(recovered) << recovered.error().message();
  EXPECT_EQ(recovered->batch_count, 0U);
  EXPECT_EQ(recovered->chain_end.checksum, bench.journal.view(1).header().checksum);
}

TEST_F(RecoveryTest, DamagedSnapshotsArePassedOver) {
  write(5);
  snapshot();
  write(7);
  snapshot();
  write(9);
  store.published.at(13).damage = Status(ErrorKind::kCorrupt, "flipped");
  auto recovered = recover();
  ASSERT_TRUE(recovered);
  EXPECT_EQ(recovered->snapshot_sequence, 6U);
  ASSERT_EQ(recovered->notes.size(), 1U);
  EXPECT_NE(recovered->notes[0].find("flipped"), std::string::npos);
  EXPECT_EQ(recovered->newest_snapshot_sequence, 13U);

  store.published.at(6).header.state_hash ^= 1;
  recovered = recover();
  ASSERT_TRUE(recovered);
  EXPECT_EQ(recovered->snapshot_sequence, 0U);
  EXPECT_EQ(recovered->notes.size(), 2U);
  EXPECT_EQ(recovered->state_machine->outcome_digest(), bench.machine.outcome_digest());
}

TEST_F(RecoveryTest, SnapshotOfAnotherHistoryIsPassedOver) {
  write(5);
  snapshot();
  write(7);
  store.published.at(6).header.batch_checksum ^= 1;
  const auto recovered = recover();
  ASSERT_TRUE(recovered);
  EXPECT_EQ(recovered->snapshot_sequence, 0U);
  EXPECT_EQ(recovered->notes.size(), 1U);
}

TEST_F(RecoveryTest, JournalThatEndsBeforeASnapshotHasLostBatches) {
  write(5);
  write(7);
  snapshot();
  TestJournal cut;
  cut.records = {bench.journal.records.begin(), bench.journal.records.end() - 1};
  ASSERT_TRUE(cut.commit());
  auto recovered = pipeline::recover(cut, &store, options);
  ASSERT_FALSE(recovered);
  EXPECT_EQ(recovered.error().kind(), ErrorKind::kCorrupt);
  options.is_copy = true;
  recovered = pipeline::recover(cut, &store, options);
  ASSERT_TRUE(recovered);
  EXPECT_EQ(recovered->state_machine->sequence(), 6U);
}

TEST_F(RecoveryTest, DifferentOutcomesAreFound) {
  write(5);
  write(7);
  outcome_error = 1;
  const auto recovered = recover();
  ASSERT_FALSE(recovered);
  EXPECT_EQ(recovered.error().kind(), ErrorKind::kCorrupt);
  EXPECT_NE(recovered.error().message().find("sequence 1:"), std::string::npos) << recovered.error().message();
}

TEST_F(RecoveryTest, FlippedByteIsFound) {
  write(5);
  write(7);
  reinterpret_cast<std::byte*>(bench.journal.records[1].data())[300] ^= std::byte{1};
  const auto recovered = recover();
  ASSERT_FALSE(recovered);
  EXPECT_EQ(recovered.error().kind(), ErrorKind::kCorrupt);
}

TEST_F(RecoveryTest, MissingBatchIsFound) {
  write(5);
  write(7);
  write(9);
  bench.journal.records.erase(bench.journal.records.begin() + 2);
  const auto recovered = recover();
  ASSERT_FALSE(recovered);
  EXPECT_NE(recovered.error().message().find("missing"), std::string::npos) << recovered.error().message();
}

TEST_F(RecoveryTest, BrokenChainIsFound) {
  write(5);
  write(7);
  auto* header = reinterpret_cast<BatchHeader*>(bench.journal.records[2].data());
  header->previous ^= 1;
  record::seal(*header, bench.journal.view(2).requests());
  const auto recovered = recover();
  ASSERT_FALSE(recovered);
  EXPECT_NE(recovered.error().message().find("chain"), std::string::npos) << recovered.error().message();
}

TEST_F(RecoveryTest, TooSmallABudgetIsSaid) {
  write(50);
  room = 10;
  const auto recovered = recover();
  ASSERT_FALSE(recovered);
  EXPECT_EQ(recovered.error().kind(), ErrorKind::kOutOfMemory);
}

/// Not even a pulse is executed without the room for it.
TEST_F(RecoveryTest, WhatCannotBeSealedIsSaid) {
  write(20);
  held_up = true;
  const auto recovered = recover();
  ASSERT_FALSE(recovered);
  EXPECT_EQ(recovered.error().kind(), ErrorKind::kIo);
}

TEST_F(RecoveryTest, StopsAtASequence) {
  write(5);  // 2..6
  write(7);  // 7..13
  snapshot();
  write(9);  // 14..22
  options.to_sequence = 6;
  auto recovered = recover();
  ASSERT_TRUE(recovered);
  EXPECT_EQ(recovered->state_machine->sequence(), 6U);
  EXPECT_EQ(recovered->snapshot_sequence, 0U);
  EXPECT_EQ(recovered->chain_end.number, 2U);
  options.to_sequence = 13;
  EXPECT_EQ(recover()->snapshot_sequence, 13U);
  options.to_sequence = 10;  // inside a request: the one before it
  EXPECT_EQ(recover()->state_machine->sequence(), 6U);
}

TEST_F(RecoveryTest, StopsBetweenTheRequestsOfABatch) {
  RequestBlock* block = bench.port().acquire();
  PipelineBench::add(*block, Operation::kCreateTransfers, 3);  // 2..4
  PipelineBench::add(*block, Operation::kCreateTransfers, 4);  // 5..8
  bench.port().submit(block);
  bench.settle();
  options.to_sequence = 7;
  const auto recovered = recover();
  ASSERT_TRUE(recovered);
  EXPECT_EQ(recovered->state_machine->sequence(), 4U);
  EXPECT_EQ(recovered->event_count, 4U);
}

TEST_F(RecoveryTest, IdsAreTakenToBeNewAsFarAsTheJournalVouches) {
  for (std::uint32_t events = 1; events < 10; ++events) write(events);
  options.assumes_new_ids = true;
  const auto recovered = recover();
  ASSERT_TRUE(recovered) << recovered.error().message();
  const std::uint64_t vouched = bench.journal.view(9).header().outcome_sequence;
  EXPECT_GT(vouched, 1U);
  EXPECT_LT(vouched, bench.machine.sequence());
  EXPECT_EQ(last_made->assumed_through, vouched);
  EXPECT_FALSE(last_made->assumes_new_ids);
  EXPECT_EQ(last_made->settled_through, FakeStateMachine::kNever);
  EXPECT_EQ(recovered->state_machine->outcome_digest(), bench.machine.outcome_digest());
  EXPECT_TRUE(recovered->notes.empty());
}

TEST_F(RecoveryTest, AnIdThatWasNotNewIsLookedUpInASecondRun) {
  write(5);
  snapshot();
  for (std::uint32_t events = 1; events < 10; ++events) write(events);
  options.assumes_new_ids = true;
  assumption_error = 1;
  const auto recovered = recover();
  ASSERT_TRUE(recovered) << recovered.error().message();
  EXPECT_EQ(last_made->assumed_through, 0U);
  EXPECT_EQ(recovered->state_machine->outcome_digest(), bench.machine.outcome_digest());
  EXPECT_EQ(recovered->snapshot_sequence, 6U);
  ASSERT_EQ(recovered->notes.size(), 1U);
  EXPECT_NE(recovered->notes[0].find("every id looked up"), std::string::npos) << recovered->notes[0];
}

TEST_F(RecoveryTest, NothingIsAssumedOnTheWayToAnEarlierSequence) {
  for (std::uint32_t events = 1; events < 10; ++events) write(events);
  options.assumes_new_ids = true;
  options.to_sequence = bench.machine.sequence() - 1;
  const auto recovered = recover();
  ASSERT_TRUE(recovered);
  EXPECT_EQ(last_made->assumed_through, 0U);
}

/// What is in memory cannot be sealed before it is settled, and nothing more settles it while it is full.
TEST_F(RecoveryTest, MemoryThatFillsBeforeItIsSettledIsNotWaitedFor) {
  for (std::uint32_t events = 1; events < 10; ++events) write(events);
  options.assumes_new_ids = true;
  must_settle_at = 20;
  const auto recovered = recover();
  ASSERT_TRUE(recovered) << recovered.error().message();
  EXPECT_EQ(last_made->assumed_through, 0U);
  EXPECT_EQ(recovered->notes.size(), 1U);
}

/// Divergence is found as ever.
TEST_F(RecoveryTest, DifferentOutcomesAreFoundWithIdsTakenToBeNewToo) {
  write(5);
  write(7);
  options.assumes_new_ids = true;
  outcome_error = 1;
  const auto recovered = recover();
  ASSERT_FALSE(recovered);
  EXPECT_EQ(recovered.error().kind(), ErrorKind::kCorrupt);
}

TEST_F(RecoveryTest, CanDoWithoutSnapshots) {
  write(5);
  snapshot();
  options.use_snapshots = false;
  const auto recovered = recover();
  ASSERT_TRUE(recovered);
  EXPECT_EQ(recovered->batch_count, 2U);
}

TEST_F(RecoveryTest, PulsesAreReplayed) {
  bench.machine.holds.emplace(kStartUtc + 50, 1001);
  write(1);
  bench.clock.advance(100);
  bench.settle();
  const auto recovered = recover();
  ASSERT_TRUE(recovered);
  EXPECT_EQ(last_made->executed.back().operation, Operation::kPulse);
  EXPECT_EQ(recovered->state_machine->outcome_digest(), bench.machine.outcome_digest());
}

}  // namespace
}  // namespace florin::pipeline
