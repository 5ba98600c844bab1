#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "core/dropped_history.hpp"
#include "core/partition.hpp"
#include "core/rules/transfer_digest.hpp"

namespace florin::core {

/// An account and whose it is. `ordinal` 0: no such account.
struct AccountAt {
  Partition* partition = nullptr;
  std::uint32_t ordinal = 0;

  explicit operator bool() const noexcept { return ordinal != 0; }
  [[nodiscard]] AccountRecord& record() const noexcept { return partition->account(ordinal); }
};

/// A transfer and whose it is. `number` 0: no such transfer; with Partition::kFailedBit: an id that failed.
struct TransferAt {
  Partition* partition = nullptr;
  std::uint32_t number = 0;

  [[nodiscard]] bool failed() const noexcept { return (number & Partition::kFailedBit) != 0; }
  explicit operator bool() const noexcept { return number != 0 && !failed(); }
  [[nodiscard]] const TransferRecord& record() const noexcept { return partition->transfer(number); }
  [[nodiscard]] PendingStatus hold_status() const noexcept { return partition->hold_status(number); }
};

/// What a pending_id names: an open hold, or a transfer that holds nothing any more, or never did. Of such a one that was dropped only
/// timestamp and status count.
struct PendingAt {
  Partition* partition = nullptr;  ///< owner of the id, whether it is known or not
  std::uint32_t hold = 0;          ///< place of the hold; 0: it ended long ago, or is no pending transfer
  bool found = false;
  PendingStatus status = PendingStatus::kNone;
  Transfer transfer;
  AccountAt debit;
  AccountAt credit;

  explicit operator bool() const noexcept { return found; }
};

class Past;

/// What is known of an id that an event brings: nothing, that it failed, or the transfer that has it.
struct KnownId {
  bool has_failed = false;
  std::optional<Transfer> existing;
  std::optional<TransferDigest> existing_digest;  ///< if only id and timestamp of it are left
  std::optional<Transfer> existing_pending;  ///< of a post or void: its pending transfer
};

/// All partitions of a ledger seen as one. For the work that one thread does while all others stand still, and for reading while
/// none of them writes.
class Tables {
 public:
  /// `past`: who knows what has left memory; nullptr: nothing ever does.
  Tables(std::uint32_t partitions, const PartitionLimits& limits, const Past* past = nullptr);

  [[nodiscard]] std::uint32_t count() const noexcept { return count_; }
  [[nodiscard]] Partition& operator[](std::uint32_t index) noexcept { return *partitions_[index]; }
  [[nodiscard]] const Partition& operator[](std::uint32_t index) const noexcept { return *partitions_[index]; }
  [[nodiscard]] std::span<const std::unique_ptr<Partition>> all() const noexcept { return partitions_; }

  /// Creates an account at its owner.
  std::uint32_t create_account(Partition& owner, const Account& stored, std::uint64_t hash) noexcept;
  /// Accounts in order of creation, which is that of their timestamps, from 0: their ordinals. Of accounts that a reader knows of, any
  /// thread.
  [[nodiscard]] std::uint32_t ordinal_of(std::uint32_t reference) const noexcept {
    return ordinals_.empty() ? reference - 1 : (*ordinals_[references_.partition(reference)])[references_.number(reference) - 1];
  }
  [[nodiscard]] std::uint32_t account_by_ordinal(std::uint32_t ordinal) const noexcept {
    return ordinals_.empty() ? ordinal + 1 : (*by_ordinal_)[ordinal];
  }

  /// Ends of the batches that had events, of those in memory.
  [[nodiscard]] StreamLog<BatchEnd>& batches() noexcept { return batches_; }
  [[nodiscard]] const StreamLog<BatchEnd>& batches() const noexcept { return batches_; }
  /// Behind the last of them that is being sealed.
  [[nodiscard]] std::size_t frozen_batches() const noexcept { return frozen_batches_; }

  /// What nobody may see any more, be it in memory or not.
  [[nodiscard]] const DroppedHistory& dropped() const noexcept { return dropped_; }
  void set_dropped(const DroppedHistory& dropped) noexcept { dropped_ = dropped; }

  /// Partition::freeze() of all, and Partition::forget_frozen().
  void freeze() noexcept;
  void forget_frozen() noexcept;

  void set_hash(IdHash hash) noexcept;
  [[nodiscard]] IdHash hash() const noexcept { return hash_; }
  [[nodiscard]] Partition& owner(std::uint64_t hash) const noexcept { return *partitions_[partition_of(hash, count_)]; }

