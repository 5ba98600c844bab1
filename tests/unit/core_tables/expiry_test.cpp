#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <tuple>

#include "core/expiry_queue.hpp"
#include "core/ledger.hpp"
#include "partition_support.hpp"
#include "support/builders.hpp"
#include "support/engine_under_test.hpp"

namespace florin::core {
namespace {

TEST(ExpiryQueue, ComesOutByTimeAndThenByTimestamp) {
  test::Random random(1);
  for (int round = 0; round < 50; ++round) {
    const unsigned in_order_percent = random.pick<unsigned>({0, 50, 95, 100});
    ExpiryQueue queue(5'000);
    std::set<std::tuple<std::uint64_t, std::uint64_t, std::uint32_t>> twin;
    std::uint64_t timestamp = 0;
    for (int i = 0; i < 600; ++i) {
      if (random.chance(65) || twin.empty()) {
        const std::uint64_t expires_at = random.chance(in_order_percent) ? 100 + timestamp / 3 : random.below(300);
        const ExpiryQueue::Entry entry{.expires_at = expires_at, .timestamp = ++timestamp, .hold = static_cast<std::uint32_t>(random.next())};
        queue.push(entry);
        twin.emplace(entry.expires_at, entry.timestamp, entry.hold);
      } else {
        queue.pop();
        twin.erase(twin.begin());
      }
      ASSERT_EQ(queue.size(), twin.size());
      ASSERT_EQ(queue.empty(), twin.empty());
      if (twin.empty()) continue;
      ASSERT_EQ(std::make_tuple(queue.top().expires_at, queue.top().timestamp, queue.top().hold), *twin.begin());
    }
    while (!twin.empty()) {
      ASSERT_EQ(std::make_tuple(queue.top().expires_at, queue.top().timestamp, queue.top().hold), *twin.begin());
      queue.pop();
      twin.erase(twin.begin());
    }
    EXPECT_TRUE(queue.empty());
  }
}

/// Holds as far as the queue asks for them.
struct OpenHolds {
  std::vector<std::uint64_t> timestamps;  // by place; 0: it ended

  [[nodiscard]] bool is_open(std::uint32_t place, std::uint64_t timestamp) const { return timestamps[place] == timestamp; }
  void prefetch_place(std::uint32_t place) const { ASSERT_LT(place, timestamps.size()); }
};

/// Most holds end long before their time. The first one is always an open one, as if nothing else had ever been there.
TEST(ExpiryQueue, IsNotMuchLongerThanTheOpenHoldsAreMany) {
  test::Random random(2);
  for (int round = 0; round < 40; ++round) {
    const unsigned in_order_percent = random.pick<unsigned>({0, 50, 95, 100});
    const std::uint64_t pushes_max = random.pick<std::uint64_t>({1, 30, 300});
    ExpiryQueue queue(100'000);
    OpenHolds holds;
    std::set<std::tuple<std::uint64_t, std::uint64_t, std::uint32_t>> open;
    std::uint64_t timestamp = 0;
    std::size_t ended = 0;
    for (int batch = 0; batch < 400; ++batch) {
      for (std::uint64_t pushes = random.below(pushes_max + 1); pushes != 0; --pushes) {
        const std::uint64_t far = 1'000'000'000 + timestamp;
        const auto place = static_cast<std::uint32_t>(holds.timestamps.size());
        const ExpiryQueue::Entry entry{.expires_at = random.chance(in_order_percent) ? far : random.below(far), .timestamp = ++timestamp, .hold = place};
        queue.push(entry);
        holds.timestamps.push_back(timestamp);
        open.emplace(entry.expires_at, entry.timestamp, place);
      }
      while (open.size() > 50 && random.below(open.size()) > 20) {
        auto victim = open.lower_bound({random.below(1'000'000'000 + timestamp), 0, 0});
        if (victim == open.end()) victim = std::prev(victim);
        holds.timestamps[std::get<2>(*victim)] = 0;
        open.erase(victim);
        queue.note_ended();
        ++ended;
      }
      queue.tidy_up(holds);
      ASSERT_LE(queue.size(), 4 * open.size() + 4 * pushes_max + 200);
      ASSERT_EQ(queue.empty(), open.empty());
      if (open.empty()) continue;
      ASSERT_EQ(std::make_tuple(queue.top().expires_at, queue.top().timestamp, queue.top().hold), *open.begin());
    }
    EXPECT_GT(ended + 60, holds.timestamps.size() * 8 / 10);
  }
}

/// Numbers of the open holds that are due, in the order in which they must expire.
std::vector<std::uint32_t> due_by_looking(const PartitionUnderTest& one, std::uint64_t now) {
  std::vector<std::uint32_t> due;
  for (const std::uint32_t number : one.open_holds()) {
    if (one.expires_at(number) <= now) due.push_back(number);
  }
  std::sort(due.begin(), due.end(), [&](std::uint32_t a, std::uint32_t b) {
    return std::make_pair(one.expires_at(a), one.partition.transfer(a).timestamp) <
           std::make_pair(one.expires_at(b), one.partition.transfer(b).timestamp);
  });
  return due;
}

std::vector<std::uint32_t> due(const PartitionUnderTest& one, std::uint64_t now, std::size_t most) {
  std::vector<std::uint32_t> places(most);
  places.resize(one.partition.due_expiries(now, places).found);
  for (std::uint32_t& place : places) place = one.partition.holds()[place].number;
  return places;
}

TEST(DueExpiries, InOrderWithEndedHoldsInBetween) {
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    PartitionUnderTest one(seed);
    ASSERT_TRUE(one.partition.reserve(10, 4'000));
    for (u128 id = 1; id <= 5; ++id) one.create_account(id);
    for (int round = 0; round < 60; ++round) {
      for (int i = 0; i < 20; ++i) {
        one.create_transfer(1'000'000 + ++one.transfers_made, 1, 2, 1, true, static_cast<std::uint32_t>(one.random.below(20)));
        one.now += one.random.pick<std::uint64_t>({0, 0, 100, 1'000'000'000});
      }
      std::vector<std::uint32_t> open = one.open_holds();
      for (int i = 0; i < 12 && !open.empty(); ++i) {
        const auto at = open.begin() + static_cast<std::ptrdiff_t>(one.random.below(open.size()));
        one.end_hold(*at, PendingStatus::kVoided);
        open.erase(at);
      }
      one.partition.prune_expiries();
      const std::uint64_t now = one.now + one.random.below(3'000'000'000);
      const std::vector<std::uint32_t> expected = due_by_looking(one, now);
      for (const std::size_t most : {std::size_t{0}, std::size_t{1}, std::size_t{7}, std::size_t{5'000}}) {
        std::vector<std::uint32_t> beginning = expected;
        beginning.resize(std::min(most, expected.size()));
        ASSERT_EQ(due(one, now, most), beginning);
      }
      ASSERT_TRUE(due(one, 0, 10).empty());
      for (const std::uint32_t number : due(one, now, 5)) one.end_hold(number, PendingStatus::kExpired);
      one.partition.prune_expiries();
      const std::vector<std::uint32_t> all = due_by_looking(one, kNever - 1);
      ASSERT_EQ(one.partition.next_expiry(), all.empty() ? kNever : one.expires_at(all.front()));
    }
  }
}

TEST(DueExpiries, DueExactlyAtItsTime) {
  PartitionUnderTest one(1);
  ASSERT_TRUE(one.partition.reserve(2, 2));
  one.create_account(1);
  one.create_account(2);
  const std::uint32_t number = one.create_transfer(10, 1, 2, 5, true, 2);
  const std::uint64_t at = one.partition.transfer(number).timestamp + 2'000'000'000;
  EXPECT_TRUE(due(one, at - 1, 10).empty());
  EXPECT_EQ(due(one, at, 10), std::vector<std::uint32_t>{number});
  one.create_transfer(11, 1, 2, 5, true, 0);
  EXPECT_EQ(one.partition.expiry_queue().size(), 1U) << "no time-out, never in the queue";
}

/// A queue in which far more ended holds than the search looks at lie before the next open one: what it finds is still a
/// beginning of the right order, and pulses that expire it get to the end.
TEST(DueExpiries, SoManyEndedHoldsThatTheSearchStopsEarly) {
  constexpr std::uint32_t kEnded = 150'000;
  PartitionUnderTest one(1, {.accounts = 16, .transfers = 300'000});
  ASSERT_TRUE(one.partition.reserve(2, kEnded + 4));
  one.create_account(1);
  one.create_account(2);
  one.create_transfer(kEnded + 4, 1, 2, 1, true, 1'000);  // behind it nothing else is in order
  const std::uint32_t first = one.create_transfer(1, 1, 2, 1, true, 1);
  std::vector<std::uint32_t> ended;
  for (u128 id = 2; id < 2 + kEnded; ++id) ended.push_back(one.create_transfer(id, 1, 2, 1, true, 2));
  const std::uint32_t second = one.create_transfer(kEnded + 2, 1, 2, 1, true, 3);
  const std::uint32_t third = one.create_transfer(kEnded + 3, 1, 2, 1, true, 4);
  for (const std::uint32_t number : ended) one.end_hold(number, PendingStatus::kPosted);
  one.partition.prune_expiries();

  std::vector<std::uint32_t> expired;
  const std::uint64_t now = one.now + 10'000'000'000;
  for (int pulse = 0; pulse < 3 && one.partition.holds_open() != 1; ++pulse) {
    const std::vector<std::uint32_t> found = due(one, now, 100);
    ASSERT_FALSE(found.empty()) << "the front of the queue is open, so there is always progress";
    for (const std::uint32_t number : found) {
      expired.push_back(number);
      one.end_hold(number, PendingStatus::kExpired);
    }
    one.partition.prune_expiries();
  }
  EXPECT_EQ(expired, (std::vector<std::uint32_t>{first, second, third}));
  EXPECT_EQ(one.partition.holds_open(), 1U);
  EXPECT_GT(one.partition.next_expiry(), now);
}

/// The same across partitions: one has so many ended holds that its search stops early, another finds holds that are due later.
TEST(DueExpiries, TheOrderAcrossPartitionsSurvivesASearchThatStopsEarly) {
  constexpr std::size_t kEnded = 20 * 8'000;
  const IdHash hash(make_u128(0x0123456789ABCDEFULL, 0xFEDCBA9876543210ULL));  // that of the genesis of EngineUnderTest
  u128 next_id = 0;
  const auto id_on = [&](std::uint32_t partition) {
    while (partition_of(hash(++next_id), 2) != partition) {
    }
    return next_id;
  };
  const auto hold = [](u128 id, std::uint32_t timeout) { return Transfer(test::transfer(id).flags(TransferFlags::kPending).timeout(timeout)); };

  const std::vector<u128> expected = {id_on(0), id_on(1), id_on(0), id_on(0), id_on(1), id_on(1)};
  std::vector<Transfer> open = {hold(id_on(0), 1'000), hold(id_on(1), 1'000)};  // behind them nothing else is in order
  for (std::size_t i = 0; i < expected.size(); ++i) open.push_back(hold(expected[i], i < 2 ? 1 : i < 4 ? 3 : 4));
  std::vector<std::vector<Transfer>> ended;
  std::vector<std::vector<Transfer>> ends;
  for (std::size_t i = 0; i < kEnded; ++i) {
    if (i % 8'000 == 0) ended.emplace_back(), ends.emplace_back();
    ended.back().push_back(hold(id_on(0), 2));
    ends.back().push_back(test::post((u128{1} << 64) + i, ended.back().back().id));
  }

  for (const std::uint32_t partitions : {1U, 2U}) {
    SCOPED_TRACE(std::to_string(partitions) + " partitions");
    test::EngineUnderTest engine(make_ledger({.memory_budget_bytes = std::uint64_t{256} << 20, .partitions = partitions}));
    std::uint64_t now = 1'000;
    const auto write = [&]<typename Event>(Operation operation, const std::vector<Event>& events) {
      now += 10'000;
      engine.execute(test::make_request<Event>(operation, events, now));
    };
    write(Operation::kCreateAccounts, std::vector<Account>{test::account(1), test::account(2)});
    write(Operation::kCreateTransfers, open);
    for (const auto& events : ended) write(Operation::kCreateTransfers, events);
    for (const auto& events : ends) write(Operation::kCreateTransfers, events);
    ASSERT_EQ(engine.state_machine().counts().holds_open, expected.size() + 2);

    now += 10'000'000'000;
    std::vector<u128> order;
    for (int pulse = 0; pulse < 10 && engine.state_machine().next_expiry() <= now; ++pulse) {
      std::vector<u128> ids(kEventsMax);
      ids.resize(engine.state_machine().due_expiries(now, ids));
      ASSERT_FALSE(ids.empty());
      order.insert(order.end(), ids.begin(), ids.end());
      write(Operation::kPulse, ids);
    }
    EXPECT_TRUE(order == expected) << "holds expire in another order";
    EXPECT_EQ(engine.state_machine().counts().holds_open, 2U);
  }
}

}  // namespace
}  // namespace florin::core
