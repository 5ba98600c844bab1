#include "support/memory_past.hpp"

#include <stdexcept>

namespace florin::test {

using core::PendingStatus;

std::optional<core::PastTransfer> MemoryPast::find(u128 id, std::uint64_t /*hash*/) const noexcept {
  const auto found = transfers_.find(id);
  if (found == transfers_.end()) return std::nullopt;
  return found->second;
}

void MemoryPast::seal(const core::FrozenGeneration& generation) {
  if (frozen_.tables != nullptr) throw std::logic_error("a second generation before the first was sealed");
  frozen_ = generation;
  batches_left_ = batches_;
}

bool MemoryPast::is_sealed() noexcept {
  if (batches_left_ != 0) {
    --batches_left_;
    return false;
  }
  if (frozen_.tables != nullptr) take_in();
  return true;
}

void MemoryPast::take_in() {
  const core::Tables& tables = *frozen_.tables;
  const auto add = [&](u128 id, const core::PastTransfer& past) {
    if (!transfers_.emplace(id, past).second) throw std::logic_error("an id was taken in twice");
    ++known_[low64(id) ^ high64(id)];
  };
  for (std::uint32_t p = 0; p < tables.count(); ++p) {
    const core::Partition& partition = tables[p];
    const core::FrozenGeneration::Rows& rows = frozen_.rows[p];
    for (std::size_t i = rows.transfers_begin; i < rows.transfers_end; ++i) {
      const core::TransferRecord& record = partition.transfers().settled(i);
      const Transfer whole = tables.transfer(partition, record);
      const bool pending = (whole.flags & TransferFlags::kPending) != 0;
      add(record.id, {.transfer = whole, .status = pending ? PendingStatus::kPending : PendingStatus::kNone});
      ids_by_time_[record.timestamp] = record.id;
    }
    for (std::size_t i = rows.failed_ids_begin; i < rows.failed_ids_end; ++i) add(partition.failed_ids().settled(i), {.has_failed = true, .transfer = {}});
  }
  // How holds ended, when all transfers are there.
  const auto end = [&](u128 pending_id, PendingStatus status) {
    core::PastTransfer& pending = transfers_.at(pending_id);
    if (pending.status != PendingStatus::kPending) throw std::logic_error("a hold ended twice");
    pending.status = status;
  };
  for (std::uint32_t p = 0; p < tables.count(); ++p) {
    const core::Partition& partition = tables[p];
    const core::FrozenGeneration::Rows& rows = frozen_.rows[p];
    for (std::size_t i = rows.transfers_begin; i < rows.transfers_end; ++i) {
      const Transfer whole = tables.transfer(partition, partition.transfers().settled(i));
      if ((whole.flags & TransferFlags::kPostPendingTransfer) != 0) end(whole.pending_id, PendingStatus::kPosted);
      if ((whole.flags & TransferFlags::kVoidPendingTransfer) != 0) end(whole.pending_id, PendingStatus::kVoided);
    }
    for (std::size_t i = rows.expiries_begin; i < rows.expiries_end; ++i) {
      end(ids_by_time_.at(partition.expiries().settled(i).pending_timestamp), PendingStatus::kExpired);
    }
  }
  durable_ = frozen_.number;
  frozen_ = {};
}

}  // namespace florin::test
