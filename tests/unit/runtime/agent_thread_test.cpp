#include "runtime/agent_thread.hpp"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
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

/// Of the calling thread.
int niceness() { return getpriority(PRIO_PROCESS, static_cast<id_t>(syscall(SYS_gettid))); }

int niceness_of_thread(const ThreadOptions& options) {
  int found = 0;
  start_thread(options, [&] { found = niceness(); }).join();
  return found;
}

/// Under `nice -n 5` a thread that should not disturb had its own niceness alone, which may be less than that of those it would disturb.
TEST(AgentThread, NicenessComesOnTopOfThatOfTheProcess) {
  start_thread({}, [] {
    const int before = niceness();
    ASSERT_EQ(setpriority(PRIO_PROCESS, static_cast<id_t>(syscall(SYS_gettid)), std::min(before + 2, 19)), 0);  // as `nice` does; threads begin with it
    EXPECT_EQ(niceness_of_thread({.name = "plain"}), std::min(before + 2, 19));
    EXPECT_EQ(niceness_of_thread({.name = "nice", .niceness = 3}), std::min(before + 5, 19));
    EXPECT_EQ(niceness_of_thread({.name = "very nice", .niceness = 100}), 19) << "the most there is";
    EXPECT_EQ(niceness(), std::min(before + 2, 19)) << "of whoever began them nothing changes";
  }).join();
}

/// Looks once at the niceness that it is stepped with.
class NicenessAgent final : public Agent {
 public:
  static constexpr int kUnknown = -100;

  int do_work() noexcept override {
    if (found.load(std::memory_order_relaxed) != kUnknown) return 0;
    found.store(niceness(), std::memory_order_release);
    reached.unpark();
    return 1;
  }
  std::atomic<int> found{kUnknown};
  Parker reached;
};

TEST(AgentThread, AnAgentIsSteppedWithTheNicenessOfItsThread) {
  NicenessAgent agent;
  const int before = niceness();
  AgentThread thread(agent, {.name = "nice", .niceness = 4});
  thread.start();
  while (agent.found.load(std::memory_order_acquire) == NicenessAgent::kUnknown) agent.reached.park();
  EXPECT_EQ(agent.found.load(), std::min(before + 4, 19));
}

}  // namespace
}  // namespace florin::runtime
