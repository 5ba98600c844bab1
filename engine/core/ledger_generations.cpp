#include <algorithm>

#include "core/ledger.hpp"

/// @file
/// Transfers leave memory: when enough have come they are frozen between two batches, and forgotten when the past has them.

namespace florin::core {

void Ledger::move_generations() {
  past_->at_boundary(std::max(entries_to_freeze(), payments_.tables().logs().filled(plan_.entries)), plan_.entries);
  if (tables_[0].is_sealing()) forget_generation();
  const auto is_ready = [](const auto& partition) { return !partition->is_sealing() && partition->is_tidy(); };
  const bool are_ready = std::ranges::all_of(tables_.all(), is_ready) && payments_.tables().logs().is_tidy();
  if (are_ready && is_generation_complete()) freeze_generation();
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
  payments_.tables().logs().forget_frozen();
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

std::uint64_t Ledger::entries_to_freeze() const noexcept {
  const PastEnd end = end_of_memory();
  return (end.transfers - frozen_end_.transfers) + (end.failed_ids - frozen_end_.failed_ids) + (end.expiries - frozen_end_.expiries);
}

/// A segment may be of payments alone.
bool Ledger::has_rows_to_freeze() const noexcept { return entries_to_freeze() != 0 || payments_.tables().logs().has_new(); }

bool Ledger::is_generation_complete() {
  if (!has_rows_to_freeze()) return false;
  if (is_full()) return true;
  // A replay makes the same generations as the life that sealed them.
  if (const std::uint64_t cut = past_->cut_of(frozen_end_.generations + 1); cut != 0 && sequence_ <= cut) return sequence_ == cut;
  return entries_to_freeze() >= plan_.entries || payments_.tables().logs().is_generation_complete() ||
         tables_.batches().room() < tables_.batches().count();
}

void Ledger::freeze_generation() {
  frozen_end_ = end_of_memory();
  FrozenGeneration generation{.tables = &tables_, .number = frozen_end_.generations, .last_sequence = sequence_, .rows = {}};
  tables_.freeze();
  PaymentLogs& payments = payments_.tables().logs();
  payments.freeze();
  generation.payments = &payments;
  generation.payment_rows = payments.rows_to_seal();
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

/// The next batch might not find room: in some ring, or in the generation that fills, if one segment has to hold it.
bool Ledger::is_full() const noexcept {
  constexpr std::uint64_t kRoom = 2 * GenerationPlan::kBatchEntriesMax;
  const std::uint64_t entries = entries_to_freeze();
  if (entries + kRoom > GenerationPlan::kEntriesMax) return true;
  // Ends of batches that no generation takes in make room for themselves.
  const bool has_batches_to_keep = tables_[0].is_sealing() || has_rows_to_freeze();
  if (has_batches_to_keep && tables_.batches().room() < GenerationPlan::kBatchEntriesMax) return true;
  if (!payments_.tables().logs().has_batch_room()) return true;
  return !std::ranges::all_of(tables_.all(), [](const auto& partition) { return partition->has_ring_room(kRoom); });
}

/// A generation has to be frozen here and nowhere else.
bool Ledger::is_at_cut() {
  if (frozen_end_.last_sequence == sequence_ || !has_rows_to_freeze()) return false;
  return past_->cut_of(frozen_end_.generations + 1) == sequence_;
}

bool Ledger::must_wait() {
  if (!past_) return false;
  PaymentLogs& payments = payments_.tables().logs();
  const auto is_tidy = [](const auto& partition) { return partition->is_tidy(); };
  const auto has_to_move = [&] { return is_full() || is_at_cut(); };
  move_generations();
  // No batch comes that would do it a little at a time.
  while (has_to_move() && !(std::ranges::all_of(tables_.all(), is_tidy) && payments.is_tidy())) {
    for (const auto& partition : tables_.all()) partition->tidy_up();
    payments.tidy_up();
    move_generations();
  }
  return has_to_move() && !past_->is_failing();
}

}  // namespace florin::core
