#include <gtest/gtest.h>

#include <thread>

#include "model/expected_reply.hpp"
#include "support/builders.hpp"
#include "support/engine_under_test.hpp"
#include "support/online_snapshot.hpp"
#include "support/paging.hpp"
#include "support/random_workload.hpp"
#include "support/reply_text.hpp"
#include "support/sanitizers.hpp"

/// Snapshots that are taken while requests go on: loading one gives the state at its beginning, and from there on nobody can tell
/// the loaded ledger from the one that never stopped, whatever number of partitions either has.

namespace florin::test {
namespace {

struct Traffic {
  explicit Traffic(std::uint64_t seed) : workload(seed, {.moments = false}) {}
  TestRequest next(model::ReplyBody& expected) {
    TestRequest request = workload.next(ledger);
    expected = model::execute_on_model(ledger, request.operation, request.flags, request.body(), request.timestamp);
    return request;
  }
  RandomWorkload workload;
  model::ReferenceLedger ledger;
};

constexpr std::uint64_t kSeeds = PerSanitizer<std::uint64_t>{.none = 12, .address = 3, .thread = 3}.here();

TEST(SnapshotUnderTraffic, LoadsAsTheStateAtItsBeginning) {
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    for (const StateMachineFactory& factory : all_factories()) {
      SCOPED_TRACE(factory.name + ", seed " + std::to_string(seed));
      Traffic traffic(seed);
      Random random(seed);
      EngineUnderTest engine(factory.make());
      model::ReplyBody expected;
      const std::uint64_t before = random.below(400);
      for (std::uint64_t i = 0; i < before; ++i) engine.execute(traffic.next(expected));

      OnlineSnapshot online(engine);
      std::vector<TestRequest> after;
      std::vector<model::ReplyBody> after_replies;
      const std::size_t budget = random.pick<std::size_t>({1, 500, 20'000});
      bool complete = false;
      for (int i = 0; i < 300; ++i) {
        after.push_back(traffic.next(expected));
        after_replies.push_back(expected);
        const model::ReplyBody reply = engine.execute(after.back());
        ASSERT_TRUE(same_answer(after.back(), expected, reply)) << difference(after.back(), expected, reply);
        if (!complete && i % 3 == 0) complete = online.step(budget);
      }
      while (!complete) complete = online.step(budget);

      for (const StateMachineFactory& other : all_factories()) {
        if ((other.name == "model") != (factory.name == "model")) continue;  // the model's snapshots are of its own kind
        SCOPED_TRACE("loaded by " + other.name);
        std::unique_ptr<core::StateMachine> machine = other.make();
        const Status loaded = machine->load(online.snapshot);
        ASSERT_TRUE(loaded) << loaded.message();
        EngineUnderTest recovered(std::move(machine));
        for (std::size_t i = 0; i < after.size(); ++i) {
          const model::ReplyBody reply = recovered.execute(after[i]);
          ASSERT_TRUE(same_answer(after[i], after_replies[i], reply)) << difference(after[i], after_replies[i], reply);
        }
        EXPECT_TRUE(recovered.state_machine().state_hash() == engine.state_machine().state_hash());
        EXPECT_TRUE(recovered.state_machine().outcome_digest() == engine.state_machine().outcome_digest());
        EXPECT_EQ(recovered.state_machine().next_expiry(), engine.state_machine().next_expiry());
      }
    }
  }
}

/// What only grows is read by another thread, beside the one that executes; under the thread sanitizer this is what it is for.
TEST(SnapshotUnderTraffic, RowsAreReadBesideExecution) {
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    for (const StateMachineFactory& factory : all_factories()) {
      if (factory.name == "model") continue;
      SCOPED_TRACE(factory.name + ", seed " + std::to_string(seed));
      Traffic traffic(seed);
      EngineUnderTest engine(factory.make());
      model::ReplyBody expected;
      for (int i = 0; i < 150; ++i) engine.execute(traffic.next(expected));
      core::StateMachine& machine = engine.state_machine();
      SnapshotHeader header;
      header.sequence = machine.sequence();
      header.timestamp = machine.timestamp();
      header.outcome_digest = machine.outcome_digest();
      header.state_hash = machine.state_hash();
      machine.begin_snapshot();
      MemorySnapshot rows;
      const auto sink = [&](ChunkKey key, std::span<const std::byte> bytes) { rows.put(key, bytes); };
      while (!machine.snapshot_step(1, sink)) {
        const TestRequest request = traffic.next(expected);
        ASSERT_TRUE(same_answer(request, expected, engine.execute(request)));
      }
      std::thread reader([&] {
        while (!machine.snapshot_rows(sink)) {
        }
      });
      for (int i = 0; i < 60; ++i) {
        const TestRequest request = traffic.next(expected);
        EXPECT_TRUE(same_answer(request, expected, engine.execute(request)));
      }
      reader.join();
      rows.publish(header);
      const Status loaded = factory.make()->load(rows);
      EXPECT_TRUE(loaded) << loaded.message();
    }
  }
}

/// Found by the simulator. An imported transfer may carry a time before that of an expiry that ran before it: the balances after
/// it are those of the order of execution, also when the ledger was loaded from a snapshot.
TEST(SnapshotUnderTraffic, KeepsTheOrderOfAnExpiryAndAnImportedTransferBeforeItsTime) {
  constexpr std::uint64_t kSecond = 1'000'000'000;
  for (const StateMachineFactory& factory : all_factories()) {
    SCOPED_TRACE(factory.name);
    EngineUnderTest engine(factory.make());
    const auto write = [&]<typename Event>(Operation operation, const std::vector<Event>& events, std::uint64_t timestamp) {
      const model::ReplyBody reply = engine.execute(make_request<Event>(operation, events, timestamp));
      for (const auto& entry : model::elements_of<CreateReplyEntry>(reply.bytes)) EXPECT_EQ(entry.status, kCreated);
    };
    const std::vector<Account> accounts = {account(1).flags(AccountFlags::kHistory), account(2).flags(AccountFlags::kHistory)};
    write(Operation::kCreateAccounts, accounts, 1'000);
    write(Operation::kCreateTransfers, std::vector<Transfer>{transfer(10).flags(TransferFlags::kPending).timeout(1)}, 2'000);
    write(Operation::kPulse, std::vector<u128>{10}, 5 * kSecond);
    const Transfer imported = transfer(11).flags(TransferFlags::kImported).amount(7).timestamp(3'000);
    write(Operation::kCreateTransfers, std::vector<Transfer>{imported}, 6 * kSecond);

    OnlineSnapshot online(engine);
    while (!online.step(1 << 20)) {
    }
    std::unique_ptr<core::StateMachine> machine = factory.make();
    const Status loaded = machine->load(online.snapshot);
    ASSERT_TRUE(loaded) << loaded.message();
    EngineUnderTest recovered(std::move(machine));

    AccountFilter filter;
    filter.account_id = 1;
    filter.limit = 10;
    filter.flags = AccountFilterFlags::kDebits;
    const TestRequest query = make_request<AccountFilter>(Operation::kGetAccountBalances, std::span(&filter, 1));
    for (EngineUnderTest* one : {&engine, &recovered}) {
      const std::vector<AccountBalance> rows = model::elements_of<AccountBalance>(rows_of(query, one->execute(query)));
      ASSERT_EQ(rows.size(), 2U);
      EXPECT_EQ(rows[1].debits_pending, 0U) << "the hold had expired before the imported transfer came";
      EXPECT_EQ(rows[1].debits_posted, 7U);
    }
  }
}

TEST(SnapshotUnderTraffic, AbandonedOnesLeaveNoTrace) {
  for (const StateMachineFactory& factory : all_factories()) {
    SCOPED_TRACE(factory.name);
    Traffic traffic(77);
    EngineUnderTest engine(factory.make());
    EngineUnderTest undisturbed(factory.make());
    model::ReplyBody expected;
    for (int i = 0; i < 400; ++i) {
      const TestRequest request = traffic.next(expected);
      ASSERT_TRUE(same_answer(request, expected, engine.execute(request)));
      undisturbed.execute(request);
      if (i % 20 == 5) engine.state_machine().begin_snapshot();
      if (i % 20 == 9) {
        engine.state_machine().snapshot_step(100, [](ChunkKey, std::span<const std::byte>) {});
        engine.state_machine().abandon_snapshot();
      }
    }
    EXPECT_TRUE(engine.state_machine().state_hash() == undisturbed.state_machine().state_hash());
    OnlineSnapshot online(engine);
    while (!online.step(1 << 20)) {
    }
    std::unique_ptr<core::StateMachine> machine = factory.make();
    const Status loaded = machine->load(online.snapshot);
    EXPECT_TRUE(loaded) << loaded.message();
    EXPECT_TRUE(machine->state_hash() == engine.state_machine().state_hash());
  }
}

}  // namespace
}  // namespace florin::test
