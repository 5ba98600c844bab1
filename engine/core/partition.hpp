#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "core/expiry_queue.hpp"
#include "core/id_hash.hpp"
#include "core/memory/append_log.hpp"
#include "core/records.hpp"
#include "core/tag_table.hpp"

namespace florin::core {

/// How much a partition may hold. Address space is reserved for all of it, memory is taken as it fills.
struct PartitionLimits {
  std::uint64_t accounts = 0;
  std::uint64_t transfers = 0;
};

/// The tables of one partition and the elementary changes to them. It knows what a change is, never whether it is allowed: that
/// is rules/. Between begin_chain() and the end of the chain every change is noted, so that rollback_chain() restores
/// everything but the memory of failed ids.
///
/// Writer: the partition's thread. Pointers to records stay valid for ever.
class Partition {
 public:
  explicit Partition(const PartitionLimits& limits, std::uint16_t index);

  void set_hash(IdHash hash) noexcept { hash_ = hash; }
  [[nodiscard]] IdHash hash() const noexcept { return hash_; }
  [[nodiscard]] std::uint16_t index() const noexcept { return index_; }

  // Accounts, by index + 1 ("ordinal"; 0 = none), in order of timestamp.
  [[nodiscard]] std::uint32_t find_account(u128 id, std::uint64_t hash) const noexcept {
    return account_ids_.find(TagTable::tag_of(hash), [&](std::uint32_t ordinal) { return accounts_[ordinal - 1].id == id; });
  }
  [[nodiscard]] std::uint32_t find_account(u128 id) const noexcept { return find_account(id, hash_(id)); }
  [[nodiscard]] AccountRecord& account(std::uint32_t ordinal) noexcept { return accounts_[ordinal - 1]; }
  [[nodiscard]] const AccountRecord& account(std::uint32_t ordinal) const noexcept { return accounts_[ordinal - 1]; }
  [[nodiscard]] Account to_account(std::uint32_t ordinal) const noexcept { return to_account(ordinal, account(ordinal)); }
  std::uint32_t create_account(const Account& stored, std::uint64_t hash) noexcept;
  [[nodiscard]] std::uint64_t newest_account_timestamp() const noexcept {
    return accounts_.size() == 0 ? 0 : accounts_[accounts_.size() - 1].timestamp;
  }
  [[nodiscard]] bool has_account_at(std::uint64_t timestamp) const noexcept;

  // Transfers, by index + 1 (0 = none), in order of timestamp.
  static constexpr std::uint32_t kFailedBit = 1U << 31;  ///< marks an id that failed for ever
  [[nodiscard]] std::uint32_t find_id(u128 id, std::uint64_t hash) const noexcept {
    return transfer_ids_.find(TagTable::tag_of(hash), [&](std::uint32_t value) {
      return ((value & kFailedBit) != 0 ? failed_ids_[(value & ~kFailedBit) - 1] : transfers_[value - 1].id) == id;
    });
  }
  [[nodiscard]] std::uint32_t find_transfer(u128 id, std::uint64_t hash) const noexcept {
    const std::uint32_t value = find_id(id, hash);
    return (value & kFailedBit) != 0 ? 0 : value;
  }
  [[nodiscard]] const Transfer& transfer(std::uint32_t number) const noexcept { return transfers_[number - 1]; }
  /// Hold of a pending transfer; meaningless for others.
  [[nodiscard]] const Hold& hold(std::uint32_t number) const noexcept { return holds_[number - 1]; }
  void prefetch_transfer(std::uint32_t number) const noexcept {
    const auto* record = reinterpret_cast<const char*>(&transfers_[number - 1]);
    _mm_prefetch(record, _MM_HINT_T0);
    _mm_prefetch(record + 64, _MM_HINT_T0);
    _mm_prefetch(reinterpret_cast<const char*>(&holds_[number - 1]), _MM_HINT_T0);
  }
  void prefetch_account(std::uint32_t ordinal) const noexcept {
    const auto* record = reinterpret_cast<const char*>(&accounts_[ordinal - 1]);
    _mm_prefetch(record, _MM_HINT_T0);
    _mm_prefetch(record + 64, _MM_HINT_T0);
  }
  [[nodiscard]] std::uint64_t newest_transfer_timestamp() const noexcept {
    return transfers_.size() == 0 ? 0 : transfers_[transfers_.size() - 1].timestamp;
  }
  /// The transfer with this timestamp, or 0.
  [[nodiscard]] std::uint32_t find_transfer_at(std::uint64_t timestamp) const noexcept;

