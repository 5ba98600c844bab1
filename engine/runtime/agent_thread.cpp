#include "runtime/agent_thread.hpp"

#include <immintrin.h>
#include <pthread.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace florin::runtime {

void set_up_this_thread(const ThreadOptions& options) noexcept {
  if (!options.name.empty()) pthread_setname_np(pthread_self(), options.name.substr(0, 15).c_str());
  if (options.processor >= 0) {
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(static_cast<unsigned>(options.processor), &set);
    pthread_setaffinity_np(pthread_self(), sizeof set, &set);
  }
  if (options.niceness != 0) {
    // Linux keeps niceness per thread. On top of the process's own: under `nice`, what should not disturb must not come before what it would disturb.
    const auto thread = static_cast<id_t>(syscall(SYS_gettid));
    setpriority(PRIO_PROCESS, thread, getpriority(PRIO_PROCESS, thread) + options.niceness);
  }
}

AgentThread::~AgentThread() { stop(); }

void AgentThread::start() {
  thread_ = std::thread([this] { run(); });
}

void AgentThread::stop() noexcept {
  if (!thread_.joinable()) return;
  stopping_.store(true, std::memory_order_release);
  parker_.unpark();
  thread_.join();
}

void AgentThread::run() noexcept {
  set_up_this_thread(options_);
  while (!stopping_.load(std::memory_order_acquire)) {
    if (agent_.do_work() > 0 || spin_for_work()) continue;
    parker_.park(agent_.idle_ns());
  }
}

bool AgentThread::spin_for_work() noexcept {
  for (unsigned spin = 0; spin < options_.spins; ++spin) {
    _mm_pause();
    if (agent_.do_work() > 0) return true;
  }
  return false;
}

std::thread start_thread(ThreadOptions options, std::function<void()> body) {
  return std::thread([options = std::move(options), body = std::move(body)] {
    set_up_this_thread(options);
    body();
  });
}

}  // namespace florin::runtime
