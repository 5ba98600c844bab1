#include "core/payments/order_timers.hpp"

#include <gmock/gmock.h>

#include <map>
#include <random>

namespace florin::core {
namespace {

using ::testing::ElementsAre;

TEST(OrderTimers, KeepOneTimeForEachOrder) {
  OrderTimers timers(100);
  timers.update(1, 50, 1);
  timers.update(2, 40, 2);
  timers.update(1, 30, 1);
  EXPECT_EQ(timers.next_due(), 30U);
  std::uint32_t due[4];
  EXPECT_EQ(timers.due(45, due), 2U);
  EXPECT_EQ(due[0], 1U);
  timers.update(1, kNever, 1);
  EXPECT_EQ(timers.next_due(), 40U);
  timers.forget_from(2);
  EXPECT_EQ(timers.next_due(), kNever);
}

TEST(OrderTimers, AgreeWithAMapOverAnyChanges) {
  std::mt19937_64 random(1);
  OrderTimers timers(1'000);
  std::map<std::uint32_t, std::uint64_t> expected;
  for (int step = 0; step < 20'000; ++step) {
    const auto order = static_cast<std::uint32_t>(1 + random() % 200);
    const std::uint64_t due = random() % 3 == 0 ? kNever : random() % 1'000;
    timers.update(order, due, order);
    expected[order] = due;
    if (step % 100 != 0) continue;
    std::vector<std::uint32_t> wanted;
    const std::uint64_t now = random() % 1'000;
    for (const auto& [number, at] : expected) {
      if (at <= now) wanted.push_back(number);
    }
    std::ranges::stable_sort(wanted, {}, [&](std::uint32_t number) { return expected[number]; });
    std::vector<std::uint32_t> found(1'000);
    found.resize(timers.due(now, found));
    ASSERT_EQ(found, wanted);
  }
}

}  // namespace
}  // namespace florin::core