  [[nodiscard]] AccountAt find_account(u128 id) const noexcept { return find_account(id, hash_(id)); }
  [[nodiscard]] AccountAt find_account(u128 id, std::uint64_t hash) const noexcept {
    return {&owner(hash), owner(hash).find_account(id, hash)};
  }
  /// Transfer or failed id.
  [[nodiscard]] TransferAt find_id(u128 id, std::uint64_t hash) const noexcept { return {&owner(hash), owner(hash).find_id(id, hash)}; }
  /// The same of transfers and ids that have left memory too.
  [[nodiscard]] KnownId known(u128 id, std::uint64_t hash) const noexcept;
  [[nodiscard]] TransferAt find_transfer(u128 id) const noexcept {
    const std::uint64_t hash = hash_(id);
    return {&owner(hash), owner(hash).find_transfer(id, hash)};
  }
  /// True if an id with this hash may belong to a transfer that is being sealed, or has left memory. Of its owner's table of ids
  /// nothing is said.
  [[nodiscard]] bool past_may_know(u128 id, std::uint64_t hash) const noexcept {
    return past_ != nullptr && past_says(id, hash);
  }
  /// See StateMachine. Between batches.
  void assume_new_ids(bool assumes) noexcept { assumes_new_ids_ = assumes; }
  /// Asks for what the past will have to read to say so of these.
  void ask_past_ahead(std::span<const Transfer> events, const std::uint64_t* hashes) const noexcept;
  [[nodiscard]] bool has_transfer_at(std::uint64_t timestamp) const noexcept;
  [[nodiscard]] PendingAt find_pending(u128 id) const noexcept;
  /// Who names the accounts that a post or void may leave out: the transfer of its hold; if that was dropped, what the event itself created.
  [[nodiscard]] std::optional<Transfer> transfer_with_accounts_of(const Transfer& event) const noexcept;
  [[nodiscard]] TransferAt find_transfer_at(std::uint64_t timestamp) const noexcept;
  /// The whole of a transfer that is there.
  [[nodiscard]] Transfer transfer(const TransferAt& at) const noexcept { return transfer(*at.partition, at.record()); }
  [[nodiscard]] Transfer transfer(const Partition& home, const TransferRecord& record) const noexcept;
  /// Of a post or void: its pending transfer; else nothing.
  [[nodiscard]] std::optional<Transfer> pending_of(const Transfer& transfer) const noexcept {
    if ((transfer.flags & kPostOrVoid) == 0) return std::nullopt;
    return find_pending(transfer.pending_id).transfer;
  }

  [[nodiscard]] std::uint32_t reference(const AccountAt& account) const noexcept { return references_.to(account.partition->index(), account.ordinal); }
  [[nodiscard]] std::uint32_t reference(const TransferAt& transfer) const noexcept { return references_.to(transfer.partition->index(), transfer.number); }
  [[nodiscard]] AccountAt account_at(std::uint32_t reference) const noexcept {
    return {partitions_[references_.partition(reference)].get(), references_.number(reference)};
  }
  [[nodiscard]] TransferAt transfer_at(std::uint32_t reference) const noexcept {
    return {partitions_[references_.partition(reference)].get(), references_.number(reference)};
  }
  [[nodiscard]] References references() const noexcept { return references_; }
  [[nodiscard]] bool has_account_at(std::uint64_t timestamp) const noexcept;
  [[nodiscard]] std::uint64_t newest_account_timestamp() const noexcept;
  [[nodiscard]] std::uint64_t newest_transfer_timestamp() const noexcept;

  [[nodiscard]] std::uint64_t transfer_count() const noexcept;

  /// Partition::settle() of all.
  void settle() noexcept;

  void begin_chain() noexcept;
  void commit_chain() noexcept;
  void rollback_chain() noexcept;

  [[nodiscard]] u128 accounts_hash() const noexcept;
  [[nodiscard]] u128 holds_hash() const noexcept;
  [[nodiscard]] std::uint64_t memory_bytes() const noexcept;
  [[nodiscard]] std::uint64_t lasting_bytes() const noexcept;
  [[nodiscard]] std::uint64_t least_lasting_bytes() const noexcept;
  [[nodiscard]] std::uint64_t passing_bytes_max() const noexcept;

 private:
  [[nodiscard]] bool past_says(u128 id, std::uint64_t hash) const noexcept;

  std::uint32_t count_;
  References references_;
  const Past* past_;
  bool assumes_new_ids_ = false;
  std::vector<std::unique_ptr<Partition>> partitions_;
  std::vector<std::unique_ptr<AppendLog<std::uint32_t>>> ordinals_;  // by partition and number - 1; empty with one partition
  std::unique_ptr<AppendLog<std::uint32_t>> by_ordinal_;             // References; null with one partition
  StreamLog<BatchEnd> batches_;
  std::size_t frozen_batches_ = 0;
  DroppedHistory dropped_;
  IdHash hash_;
};

}  // namespace florin::core
