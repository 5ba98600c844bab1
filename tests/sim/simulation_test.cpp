#include "sim/simulation.hpp"

#include <gtest/gtest-spi.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <iostream>

#include "record/batch_record.hpp"
#include "record/checksum.hpp"
#include "support/builders.hpp"
#include "support/sanitizers.hpp"

/// The whole engine without sockets, on one thread: see simulation.hpp for what is done to it and what must hold.
///
/// FLORIN_SIM_SEEDS (how many) and FLORIN_FIRST_SEED lengthen a run or repeat a failing one.

namespace florin::sim {
namespace {

std::uint64_t setting(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

/// State machines that run on the calling thread: the simulator has no other.
std::vector<test::StateMachineFactory> stepped_factories() {
  std::vector<test::StateMachineFactory> factories = test::engine_factories();
  std::erase_if(factories, test::has_threads);
  return factories;
}

struct Totals {
  History::Counts counts;
  Simulation::Lives lives;
};

Totals run_seeds(std::uint64_t default_seeds, const Simulation::Options& options) {
  const std::uint64_t first_seed = setting("FLORIN_FIRST_SEED", 1);
  const std::uint64_t seeds = setting("FLORIN_SIM_SEEDS", default_seeds);
  Totals totals;
  std::cout << "seeds " << first_seed << " to " << first_seed + seeds - 1 << "\n";
  for (std::uint64_t seed = first_seed; seed < first_seed + seeds; ++seed) {
    Simulation simulation(seed, options);
    simulation.run();
    totals.counts.acknowledged += simulation.counts().acknowledged;
    totals.counts.refused += simulation.counts().refused;
    totals.counts.unknown_kept += simulation.counts().unknown_kept;
    totals.counts.unknown_lost += simulation.counts().unknown_lost;
    totals.counts.reads += simulation.counts().reads;
    totals.counts.expiries += simulation.counts().expiries;
    totals.counts.repeated += simulation.counts().repeated;
    totals.counts.payments_done += simulation.counts().payments_done;
    totals.counts.payments_replayed += simulation.counts().payments_replayed;
    totals.counts.groups += simulation.counts().groups;
    totals.counts.timers += simulation.counts().timers;
    totals.counts.payment_reads += simulation.counts().payment_reads;
    totals.lives.crashed += simulation.lives().crashed;
    totals.lives.stopped += simulation.lives().stopped;
    totals.lives.journal_failed += simulation.lives().journal_failed;
    totals.lives.from_snapshot += simulation.lives().from_snapshot;
    totals.lives.disk_full_refusals += simulation.lives().disk_full_refusals;
    if (testing::Test::HasFailure()) {
      ADD_FAILURE() << "repeat with FLORIN_FIRST_SEED=" << seed << " FLORIN_SIM_SEEDS=1";
      break;
    }
  }
  return totals;
}

TEST(Simulation, ManyLivesOfOneNode) {
  Simulation::Options options;
  options.factories = stepped_factories();
  const Totals totals = run_seeds(test::PerSanitizer<std::uint64_t>{.none = 40, .address = 12, .thread = 12}.here(), options);
  if (testing::Test::HasFailure() || std::getenv("FLORIN_SIM_SEEDS") != nullptr || test::kSanitizer != test::Sanitizer::kNone) return;
  // A simulation proves nothing about what never happens in it.
  EXPECT_GT(totals.counts.acknowledged, 1'000U);
  EXPECT_GT(totals.counts.refused, 50U);
  EXPECT_GT(totals.counts.unknown_kept, 50U);
  EXPECT_GT(totals.counts.unknown_lost, 50U);
  EXPECT_GT(totals.counts.reads, 300U);
  EXPECT_GT(totals.counts.expiries, 50U);
  EXPECT_GT(totals.counts.repeated, 100U);
  EXPECT_GT(totals.lives.crashed, 50U);
  EXPECT_GT(totals.lives.stopped, 10U);
  EXPECT_GT(totals.lives.journal_failed, 10U);
  EXPECT_GT(totals.lives.from_snapshot, 20U);
  EXPECT_GT(totals.lives.disk_full_refusals, 10U);
}

/// Payments, groups and timers among transfers of a ledger's clients, who meddle with their accounts. Each life has another number of partitions.
TEST(Simulation, OfPaymentsAndTransfers) {
  Simulation::Options options;
  options.factories = stepped_factories();
  options.payments_percent = 60;
  const Totals totals = run_seeds(test::PerSanitizer<std::uint64_t>{.none = 30, .address = 6, .thread = 6}.here(), options);
  if (testing::Test::HasFailure() || std::getenv("FLORIN_SIM_SEEDS") != nullptr || test::kSanitizer != test::Sanitizer::kNone) return;
  EXPECT_GT(totals.counts.payments_done, 1'000U);
  EXPECT_GT(totals.counts.payments_replayed, 500U);
  EXPECT_GT(totals.counts.groups, 100U);
  EXPECT_GT(totals.counts.timers, 50U);
  EXPECT_GT(totals.counts.payment_reads, 100U);
  EXPECT_GT(totals.counts.unknown_kept, 50U);
  EXPECT_GT(totals.counts.unknown_lost, 50U);
  EXPECT_GT(totals.lives.from_snapshot, 10U);
}

/// The judge itself: it must see an acknowledged write that the disk does not have, and a refused one that it has.
TEST(History, SeesALostWrite) {
  journal::MemoryDisk disk;
  History history(test::engine_factories().front().make());
  const Account record = test::account(1);
  pipeline::Request answer;
  answer.request = history.sent(test::make_request<Account>(Operation::kCreateAccounts, std::span(&record, 1)));
  answer.sequence = 2;
  history.answered(answer, false);
  EXPECT_NONFATAL_FAILURE(history.check(disk), "was acknowledged at sequence 2; the disk ends at 0");
}

TEST(History, SeesAReadOfAnotherState) {
  World world;
  SimulatedNode::Options options;
  options.make_state_machine = test::engine_factories().front().make;
  auto node = SimulatedNode::start(world, options);
  ASSERT_TRUE(node);
  while ((*node)->pipeline().step() > 0) {
  }
  ASSERT_EQ(world.disk.size(), 1U) << "genesis";

  History history(test::engine_factories().front().make());
  const u128 id = 1;
  Account never_created = test::account(1);
  pipeline::Request answer;
  answer.request = history.sent(test::make_request<u128>(Operation::kLookupAccounts, std::span(&id, 1)));
  answer.sequence = 1;
  answer.reply.data = reinterpret_cast<std::byte*>(&never_created);
  answer.reply.size = sizeof never_created;
  answer.reply.count = 1;
  history.answered(answer, false);
  EXPECT_NONFATAL_FAILURE(history.check(world.disk), "a read saw another state than that after sequence 1");
}

/// Found by the simulator (seed 196): two holds expire in the same nanosecond, and the clock shows just that time. The events of
/// a pulse own consecutive nanoseconds, so the first of them lies before the time: that hold is passed over, and the next pulse,
/// which comes at once, gets it. No hold expires early, and none is forgotten although the clock stands still.
TEST(Pulse, ComesForNoHoldBeforeItsTime) {
  World world;
  SimulatedNode::Options options;
  options.make_state_machine = test::engine_factories().front().make;
  auto started = SimulatedNode::start(world, options);
  ASSERT_TRUE(started);
  SimulatedNode& node = **started;
  const auto settle = [&] {
    while (node.pipeline().step() > 0) {
    }
  };
  const auto send = [&]<typename Event>(Operation operation, const std::vector<Event>& events) {
    pipeline::RequestBlock* block = node.pipeline().port(0).acquire();
    const auto bytes = static_cast<std::uint32_t>(events.size() * sizeof(Event));
    pipeline::Request& request = block->add(bytes, static_cast<std::uint32_t>(events.size() * sizeof(CreateReplyEntry)));
    std::memcpy(request.body, events.data(), bytes);
    request.operation = operation;
    request.event_count = static_cast<std::uint32_t>(events.size());
    request.body_checksum = record::checksum({request.body, bytes});
    node.pipeline().port(0).submit(block);
    settle();
  };
  send(Operation::kCreateAccounts, std::vector<Account>{test::account(1), test::account(2)});
  constexpr std::uint64_t kSecond = 1'000'000'000;
  const auto hold = [](u128 id, std::uint32_t timeout) { return test::transfer(id).flags(TransferFlags::kPending).timeout(timeout); };
  node.clock().advance(kSecond);
  send(Operation::kCreateTransfers, std::vector<Transfer>{hold(10, 2)});
  node.clock().advance(kSecond);
  send(Operation::kCreateTransfers, std::vector<Transfer>{hold(11, 1)});
  const std::uint64_t expires_at = node.state_machine().timestamp() + kSecond;
  ASSERT_EQ(node.state_machine().next_expiry(), expires_at);
  node.clock().advance(kSecond);
  settle();

  std::uint64_t newest_pulse = 0;
  for (std::size_t i = 0; i < world.disk.size(); ++i) {
    for (const RequestHeader& request : record::BatchView(world.disk.at(i)).requests()) {
      if (request.operation == Operation::kPulse) newest_pulse = request.timestamp;
    }
  }
  EXPECT_GE(newest_pulse, expires_at);
  EXPECT_EQ(node.state_machine().counts().holds_open, 0U);
  EXPECT_EQ(node.state_machine().next_expiry(), ~std::uint64_t{0});
}

/// The simulator itself: with the model in the engine's place nothing differs either.
TEST(Simulation, OfTheModel) {
  Simulation::Options options;
  options.factories = {test::all_factories().front()};
  run_seeds(test::PerSanitizer<std::uint64_t>{.none = 5, .address = 2, .thread = 2}.here(), options);
}

}  // namespace
}  // namespace florin::sim
