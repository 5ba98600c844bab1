#include "pipeline/partition_threads.hpp"

#include <immintrin.h>

#include <string>

#include "runtime/agent_thread.hpp"

namespace florin::pipeline {

PartitionThreads::PartitionThreads(std::uint32_t partitions)
    : partitions_(partitions),
      spins_(std::thread::hardware_concurrency() >= partitions ? 2000 : 0),
      workers_(std::make_unique<Worker[]>(partitions)) {
  for (std::uint32_t p = 1; p < partitions_; ++p) {
    workers_[p].thread = runtime::start_thread({.name = "partition-" + std::to_string(p)}, [this, p] { work(p); });
  }
}

PartitionThreads::~PartitionThreads() {
  stopping_.store(true, std::memory_order_release);
  for (std::uint32_t p = 1; p < partitions_; ++p) workers_[p].parker.unpark();
  for (std::uint32_t p = 1; p < partitions_; ++p) workers_[p].thread.join();
}

void PartitionThreads::run(core::Phase& phase) noexcept {
  phase_ = &phase;
  unfinished_.store(partitions_ - 1, std::memory_order_relaxed);
  generation_.fetch_add(1, std::memory_order_release);
  for (std::uint32_t p = 1; p < partitions_; ++p) workers_[p].parker.unpark();
  carry(phase, 0);
  for (unsigned spin = 0; unfinished_.load(std::memory_order_acquire) != 0;) {
    if (spin++ < spins_) {
      _mm_pause();
    } else {
      caller_.park();
    }
  }
}

void PartitionThreads::carry(core::Phase& phase, std::uint32_t partition) noexcept {
  for (unsigned spin = 0; !phase.step(partition);) {
    if (spin++ < spins_) {
      _mm_pause();
    } else {
      std::this_thread::yield();
    }
  }
}

void PartitionThreads::work(std::uint32_t partition) noexcept {
  std::uint64_t seen = 0;
  for (unsigned spin = 0;;) {
    const std::uint64_t generation = generation_.load(std::memory_order_acquire);
    if (generation == seen) {
      if (stopping_.load(std::memory_order_acquire)) return;
      if (spin++ < spins_) {
        _mm_pause();
      } else {
        workers_[partition].parker.park();
        spin = 0;
      }
      continue;
    }
    seen = generation;
    spin = 0;
    carry(*phase_, partition);
    if (unfinished_.fetch_sub(1, std::memory_order_acq_rel) == 1) caller_.unpark();
  }
}

}  // namespace florin::pipeline