  /// Takes in a transfer that was created: the record, with this timestamp, and its id. `hash` is that of its id. A pending one needs open_hold().
  std::uint32_t create_transfer(const Transfer& stored, std::uint64_t timestamp, std::uint64_t hash) noexcept {
    stream(transfers_.back_slot(), stored, timestamp);
    transfers_.commit_back();
    const auto number = static_cast<std::uint32_t>(transfers_.size());
    transfer_ids_.insert(TagTable::tag_of(hash), number);
    return number;
  }
  /// `debit`, `credit`: ordinals of its accounts, 0 where another partition owns them.
  void open_hold(const Transfer& stored, std::uint32_t number, std::uint32_t debit, std::uint32_t credit) noexcept;
  /// Ends a hold: posted, voided or expired.
  void end_hold(std::uint32_t number, PendingStatus status) noexcept;
  void burn_id(u128 id, std::uint64_t hash) noexcept;

  /// Must precede any change of `account`: keeps what a snapshot or a chain needs.
  void before_change(AccountRecord& account) noexcept {
    if (guarded_) [[unlikely]] keep_pre_images(account);
  }
  /// Links a posting to its account. after before_change().
  void post(AccountRecord& account, const Posting& posting) noexcept {
    Posting& slot = postings_.back_slot();
    slot = posting;
    slot.previous = account.newest_posting;
    postings_.commit_back();
    account.newest_posting = static_cast<std::uint32_t>(postings_.size());
    ++account.posting_count;
  }
  [[nodiscard]] const Posting& posting(std::uint32_t number) const noexcept { return postings_[number - 1]; }
  void record_expiry(const Expiry& expiry) noexcept { expiries_.push(expiry); }

  // Chains.
  void begin_chain() noexcept;
  void commit_chain() noexcept;
  void rollback_chain() noexcept;

  // Expiry.
  [[nodiscard]] std::uint64_t next_expiry() const noexcept { return expiry_queue_.empty() ? kNever : expiry_queue_.top().expires_at; }
  /// Drops ended holds from the front of the queue. After every batch.
  void prune_expiries() noexcept;
  struct DueExpiries {
    std::size_t found = 0;
    bool complete = true;  ///< false: the search stopped early, more may be due behind those found
  };
  /// See StateMachine::due_expiries(). Fills `due` with numbers of transfers.
  DueExpiries due_expiries(std::uint64_t now, std::span<std::uint32_t> due) const noexcept;
  [[nodiscard]] const ExpiryQueue& expiry_queue() const noexcept { return expiry_queue_; }

  // Snapshot: see snapshot_emitter.
  void begin_snapshot() noexcept;
  /// The account as it was when the snapshot began.
  [[nodiscard]] Account snapshot_account(std::uint32_t ordinal) const noexcept;
  /// The accounts up to this one are taken: they may change freely.
  void emitted_account(std::uint32_t ordinal) noexcept;
  void end_snapshot() noexcept;

