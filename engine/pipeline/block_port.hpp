#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include "observe/counter.hpp"
#include "observe/histogram.hpp"
#include "pipeline/port.hpp"
#include "runtime/cache_line.hpp"
#include "runtime/clock.hpp"
#include "runtime/mapped_memory.hpp"
#include "runtime/pointer_ring.hpp"
#include "runtime/waker.hpp"

namespace florin::pipeline {

class Pipeline;

/// The Port of one I/O thread: a pool of blocks, a ring there and a ring back.
/// Writer: its I/O thread (the Port methods). The sequencer pops `submitted`, the release gate pushes `completed`; both rings
/// hold every block of the port, so neither can overflow.
/// Blocks are reused last in, first out: a server with little to do touches the memory of one. Those for queries are a pool apart.
class BlockPort final : public Port {
 public:
  BlockPort(Pipeline& pipeline, const runtime::Clock& clock, std::uint32_t index, std::uint32_t block_count,
            std::uint32_t query_block_count = 0);

  RequestBlock* acquire() noexcept override { return take(free_); }
  RequestBlock* acquire_for_queries() noexcept override { return take(free_for_queries_); }
  [[nodiscard]] bool has_block_for_queries() const noexcept override { return !free_for_queries_.empty(); }
  void submit(RequestBlock* block) noexcept override;
  RequestBlock* completed() noexcept override;
  void recycle(RequestBlock* block) noexcept override;
  bool run_inline() noexcept override;
  void set_wake(void (*wake)(void* context), void* context) noexcept override { wake_ = {wake, context}; }

  // Sequencer's side.
  [[nodiscard]] bool has_submitted() const noexcept { return !submitted_.empty(); }
  [[nodiscard]] RequestBlock* submitted_front() noexcept { return submitted_.front(); }
  RequestBlock* submitted_pop() noexcept { return submitted_.pop(); }
  [[nodiscard]] std::size_t queue_depth() const noexcept { return submitted_.size(); }

  // Release gate's side.
  void complete(RequestBlock* block) noexcept;
  /// Wakes the I/O thread unless it was woken already and has not looked since.
  void notify() noexcept;
  /// The same, if the I/O thread put its turn off (see Pipeline::carry).
  void notify_if_waiting_for_turn() noexcept;

  // Pipeline's side, on the I/O thread.
  /// Remembers that this port has work and waits for a batch to be released.
  void wait_for_turn() noexcept { waiting_for_turn_.exchange(true, std::memory_order_acq_rel); }
  /// Bytes and requests submitted since the last run_inline().
  struct Round {
    std::uint64_t bytes = 0;
    std::uint32_t requests = 0;
  };
  [[nodiscard]] Round take_round() noexcept;
  /// What is submitted is the core thread's, until it has taken all of it.
  void hand_to_core(bool is_handed) noexcept { is_handed_to_core_ = is_handed; }
  [[nodiscard]] bool is_handed_to_core() const noexcept { return is_handed_to_core_; }

  [[nodiscard]] std::uint32_t index() const noexcept { return index_; }
  [[nodiscard]] std::uint32_t block_count() const noexcept { return static_cast<std::uint32_t>(blocks_.size()); }

  /// From a frame's arrival to the moment its reply may leave, ns. Writer: the I/O thread.
  [[nodiscard]] const observe::Histogram& latency() const noexcept { return latency_; }
  /// Requests answered, and of these refused.
  [[nodiscard]] const observe::Counter& requests() const noexcept { return requests_; }
  [[nodiscard]] const observe::Counter& refused() const noexcept { return refused_; }

 private:
  static RequestBlock* take(std::vector<RequestBlock*>& free) noexcept;
  void account(RequestBlock& block) noexcept;

  Pipeline& pipeline_;
  const runtime::Clock& clock_;
  const std::uint32_t index_;
  runtime::MappedMemory memory_;
  std::vector<RequestBlock> blocks_;

  // I/O thread.
  std::vector<RequestBlock*> free_;
  std::vector<RequestBlock*> free_for_queries_;
  Round round_;
  bool is_handed_to_core_ = false;
  runtime::Waker wake_;  ///< constant once the engine runs
  observe::Histogram latency_;
  observe::Counter requests_;
  observe::Counter refused_;

  // Shared.
  runtime::PointerRing<RequestBlock> submitted_;
  runtime::PointerRing<RequestBlock> completed_;
  alignas(runtime::kCacheLineSize) std::atomic<bool> notified_{false};
  std::atomic<bool> waiting_for_turn_{false};
};

/// All ports of an engine, by index.
using Ports = std::vector<std::unique_ptr<BlockPort>>;

/// Of all of them: no queue of blocks can be longer.
std::size_t block_count(const Ports& ports) noexcept;

}  // namespace florin::pipeline
