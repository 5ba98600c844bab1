#include "history/readable_segment.hpp"

#include <algorithm>
#include <array>

namespace florin::history {

core::TransferRecord ReadableSegment::transfer(std::uint32_t index) const noexcept {
  if (view_->dropped() != nullptr) [[unlikely]] return dropped_transfer(index);
  const TransferRow found = row(view_->transfers(), index);
  return {.id = found.id,
          .amount_low = found.amount_low,
          .timestamp = found.timestamp,
          .debit = found.debit,
          .credit = found.credit,
          .code = found.code,
          .flags = found.flags,
          .extra = found.extra};
}

/// Its amount is only there if it was a large hold; then the extra names its row.
core::TransferRecord ReadableSegment::dropped_transfer(std::uint32_t index) const noexcept {
  const DroppedRow found = row(view_->dropped()->transfers(), index);
  core::TransferRecord record{.id = found.id, .timestamp = found.timestamp};
  if (const std::optional<u128> amount = need(view_->dropped()->large_amount(index))) {
    record.amount_low = low64(*amount);
    record.extra = (index + 1) | core::kWideAmount;
  }
  return record;
}

std::uint64_t ReadableSegment::newest_expiry() const noexcept {
  return view_->dropped() != nullptr ? view_->dropped()->summary().newest_expiry : PastSegment::newest_expiry();
}

core::TransferExtra ReadableSegment::extra(const core::TransferRecord& record) const noexcept {
  if (view_->dropped() != nullptr) [[unlikely]] {
    const std::optional<u128> amount = need(view_->dropped()->large_amount((record.extra & ~core::kWideAmount) - 1));
    return {.amount_high = high64(amount.value_or(0))};
  }
  const ExtraRow found = row(view_->extras(), std::uint64_t{record.extra & ~core::kWideAmount} - 1);
  return {.pending_id = found.pending_id,
          .user_data_128 = found.user_data_128,
          .user_data_64 = found.user_data_64,
          .amount_high = found.amount_high,
          .user_data_32 = found.user_data_32,
          .timeout = found.timeout,
          .state = found.hold};
}

/// Of what is unpacked to be read nothing is asked: a block of it is small.
void ReadableSegment::read_ahead(core::PostingRange entries) const noexcept {
  if (view_->dropped() != nullptr || !view_->transfers().is_in_place()) return;
  std::uint64_t asked = ~std::uint64_t{0};
  for (const core::PostingEntry entry : need(view_->postings().entries(entries, {}))) {
    const std::uint64_t block = view_->transfers().block_of(entry.index());
    if (entry.is_expiry() || block == asked) continue;
    asked = block;
    view_->transfers().read_ahead(entry.index(), entry.index() + 1);
  }
}

void ReadableSegment::read_ahead_extras(core::PostingRange entries) const noexcept {
  constexpr std::uint64_t kRowsMax = (std::uint64_t{8} << 20) / sizeof(ExtraRow);  // farther apart, most of what lies between would be for nothing
  if (view_->dropped() != nullptr || !view_->transfers().is_in_place()) return;
  const std::span<const core::PostingEntry> between = need(view_->postings().entries(entries, {}));
  if (between.empty() || between.front().is_expiry() || between.back().is_expiry()) return;
  const core::TransferRecord first = transfer(between.front().index());
  const core::TransferRecord last = transfer(between.back().index());
  if (first.extra == 0 || last.extra == 0) return;
  const std::uint64_t begin = (first.extra & ~core::kWideAmount) - 1;
  const std::uint64_t end = last.extra & ~core::kWideAmount;
  if (begin < end && end - begin <= kRowsMax) view_->extras().read_ahead(begin, end);
}

core::Expiry ReadableSegment::expiry(std::uint32_t index) const noexcept {
  const ExpiryRow found = row(view_->expiries(), index);
  core::Expiry expiry;
  expiry.timestamp = found.timestamp;
  expiry.pending_timestamp = found.pending_timestamp;
  expiry.transfers_before = found.transfers_before;
  expiry.debit = found.debit;
  expiry.credit = found.credit;
  expiry.flags = found.flags;
  expiry.amount = found.amount;
  expiry.pending_id = found.pending_id;
  return expiry;
}

std::uint32_t ReadableSegment::transfers_before(std::uint64_t timestamp) const noexcept {
  const auto is_before = [&](const auto& row) { return row.timestamp < timestamp; };
  const auto before = view_->dropped() != nullptr ? view_->dropped()->transfers().lower_bound(is_before) : view_->transfers().lower_bound(is_before);
  return static_cast<std::uint32_t>(need(before));
}

std::uint32_t ReadableSegment::expiries_before(std::uint64_t timestamp) const noexcept {
  return static_cast<std::uint32_t>(need(view_->expiries().lower_bound([&](const ExpiryRow& row) { return row.timestamp < timestamp; })));
}

bool ReadableSegment::may_have(const core::SoughtUserData& sought, std::uint32_t block) const noexcept {
  if (!view_->user_data()) return true;
  const Found found = view_->user_data()->find(sought, block);
  if (found == Found::kDamaged) damage_.stop(view_->user_data()->check(sought, block), view_->header().segment);
  return found == Found::kYes;
}

std::uint32_t ReadableSegment::find_user_data(const core::SoughtUserData& sought, std::uint32_t begin, std::uint32_t end,
                                              core::Order order) const noexcept {
  TransferRow transfer_room;
  ExtraRow extra_room;
  return core::find_first(begin, end, order, kNone, [&](std::uint32_t i) {
    const TransferRow& transfer = row(view_->transfers(), i, transfer_room);
    return transfer.extra != 0 && sought.matches(row(view_->extras(), transfer.extra_index(), extra_room));
  });
}

core::PostingRange ReadableSegment::postings(std::uint32_t ordinal) const noexcept {
  core::PostingRange range;
  if (view_->dropped() != nullptr) return range;
  const Found found = view_->postings().find(ordinal, range);
  if (found == Found::kDamaged) damage_.stop(view_->postings().check(ordinal), view_->header().segment);
  return found == Found::kYes ? range : core::PostingRange{};
}

void ReadableSegment::find_postings(std::span<const std::uint32_t> ordinals, std::span<core::PostingRange> ranges) const noexcept {
  if (view_->dropped() != nullptr) {
    std::ranges::fill(ranges.first(ordinals.size()), core::PostingRange{});
  } else if (!view_->postings().find(ordinals, ranges)) {
    core::PastSegment::find_postings(ordinals, ranges);  // one by one: stops at what is damaged
  }
}

std::span<const core::PostingEntry> ReadableSegment::entries(core::PostingRange range, std::span<core::PostingEntry> room) const noexcept {
  return need(view_->postings().entries(range, room));
}

bool ReadableSegment::take_checkpoint(Found found, std::uint32_t ordinal, std::uint32_t posting, const history::Checkpoint& row,
                                      core::PastSegment::Checkpoint& checkpoint) const noexcept {
  if (found == Found::kDamaged) damage_.stop(view_->checkpoints().check(ordinal, posting), view_->header().segment);
  if (found == Found::kYes) checkpoint = {.balances = row.balances, .posting = row.posting, .flags = row.flags};
  return found == Found::kYes;
}

bool ReadableSegment::checkpoint_from(std::uint32_t ordinal, std::uint32_t posting, core::PastSegment::Checkpoint& checkpoint) const noexcept {
  if (view_->dropped() != nullptr) return false;
  history::Checkpoint row;
  return take_checkpoint(view_->checkpoints().find(ordinal, posting, row), ordinal, posting, row, checkpoint);
}

bool ReadableSegment::checkpoint_before(std::uint32_t ordinal, std::uint32_t posting, core::PastSegment::Checkpoint& checkpoint) const noexcept {
  if (view_->dropped() != nullptr) return false;
  history::Checkpoint row;
  return take_checkpoint(view_->checkpoints().find_before(ordinal, posting, row), ordinal, posting, row, checkpoint);
}

void ReadableSegment::find_checkpoints(std::span<const core::PastSegment::PostingOf> places,
                                       std::span<core::PastSegment::CheckpointsAround> found) const noexcept {
  const auto take = [](const history::Checkpoint& row) -> core::PastSegment::Checkpoint {
    return {.balances = row.balances, .posting = row.posting, .flags = row.flags};
  };
  const bool is_sound = view_->checkpoints().find(places, [&](std::size_t i, const history::Checkpoint* before, const history::Checkpoint* from) {
    found[i] = {};
    if (before != nullptr) found[i].before = take(*before);
    if (from != nullptr) found[i].from = take(*from);
  });
  if (!is_sound) core::PastSegment::find_checkpoints(places, found);  // one by one: stops at what is damaged
}

std::uint32_t ReadableSegment::find(u128 id, std::uint64_t hash) const noexcept {
  const auto known = need(view_->find(id, hash));
  return known && !known->has_failed ? known->index : kNone;
}

void ReadableSegment::find_all(std::span<const u128> ids, std::span<const std::uint64_t> hashes, std::span<std::uint32_t> found) const noexcept {
  constexpr std::size_t kGroup = 64;
  std::array<Found, kGroup> looked_up;
  for (std::size_t begin = 0; begin < ids.size(); begin += kGroup) {
    const std::span group = hashes.subspan(begin, std::min(kGroup, hashes.size() - begin));
    std::ranges::fill(found.subspan(begin, group.size()), kNone);
    view_->ids().find_all(group, looked_up, [&](std::size_t i, IdEntry entry) {
      if (entry.is_failed() || transfer(entry.index()).id != ids[begin + i]) return false;
      found[begin + i] = entry.index();
      return true;
    });
    for (std::size_t i = 0; i < group.size(); ++i) {
      if (looked_up[i] == Found::kDamaged) damage_.stop(view_->ids().check(group[i]), view_->header().segment);
    }
  }
}

core::PendingStatus ReadableSegment::ending_of(u128 pending_id, std::uint64_t hash) const noexcept {
  return need(view_->ending_of(pending_id, hash));
}

}  // namespace florin::history