  [[nodiscard]] const AppendLog<AccountRecord>& accounts() const noexcept { return accounts_; }
  [[nodiscard]] const AppendLog<u128>& account_user_data() const noexcept { return user_data_128_; }
  [[nodiscard]] const AppendLog<Transfer>& transfers() const noexcept { return transfers_; }
  [[nodiscard]] const AppendLog<Expiry>& expiries() const noexcept { return expiries_; }
  [[nodiscard]] const AppendLog<u128>& failed_ids() const noexcept { return failed_ids_; }
  [[nodiscard]] const TagTable& account_ids() const noexcept { return account_ids_; }
  [[nodiscard]] const TagTable& transfer_ids() const noexcept { return transfer_ids_; }
  [[nodiscard]] std::uint64_t holds_open() const noexcept { return holds_open_; }
  [[nodiscard]] u128 holds_hash() const noexcept { return holds_hash_; }
  /// Sum of the hashes of all accounts: order does not matter, so neither does the number of partitions.
  [[nodiscard]] u128 accounts_hash() const noexcept;

  /// Room for a batch: moves table growth on. False if a limit would be passed.
  [[nodiscard]] bool reserve(std::uint32_t accounts, std::uint32_t transfers);
  [[nodiscard]] std::uint64_t memory_bytes() const noexcept;
  static std::uint64_t bytes_for(std::uint64_t accounts, std::uint64_t transfers) noexcept;
  /// Takes page faults ahead of use. One background thread.
  void touch_ahead(std::uint64_t prefault_bytes) noexcept;

  static u128 hash_of(const Account& account) noexcept;
  static u128 hash_of_hold(const Transfer& pending) noexcept;

 private:
  static void stream(Transfer& to, const Transfer& from, std::uint64_t timestamp) noexcept {
    // Past the caches: the record is next read when someone asks for it, and its lines would push out balances.
    const auto* source = reinterpret_cast<const __m256i*>(&from);
    auto* target = reinterpret_cast<__m256i*>(&to);
    for (int i = 0; i < 3; ++i) _mm256_stream_si256(target + i, _mm256_loadu_si256(source + i));
    _mm256_stream_si256(target + 3, _mm256_insert_epi64(_mm256_loadu_si256(source + 3), static_cast<std::int64_t>(timestamp), 3));
  }
  [[nodiscard]] Account to_account(std::uint32_t ordinal, const AccountRecord& record) const noexcept;
  void keep_pre_images(AccountRecord& account) noexcept;

  struct UndoAccount {
    std::uint32_t ordinal;
    AccountRecord before;
  };
  struct UndoStatus {
    std::uint32_t number;
    PendingStatus before;
  };
  struct ChainMark {
    std::size_t accounts, transfers, postings, expiries;
    u128 holds_hash;
    std::uint64_t holds_open;
  };

  IdHash hash_;
  std::uint16_t index_;
  PartitionLimits limits_;

  TagTable account_ids_;
  AppendLog<AccountRecord> accounts_;
  AppendLog<u128> user_data_128_;  // by account
  TagTable transfer_ids_;
  AppendLog<Transfer> transfers_;
  AppendLog<Hold> holds_;  // by transfer; only those of pending ones are written
  AppendLog<u128> failed_ids_;
  AppendLog<Posting> postings_;
  AppendLog<Expiry> expiries_;
  ExpiryQueue expiry_queue_;
  std::uint64_t holds_open_ = 0;
  u128 holds_hash_ = 0;

  bool guarded_ = false;  // in a chain or a snapshot: changes need pre-images
  bool in_chain_ = false;
  ChainMark mark_{};
  AppendLog<UndoAccount> undo_accounts_;
  AppendLog<UndoStatus> undo_statuses_;
  AppendLog<std::uint32_t> chain_holds_;  // holds of the chain, queued for expiry when it commits
  mutable AppendLog<std::uint32_t> due_frontier_;  // scratch of due_expiries()

  bool in_snapshot_ = false;
  std::uint32_t snapshot_accounts_ = 0;  // accounts it contains
  std::uint32_t snapshot_cursor_ = 0;    // accounts already emitted
  AppendLog<AccountRecord> pre_images_;
};

}  // namespace florin::core
