#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <thread>

#include "core/phase_runner.hpp"
#include "runtime/cache_line.hpp"
#include "runtime/parker.hpp"

namespace florin::pipeline {

/// As many threads as there are partitions, or processors if these are fewer; the caller of run() is one of them. Whoever has
/// nothing to do takes the next partition that nobody is working on, its own ones first: a partition that waits for another's
/// decision is put down, never waited for, so that eight partitions on two processors lose little. Between phases the threads
/// park, and so does the caller while others finish.
/// A partition has one writer at a time: who has taken it. Taking it acquires what the last one released.
/// Owner and caller of run(): the sequencing thread.
class PartitionThreads final : public core::PhaseRunner {
 public:
  /// `threads` 0: as said above.
  explicit PartitionThreads(std::uint32_t partitions, std::uint32_t threads = 0);
  ~PartitionThreads() override;  ///< stops and joins

  void run(core::Phase& phase) noexcept override;

  [[nodiscard]] std::uint32_t threads() const noexcept { return threads_; }

 private:
  enum Share : std::uint64_t { kOpen, kTaken, kDone };  // in the low bits of a share's word; the phase's number above
  struct alignas(runtime::kCacheLineSize) PartitionShare {
    std::atomic<std::uint64_t> word{kDone};
  };
  struct alignas(runtime::kCacheLineSize) Worker {
    runtime::Parker parker;
    std::thread thread;
  };
  enum class Found { kWork, kBlocked, kNothing };

  void work(std::uint32_t thread) noexcept;
  Found step_any(std::uint64_t generation, std::uint32_t thread) noexcept;
  [[nodiscard]] bool is_done() const noexcept { return unfinished_.load(std::memory_order_acquire) == 0; }

  const std::uint32_t partitions_;
  const std::uint32_t threads_;
  core::Phase* phase_ = nullptr;  // written by run() before the shares open, read by who has taken one
  std::unique_ptr<PartitionShare[]> shares_;
  alignas(runtime::kCacheLineSize) std::atomic<std::uint64_t> generation_{0};  // number of the phase; release in run()
  alignas(runtime::kCacheLineSize) std::atomic<std::uint32_t> unfinished_{0};  // partitions; release by who finishes one
  std::atomic<bool> stopping_{false};
  runtime::Parker caller_;
  std::unique_ptr<Worker[]> workers_;  // by thread; 0 is the caller
};

}  // namespace florin::pipeline
