#include "runtime/agent_thread.hpp"

#include <gtest/gtest.h>

#include <atomic>

namespace florin::runtime {
namespace {

/// Counts up to what it is told; says when it got there.
class CountingAgent final : public Agent {
 public:
  int do_work() noexcept override {
    if (done.load(std::memory_order_relaxed) >= wanted.load(std::memory_order_acquire)) return 0;
    if (done.fetch_add(1, std::memory_order_release) + 1 == wanted.load(std::memory_order_acquire)) reached.unpark();
    return 1;
  }
  std::atomic<int> wanted{0};
  std::atomic<int> done{0};
  Parker reached;
};

TEST(AgentThread, WorksUntilNothingIsLeftThenWakesAgain) {
  CountingAgent agent;
  AgentThread thread(agent, {.name = "counting", .spins = 0});
  thread.start();
  for (int round = 1; round <= 100; ++round) {
    agent.wanted.store(round * 3, std::memory_order_release);
    thread.wake();
    while (agent.done.load(std::memory_order_acquire) < round * 3) agent.reached.park();
  }
  thread.stop();
  EXPECT_EQ(agent.done.load(), 300);
}

TEST(AgentThread, StopsWhileAsleep) {
  CountingAgent agent;
  AgentThread thread(agent, {.name = "idle"});
  thread.start();
  thread.stop();
  thread.stop();  // twice is fine
}

TEST(AgentThread, NeedNotBeStarted) {
  CountingAgent agent;
  AgentThread thread(agent, {});
  thread.wake();
}

TEST(AgentThread, StartedThreadRunsItsBody) {
  std::atomic<bool> ran{false};
  start_thread({.name = "body"}, [&] { ran = true; }).join();
  EXPECT_TRUE(ran);
}

}  // namespace
}  // namespace florin::runtime
