#include "pipeline/replay_visitor.hpp"

namespace florin::pipeline {

/// Hints look at the index of accounts. Batches are numbered without a gap (what is executed was checked for that), so a number says
/// which ones must be through before they may.
void ReplayVisitor::announce(std::size_t slot, const record::BatchView& batch) {
  if (!has_only_transfers(batch)) last_structural_ = batch.header().number;
  slots_[slot].hints_after = last_structural_;
  state_machine_.touch_ahead();  // here, so that one thread does it at a time, and no batch already read waits for it
}

void ReplayVisitor::prepare(std::size_t slot, const record::BatchView& view) {
  Slot& to = slots_[slot];
  to.status = to.batch.assign(view.bytes());
  if (!to.status) return;
  if (executed_number_.load(std::memory_order_acquire) >= to.hints_after) to.batch.make_hints(state_machine_);
}

Result<bool> ReplayVisitor::take(std::size_t slot, const record::BatchView& view) {
  if (!slots_[slot].status) return slots_[slot].status;
  const Result<bool> goes_on = execute_(slots_[slot].batch);
  if (goes_on && *goes_on) executed_number_.store(view.header().number, std::memory_order_release);
  return goes_on;
}

}  // namespace florin::pipeline
