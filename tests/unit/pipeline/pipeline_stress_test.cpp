#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <map>
#include <random>
#include <thread>

#include "pipeline_fixture.hpp"
#include "runtime/agent_thread.hpp"
#include "runtime/parker.hpp"

namespace florin::pipeline {
namespace {

/// Real threads: several I/O threads, core, journal, query readers. What a client must be able to rely on is checked for every reply;
/// tsan checks the rest.
class PipelineStressTest : public testing::Test {
 protected:
  static constexpr std::uint32_t kPorts = 3;
  static constexpr std::uint32_t kReaders = 2;
  static constexpr int kRounds = 400;

  PipelineStressTest() {
    options.ports = kPorts;
    options.blocks_per_port = 6;
    options.query_blocks_per_port = 3;
    options.query_readers = kReaders;
    options.is_new_store = true;
    machine.keeps_commands = false;
    machine.has_readers = true;
    pipeline = std::make_unique<Pipeline>(options, machine, journal, clock);
    core = std::make_unique<runtime::AgentThread>(pipeline->core_agent(), runtime::ThreadOptions{.name = "core", .spins = 5});
    journaller =
        std::make_unique<runtime::AgentThread>(pipeline->journal_agent(), runtime::ThreadOptions{.name = "journal", .spins = 5});
    for (std::uint32_t i = 0; i < kReaders; ++i) {
      readers.push_back(
          std::make_unique<runtime::AgentThread>(pipeline->query_agent(i), runtime::ThreadOptions{.name = "query", .spins = 5}));
    }
  }

  using Random = std::independent_bits_engine<std::mt19937, 32, std::uint32_t>;

  struct Tally {
    std::uint64_t requests = 0;
    std::uint64_t events = 0;
    std::vector<std::uint64_t> sequences;
    struct Answer {
      std::uint64_t writes_before = 0;
      std::uint64_t sequence = 0;
    };
    std::uint64_t writes_sent = 0;
    std::vector<Answer> answers;
  };

  /// An I/O thread: submits rounds of random sizes, sleeps when it has nothing to do, checks each reply.
  void io(std::uint32_t index, Tally& tally) {
    Random random(index + 1);
    Port& port = pipeline->port(index);
    runtime::Parker& parker = parkers[index];
    std::uint64_t in_flight = 0;
    int round = 0;
    while (round < kRounds || in_flight > 0) {
      RequestBlock* block = round < kRounds && in_flight < 5 ? port.acquire() : nullptr;
      if (block != nullptr) {
        fill(*block, random, tally);
        port.submit(block);
        ++in_flight;
        ++round;
      }
      RequestBlock* queries = block != nullptr && random() % 3 == 0 ? port.acquire_for_queries() : nullptr;
      if (queries != nullptr) {
        fill_with_queries(*queries, random, tally);
        port.submit(queries);
        ++in_flight;
      }
      port.run_inline();
      bool got = false;
      while (RequestBlock* done = port.completed()) {
        check(*done, tally);
        port.recycle(done);
        --in_flight;
        got = true;
      }
      if (block == nullptr && !got && in_flight > 0) parker.park();
    }
  }

  static void fill(RequestBlock& block, Random& random, Tally& tally) {
    const std::uint32_t kind = random() % 20;
    const std::uint32_t requests = kind == 0 ? 1 : 1 + random() % 20;
    const std::uint32_t elements = kind == 0 ? 4000 : kind == 1 ? 300 : 1;
    for (std::uint32_t i = 0; i < requests && block.has_room(elements * 128, elements * 128); ++i) {
      const bool is_read = random() % 4 == 0;
      PipelineBench::add(block, is_read ? Operation::kLookupAccounts : Operation::kCreateTransfers, elements, i);
      tally.writes_sent += is_read ? 0U : 1U;
    }
  }

  /// A query's number is that of the writes sent before it.
  static void fill_with_queries(RequestBlock& block, Random& random, const Tally& tally) {
    const std::uint32_t count = 1 + random() % 30;
    for (std::uint32_t i = 0; i < count; ++i) {
      PipelineBench::add(block, Operation::kLookupTransfers, 1, tally.writes_sent).session = random() % 3;
    }
  }

