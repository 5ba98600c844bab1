#include <algorithm>

#include "core/ledger.hpp"

/// @file
/// Transfers leave memory: when enough have come they are frozen between two batches, and forgotten when the past has them.

namespace florin::core {

void Ledger::move_generations() {
  if (tables_[0].is_sealing()) forget_generation();
  const auto is_ready = [](const auto& partition) { return !partition->is_sealing() && partition->is_tidy(); };
  if (std::ranges::all_of(tables_.all(), is_ready) && is_generation_complete()) freeze_generation();
}

/// Lets go what is sealed. The rows of a running snapshot stay, and so do the places of the holds that it copies, and what queries read
/// that began before the past knew.
void Ledger::forget_generation() {
  const bool is_copying = progress_ && progress_->running;
  const bool needs_rows = is_snapshot_reading_.load(std::memory_order_acquire) && frozen_end_.generations > progress_->past.generations;
  if (!views_.is_generation_known()) {
    if (!past_->is_sealed()) return;
    views_.generation_is_known();
  }
  if (is_copying || needs_rows || !views_.is_generation_unread()) return;
  tables_.forget_frozen();
  views_.generation_is_forgotten();
  forgotten_end_ = frozen_end_;
}

/// Where memory ends now, if all that is there should leave.
PastEnd Ledger::end_of_memory() const noexcept {
  PastEnd end{.generations = frozen_end_.generations + 1, .last_sequence = sequence_, .newest_timestamp = tables_.newest_transfer_timestamp()};
  for (const auto& partition : tables_.all()) {
    end.transfers += partition->transfers().size();
    end.failed_ids += partition->failed_ids().size();
    end.expiries += partition->expiries().size();
  }
  return end;
}

bool Ledger::is_generation_complete() {
  const PastEnd end = end_of_memory();
  const std::uint64_t entries = (end.transfers - frozen_end_.transfers) + (end.failed_ids - frozen_end_.failed_ids) + (end.expiries - frozen_end_.expiries);
  if (entries == 0) return false;
  if (is_full()) return true;
  // A replay makes the same generations as the life that sealed them.
  if (const std::uint64_t cut = past_->cut_of(end.generations); cut != 0 && sequence_ <= cut) return sequence_ == cut;
  return entries >= plan_.entries || tables_.batches().room() < tables_.batches().count();
}

void Ledger::freeze_generation() {
  frozen_end_ = end_of_memory();
  FrozenGeneration generation{.tables = &tables_, .number = frozen_end_.generations, .last_sequence = sequence_, .rows = {}};
  tables_.freeze();
  generation.batches_begin = tables_.batches().first();
  generation.batches_end = tables_.batches().size();
  for (const auto& partition : tables_.all()) {
    generation.rows.push_back({.accounts_end = partition->accounts().size(),
                               .transfers_begin = partition->transfers().first(),
                               .transfers_end = partition->transfers().size(),
                               .failed_ids_begin = partition->failed_ids().first(),
                               .failed_ids_end = partition->failed_ids().size(),
                               .expiries_begin = partition->expiries().first(),
                               .expiries_end = partition->expiries().size(),
                               .checkpoints_begin = partition->checkpoints().first(),
                               .checkpoints_end = partition->checkpoints().size()});
  }
  past_->seal(generation);
}

/// The next batch might not find room in some ring.
bool Ledger::is_full() const noexcept {
  return !std::ranges::all_of(tables_.all(), [](const auto& partition) { return partition->has_ring_room(2 * GenerationPlan::kBatchEntriesMax); });
}

/// A generation has to be frozen here and nowhere else.
bool Ledger::is_at_cut() {
  return frozen_end_.last_sequence != sequence_ && past_->cut_of(frozen_end_.generations + 1) == sequence_ && sequence_ != 0;
}

bool Ledger::must_wait() {
  if (!past_) return false;
  if (is_full() || is_at_cut()) {
    for (const auto& partition : tables_.all()) partition->tidy_up();
  }
  move_generations();
  return (is_full() || is_at_cut()) && !past_->is_failing();
}

}  // namespace florin::core
