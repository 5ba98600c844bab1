#include "pipeline/pipeline.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "florin/engine_id.hpp"
#include "pipeline_fixture.hpp"

namespace florin::pipeline {
namespace {

class PipelineTest : public testing::Test, public PipelineBench {
 protected:
  PipelineTest() { start(); }

  /// One command, of which the machine says how many legs it has.
  static void add_payments(RequestBlock& block, std::uint64_t number = 1) { add(block, Operation::kPayments, 1, number).event_count = kPaymentNanoseconds; }
  ReplyCode reply_to_payments() {
    RequestBlock* block = port().acquire();
    add_payments(*block);
    port().submit(block);
    settle();
    const ReplyCode code = block->requests()[0].reply.code;
    port().recycle(port().completed());
    return code;
  }
};

TEST_F(PipelineTest, GenesisIsTheFirstRecord) {
  ASSERT_EQ(journal.records.size(), 1U);
  const record::BatchView view = journal.view(0);
  EXPECT_FALSE(record::verify(view.bytes()));
  EXPECT_EQ(view.header().number, 1U);
  EXPECT_EQ(view.header().first_sequence, 1U);
  EXPECT_EQ(view.header().previous, u128{0});
  EXPECT_EQ(view.header().timestamp, kStartUtc);
  ASSERT_EQ(view.requests().size(), 1U);
  EXPECT_EQ(view.requests()[0].operation, Operation::kGenesis);
  EXPECT_EQ(view.requests()[0].protocol, Protocol::kInternal);
  Genesis genesis;
  std::memcpy(&genesis, (*view.begin()).body.data(), sizeof genesis);
  EXPECT_EQ(genesis.store_id, u128{77});
  EXPECT_EQ(machine.sequence(), 1U);
}

TEST_F(PipelineTest, ReplyWaitsForTheJournal) {
  submit(Operation::kCreateTransfers);
  pipeline->core_agent().do_work();
  EXPECT_EQ(machine.sequence(), 2U);  // executed ...
  pipeline->core_agent().do_work();
  EXPECT_EQ(port().completed(), nullptr);  // ... but not durable
  pipeline->journal_agent().do_work();
  RequestBlock* block = port().completed();
  ASSERT_NE(block, nullptr);
  EXPECT_EQ(block->requests()[0].sequence, 2U);
  EXPECT_EQ(block->requests()[0].reply.code, ReplyCode::kOk);
  EXPECT_EQ(block->requests()[0].reply.size, 8U);
}

TEST_F(PipelineTest, NothingLeavesDuringTheCommit) {
  bool left = false;
  journal.before_commit = [&] { left = left || port().completed() != nullptr; };
  submit(Operation::kCreateTransfers);
  settle();
  EXPECT_FALSE(left);
  EXPECT_EQ(journal.commits, 2);
  EXPECT_NE(port().completed(), nullptr);
}

TEST_F(PipelineTest, ReadWaitsForTheWriteItSaw) {
  submit(Operation::kCreateTransfers, 1, 1);
  pipeline->core_agent().do_work();
  submit(Operation::kLookupAccounts, 1, 2);
  pipeline->core_agent().do_work();
  EXPECT_EQ(machine.executed.back().operation, Operation::kLookupAccounts);
  EXPECT_EQ(port().completed(), nullptr);
  pipeline->journal_agent().do_work();
  EXPECT_EQ(port().completed()->requests()[0].request, 1U);
  RequestBlock* read = port().completed();
  ASSERT_NE(read, nullptr);
  EXPECT_EQ(read->requests()[0].sequence, 2U);
}

TEST_F(PipelineTest, ReadsAloneWriteNoRecord) {
  submit(Operation::kLookupAccounts);
  settle();
  EXPECT_NE(port().completed(), nullptr);
  EXPECT_EQ(journal.records.size(), 1U);
  EXPECT_EQ(journal.commits, 1);
}

TEST_F(PipelineTest, RecordHoldsWritesInOrderAndSkipsReads) {
  RequestBlock* block = port().acquire();
  add(*block, Operation::kCreateAccounts, 2, 11);
  add(*block, Operation::kLookupAccounts, 3, 12);
  add(*block, Operation::kCreateTransfers, 3, 13);
  port().submit(block);
  settle();
  const record::BatchView view = journal.view(1);
  EXPECT_FALSE(record::verify(view.bytes()));
  EXPECT_EQ(view.header().previous, journal.view(0).header().checksum);
  EXPECT_EQ(view.header().number, 2U);
  EXPECT_EQ(view.header().event_count, 5U);
  ASSERT_EQ(view.requests().size(), 2U);
  EXPECT_EQ(view.requests()[0].request, 11U);
  EXPECT_EQ(view.requests()[0].first_sequence, 2U);
  EXPECT_EQ(view.requests()[1].request, 13U);
  EXPECT_EQ(view.requests()[1].first_sequence, 4U);
  EXPECT_EQ(view.requests()[1].principal, u128{6});
  EXPECT_EQ(view.requests()[1].client, u128{5});
  EXPECT_EQ(machine.executed.size(), 4U);  // genesis, accounts, look-up, transfers
  EXPECT_EQ(machine.executed[2].operation, Operation::kLookupAccounts);
}

TEST_F(PipelineTest, RecordCarriesTheDigestOfTheBatchBefore) {
  submit(Operation::kCreateTransfers);
  settle();
  const u128 digest = machine.outcome_digest();
  submit(Operation::kCreateTransfers, 4);
  settle();
  EXPECT_EQ(journal.view(2).header().outcome_sequence, 2U);
  EXPECT_EQ(journal.view(2).header().outcome_digest, digest);
}

TEST_F(PipelineTest, TimeIsThatOfTheLastEventAndNeverStandsStill) {
  RequestBlock* block = port().acquire();
  add(*block, Operation::kCreateTransfers, 10, 1);
  add(*block, Operation::kCreateTransfers, 5, 2);
  port().submit(block);
  settle();
  // The clock stands: the first request ends 10 ns after genesis, the second 5 ns later.
  EXPECT_EQ(block->requests()[0].timestamp, kStartUtc + 10);
  EXPECT_EQ(block->requests()[1].timestamp, kStartUtc + 15);
  port().recycle(port().completed());
  clock.advance(1000);
  block = submit(Operation::kCreateTransfers, 3);
  settle();
  EXPECT_EQ(block->requests()[0].timestamp, kStartUtc + 1000);
  EXPECT_EQ(journal.view(2).header().timestamp, kStartUtc + 1000);
}

TEST_F(PipelineTest, PassedDeadlineIsRefusedWithoutASequence) {
  RequestBlock* block = port().acquire();
  add(*block, Operation::kCreateTransfers, 1, 1).deadline_ns = clock.steady_ns() + 10;
  add(*block, Operation::kCreateTransfers, 1, 2).deadline_ns = clock.steady_ns() + 100;
  port().submit(block);
  clock.advance(10);
  settle();
  EXPECT_EQ(block->requests()[0].reply.code, ReplyCode::kDeadlineExceeded);
  EXPECT_EQ(block->requests()[1].reply.code, ReplyCode::kOk);
  EXPECT_EQ(machine.sequence(), 2U);
  EXPECT_EQ(journal.view(1).requests().size(), 1U);
}

/// They wait for memory, and the machine rests meanwhile.
TEST_F(PipelineTest, TimersThatFindNoRoomAreTriedAgainLater) {
  machine.timer_due = kStartUtc + 1'000;
  submit(Operation::kCreateTransfers);  // lets the sequencer learn of it
  settle();
  machine.has_room_for_timers = false;
  clock.advance(1'000);
  const std::size_t before = machine.batches;
  for (int i = 0; i < 1'000; ++i) pipeline->step();
  EXPECT_LE(machine.batches, before + 1);
  machine.has_room_for_timers = true;
  clock.advance(200'000'000);
  settle();
  EXPECT_EQ(machine.timer_due, FakeStateMachine::kNever) << "it was executed";
}

TEST_F(PipelineTest, PaymentsWithMoreLegsThanABatchMayHaveAreRefusedForGood) {
  machine.legs_of_payments = 32'768;
  EXPECT_EQ(reply_to_payments(), ReplyCode::kOk);
  machine.legs_of_payments = 32'769;
  EXPECT_EQ(reply_to_payments(), ReplyCode::kMalformedBody);
}

TEST_F(PipelineTest, PaymentsThatTheBatchHasNoRoomForAreTakenByTheNext) {
  machine.legs_of_payments = 20'000;
  RequestBlock* block = port().acquire();
  for (std::uint64_t number = 1; number <= 2; ++number) add_payments(*block, number);
  port().submit(block);
  settle();
  EXPECT_EQ(block->requests()[0].reply.code, ReplyCode::kOk);
  EXPECT_EQ(block->requests()[1].reply.code, ReplyCode::kBusy);
  port().recycle(port().completed());
  EXPECT_EQ(reply_to_payments(), ReplyCode::kOk);
}

TEST_F(PipelineTest, PaymentsThatAreKnownTakeNoRoomFromOthers) {
  machine.legs_of_payments = 15'000;
  machine.legs_of_known_payments = 5'000;
  RequestBlock* block = port().acquire();
  for (std::uint64_t number = 1; number <= 2; ++number) add_payments(*block, number);
  port().submit(block);
  settle();
  for (const Request& request : block->requests()) EXPECT_EQ(request.reply.code, ReplyCode::kOk);
  port().recycle(port().completed());
  machine.legs_of_known_payments = 40'000;
  EXPECT_EQ(reply_to_payments(), ReplyCode::kOk);
}

TEST_F(PipelineTest, FullJournalRefusesWritesAndServesReads) {
  journal.capacity = journal.appended_bytes + 2 * kBatchBytesMin;
  RequestBlock* block = port().acquire();
  add(*block, Operation::kCreateTransfers, 100, 1);  // 12,800 bytes: no room
  add(*block, Operation::kLookupAccounts, 1, 2);
  add(*block, Operation::kCreateTransfers, 1, 3);  // fits
  port().submit(block);
  settle();
  EXPECT_EQ(block->requests()[0].reply.code, ReplyCode::kDiskFull);
  EXPECT_EQ(block->requests()[1].reply.code, ReplyCode::kOk);
  EXPECT_EQ(block->requests()[2].reply.code, ReplyCode::kOk);
  EXPECT_EQ(block->requests()[2].sequence, 2U);
  EXPECT_LE(journal.appended_bytes, journal.capacity);
}

TEST_F(PipelineTest, RoomCountsWhatIsNotYetWritten) {
  journal.capacity = journal.appended_bytes + kBatchBytesMin;
  submit(Operation::kCreateTransfers, 1, 1);
  pipeline->core_agent().do_work();  // sequenced, not appended
  RequestBlock* second = submit(Operation::kCreateTransfers, 1, 2);
  settle();
  EXPECT_EQ(second->requests()[0].reply.code, ReplyCode::kDiskFull);
  EXPECT_LE(journal.appended_bytes, journal.capacity);
}

TEST_F(PipelineTest, OverTheMemoryBudgetIsRefusedRequestByRequest) {
  machine.room = 10;
  RequestBlock* block = port().acquire();
  add(*block, Operation::kCreateTransfers, 6, 1);
  add(*block, Operation::kCreateTransfers, 6, 2);
  add(*block, Operation::kCreateAccounts, 4, 3);
  add(*block, Operation::kLookupAccounts, 4, 4);
  port().submit(block);
  settle();
  EXPECT_EQ(block->requests()[0].reply.code, ReplyCode::kOk);
  EXPECT_EQ(block->requests()[1].reply.code, ReplyCode::kOutOfMemory);
  EXPECT_EQ(block->requests()[2].reply.code, ReplyCode::kOk);
  EXPECT_EQ(block->requests()[3].reply.code, ReplyCode::kOk);
  EXPECT_EQ(machine.sequence(), 11U);
}

TEST_F(PipelineTest, StoppingRefusesAndDrains) {
  submit(Operation::kCreateTransfers, 1, 1);
  pipeline->core_agent().do_work();
  pipeline->stop();
  RequestBlock* late = submit(Operation::kCreateTransfers, 1, 2);
  EXPECT_FALSE(pipeline->is_drained());
  settle();
  EXPECT_TRUE(pipeline->is_drained());
  EXPECT_EQ(port().completed()->requests()[0].reply.code, ReplyCode::kOk);
  EXPECT_EQ(port().completed(), late);
  EXPECT_EQ(late->requests()[0].reply.code, ReplyCode::kStopping);
}

TEST_F(PipelineTest, UnknownOperationsAreRefused) {
  RequestBlock* block = port().acquire();
  add(*block, Operation::kPulse, 1, 1);
  add(*block, Operation::kGenesis, 1, 2);
  add(*block, Operation::kHello, 1, 3);
  port().submit(block);
  settle();
  for (const Request& request : block->requests()) EXPECT_EQ(request.reply.code, ReplyCode::kUnknownOperation);
  EXPECT_EQ(machine.sequence(), 1U);
}

TEST_F(PipelineTest, FailedCommitIsFinal) {
  int failures = 0;
  pipeline->set_wakers({.core = {}, .journal = {}, .snapshot = {}, .tidy = {}, .failure = {[](void* n) { ++*static_cast<int*>(n); }, &failures}});
  RequestBlock* refused_earlier = port().acquire();
  add(*refused_earlier, Operation::kCreateTransfers, 1, 1);
  add(*refused_earlier, Operation::kGenesis, 1, 2);
  port().submit(refused_earlier);
  journal.commit_status = Status(ErrorKind::kIo, "disk on fire");
  settle();
  ASSERT_EQ(port().completed(), refused_earlier);
  EXPECT_EQ(refused_earlier->requests()[0].reply.code, ReplyCode::kInternal);
  EXPECT_EQ(refused_earlier->requests()[0].reply.size, 0U);
  EXPECT_EQ(refused_earlier->requests()[1].reply.code, ReplyCode::kUnknownOperation);
  EXPECT_TRUE(pipeline->has_failed());
  EXPECT_EQ(pipeline->failure().message(), "disk on fire");
  EXPECT_EQ(failures, 1);
  // Nothing is tried again, even if the disk would take it.
  journal.commit_status = {};
  const int commits = journal.commits;
  RequestBlock* later = submit(Operation::kCreateTransfers);
  RequestBlock* read = submit(Operation::kLookupAccounts);
  settle();
  EXPECT_EQ(later->requests()[0].reply.code, ReplyCode::kStopping);
  EXPECT_NE(read->requests()[0].reply.code, ReplyCode::kOk);
  EXPECT_EQ(journal.commits, commits);
  EXPECT_EQ(journal.records.size(), 1U);
}

TEST_F(PipelineTest, FailedAppendFailsTheBatchesBehindIt) {
  journal.append_status = Status(ErrorKind::kIo, "no");
  RequestBlock* first = submit(Operation::kCreateTransfers, 1, 1);
  pipeline->core_agent().do_work();
  RequestBlock* second = submit(Operation::kCreateTransfers, 1, 2);
  pipeline->core_agent().do_work();
  RequestBlock* read = submit(Operation::kLookupAccounts, 1, 3);
  pipeline->core_agent().do_work();
  settle();
  for (RequestBlock* block : {first, second, read}) {
    ASSERT_EQ(port().completed(), block);
    EXPECT_EQ(block->requests()[0].reply.code, ReplyCode::kInternal);
  }
  EXPECT_EQ(journal.commits, 1);  // genesis
}

TEST_F(PipelineTest, WaitingBatchesShareACommit) {
  for (std::uint64_t i = 0; i < 5; ++i) {
    submit(Operation::kCreateTransfers, 1, i);
    pipeline->core_agent().do_work();
  }
  settle();
  EXPECT_EQ(journal.records.size(), 6U);
  EXPECT_EQ(journal.commits, 2);
  for (std::uint64_t i = 0; i < 5; ++i) EXPECT_EQ(port().completed()->requests()[0].request, i);
}

TEST_F(PipelineTest, WhatArrivedTogetherIsOneBatch) {
  for (std::uint64_t i = 0; i < 5; ++i) submit(Operation::kCreateTransfers, 1, i);
  settle();
  EXPECT_EQ(journal.records.size(), 2U);
  EXPECT_EQ(journal.view(1).header().request_count, 5U);
}

TEST_F(PipelineTest, LargeBlocksGetBatchesOfTheirOwn) {
  for (std::uint64_t i = 0; i < 3; ++i) submit(Operation::kCreateTransfers, kEventsMax, i);
  settle();
  EXPECT_EQ(journal.records.size(), 4U);
  EXPECT_EQ(journal.view(3).header().event_count, kEventsMax);
  EXPECT_FALSE(record::verify(journal.view(3).bytes()));
}

TEST_F(PipelineTest, BackPressureEndsWithNoBlockLost) {
  std::vector<RequestBlock*> blocks;
  while (RequestBlock* block = port().acquire()) blocks.push_back(block);
  EXPECT_EQ(blocks.size(), options.blocks_per_port);
  for (RequestBlock* block : blocks) {
    add(*block, Operation::kCreateTransfers);
    port().submit(block);
  }
  EXPECT_EQ(port().acquire(), nullptr);
  settle();
  std::size_t back = 0;
  while (RequestBlock* block = port().completed()) {
    port().recycle(block);
    ++back;
  }
  EXPECT_EQ(back, blocks.size());
  EXPECT_NE(port().acquire(), nullptr);
}

TEST_F(PipelineTest, LastRecycledBlockIsUsedFirst) {
  RequestBlock* first = port().acquire();
  port().recycle(first);
  EXPECT_EQ(port().acquire(), first);
}

TEST_F(PipelineTest, ReceiptTellsTheTimes) {
  RequestBlock* block = port().acquire();
  Request& request = add(*block, Operation::kCreateTransfers);
  request.flags = RequestFlags::kLatencyReceipt;
  request.arrived_ns = clock.steady_ns();
  port().submit(block);
  clock.advance(100);
  pipeline->core_agent().do_work();
  clock.advance(30);
  pipeline->journal_agent().do_work();
  ASSERT_EQ(port().completed(), block);
  EXPECT_EQ(request.receipt.queue_ns, 100U);
  EXPECT_EQ(request.receipt.execute_ns, 0U);
  EXPECT_EQ(request.receipt.durable_ns, 30U);
}

TEST_F(PipelineTest, ExpiriesComeAsAPulseBeforeTheRequests) {
  machine.holds.emplace(kStartUtc + 50, 1001);
  machine.holds.emplace(kStartUtc + 60, 1002);
  submit(Operation::kCreateTransfers);  // lets the sequencer learn of the holds
  settle();
  clock.advance(55);
  submit(Operation::kLookupAccounts);
  settle();
  const auto& executed = machine.executed;
  ASSERT_GE(executed.size(), 4U);
  const auto& pulse = executed[executed.size() - 2];
  EXPECT_EQ(pulse.operation, Operation::kPulse);
  EXPECT_EQ(pulse.event_count, 1U);
  EXPECT_EQ(pulse.timestamp, kStartUtc + 55);
  EXPECT_EQ(executed.back().operation, Operation::kLookupAccounts);
  EXPECT_EQ(executed.back().batch, pulse.batch);
  EXPECT_EQ(journal.view(2).requests()[0].operation, Operation::kPulse);
  EXPECT_EQ(machine.holds.size(), 1U);
}

TEST_F(PipelineTest, PulsesNeedNoRequestAndTakeWhatFits) {
  for (std::uint64_t i = 0; i < kEventsMax + 10; ++i) machine.holds.emplace(kStartUtc + 50, 5000 + i);
  submit(Operation::kCreateTransfers);
  settle();
  clock.advance(100);
  settle();
  EXPECT_TRUE(machine.holds.empty());
  const std::size_t n = machine.executed.size();
  EXPECT_EQ(machine.executed[n - 2].event_count, kEventsMax);
  EXPECT_EQ(machine.executed[n - 1].event_count, 10U);
}

TEST_F(PipelineTest, WhoStopsWaitsForNoRoom) {
  machine.waits = true;
  submit(Operation::kCreateTransfers);
  settle();
  EXPECT_EQ(port().completed(), nullptr);
  pipeline->stop();
  settle();
  RequestBlock* const block = port().completed();
  ASSERT_NE(block, nullptr);
  EXPECT_EQ(block->requests()[0].reply.code, ReplyCode::kStopping);
  EXPECT_TRUE(pipeline->is_drained());
}

/// The ends of holds take room that nothing makes then. They are not lost, and the core does not go in circles over them.
TEST_F(PipelineTest, NoPulseWhileNothingLeavesMemory) {
  machine.holds.emplace(kStartUtc + 50, 1001);
  submit(Operation::kCreateTransfers);
  settle();
  machine.held_up = true;
  clock.advance(100);
  settle();
  EXPECT_EQ(machine.holds.size(), 1U);
  machine.held_up = false;
  settle();
  EXPECT_TRUE(machine.holds.empty());
}

TEST_F(PipelineTest, NoPulseWhileStoppingOrWithoutRoom) {
  machine.holds.emplace(kStartUtc + 50, 1001);
  submit(Operation::kCreateTransfers);
  settle();
  journal.capacity = 0;
  clock.advance(100);
  pipeline->core_agent().do_work();
  pipeline->stop();
  settle();
  EXPECT_EQ(machine.holds.size(), 1U);
}

TEST_F(PipelineTest, ClockAdvanceMovesTimeAndPulsesFollow) {
  machine.holds.emplace(kStartUtc + 500, 1001);
  RequestBlock* block = port().acquire();
  Request& advance = add(*block, Operation::kClockAdvance);
  const std::uint64_t ns = 1000;
  std::memcpy(advance.body, &ns, 8);
  port().submit(block);
  settle();
  EXPECT_EQ(advance.reply.code, ReplyCode::kOk);
  EXPECT_EQ(clock.utc_ns(), kStartUtc + 1000);
  EXPECT_TRUE(machine.holds.empty());
}

TEST_F(PipelineTest, StatusIsJsonTrueOfItsSequenceAndKeepsTheHash) {
  submit(Operation::kCreateTransfers, 3);
  settle();
  machine.hash_calls = 0;
  RequestBlock* block = submit(Operation::kStatus);
  settle();
  const Request& request = block->requests()[0];
  ASSERT_EQ(request.reply.code, ReplyCode::kOk);
  const std::string text(reinterpret_cast<const char*>(request.reply.data), request.reply.size);
  EXPECT_NE(text.find("{\"sequence\":4,\"durable_sequence\":4,"), std::string::npos) << text;
  EXPECT_NE(text.find("\"state_hash\":\"" + to_hex(machine.state_hash()) + "\""), std::string::npos) << text;
  EXPECT_NE(text.find("\"store_id\":\"" + to_hex(77) + "\""), std::string::npos) << text;
  EXPECT_EQ(std::count(text.begin(), text.end(), '{'), std::count(text.begin(), text.end(), '}'));
  submit(Operation::kStatus);
  settle();
  EXPECT_EQ(machine.hash_calls, 2);  // the first status and this test
}

TEST_F(PipelineTest, PingWaitsItsTurn) {
  submit(Operation::kCreateTransfers, 1, 1);
  pipeline->core_agent().do_work();
  RequestBlock* ping = submit(Operation::kPing, 0, 2);
  pipeline->core_agent().do_work();
  EXPECT_EQ(port().completed(), nullptr);
  settle();
  port().completed();
  EXPECT_EQ(port().completed(), ping);
  EXPECT_EQ(ping->requests()[0].sequence, 2U);
}

class MemoryShortageTest : public testing::Test, public PipelineBench {
 protected:
  MemoryShortageTest() {
    options.on_news = [this](const std::string& sentence) { news.push_back(sentence); };
    start();
  }
  ReplyCode create(std::uint32_t transfers) {
    const Request& request = submit(Operation::kCreateTransfers, transfers)->requests()[0];
    settle();
    const ReplyCode code = request.reply.code;
    port().recycle(port().completed());
    return code;
  }
  std::string status() {
    const Request& request = submit(Operation::kStatus)->requests()[0];
    settle();
    std::string text(reinterpret_cast<const char*>(request.reply.data), request.reply.size);
    port().recycle(port().completed());
    return text;
  }

  std::vector<std::string> news;
};

TEST_F(MemoryShortageTest, IsToldOnceWithFiguresWhenItBeginsAndWhenItEnds) {
  machine.room = 10;
  EXPECT_EQ(create(10), ReplyCode::kOk);
  EXPECT_TRUE(news.empty());
  for (int i = 0; i < 3; ++i) EXPECT_EQ(create(1'100), ReplyCode::kOutOfMemory);
  ASSERT_EQ(news.size(), 1U);
  EXPECT_EQ(news[0],
            "the memory budget of 64 MiB does not hold more: 0 accounts, 0 open holds and a batch of 1100 events need 66 MiB; writes are refused "
            "(out_of_memory), reads go on");
  machine.room = 1'100;
  EXPECT_EQ(create(1'100), ReplyCode::kOk);
  EXPECT_EQ(news.size(), 1U) << "the next one may not fit";
  machine.room = 40'000;
  EXPECT_EQ(create(1), ReplyCode::kOk);
  ASSERT_EQ(news.size(), 2U);
  EXPECT_EQ(news[1], "the memory budget of 64 MiB has room again: writes are taken");
}

TEST_F(MemoryShortageTest, StatusHasTheFigures) {
  const auto memory = [this] {
    const std::string text = status();
    const std::size_t begin = text.find("\"memory\":");
    return text.substr(begin, text.find('}', begin) + 1 - begin);
  };
  machine.room = 1'024;
  EXPECT_EQ(memory(), R"("memory":{"budget_bytes":67108864,"used_bytes":66060288,"used_up":false,"refused":0,"refused_needs_bytes":0})");
  create(2'048);
  create(4'096);
  EXPECT_EQ(memory(), R"("memory":{"budget_bytes":67108864,"used_bytes":66060288,"used_up":true,"refused":2,"refused_needs_bytes":70254592})");
}

class TwoPortsTest : public testing::Test, public PipelineBench {
 protected:
  TwoPortsTest() : PipelineBench(2) { start(); }
};

TEST_F(TwoPortsTest, BlocksGoBackToTheirOwnPorts) {
  submit(Operation::kCreateTransfers, 1, 10, 0);
  submit(Operation::kCreateTransfers, 1, 20, 1);
  submit(Operation::kCreateTransfers, 1, 11, 0);
  settle();
  EXPECT_EQ(port(0).completed()->requests()[0].request, 10U);
  EXPECT_EQ(port(0).completed()->requests()[0].request, 11U);
  EXPECT_EQ(port(1).completed()->requests()[0].request, 20U);
  EXPECT_EQ(journal.records.size(), 2U);
}

TEST_F(TwoPortsTest, PortsAreServedInTurn) {
  for (std::uint64_t i = 0; i < 3; ++i) submit(Operation::kCreateTransfers, 1, 10 + i, 0);
  submit(Operation::kCreateTransfers, 1, 20, 1);
  settle();
  std::vector<std::uint64_t> order;
  for (const RequestHeader& request : journal.view(1).requests()) order.push_back(request.request);
  const auto place = std::find(order.begin(), order.end(), 20U) - order.begin();
  EXPECT_LE(place, 1);
}

// run_inline(): who carries what.

class CarryTest : public testing::Test, public PipelineBench {
 protected:
  CarryTest() : PipelineBench(2) {
    start();
    pipeline->set_wakers({.core = {count, &core_calls}, .journal = {count, &journal_calls}, .snapshot = {}, .tidy = {}, .failure = {}});
    port(0).set_wake(count, &port_calls);
  }
  static void count(void* calls) { ++*static_cast<int*>(calls); }
  int core_calls = 0;
  int journal_calls = 0;
  int port_calls = 0;
};

TEST_F(CarryTest, ASmallRequestAloneGoesAllTheWay) {
  submit(Operation::kCreateTransfers);
  EXPECT_TRUE(port().run_inline());
  EXPECT_NE(port().completed(), nullptr);
  EXPECT_EQ(core_calls + journal_calls + port_calls, 0);  // no hop, and no call to oneself
}

/// Whoever sealed may have called the core while this thread had the token.
TEST_F(CarryTest, WhatHasToWaitIsLeftToTheCore) {
  machine.waits = true;
  submit(Operation::kCreateTransfers);
  EXPECT_FALSE(port().run_inline());
  EXPECT_EQ(core_calls, 1);
  EXPECT_EQ(pipeline->core_agent().do_work(), 0);
  machine.waits = false;
  pipeline->note_sealed();
  EXPECT_EQ(core_calls, 2);
  EXPECT_EQ(pipeline->core_agent().do_work(), 1);
  EXPECT_EQ(machine.sequence(), 2U);
}

TEST_F(CarryTest, AReadAloneGoesAllTheWay) {
  submit(Operation::kLookupAccounts, 1000);
  EXPECT_TRUE(port().run_inline());
  EXPECT_EQ(core_calls + journal_calls + port_calls, 0);
}

TEST_F(CarryTest, AMiddlingOneIsExecutedHereAndCommittedThere) {
  submit(Operation::kCreateTransfers, 500);
  EXPECT_FALSE(port().run_inline());
  EXPECT_EQ(machine.sequence(), 501U);
  EXPECT_EQ(journal_calls, 1);
  EXPECT_EQ(core_calls, 0);
  pipeline->journal_agent().do_work();
  EXPECT_EQ(port_calls, 1);
  EXPECT_TRUE(port().run_inline());
}

TEST_F(CarryTest, ALargeOneGoesToTheCoreThread) {
  submit(Operation::kCreateTransfers, kEventsMax);
  EXPECT_FALSE(port().run_inline());
  EXPECT_EQ(core_calls, 1);
  EXPECT_EQ(machine.sequence(), 1U);
  pipeline->core_agent().do_work();
  EXPECT_EQ(journal_calls, 1);
}

TEST_F(CarryTest, WithTwoInFlightTheNextFillsAndIsCalled) {
  submit(Operation::kCreateTransfers, 500);
  port().run_inline();
  submit(Operation::kCreateTransfers, 500);
  port().run_inline();
  submit(Operation::kCreateTransfers, 2, 3);
  EXPECT_FALSE(port().run_inline());
  submit(Operation::kCreateTransfers, 2, 4);
  EXPECT_FALSE(port().run_inline());
  EXPECT_EQ(machine.sequence(), 1001U);
  pipeline->journal_agent().do_work();
  EXPECT_EQ(port_calls, 1);
  port().completed();
  port().completed();
  EXPECT_TRUE(port().run_inline());  // both in one batch, committed here
  EXPECT_EQ(journal.records.back().size() * 16, kBatchBytesMin);
  EXPECT_EQ(journal.view(journal.records.size() - 1).header().request_count, 2U);
}

TEST_F(CarryTest, OnePortCarriesTheOthersBlocksToo) {
  submit(Operation::kCreateTransfers, 1, 1, 0);
  submit(Operation::kCreateTransfers, 1, 2, 1);
  EXPECT_TRUE(port(1).run_inline());
  EXPECT_EQ(port_calls, 1);  // port 0 is told
  EXPECT_NE(port(0).completed(), nullptr);
}

TEST_F(CarryTest, NotifiesOnceUntilThePortLooksAgain) {
  submit(Operation::kCreateTransfers, 1, 1, 0);
  submit(Operation::kCreateTransfers, 1, 2, 1);
  port(1).run_inline();
  submit(Operation::kCreateTransfers, 1, 3, 0);
  submit(Operation::kCreateTransfers, 1, 4, 1);
  port(1).run_inline();
  EXPECT_EQ(port_calls, 1);
  port(0).run_inline();
  submit(Operation::kCreateTransfers, 1, 5, 0);
  submit(Operation::kCreateTransfers, 1, 6, 1);
  port(1).run_inline();
  EXPECT_EQ(port_calls, 2);
}

}  // namespace
}  // namespace florin::pipeline
