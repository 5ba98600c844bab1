#include "history/readable_segment.hpp"

namespace florin::history {

core::TransferRecord ReadableSegment::transfer(std::uint32_t index) const noexcept {
  const TransferRow row = damage_.need(view_->transfers().at(index));
  return {.id = row.id,
          .amount_low = row.amount_low,
          .timestamp = row.timestamp,
          .debit = row.debit,
          .credit = row.credit,
          .code = row.code,
          .flags = row.flags,
          .extra = row.extra};
}

core::TransferExtra ReadableSegment::extra(const core::TransferRecord& record) const noexcept {
  const ExtraRow row = damage_.need(view_->extras().at(std::uint64_t{record.extra} - 1));
  return {.pending_id = row.pending_id,
          .user_data_128 = row.user_data_128,
          .user_data_64 = row.user_data_64,
          .amount_high = row.amount_high,
          .user_data_32 = row.user_data_32,
          .timeout = row.timeout,
          .state = row.hold};
}

core::Expiry ReadableSegment::expiry(std::uint32_t index) const noexcept {
  const ExpiryRow row = damage_.need(view_->expiries().at(index));
  core::Expiry expiry;
  expiry.timestamp = row.timestamp;
  expiry.pending_timestamp = row.pending_timestamp;
  expiry.transfers_before = row.transfers_before;
  expiry.debit = row.debit;
  expiry.credit = row.credit;
  expiry.flags = row.flags;
  expiry.amount = row.amount;
  expiry.pending_id = row.pending_id;
  return expiry;
}

std::uint32_t ReadableSegment::transfers_before(std::uint64_t timestamp) const noexcept {
  return static_cast<std::uint32_t>(damage_.need(view_->transfers().lower_bound([&](const TransferRow& row) { return row.timestamp < timestamp; })));
}

std::uint32_t ReadableSegment::expiries_before(std::uint64_t timestamp) const noexcept {
  return static_cast<std::uint32_t>(damage_.need(view_->expiries().lower_bound([&](const ExpiryRow& row) { return row.timestamp < timestamp; })));
}

core::PostingRange ReadableSegment::postings(std::uint32_t ordinal) const noexcept {
  core::PostingRange range;
  const Found found = view_->postings().find(ordinal, range);
  if (found == Found::kDamaged) damage_.stop(view_->postings().check(ordinal));
  return found == Found::kYes ? range : core::PostingRange{};
}

std::span<const core::PostingEntry> ReadableSegment::entries(core::PostingRange range) const noexcept {
  return damage_.need(view_->postings().entries(range));
}

bool ReadableSegment::checkpoint_from(std::uint32_t ordinal, std::uint32_t posting, core::PastSegment::Checkpoint& checkpoint) const noexcept {
  history::Checkpoint row;
  const Found found = view_->checkpoints().find(ordinal, posting, row);
  if (found == Found::kDamaged) damage_.stop(view_->checkpoints().check(ordinal, posting));
  if (found == Found::kNo) return false;
  checkpoint = {.balances = row.balances, .posting = row.posting, .flags = row.flags};
  return true;
}

std::uint32_t ReadableSegment::find(u128 id, std::uint64_t hash) const noexcept {
  const auto known = damage_.need(view_->find(id, hash));
  return known && !known->has_failed ? known->index : kNone;
}

core::PendingStatus ReadableSegment::ending_of(u128 pending_id, std::uint64_t hash) const noexcept {
  return damage_.need(view_->ending_of(pending_id, hash));
}

}  // namespace florin::history