  void check(RequestBlock& block, Tally& tally) {
    const std::uint64_t durable = journal.durable_sequence();
    for (const Request& request : block.requests()) {
      ASSERT_EQ(request.reply.code, ReplyCode::kOk);
      ASSERT_LE(request.sequence, durable);  // nothing leaves before it is durable, reads included
      std::uint64_t executed_sequence = 0;
      std::memcpy(&executed_sequence, request.reply.data, 8);
      ASSERT_EQ(executed_sequence, request.sequence);  // executed at its place
      ++tally.requests;
      tally.events += request.event_count;
      if (request.event_count > 0) tally.sequences.push_back(request.sequence);
      if (request.operation == Operation::kLookupTransfers) tally.answers.push_back({request.request, request.sequence});
    }
  }

  runtime::SystemClock clock;
  FakeStateMachine machine;
  TestJournal journal;
  Pipeline::Options options;
  std::unique_ptr<Pipeline> pipeline;
  std::unique_ptr<runtime::AgentThread> core;
  std::unique_ptr<runtime::AgentThread> journaller;
  std::vector<std::unique_ptr<runtime::AgentThread>> readers;
  std::array<runtime::Parker, kPorts> parkers;
};

TEST_F(PipelineStressTest, EveryReplyIsDurableAndNoneIsLost) {
  journal.before_commit = [] { std::this_thread::yield(); };
  pipeline->set_wakers({.core = core->waker(),
                        .journal = journaller->waker(),
                        .snapshot = {},
                        .tidy = {},
                        .failure = {},
                        .queries = {readers[0]->waker(), readers[1]->waker()}});
  for (std::uint32_t i = 0; i < kPorts; ++i) {
    pipeline->port(i).set_wake([](void* parker) { static_cast<runtime::Parker*>(parker)->unpark(); }, &parkers[i]);
  }
  core->start();
  journaller->start();
  for (const auto& reader : readers) reader->start();
  std::array<Tally, kPorts> tallies;
  std::vector<std::thread> threads;
  for (std::uint32_t i = 0; i < kPorts; ++i) threads.emplace_back([&, i] { io(i, tallies[i]); });
  for (std::thread& thread : threads) thread.join();
  EXPECT_TRUE(pipeline->is_drained());
  for (const auto& reader : readers) reader->stop();
  core->stop();
  journaller->stop();

  std::uint64_t events = 1;  // genesis
  std::vector<std::uint64_t> sequences;
  for (const Tally& tally : tallies) {
    events += tally.events;
    EXPECT_TRUE(std::is_sorted(tally.sequences.begin(), tally.sequences.end()));
    EXPECT_FALSE(tally.answers.empty());
    for (const Tally::Answer& answer : tally.answers) {
      const std::uint64_t own_write = answer.writes_before > 0 ? tally.sequences[answer.writes_before - 1] : 0;
      EXPECT_GE(answer.sequence, own_write);  // sees what its port sent before
    }
    sequences.insert(sequences.end(), tally.sequences.begin(), tally.sequences.end());
  }
  EXPECT_EQ(machine.sequence(), events);
  EXPECT_EQ(journal.durable_sequence(), events);
  std::sort(sequences.begin(), sequences.end());
  EXPECT_EQ(std::adjacent_find(sequences.begin(), sequences.end()), sequences.end());

  // The journal tells the same story, as one chain.
  u128 previous = 0;
  std::uint64_t next = 1;
  for (std::size_t i = 0; i < journal.records.size(); ++i) {
    const record::BatchView view = journal.view(i);
    ASSERT_FALSE(record::verify(view.bytes()));
    EXPECT_EQ(view.header().previous, previous);
    EXPECT_EQ(view.header().first_sequence, next);
    EXPECT_EQ(view.header().number, i + 1);
    previous = view.header().checksum;
    next = view.last_sequence() + 1;
  }
  EXPECT_EQ(next, events + 1);
}

}  // namespace
}  // namespace florin::pipeline
