#include "runtime/agent_token.hpp"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace florin::runtime {
namespace {

TEST(AgentToken, HasOneHolder) {
  AgentToken token;
  ASSERT_TRUE(token.try_acquire());
  token.assert_held();
  EXPECT_FALSE(token.try_acquire());
  token.release();
  EXPECT_TRUE(token.try_acquire());
  token.release();
}

TEST(AgentToken, HandsStateFromThreadToThread) {
  AgentToken token;
  long guarded = 0;  // plain: only the token orders its writers
  constexpr long kTurns = 20000;
  const auto body = [&] {
    for (long done = 0; done < kTurns;) {
      if (!token.try_acquire()) continue;
      ++guarded;
      token.release();
      ++done;
    }
  };
  std::thread other(body);
  body();
  other.join();
  EXPECT_EQ(guarded, 2 * kTurns);
}

/// The promise in the class comment: publish, try; the holder releases, then looks. No item may stay behind.
TEST(AgentToken, NoWorkIsForgotten) {
  AgentToken token;
  std::atomic<int> published{0};
  int taken = 0;
  constexpr int kItems = 20000;
  const auto carry = [&] {
    while (taken < published.load(std::memory_order_relaxed)) ++taken;
  };
  const auto publish_and_try = [&] {
    published.fetch_add(1, std::memory_order_relaxed);
    bool again = true;
    while (again && token.try_acquire()) {
      carry();
      const int seen = taken;
      token.release();
      again = published.load(std::memory_order_relaxed) != seen;
    }
  };
  std::thread other([&] {
    for (int i = 0; i < kItems; ++i) publish_and_try();
  });
  for (int i = 0; i < kItems; ++i) publish_and_try();
  other.join();
  EXPECT_EQ(taken, 2 * kItems);
}

}  // namespace
}  // namespace florin::runtime
