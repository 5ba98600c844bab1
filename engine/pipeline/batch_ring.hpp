#pragma once

#include <array>
#include <atomic>
#include <cstdint>

#include "pipeline/batch.hpp"
#include "runtime/cache_line.hpp"
#include "runtime/mapped_memory.hpp"

namespace florin::pipeline {

/// The batches in flight and how far each stage is: slots used in turn, and one cursor per stage.
///
///   released <= min(executed, journalled) <= max(executed, journalled) <= sequenced <= released + kSlots
///
/// A cursor is the position of the last batch its stage has finished. Each is stored (release) by its stage alone and loaded
/// (acquire) by the stages that follow, which thereby see what was written into the slots. No batch is copied or queued twice.
class BatchRing {
 public:
  static constexpr std::uint64_t kSlots = 32;

  BatchRing();
  BatchRing(const BatchRing&) = delete;
  BatchRing& operator=(const BatchRing&) = delete;

  [[nodiscard]] Batch& at(std::uint64_t position) noexcept { return slots_[position % kSlots]; }

  [[nodiscard]] std::uint64_t sequenced() const noexcept { return sequenced_.value.load(std::memory_order_acquire); }
  [[nodiscard]] std::uint64_t executed() const noexcept { return executed_.value.load(std::memory_order_acquire); }
  [[nodiscard]] std::uint64_t journalled() const noexcept { return journalled_.value.load(std::memory_order_acquire); }
  [[nodiscard]] std::uint64_t released() const noexcept { return released_.value.load(std::memory_order_acquire); }

  /// Writers: sequencer, executor, journal stage, release gate.
  void publish_sequenced(std::uint64_t position) noexcept { sequenced_.value.store(position, std::memory_order_release); }
  void publish_executed(std::uint64_t position) noexcept { executed_.value.store(position, std::memory_order_release); }
  void publish_journalled(std::uint64_t position) noexcept { journalled_.value.store(position, std::memory_order_release); }
  void publish_released(std::uint64_t position) noexcept { released_.value.store(position, std::memory_order_release); }

  [[nodiscard]] bool has_free_slot() const noexcept { return sequenced() - released() < kSlots; }
  /// Batches that are sequenced and not yet released. Exact for the sequencer, a hint for others.
  [[nodiscard]] std::uint64_t in_flight() const noexcept {
    const std::uint64_t released_now = released();  // first: it never passes what sequenced() tells afterwards
    return sequenced() - released_now;
  }

 private:
  struct alignas(runtime::kCacheLineSize) Cursor {
    std::atomic<std::uint64_t> value{0};
  };

  runtime::MappedMemory memory_;  ///< of the slots' arrays; touched as batches grow
  std::array<Batch, kSlots> slots_;
  Cursor sequenced_;
  Cursor executed_;
  Cursor journalled_;
  Cursor released_;
};

}  // namespace florin::pipeline
