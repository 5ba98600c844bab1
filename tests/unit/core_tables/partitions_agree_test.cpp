#include <gtest/gtest.h>

#include <memory>

#include "core/ledger.hpp"
#include "model/expected_reply.hpp"
#include "pipeline/partition_threads.hpp"
#include "support/engine_under_test.hpp"
#include "support/random.hpp"
#include "support/random_workload.hpp"
#include "support/sanitizers.hpp"

/// The state hash after the same input: equal for every number of partitions, whatever the seed of the id hash and however
/// requests were batched; and different as soon as one event differs.

namespace florin::test {
namespace {

constexpr std::uint64_t kSeeds = PerSanitizer<std::uint64_t>{.none = 12, .address = 3, .thread = 3}.here();

std::vector<TestRequest> stream(std::uint64_t seed, int count) {
  RandomWorkload workload(seed);
  model::ReferenceLedger ledger;
  std::vector<TestRequest> requests;
  for (int i = 0; i < count; ++i) {
    requests.push_back(workload.next(ledger));
    const TestRequest& request = requests.back();
    model::execute_on_model(ledger, request.operation, request.flags, request.body(), request.timestamp);
  }
  return requests;
}

struct Hashes {
  u128 state = 0;
  u128 outcomes = 0;
  friend bool operator==(const Hashes&, const Hashes&) = default;
};

Hashes run(std::uint32_t partitions, bool on_threads, const std::vector<TestRequest>& requests, std::size_t batch) {
  std::unique_ptr<core::PhaseRunner> runner;
  if (on_threads) runner = std::make_unique<pipeline::PartitionThreads>(partitions);
  EngineUnderTest engine(
      core::make_ledger({.memory_budget_bytes = std::uint64_t{64} << 20, .partitions = partitions}, std::move(runner)));
  for (std::size_t from = 0; from < requests.size(); from += batch) {
    engine.execute(std::span(requests).subspan(from, std::min(batch, requests.size() - from)));
  }
  return {engine.state_machine().state_hash(), engine.state_machine().outcome_digest()};
}

TEST(PartitionsAgree, OnTheStateHashOfRandomTraffic) {
  for (std::uint64_t seed = 501; seed < 501 + kSeeds; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    const std::vector<TestRequest> requests = stream(seed, 250);
    const Hashes expected = run(1, false, requests, 1);
    for (const std::uint32_t partitions : {2U, 3U, 4U, 7U, 8U, 64U}) {
      EXPECT_TRUE(run(partitions, false, requests, 9) == expected) << partitions << " partitions";
    }
    EXPECT_TRUE(run(1, false, requests, 17) == expected) << "batches of 17";
    EXPECT_TRUE(run(3, true, requests, 5) == expected) << "3 partitions on threads";
  }
}

TEST(PartitionsAgree, AndEveryChangeOfTheInputShows) {
  std::vector<TestRequest> requests = stream(777, 120);
  const Hashes expected = run(2, false, requests, 4);
  std::size_t changed = 0;
  for (std::size_t i = 0; i < requests.size(); i += 11) {
    if (!is_write(requests[i].operation)) continue;
    std::vector<TestRequest> others = requests;
    others.erase(others.begin() + static_cast<std::ptrdiff_t>(i));
    EXPECT_FALSE(run(2, false, others, 4) == expected) << "without request " << i;
    ++changed;
  }
  EXPECT_GT(changed, 5U);
}

/// Executes a stream as replay does; with hints, which may name any accounts there are: they may cost time, never an outcome.
Hashes replay(const std::vector<TestRequest>& requests, bool with_hints, unsigned spoilt_percent) {
  const std::unique_ptr<core::StateMachine> ledger = core::make_ledger({.memory_budget_bytes = std::uint64_t{64} << 20});
  Random random(spoilt_percent);
  std::vector<core::TransferHint> hints(kEventsMax);
  std::uint64_t sequence = 1;
  for (const TestRequest& request : requests) {
    if (!is_write(request.operation)) continue;
    core::Command command;
    command.operation = request.operation;
    command.event_count = request.event_count();
    command.first_sequence = sequence;
    command.timestamp = request.timestamp;
    command.body = request.body();
    sequence += command.event_count;
    const bool transfers = request.operation == Operation::kCreateTransfers;
    EXPECT_TRUE(ledger->reserve(request.operation == Operation::kCreateAccounts ? command.event_count : 0, transfers ? command.event_count : 0));
    if (with_hints && transfers) {
      EXPECT_TRUE(ledger->make_hints(command, hints));
      const std::uint64_t accounts = ledger->counts().accounts;
      for (std::uint32_t i = 0; i < command.event_count; ++i) {
        if (random.chance(spoilt_percent)) hints[i].debit = static_cast<std::uint32_t>(random.below(accounts + 1));
        if (random.chance(spoilt_percent)) hints[i].credit = static_cast<std::uint32_t>(random.below(accounts + 1));
      }
      command.hints = hints.data();
    }
    ledger->execute(std::span(&command, 1));
  }
  return {ledger->state_hash(), ledger->outcome_digest()};
}

TEST(Hints, NeverChangeAnOutcome) {
  for (std::uint64_t seed = 901; seed < 901 + kSeeds; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    const std::vector<TestRequest> requests = stream(seed, 250);
    const Hashes expected = replay(requests, false, 0);
    for (const unsigned spoilt : {0U, 30U, 100U}) EXPECT_TRUE(replay(requests, true, spoilt) == expected) << spoilt << " % spoilt";
  }
}

}  // namespace
}  // namespace florin::test
