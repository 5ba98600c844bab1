#include "pipeline/partition_threads.hpp"

#include <immintrin.h>

#include <algorithm>
#include <string>

#include "runtime/agent_thread.hpp"

namespace florin::pipeline {
namespace {

/// Looks without finding anything before a thread lets others run: about 10 us.
constexpr unsigned kSpins = 200;

std::uint32_t threads_for(std::uint32_t partitions, std::uint32_t threads) {
  if (threads != 0) return std::min(threads, partitions);
  return std::clamp(std::thread::hardware_concurrency(), 1U, partitions);
}

}  // namespace

PartitionThreads::PartitionThreads(std::uint32_t partitions, std::uint32_t threads)
    : partitions_(partitions),
      threads_(threads_for(partitions, threads)),
      shares_(std::make_unique<PartitionShare[]>(partitions)),
      workers_(std::make_unique<Worker[]>(threads_)) {
  for (std::uint32_t t = 1; t < threads_; ++t) {
    workers_[t].thread = runtime::start_thread({.name = "partition-" + std::to_string(t)}, [this, t] { work(t); });
  }
}

PartitionThreads::~PartitionThreads() {
  stopping_.store(true, std::memory_order_release);
  for (std::uint32_t t = 1; t < threads_; ++t) workers_[t].parker.unpark();
  for (std::uint32_t t = 1; t < threads_; ++t) workers_[t].thread.join();
}

void PartitionThreads::run(core::Phase& phase) noexcept {
  _mm_sfence();  // records are written past the caches, and such stores are not ordered by the ones that open the shares
  phase_ = &phase;
  unfinished_.store(partitions_, std::memory_order_relaxed);
  const std::uint64_t generation = generation_.load(std::memory_order_relaxed) + 1;
  for (std::uint32_t p = 0; p < partitions_; ++p) shares_[p].word.store(generation << 2 | kOpen, std::memory_order_release);
  generation_.store(generation, std::memory_order_release);
  for (std::uint32_t t = 1; t < threads_; ++t) workers_[t].parker.unpark();
  for (unsigned spin = 0; !is_done();) {
    const Found found = step_any(generation, 0);
    if (found == Found::kWork) {
      spin = 0;
    } else if (++spin < kSpins) {
      _mm_pause();
    } else if (found == Found::kBlocked) {
      std::this_thread::yield();
    } else {
      caller_.park();  // whoever finishes the last partition calls
    }
  }
}

void PartitionThreads::work(std::uint32_t thread) noexcept {
  std::uint64_t seen = 0;
  unsigned spin = 0;
  while (!stopping_.load(std::memory_order_acquire)) {
    const std::uint64_t generation = generation_.load(std::memory_order_acquire);
    if (generation != seen) spin = 0;
    seen = generation;
    const Found found = step_any(generation, thread);
    if (found == Found::kWork) {
      spin = 0;
    } else if (++spin < kSpins) {
      _mm_pause();
    } else if (found == Found::kBlocked) {
      std::this_thread::yield();
    } else {
      workers_[thread].parker.park();
      spin = 0;
    }
  }
}

/// One step of the first partition that can be taken: those of this thread come first, so that they stay in its caches.
PartitionThreads::Found PartitionThreads::step_any(std::uint64_t generation, std::uint32_t thread) noexcept {
  Found found = Found::kNothing;
  const auto attempt = [&](std::uint32_t partition) {
    std::atomic<std::uint64_t>& word = shares_[partition].word;
    std::uint64_t open = generation << 2 | kOpen;
    if (word.load(std::memory_order_relaxed) != open) return false;
    if (!word.compare_exchange_strong(open, generation << 2 | kTaken, std::memory_order_acquire, std::memory_order_relaxed)) return false;
    // Taken: this phase cannot end before it is put down, so phase_ is the one of this generation.
    const bool is_finished = phase_->step(partition);
    _mm_sfence();  // as in run(): whoever takes the partition next must see what this step wrote past the caches
    word.store(generation << 2 | (is_finished ? kDone : kOpen), std::memory_order_release);
    found = is_finished ? Found::kWork : Found::kBlocked;
    if (is_finished && unfinished_.fetch_sub(1, std::memory_order_acq_rel) == 1 && thread != 0) caller_.unpark();
    return is_finished;
  };
  for (std::uint32_t p = thread; p < partitions_; p += threads_) {
    if (attempt(p)) return found;
  }
  for (std::uint32_t p = 0; p < partitions_; ++p) {
    if (p % threads_ != thread && attempt(p)) return found;
  }
  return found;
}

}  // namespace florin::pipeline
