#include "pipeline/query_stage.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "pipeline_fixture.hpp"

namespace florin::pipeline {
namespace {

/// A pipeline whose state machine has readers. Everything is stepped by hand unless a test says otherwise.
class QueryStageTest : public testing::Test, public PipelineBench {
 protected:
  explicit QueryStageTest(std::uint32_t readers = 1) {
    options.query_readers = readers;
    machine.has_readers = true;
    machine.on_query = [this](const core::Command& query) { asked.push_back(std::to_integer<std::uint64_t>(query.body[0])); };
    start();
  }

  /// As an I/O thread looks. Nothing may be submitted and not cut: it would be carried.
  RequestBlock* completed() {
    port().run_inline();
    return port().completed();
  }
  int answer_one(std::uint32_t reader = 0) { return pipeline->query_agent(reader).do_work(); }
  void answer_all() {
    while (answer_one() > 0) {
    }
  }
  /// What the reply tells.
  static std::uint64_t told(const Request& request) {
    std::uint64_t sequence = 0;
    std::memcpy(&sequence, request.reply.data, 8);
    return sequence;
  }

  std::vector<std::uint64_t> asked;  ///< numbers of the queries, in the order in which they were executed
};

TEST_F(QueryStageTest, AQueryIsNotExecutedByTheCore) {
  RequestBlock* block = submit_queries(1);
  pipeline->core_agent().do_work();
  pipeline->journal_agent().do_work();
  EXPECT_TRUE(asked.empty());
  EXPECT_EQ(machine.executed.back().operation, Operation::kGenesis);
  EXPECT_EQ(completed(), nullptr);
  EXPECT_EQ(answer_one(), 1);
  EXPECT_EQ(completed(), block);
  EXPECT_EQ(block->requests()[0].reply.code, ReplyCode::kOk);
  EXPECT_EQ(answer_one(), 0);
}

TEST_F(QueryStageTest, ItSeesEveryWriteBeforeItAndMaySeeLaterOnes) {
  submit(Operation::kCreateTransfers, 3);
  RequestBlock* query = submit_queries(1);
  pipeline->core_agent().do_work();
  submit(Operation::kCreateTransfers, 5);
  pipeline->core_agent().do_work();
  settle();
  EXPECT_EQ(told(query->requests()[0]), 9U);
  EXPECT_EQ(query->requests()[0].sequence, 9U);
  EXPECT_EQ(query->requests()[0].timestamp, machine.timestamp());
}

TEST_F(QueryStageTest, ItIsNotAskedBeforeTheWritesInFrontOfItAreExecuted) {
  submit(Operation::kCreateTransfers);
  submit_queries(1);
  EXPECT_EQ(answer_one(), 0);
  pipeline->core_agent().do_work();
  EXPECT_EQ(answer_one(), 1);
}

TEST_F(QueryStageTest, WritesDoNotWaitForAQuery) {
  for (std::uint64_t session = 1; session <= 8; ++session) submit_queries(session, 20);
  RequestBlock* write = submit(Operation::kCreateTransfers);
  pipeline->core_agent().do_work();
  pipeline->journal_agent().do_work();
  EXPECT_EQ(completed(), write);
  EXPECT_EQ(completed(), nullptr);
  EXPECT_TRUE(asked.empty());
}

/// Somebody who sends nothing but lists of orders, as many as he may, has neither writes nor others wait for more than one of them.
TEST_F(QueryStageTest, WritesAndOthersDoNotWaitForListsOfOrders) {
  for (std::uint64_t first = 1; first <= 61; first += 20) submit_queries(1, 20, first, Operation::kQueryOrders);
  pipeline->core_agent().do_work();
  RequestBlock* other = submit_queries(2, 1, 100, Operation::kQueryOrders);
  for (int round = 0; round < 5; ++round) {
    RequestBlock* write = submit(Operation::kCreateTransfers);
    pipeline->core_agent().do_work();
    pipeline->journal_agent().do_work();
    EXPECT_EQ(asked.size(), static_cast<std::size_t>(round)) << "none was answered for the write to be";
    RequestBlock* first = completed();
    EXPECT_EQ(round == 2 ? first : nullptr, round == 2 ? other : nullptr) << "second in turn";
    EXPECT_EQ(round == 2 ? completed() : first, write);
    EXPECT_EQ(answer_one(), 1);
  }
  EXPECT_EQ(asked, (std::vector<std::uint64_t>{1, 100, 2, 3, 4}));
}

/// What the query has read may be all that keeps the core from going on.
TEST_F(QueryStageTest, TheCoreHearsOfAnAnswerIfItWaits) {
  struct Core {
    Pipeline& pipeline;
    int calls = 0;
  } core{*pipeline};
  const auto step_core = [](void* self) {
    ++static_cast<Core*>(self)->calls;
    static_cast<Core*>(self)->pipeline.core_agent().do_work();
  };
  submit_queries(1, 2);
  pipeline->core_agent().do_work();
  pipeline->set_wakers({.core = {step_core, &core}, .journal = {}, .snapshot = {}, .tidy = {}, .failure = {}});
  answer_one();
  EXPECT_EQ(core.calls, 1);  // for the end of a batch
  machine.waits = true;
  pipeline->core_agent().do_work();
  answer_one();
  EXPECT_EQ(core.calls, 3);
}

TEST_F(QueryStageTest, AnAnswerWaitsForTheJournal) {
  RequestBlock* query = submit_queries(1);
  pipeline->core_agent().do_work();
  pipeline->journal_agent().do_work();  // its own batch is durable ...
  submit(Operation::kCreateTransfers);
  pipeline->core_agent().do_work();
  answer_one();  // ... but the write that the answer has seen is not
  EXPECT_EQ(told(query->requests()[0]), 2U);
  EXPECT_EQ(completed(), nullptr);
  pipeline->journal_agent().do_work();
  std::vector<RequestBlock*> left{completed(), completed()};
  EXPECT_EQ(std::count(left.begin(), left.end(), query), 1);
  EXPECT_FALSE(query->outcome_unknown);
}

TEST_F(QueryStageTest, AnAnswerOfWhatIsDurableDoesNotWaitForLaterWrites) {
  RequestBlock* query = submit_queries(1);
  pipeline->core_agent().do_work();
  pipeline->journal_agent().do_work();
  answer_one();
  submit(Operation::kCreateTransfers);
  pipeline->core_agent().do_work();
  EXPECT_EQ(completed(), query);
}

TEST_F(QueryStageTest, SessionsTakeTurns) {
  submit_queries(1, 40, 1);
  submit_queries(1, 40, 41);
  submit_queries(2, 2, 101);
  submit_queries(3, 1, 103);
  pipeline->core_agent().do_work();
  answer_all();
  ASSERT_EQ(asked.size(), 83U);
  const std::vector<std::uint64_t> first(asked.begin(), asked.begin() + 6);
  EXPECT_EQ(first, (std::vector<std::uint64_t>{1, 101, 103, 2, 102, 3}));
}

TEST_F(QueryStageTest, ALightSessionWaitsForOneQueryOfAHeavyOne) {
  submit_queries(1, 100, 1);
  pipeline->core_agent().do_work();
  for (int i = 0; i < 10; ++i) answer_one();
  RequestBlock* light = submit_queries(2, 1, 101);
  pipeline->core_agent().do_work();
  pipeline->journal_agent().do_work();
  answer_one();
  answer_one();
  EXPECT_EQ(completed(), light);
  EXPECT_EQ(asked.size(), 12U);
}

TEST_F(QueryStageTest, SessionsOfDifferentPortsAreDifferent) {
  QueryTurns turns;
  std::vector<RequestBlock*> blocks;
  for (std::uint32_t owner = 0; owner < 2; ++owner) {
    RequestBlock* block = blocks.emplace_back(port().acquire_for_queries());
    block->owner = owner;
    for (std::uint64_t i = 0; i < 2; ++i) add(*block, Operation::kLookupTransfers).session = 7;
    turns.add(*block);
  }
  for (RequestBlock* expected : {blocks[0], blocks[1], blocks[0], blocks[1]}) EXPECT_EQ(turns.next().block, expected);
  EXPECT_EQ(turns.next().request, nullptr);
}

TEST_F(QueryStageTest, ABlockLeavesWithItsLastAnswer) {
  RequestBlock* block = submit_queries(1, 3);
  pipeline->core_agent().do_work();
  pipeline->journal_agent().do_work();
  answer_one();
  answer_one();
  EXPECT_EQ(completed(), nullptr);
  answer_one();
  EXPECT_EQ(completed(), block);
}

TEST_F(QueryStageTest, AMixedBlockKeepsItsOrderAndLeavesWhole) {
  RequestBlock* block = port().acquire();
  add(*block, Operation::kLookupTransfers, 1, 1);
  add(*block, Operation::kCreateTransfers, 2, 2);
  add(*block, Operation::kLookupAccounts, 1, 3);
  port().submit(block);
  settle();
  ASSERT_EQ(completed(), block);
  EXPECT_EQ(block->requests()[0].sequence, 3U);  // after the write that stands behind it in the block
  EXPECT_EQ(block->requests()[1].sequence, 3U);
  EXPECT_EQ(machine.executed.back().operation, Operation::kLookupAccounts);
  EXPECT_EQ(completed(), nullptr);
}

TEST_F(QueryStageTest, ASnapshotDoesNotShareABlockWithQueries) {
  RequestBlock* block = port().acquire();
  add(*block, Operation::kSnapshot, 0, 1);
  add(*block, Operation::kLookupTransfers, 1, 2);
  port().submit(block);
  settle();
  ASSERT_EQ(completed(), block);
  EXPECT_NE(block->requests()[0].reply.code, ReplyCode::kOk);
  EXPECT_EQ(block->requests()[1].reply.code, ReplyCode::kOk);
}

TEST_F(QueryStageTest, RefusalsStayAtTheSequencer) {
  RequestBlock* block = port().acquire_for_queries();
  add(*block, Operation::kLookupTransfers, 1, 1).deadline_ns = clock.steady_ns() + 10;
  add(*block, Operation::kLookupTransfers, 1, 2);
  port().submit(block);
  RequestBlock* refused = port().acquire_for_queries();
  add(*refused, Operation::kLookupTransfers, 1, 3).deadline_ns = clock.steady_ns() + 10;
  port().submit(refused);
  clock.advance(10);
  settle();
  EXPECT_EQ(completed(), refused);
  EXPECT_EQ(completed(), block);
  EXPECT_EQ(refused->requests()[0].reply.code, ReplyCode::kDeadlineExceeded);
  EXPECT_EQ(block->requests()[0].reply.code, ReplyCode::kDeadlineExceeded);
  EXPECT_EQ(block->requests()[1].reply.code, ReplyCode::kOk);
  EXPECT_EQ(asked, std::vector<std::uint64_t>{2});
}

TEST_F(QueryStageTest, AQueryTooLateForItsTurnIsNotExecuted) {
  RequestBlock* block = port().acquire_for_queries();
  add(*block, Operation::kLookupTransfers, 1, 1).deadline_ns = clock.steady_ns() + 10;
  port().submit(block);
  pipeline->core_agent().do_work();
  clock.advance(10);
  settle();
  EXPECT_EQ(completed(), block);
  EXPECT_EQ(block->requests()[0].reply.code, ReplyCode::kDeadlineExceeded);
  EXPECT_TRUE(asked.empty());
}

TEST_F(QueryStageTest, AFailedJournalLeavesNoAnswerHanging) {
  RequestBlock* before = submit_queries(1, 1, 1);
  pipeline->core_agent().do_work();
  pipeline->journal_agent().do_work();
  answer_one();  // of what is durable
  RequestBlock* seen = submit_queries(1, 1, 2);
  submit(Operation::kCreateTransfers);
  pipeline->core_agent().do_work();
  answer_one();  // has seen the write
  RequestBlock* late = submit_queries(1, 1, 3);
  pipeline->core_agent().do_work();
  journal.commit_status = Status(ErrorKind::kIo, "disk on fire");
  pipeline->journal_agent().do_work();
  settle();  // answers the third after the failure
  EXPECT_EQ(completed(), before);
  for (int i = 0; i < 3; ++i) EXPECT_NE(completed(), nullptr);
  EXPECT_EQ(before->requests()[0].reply.code, ReplyCode::kOk);
  EXPECT_EQ(seen->requests()[0].reply.code, ReplyCode::kInternal);
  EXPECT_EQ(seen->requests()[0].reply.size, 0U);
  EXPECT_EQ(late->requests()[0].reply.code, ReplyCode::kInternal);
  RequestBlock* after = submit_queries(1, 1, 4);
  settle();
  EXPECT_EQ(after->requests()[0].reply.code, ReplyCode::kStopping);
  EXPECT_TRUE(pipeline->is_drained());
}

TEST_F(QueryStageTest, StopAnswersWhatWasSequencedAndKnowsAboutIt) {
  RequestBlock* taken = submit_queries(1, 2);
  pipeline->core_agent().do_work();
  pipeline->journal_agent().do_work();
  pipeline->stop();
  RequestBlock* late = submit_queries(2);
  pipeline->core_agent().do_work();
  pipeline->journal_agent().do_work();
  EXPECT_EQ(completed(), late);
  EXPECT_EQ(late->requests()[0].reply.code, ReplyCode::kStopping);
  EXPECT_FALSE(pipeline->is_drained());
  answer_one();
  EXPECT_FALSE(pipeline->is_drained());
  answer_one();
  EXPECT_EQ(completed(), taken);
  EXPECT_TRUE(pipeline->is_drained());
  EXPECT_EQ(taken->requests()[0].reply.code, ReplyCode::kOk);
}

TEST_F(QueryStageTest, NeitherPoolTakesTheBlocksOfTheOther) {
  std::vector<RequestBlock*> queries;
  while (port().has_block_for_queries()) queries.push_back(submit_queries(1));
  EXPECT_EQ(queries.size(), options.query_blocks_per_port);
  EXPECT_EQ(port().acquire_for_queries(), nullptr);
  for (std::uint32_t i = 0; i < options.blocks_per_port; ++i) submit(Operation::kCreateTransfers, 1, i);
  EXPECT_EQ(port().acquire(), nullptr);
  settle();
  std::uint32_t back = 0;
  while (RequestBlock* block = completed()) {
    port().recycle(block);
    ++back;
  }
  EXPECT_EQ(back, options.blocks_per_port + options.query_blocks_per_port);
  EXPECT_TRUE(port().has_block_for_queries());
  EXPECT_FALSE(port().acquire()->is_for_queries);
  EXPECT_TRUE(port().acquire_for_queries()->is_for_queries);
}

TEST_F(QueryStageTest, AnIoThreadCallsTheReaderAndIsCalledBack) {
  int reader_calls = 0;
  const auto count = [](void* calls) { ++*static_cast<int*>(calls); };
  pipeline->set_wakers({.core = {}, .journal = {}, .snapshot = {}, .tidy = {}, .failure = {}, .queries = {{count, &reader_calls}}});
  int port_calls = 0;
  port().set_wake(count, &port_calls);
  RequestBlock* block = submit_queries(1);
  EXPECT_FALSE(port().run_inline());
  EXPECT_EQ(reader_calls, 1);
  answer_one();
  EXPECT_EQ(port_calls, 1);  // the reader leaves the gate to the port's thread
  EXPECT_EQ(port().completed(), nullptr);
  EXPECT_TRUE(port().run_inline());
  EXPECT_EQ(port().completed(), block);
}

TEST_F(QueryStageTest, TheReceiptTellsWhenItWasAnswered) {
  RequestBlock* block = port().acquire_for_queries();
  Request& request = add(*block, Operation::kLookupTransfers);
  request.flags = RequestFlags::kLatencyReceipt;
  request.arrived_ns = clock.steady_ns();
  port().submit(block);
  clock.advance(100);
  pipeline->core_agent().do_work();
  pipeline->journal_agent().do_work();
  clock.advance(30);
  answer_one();
  clock.advance(5);
  ASSERT_EQ(completed(), block);
  EXPECT_EQ(request.receipt.queue_ns, 100U);
  EXPECT_EQ(request.receipt.execute_ns, 30U);
  EXPECT_EQ(request.receipt.durable_ns, 35U);
}

TEST_F(QueryStageTest, StatusCountsThem) {
  submit_queries(1, 3);
  pipeline->core_agent().do_work();
  machine.on_query = [this](const core::Command&) { clock.advance(50); };
  answer_one();
  RequestBlock* block = submit(Operation::kStatus);
  pipeline->core_agent().do_work();
  const Request& request = block->requests()[0];
  const std::string text(reinterpret_cast<const char*>(request.reply.data), request.reply.size);
  EXPECT_NE(text.find("\"queries\":{\"readers\":1,\"answered\":1,\"waiting\":2,\"time_ns\":{\"p50\":50,"), std::string::npos) << text;
  settle();
}

/// The state machine answers queries itself.
class NoReadersTest : public testing::Test, public PipelineBench {};

TEST_F(NoReadersTest, QueriesAreExecutedInTheirBatch) {
  start();
  EXPECT_EQ(pipeline->query_agent_count(), 0U);
  RequestBlock* query = submit_queries(1);
  RequestBlock* write = submit(Operation::kCreateTransfers);
  settle();
  EXPECT_EQ(port().completed(), query);
  EXPECT_EQ(port().completed(), write);
  EXPECT_EQ(query->requests()[0].sequence, 1U);
  EXPECT_EQ(machine.executed[1].operation, Operation::kLookupTransfers);
}

/// Two readers, one of them held back inside a query on a thread of its own.
class TwoReadersTest : public QueryStageTest {
 protected:
  TwoReadersTest() : QueryStageTest(2) {}
};

TEST_F(TwoReadersTest, WritesAndOtherQueriesGoOnWhileAQueryTakesItsTime) {
  std::atomic<bool> is_inside{false};
  std::atomic<bool> may_end{false};
  machine.on_query = [&](const core::Command& query) {
    if (std::to_integer<int>(query.body[0]) != 1) return;
    is_inside.store(true);
    is_inside.notify_one();
    may_end.wait(false);
  };
  RequestBlock* slow = submit_queries(1, 1, 1);
  pipeline->core_agent().do_work();
  std::thread reader([this] { answer_one(0); });
  is_inside.wait(false);
  for (std::uint64_t i = 0; i < 3; ++i) {
    RequestBlock* write = submit(Operation::kCreateTransfers);
    RequestBlock* quick = submit_queries(2, 1, 2);
    pipeline->core_agent().do_work();
    pipeline->journal_agent().do_work();
    answer_one(1);
    for (RequestBlock* expected : {write, quick}) {
      EXPECT_EQ(completed(), expected);
      port().recycle(expected);
    }
  }
  EXPECT_FALSE(pipeline->is_drained());
  may_end.store(true);
  may_end.notify_one();
  reader.join();
  EXPECT_EQ(completed(), slow);
  EXPECT_EQ(told(slow->requests()[0]), 4U);
}

}  // namespace
}  // namespace florin::pipeline
