#include "core/queries/ledger_views.hpp"

namespace florin::core {
namespace {

template <typename T>
LedgerView::Log bounds(const StreamLog<T>& log, bool is_known, std::size_t frozen) noexcept {
  return {.base = log.first(), .first = is_known ? frozen : log.first(), .end = log.size()};
}

}  // namespace

void LedgerViews::take(LedgerView& view) noexcept {
  view.parts.resize(tables_.count());
  for (std::uint32_t p = 0; p < tables_.count(); ++p) {
    const Partition& partition = tables_[p];
    const Partition::Frozen& frozen = partition.frozen();
    view.parts[p] = {.transfers = bounds(partition.transfers(), is_known_, frozen.transfers),
                     .postings = bounds(partition.postings(), is_known_, frozen.postings),
                     .expiries = bounds(partition.expiries(), is_known_, frozen.expiries),
                     .checkpoints = bounds(partition.checkpoints(), is_known_, frozen.checkpoints),
                     .extras_base = partition.extras().first(),
                     .accounts = partition.accounts().size()};
  }
  view.batches = bounds(tables_.batches(), is_known_, tables_.frozen_batches());
  if (past_ != nullptr) view.segments = past_->segments();
  view.dropped = tables_.dropped();
  view.sequence = now_.sequence;
  view.timestamp = now_.timestamp;
  view.stamp = now_.stamp;
  view.epoch = epoch_;
  taken_[epoch_].fetch_add(1, std::memory_order_relaxed);
}

void LedgerViews::extend(LedgerView& reach, const Tables& tables) noexcept {
  for (std::uint32_t p = 0; p < tables.count(); ++p) {
    LedgerView::Part& part = reach.parts[p];
    part.transfers.end = tables[p].transfers().size();
    part.postings.end = tables[p].postings().size();
    part.expiries.end = tables[p].expiries().size();
    part.checkpoints.end = tables[p].checkpoints().size();
  }
}

}  // namespace florin::core
