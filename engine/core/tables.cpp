#include "core/tables.hpp"

#include <algorithm>

#include "core/past.hpp"
#include "florin/frame.hpp"

namespace florin::core {
namespace {
constexpr std::uint64_t kPostingsMax = std::uint64_t{1} << 30;  // half of their numbers

/// However many partitions there are, or a snapshot could be loaded by fewer only: where transfers leave memory, each has twice its share.
std::uint64_t batches_max(std::uint32_t partitions, const PartitionLimits& limits, bool has_past) noexcept {
  return limits.transfers * (has_past ? (partitions + 1) / 2 : 1) + kEventsMax;
}
}  // namespace

Tables::Tables(std::uint32_t partitions, const PartitionLimits& limits, const Past* past)
    : count_(partitions), references_(partitions), past_(past), batches_(batches_max(partitions, limits, past != nullptr)) {
  const PartitionLimits bounded{.accounts = std::min<std::uint64_t>(limits.accounts, references_.number_max()),
                                .transfers = std::min<std::uint64_t>(limits.transfers, references_.number_max() / 4),
                                .holds = std::min<std::uint64_t>(limits.holds, references_.number_max()),
                                .postings = std::min<std::uint64_t>(limits.postings, kPostingsMax),
                                .number_bits = references_.number_bits()};
  for (std::uint32_t i = 0; i < partitions; ++i) {
    partitions_.push_back(std::make_unique<Partition>(bounded, static_cast<std::uint16_t>(i)));
  }
  if (partitions == 1) return;
  by_ordinal_ = std::make_unique<AppendLog<std::uint32_t>>(bounded.accounts * partitions);
  for (std::uint32_t i = 0; i < partitions; ++i) ordinals_.push_back(std::make_unique<AppendLog<std::uint32_t>>(bounded.accounts));
}

std::uint32_t Tables::create_account(Partition& owner, const Account& stored, std::uint64_t hash) noexcept {
  const std::uint32_t number = owner.create_account(stored, hash);
  if (ordinals_.empty()) return number;
  ordinals_[owner.index()]->push(static_cast<std::uint32_t>(by_ordinal_->size()));
  by_ordinal_->push(references_.to(owner.index(), number));
  return number;
}

Transfer Tables::transfer(const Partition& home, const TransferRecord& record) const noexcept {
  return whole_transfer(record, home.extra(record), account_at(record.debit).record(), account_at(record.credit).record());
}

PendingAt Tables::find_pending(u128 id) const noexcept {
  const std::uint64_t hash = hash_(id);
  PendingAt pending;
  pending.partition = &owner(hash);
  pending.hold = pending.partition->find_hold(id, hash);
  if (pending.hold != 0) {
    const Hold& hold = pending.partition->holds()[pending.hold];
    pending.found = true;
    pending.status = hold.status;
    pending.transfer = hold.transfer;
    pending.debit = account_at(hold.debit);
    pending.credit = account_at(hold.credit);
  } else if (const TransferAt at{pending.partition, pending.partition->find_transfer(id, hash)}; at) {
    pending.found = true;
    pending.status = at.hold_status();
    pending.transfer = transfer(at);
    pending.debit = account_at(at.record().debit);
    pending.credit = account_at(at.record().credit);
  } else if (past_ != nullptr && past_->may_know(id, hash)) {
    const std::optional<PastTransfer> past = past_->find(id, hash);
    if (!past || past->has_failed) return pending;
    pending.found = true;
    pending.status = past->status;
    pending.transfer = past->transfer;
    pending.debit = find_account(past->transfer.debit_account_id);
    pending.credit = find_account(past->transfer.credit_account_id);
  }
  return pending;
}

KnownId Tables::known(u128 id, std::uint64_t hash) const noexcept {
  KnownId known;
  if (const TransferAt at = find_id(id, hash); at.number != 0) {
    known.has_failed = at.failed();
    if (!known.has_failed) known.existing = transfer(at);
  } else if (past_ != nullptr && past_->may_know(id, hash)) {
    if (const std::optional<PastTransfer> past = assumes_new_ids_ ? past_->find_at_once(id, hash) : past_->find(id, hash); past) {
      known.has_failed = past->has_failed;
      if (!past->has_failed) known.existing = past->transfer;
      known.existing_digest = past->digest;
    }
  }
  if (known.existing && !known.existing_digest) known.existing_pending = pending_of(*known.existing);
  return known;
}

std::optional<Transfer> Tables::transfer_with_accounts_of(const Transfer& event) const noexcept {
  const PendingAt pending = find_pending(event.pending_id);
  if (!pending) return std::nullopt;
  if (pending.status == PendingStatus::kPending || !dropped_.has(pending.transfer.timestamp)) return pending.transfer;
  const std::optional<Transfer> existing = known(event.id, hash_(event.id)).existing;
  if (!existing || dropped_.has(existing->timestamp) || existing->pending_id != event.pending_id) return std::nullopt;
  return existing;
}

bool Tables::past_says(u128 id, std::uint64_t hash) const noexcept {
  return owner(hash).frozen_may_know(id, TagTable::tag_of(hash)) || past_->may_know(id, hash);
}

void Tables::ask_past_ahead(std::span<const Transfer> events, const std::uint64_t* hashes) const noexcept {
  if (past_ != nullptr) past_->ask_ahead(events, hashes);
}

bool Tables::has_transfer_at(std::uint64_t timestamp) const noexcept {
  return static_cast<bool>(find_transfer_at(timestamp)) || (past_ != nullptr && past_->has_transfer_at(timestamp));
}

void Tables::freeze() noexcept {
  for (const auto& partition : partitions_) partition->freeze();
  batches_.settle();
  frozen_batches_ = batches_.size();
}

void Tables::forget_frozen() noexcept {
  for (const auto& partition : partitions_) partition->forget_frozen();
  batches_.forget_before(frozen_batches_);
}

void Tables::settle() noexcept {
  batches_.settle();
  for (const auto& partition : partitions_) partition->settle();
}

void Tables::set_hash(IdHash hash) noexcept {
  hash_ = hash;
  for (const auto& partition : partitions_) partition->set_hash(hash);
}

TransferAt Tables::find_transfer_at(std::uint64_t timestamp) const noexcept {
  for (const auto& partition : partitions_) {
    const std::uint32_t number = partition->find_transfer_at(timestamp);
    if (number != 0) return {partition.get(), number};
  }
  return {};
}

bool Tables::has_account_at(std::uint64_t timestamp) const noexcept {
  return std::any_of(partitions_.begin(), partitions_.end(), [&](const auto& p) { return p->has_account_at(timestamp); });
}

std::uint64_t Tables::newest_account_timestamp() const noexcept {
  std::uint64_t newest = 0;
  for (const auto& partition : partitions_) newest = std::max(newest, partition->newest_account_timestamp());
  return newest;
}

std::uint64_t Tables::newest_transfer_timestamp() const noexcept {
  std::uint64_t newest = 0;
  for (const auto& partition : partitions_) newest = std::max(newest, partition->newest_transfer_timestamp());
  return newest;
}

std::uint64_t Tables::transfer_count() const noexcept {
  std::uint64_t count = 0;
  for (const auto& partition : partitions_) count += partition->transfers().size();
  return count;
}

void Tables::begin_chain() noexcept {
  for (const auto& partition : partitions_) partition->begin_chain();
}
void Tables::commit_chain() noexcept {
  for (const auto& partition : partitions_) partition->commit_chain();
}
void Tables::rollback_chain() noexcept {
  for (const auto& partition : partitions_) partition->rollback_chain();
  std::size_t accounts = 0;
  for (std::size_t i = 0; i < ordinals_.size(); ++i) {
    accounts += partitions_[i]->accounts().size();
    ordinals_[i]->truncate(partitions_[i]->accounts().size());
  }
  if (by_ordinal_) by_ordinal_->truncate(accounts);
}

u128 Tables::accounts_hash() const noexcept {
  u128 sum = 0;
  for (const auto& partition : partitions_) sum += partition->accounts_hash();
  return sum;
}

u128 Tables::holds_hash() const noexcept {
  u128 sum = 0;
  for (const auto& partition : partitions_) sum += partition->holds_hash();
  return sum;
}

std::uint64_t Tables::memory_bytes() const noexcept {
  std::uint64_t bytes = batches_.bytes_taken();
  for (const auto& partition : partitions_) bytes += partition->memory_bytes();
  return bytes;
}

std::uint64_t Tables::lasting_bytes() const noexcept {
  std::uint64_t bytes = 0;
  for (const auto& partition : partitions_) bytes += partition->lasting_bytes();
  return bytes;
}

std::uint64_t Tables::least_lasting_bytes() const noexcept {
  std::uint64_t bytes = 0;
  for (const auto& partition : partitions_) bytes += partition->least_lasting_bytes();
  return bytes;
}

std::uint64_t Tables::passing_bytes_max() const noexcept {
  std::uint64_t bytes = batches_.bytes_max();
  for (const auto& partition : partitions_) bytes += partition->passing_bytes_max();
  return bytes;
}

}  // namespace florin::core
