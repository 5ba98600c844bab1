#include <gmock/gmock.h>

#include "shop.hpp"
#include "core/snapshot_tables.hpp"
#include "support/online_snapshot.hpp"

namespace florin::test {
namespace {

using C = CommandNumber;

/// Some of everything. `first`: of the ids it gives.
void trade(Shop& shop, u128 first) {
  CommandWithParts sale = shop.make(C::kPay, first, 9'999, kFeeB);
  sale.add(PartShare{.account = kPartOne, .bps = 3'333}).add(PartShare{.account = kPartTwo, .bps = 2'667});
  shop.send(sale);
  shop.send(shop.on(C::kCapture, first, 5'000));
  shop.send(shop.on(C::kRefund, first, 1'000));
  shop.send(shop.pay(first + 1, 100, kFeeA));
  CommandWithParts order = shop.make(C::kCreateOrder, first + 2, 100);
  order.command.expires_s = 50;
  shop.send(order);
  shop.send(shop.on(C::kCapture, first + 2, 1));
  shop.send_all({shop.on(C::kFulfil, first), shop.on(C::kCapture, first, kAmountAll)}, PaymentsMode::kGroup, shop.next_key());
  shop.send_all({shop.on(C::kCancel, first + 2), shop.on(C::kCapture, first, 1)}, PaymentsMode::kGroup, shop.next_key());
  CommandWithParts resolve = valid_command(C::kResolve);
  resolve.command.id = shop.next_key();
  shop.send(resolve);
  shop.send(shop.on(C::kSetCredential, kPayer));
  shop.top_up(kWallet, 10);
}

void execute_all(EngineUnderTest& engine, std::span<const TestRequest> log) {
  for (const TestRequest& request : log) engine.execute(request);
}

TEST(PaymentState, IsTheSameForAnyNumberOfPartitionsLiveOrReplayed) {
  Shop shop;
  trade(shop, 1);
  shop.advance(60);
  shop.run_timers();
  trade(shop, 11);
  for (const std::uint32_t partitions : {1U, 2U, 3U, 8U}) {
    EngineUnderTest again(make_test_ledger(partitions), EngineUnderTest::Replies::kNone);
    execute_all(again, shop.log());
    EXPECT_EQ(again.state_machine().state_hash(), shop.machine().state_hash()) << partitions;
    EXPECT_EQ(again.state_machine().outcome_digest(), shop.machine().outcome_digest()) << partitions;
  }
}

TEST(PaymentState, IsInASnapshotThatIsTakenWhileItChanges) {
  Shop shop;
  trade(shop, 1);
  const std::size_t taken_at = shop.log().size();
  OnlineSnapshot online(shop.engine());
  trade(shop, 11);  // changes what the snapshot has not copied yet
  shop.send(shop.on(C::kRefund, 1, 500));
  while (!online.step(1)) shop.top_up(kWallet, 1);
  shop.advance(60);
  shop.run_timers();

  for (const std::uint32_t partitions : {1U, 3U}) {
    auto machine = make_test_ledger(partitions);
    const Status loaded = machine->load(online.snapshot);
    ASSERT_TRUE(loaded) << loaded.message();
    EngineUnderTest again(std::move(machine), EngineUnderTest::Replies::kNone);
    execute_all(again, std::span(shop.log()).subspan(taken_at));
    EXPECT_EQ(again.state_machine().state_hash(), shop.machine().state_hash()) << partitions;
    EXPECT_EQ(again.state_machine().next_expiry(), shop.machine().next_expiry());
  }
}

TEST(PaymentState, WhatASnapshotSaysTwiceOrNotAtAllIsDamage) {
  Shop shop;
  trade(shop, 1);
  OnlineSnapshot online(shop.engine());
  while (!online.step(1U << 20)) {
  }
  const auto loads = [&](const std::function<void(std::vector<std::byte>&)>& damage, std::uint32_t table) {
    MemorySnapshot copy = online.snapshot;
    damage(copy.content().at({table, 0}));
    return static_cast<bool>(make_test_ledger()->load(copy));
  };
  const auto repeat = [](std::vector<std::byte>& chunk) {
    const std::vector<std::byte> twice = chunk;
    chunk.insert(chunk.end(), twice.begin(), twice.end());
  };
  const auto cut = [](std::vector<std::byte>& chunk) { chunk.resize(chunk.size() - 16); };
  for (std::uint32_t table = core::kSnapshotAssets; table <= core::kSnapshotStory; ++table) {
    if (table == core::kSnapshotListEntries) continue;
    EXPECT_FALSE(loads(repeat, table)) << table;
    EXPECT_FALSE(loads(cut, table)) << table;
  }
}

}  // namespace
}  // namespace florin::test
