#include "support/memory_past.hpp"

#include <algorithm>
#include <stdexcept>

namespace florin::test {

using core::PendingStatus;

MemorySegment::MemorySegment(const core::FrozenGeneration& generation) : payments_(generation) {
  take_rows(generation);
  take_postings();
  take_checkpoints(generation);
  for (std::size_t i = generation.batches_begin; i < generation.batches_end; ++i) batches_.push_back(generation.tables->batches().settled(i));
}

void MemorySegment::take_rows(const core::FrozenGeneration& generation) {
  const core::Tables& tables = *generation.tables;
  for (std::uint32_t p = 0; p < tables.count(); ++p) {
    const core::Partition& partition = tables[p];
    const core::FrozenGeneration::Rows& rows = generation.rows[p];
    first_position_ += rows.transfers_begin;
    for (std::size_t i = rows.transfers_begin; i < rows.transfers_end; ++i) {
      core::TransferRecord record = partition.transfers().settled(i);
      record.debit = tables.ordinal_of(record.debit);
      record.credit = tables.ordinal_of(record.credit);
      if (record.extra != 0) {
        const core::TransferExtra& extra = *partition.extra(record);
        extras_.push_back(extra.as_created());
        if ((record.flags & core::kPostOrVoid) != 0) extras_.back().state = extra.state;
        record.extra = static_cast<std::uint32_t>(extras_.size()) | (extra.amount_high != 0 ? core::kWideAmount : 0);
      }
      transfers_.push_back(record);
    }
    for (std::size_t i = rows.expiries_begin; i < rows.expiries_end; ++i) {
      core::Expiry expiry = partition.expiries().settled(i);
      expiry.debit = tables.ordinal_of(expiry.debit);
      expiry.credit = tables.ordinal_of(expiry.credit);
      expiries_.push_back(expiry);
    }
  }
  std::ranges::sort(transfers_, {}, &core::TransferRecord::timestamp);
  std::ranges::sort(expiries_, {}, &core::Expiry::timestamp);
  for (std::uint32_t i = 0; i < transfers_.size(); ++i) {
    index_by_id_[transfers_[i].id] = i;
    if ((transfers_[i].flags & TransferFlags::kPostPendingTransfer) != 0) endings_[extra(transfers_[i]).pending_id] = PendingStatus::kPosted;
    if ((transfers_[i].flags & TransferFlags::kVoidPendingTransfer) != 0) endings_[extra(transfers_[i]).pending_id] = PendingStatus::kVoided;
  }
  for (const core::Expiry& expiry : expiries_) endings_[expiry.pending_id] = PendingStatus::kExpired;
}

void MemorySegment::take_postings() {
  std::map<std::uint32_t, std::vector<core::PostingEntry>> by_account;
  std::uint32_t expired = 0;
  const auto expire_before = [&](std::uint64_t transfers) {
    for (; expired < expiries_.size() && expiries_[expired].transfers_before <= transfers; ++expired) {
      by_account[expiries_[expired].debit].push_back(core::PostingEntry::of(expired, core::PostingEntry::kExpiry));
      by_account[expiries_[expired].credit].push_back(core::PostingEntry::of(expired, core::PostingEntry::kExpiry | core::PostingEntry::kCredit));
    }
  };
  for (std::uint32_t i = 0; i < transfers_.size(); ++i) {
    expire_before(first_position_ + i);
    by_account[transfers_[i].debit].push_back(core::PostingEntry::of(i, 0));
    by_account[transfers_[i].credit].push_back(core::PostingEntry::of(i, core::PostingEntry::kCredit));
  }
  expire_before(~std::uint64_t{0});
  for (const auto& [ordinal, list] : by_account) {
    postings_[ordinal].begin = static_cast<std::uint32_t>(entries_.size());
    entries_.insert(entries_.end(), list.begin(), list.end());
    postings_[ordinal].end = static_cast<std::uint32_t>(entries_.size());
  }
}

void MemorySegment::take_checkpoints(const core::FrozenGeneration& generation) {
  const core::Tables& tables = *generation.tables;
  for (std::uint32_t p = 0; p < tables.count(); ++p) {
    for (std::size_t i = generation.rows[p].checkpoints_begin; i < generation.rows[p].checkpoints_end; ++i) {
      const core::BalanceCheckpoint& one = tables[p].checkpoints().settled(i);
      const std::uint32_t ordinal = tables.ordinal_of(tables.references().to(p, one.account));
      const auto came_before = [&](const core::PostingEntry& entry) {
        return entry.is_expiry() ? expiries_[entry.index()].timestamp <= one.timestamp : first_position_ + entry.index() < one.transfers;
      };
      const auto count = std::ranges::count_if(entries(postings(ordinal), {}), came_before);
      if (count == 0) throw std::logic_error("a checkpoint before the first change of its account");
      const auto posting = static_cast<std::uint32_t>(count - 1);
      checkpoints_[{ordinal, posting}] = {.balances = one.balances, .posting = posting, .flags = one.flags};
    }
  }
}

std::uint32_t MemorySegment::transfers_before(std::uint64_t timestamp) const noexcept {
  return static_cast<std::uint32_t>(std::ranges::count_if(transfers_, [&](const auto& row) { return row.timestamp < timestamp; }));
}

std::uint32_t MemorySegment::expiries_before(std::uint64_t timestamp) const noexcept {
  return static_cast<std::uint32_t>(std::ranges::count_if(expiries_, [&](const auto& row) { return row.timestamp < timestamp; }));
}

core::PostingRange MemorySegment::postings(std::uint32_t ordinal) const noexcept {
  const auto found = postings_.find(ordinal);
  return found == postings_.end() ? core::PostingRange{} : found->second;
}

bool MemorySegment::checkpoint_from(std::uint32_t ordinal, std::uint32_t posting, Checkpoint& checkpoint) const noexcept {
  const auto found = checkpoints_.lower_bound({ordinal, posting});
  if (found == checkpoints_.end() || found->first.first != ordinal) return false;
  checkpoint = found->second;
  return true;
}

bool MemorySegment::checkpoint_before(std::uint32_t ordinal, std::uint32_t posting, Checkpoint& checkpoint) const noexcept {
  auto found = checkpoints_.lower_bound({ordinal, posting});
  if (found == checkpoints_.begin() || (--found)->first.first != ordinal) return false;
  checkpoint = found->second;
  return true;
}

std::uint32_t MemorySegment::find(u128 id, std::uint64_t /*hash*/) const noexcept {
  const auto found = index_by_id_.find(id);
  return found == index_by_id_.end() ? kNone : found->second;
}

core::PendingStatus MemorySegment::ending_of(u128 pending_id, std::uint64_t /*hash*/) const noexcept {
  const auto found = endings_.find(pending_id);
  return found == endings_.end() ? PendingStatus::kNone : found->second;
}

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
  const auto segment = std::make_shared<MemorySegment>(frozen_);
  for (const auto& [hash, row] : segment->payments()->hashes()) payments_.insert(hash);
  list_ = list_->with(segment);
  durable_ = frozen_.number;
  frozen_ = {};
}

}  // namespace florin::test
