#include "pipeline/memory_shortage.hpp"

#include "core/mebibytes.hpp"

namespace florin::pipeline {
namespace {

constexpr std::uint64_t kRoomEvents = 2 * kEventsMax;  // of accounts, and of transfers

}  // namespace

void MemoryShortage::note_refused(const core::StateMachine& machine, std::uint32_t accounts, std::uint32_t transfers) noexcept {
  const auto memory = machine.memory(accounts, transfers);
  needed_bytes_.store(memory.needed_bytes, std::memory_order_relaxed);
  budget_bytes_.store(memory.budget_bytes, std::memory_order_relaxed);
  refused_count_.add();
  if (is_used_up()) return;
  const auto counts = machine.counts();
  events_.store(std::uint64_t{accounts} + transfers, std::memory_order_relaxed);
  accounts_.store(counts.accounts, std::memory_order_relaxed);
  holds_.store(counts.holds_open, std::memory_order_relaxed);
  change(true);
}

void MemoryShortage::look_again(const core::StateMachine& machine) noexcept {
  if (is_used_up() && machine.memory(kRoomEvents, kRoomEvents).fits()) [[unlikely]] change(false);
}

void MemoryShortage::change(bool is_used_up) noexcept {
  is_used_up_.store(is_used_up, std::memory_order_relaxed);
  changes_.fetch_add(1, std::memory_order_release);  // pairs with has_news() and take_news()
}

std::string MemoryShortage::take_news() {
  told_.store(changes_.load(std::memory_order_acquire), std::memory_order_relaxed);
  const std::string budget = "the memory budget of " + core::mebibytes(budget_bytes_.load(std::memory_order_relaxed));
  if (!is_used_up()) return budget + " has room again: writes are taken";
  return budget + " does not hold more: " + std::to_string(accounts_.load(std::memory_order_relaxed)) + " accounts, " +
         std::to_string(holds_.load(std::memory_order_relaxed)) + " open holds and a batch of " + std::to_string(events_.load(std::memory_order_relaxed)) +
         " events need " + core::mebibytes(needed_bytes()) + "; writes are refused (out_of_memory), reads go on";
}

}  // namespace florin::pipeline
