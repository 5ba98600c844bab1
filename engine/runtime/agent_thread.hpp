#pragma once

#include <atomic>
#include <functional>
#include <string>
#include <thread>
#include <utility>

#include "runtime/agent.hpp"
#include "runtime/parker.hpp"
#include "runtime/waker.hpp"

namespace florin::runtime {

/// How a thread is set up.
struct ThreadOptions {
  std::string name;      ///< up to 15 characters, as the system shows it
  int processor = -1;    ///< pinned to this one; -1: wherever the system likes
  int niceness = 0;      ///< above 0 for work that should not disturb
  unsigned spins = 200;  ///< looks for work so often before it sleeps; few, because cores are few
};

/// Applies name, processor and niceness to the calling thread, as far as the system allows.
void set_up_this_thread(const ThreadOptions& options) noexcept;

/// A thread that steps one agent until stopped: works while there is work, spins a little, then sleeps.
/// Owner: the thread that makes it. wake(): any thread.
class AgentThread {
 public:
  AgentThread(Agent& agent, ThreadOptions options) : agent_(agent), options_(std::move(options)) {}
  ~AgentThread();  ///< stops and joins
  AgentThread(const AgentThread&) = delete;
  AgentThread& operator=(const AgentThread&) = delete;

  /// Starts stepping. Apart from construction, so that stages can be given their wakers before any thread runs.
  void start();

  /// There is work. Cheap unless the thread sleeps. Before start(): it finds the work when it starts.
  void wake() noexcept { parker_.unpark(); }
  [[nodiscard]] Waker waker() noexcept {
    return {[](void* self) { static_cast<AgentThread*>(self)->wake(); }, this};
  }

  /// Lets the agent finish the step it is in and joins.
  void stop() noexcept;

 private:
  void run() noexcept;
  bool spin_for_work() noexcept;

  Agent& agent_;
  const ThreadOptions options_;
  Parker parker_;
  std::atomic<bool> stopping_{false};
  std::thread thread_;
};

/// A thread that runs one function to its end, set up the same way.
std::thread start_thread(ThreadOptions options, std::function<void()> body);

}  // namespace florin::runtime
