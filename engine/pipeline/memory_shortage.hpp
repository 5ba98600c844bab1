#pragma once

#include <atomic>
#include <cstdint>
#include <string>

#include "core/state_machine.hpp"
#include "observe/counter.hpp"

namespace florin::pipeline {

/// Whether writes are refused because the memory budget is used up, and by how much. The operator is told when that begins and when it ends, not
/// of each request: it ends when there is room for several batches again, so that a ledger at the edge does not go to and fro.
/// Writer: the holder of the core token. Readers: any thread. take_news(): one thread.
class MemoryShortage {
 public:
  /// Refused is what would have brought a batch to so many events.
  void note_refused(const core::StateMachine& machine, std::uint32_t accounts, std::uint32_t transfers) noexcept;
  /// Between two batches: is there room again?
  void look_again(const core::StateMachine& machine) noexcept;

  [[nodiscard]] bool is_used_up() const noexcept { return is_used_up_.load(std::memory_order_relaxed); }
  [[nodiscard]] std::uint64_t refused_count() const noexcept { return refused_count_.get(); }
  /// With what was refused last.
  [[nodiscard]] std::uint64_t needed_bytes() const noexcept { return needed_bytes_.load(std::memory_order_relaxed); }

  /// It began or ended since the news were taken.
  [[nodiscard]] bool has_news() const noexcept { return changes_.load(std::memory_order_acquire) != told_.load(std::memory_order_relaxed); }
  /// What there is to say now, in a sentence.
  [[nodiscard]] std::string take_news();

 private:
  void change(bool is_used_up) noexcept;

  // Writer. Figures of two changes may be read together: both were true a moment ago.
  std::atomic<bool> is_used_up_{false};
  std::atomic<std::uint64_t> needed_bytes_{0};
  std::atomic<std::uint64_t> budget_bytes_{0};
  std::atomic<std::uint64_t> events_{0};    ///< of the batch, with what was refused last
  std::atomic<std::uint64_t> accounts_{0};  ///< that there were then
  std::atomic<std::uint64_t> holds_{0};
  observe::Counter refused_count_;
  std::atomic<std::uint64_t> changes_{0};

  // Who takes the news.
  std::atomic<std::uint64_t> told_{0};
};

}  // namespace florin::pipeline
