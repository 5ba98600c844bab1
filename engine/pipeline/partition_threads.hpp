#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <thread>
#include <vector>

#include "core/phase_runner.hpp"
#include "runtime/cache_line.hpp"
#include "runtime/parker.hpp"

namespace florin::pipeline {

/// A thread for each partition but the first, whose share the caller of run() does itself. Between phases the threads park, and so
/// does the caller while others finish, so that eight partitions work on two cores, if slowly. Inside a phase a partition that
/// waits for another's decision spins a little and then yields: the other is never asleep then.
/// Owner and caller of run(): the sequencing thread.
class PartitionThreads final : public core::PhaseRunner {
 public:
  explicit PartitionThreads(std::uint32_t partitions);
  ~PartitionThreads() override;  ///< stops and joins

  void run(core::Phase& phase) noexcept override;

 private:
  struct alignas(runtime::kCacheLineSize) Worker {
    runtime::Parker parker;
    std::thread thread;
  };

  void work(std::uint32_t partition) noexcept;
  void carry(core::Phase& phase, std::uint32_t partition) noexcept;

  const std::uint32_t partitions_;
  const unsigned spins_;  // none where there are more partitions than processors: spinning would keep the other from running
  core::Phase* phase_ = nullptr;  // written by run() before generation_, read by workers after it
  alignas(runtime::kCacheLineSize) std::atomic<std::uint64_t> generation_{0};  // release in run(), acquire in work()
  alignas(runtime::kCacheLineSize) std::atomic<std::uint32_t> unfinished_{0};  // release in work(), acquire in run()
  std::atomic<bool> stopping_{false};
  runtime::Parker caller_;
  std::unique_ptr<Worker[]> workers_;  // by partition; 0 is unused
};

}  // namespace florin::pipeline
