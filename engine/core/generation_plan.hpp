#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>

#include "florin/batch.hpp"
#include "florin/transfer.hpp"

namespace florin::core {

/// How many transfers are in memory at once if they leave it: those of the generation that is being sealed and of the one that fills
/// meanwhile. Failed ids and expiries count like transfers.
struct GenerationPlan {
  std::uint64_t entries = 0;       ///< of one generation
  std::uint64_t ring_entries = 0;  ///< that the rings of one partition hold: a power of two

  /// The most that one batch can bring: as many transfers as its bytes hold, and the expiries of a pulse.
  static constexpr std::uint64_t kBatchEntriesMax = kBatchBytesMax / sizeof(Transfer) + kEventsMax;

  /// The most of one generation: its segment numbers them in the 23 bits of an id run's entry.
  static constexpr std::uint64_t kEntriesMax = std::uint64_t{1} << 23;

  /// Of the budget for each entry that it shall hold: a slot takes 280 bytes in all rings and filters, an id 16, sealing 70.
  static constexpr std::uint64_t kBudgetBytesPerEntry = 1024;

  /// `entries`: 0 leaves it to the budget, of which the passing part takes about a third then.
  static GenerationPlan make(std::uint64_t memory_budget_bytes, std::uint64_t entries, std::uint32_t partitions) noexcept {
    constexpr std::uint64_t kRingEntriesMin = std::uint64_t{1} << 17;
    constexpr std::uint64_t kRingEntriesMax = kEntriesMax;
    constexpr std::uint64_t kSpare = kBatchEntriesMax;
    // The rings of several partitions are filled by chance, not in turn, so each is up to twice its share; all together never more than two rings of one
    // partition, or three partitions would take half of the budget that is everybody's.
    const std::uint64_t share = partitions == 1 ? 1 : std::bit_ceil(partitions) / 2;
    GenerationPlan plan;
    if (entries != 0) {
      plan.entries = std::min(entries, kRingEntriesMax / 2);
      plan.ring_entries = std::bit_ceil(2 * plan.entries / share + 2 * kSpare);
      return plan;
    }
    const std::uint64_t all = std::clamp(std::bit_floor(memory_budget_bytes / kBudgetBytesPerEntry), kRingEntriesMin, kRingEntriesMax);
    plan.entries = all / 2 - kSpare;
    plan.ring_entries = std::max(kRingEntriesMin, all / share);
    return plan;
  }
};

}  // namespace florin::core
