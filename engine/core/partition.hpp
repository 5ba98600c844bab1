#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>

#include "core/expiry_queue.hpp"
#include "core/hold_table.hpp"
#include "core/id_ceilings.hpp"
#include "core/id_hash.hpp"
#include "core/memory/append_log.hpp"
#include "core/memory/stream_log.hpp"
#include "core/records.hpp"
#include "core/tag_table.hpp"
#include "florin/prefetch.hpp"

namespace florin::core {

/// How much a partition may hold. Address space is reserved for all of it, memory is taken as it fills.
struct PartitionLimits {
  std::uint64_t accounts = 0;
  std::uint64_t transfers = 0;  ///< in memory at once; as many failed ids, and as many expiries
  std::uint64_t holds = 0;      ///< open at once; 0: as many as transfers
  std::uint64_t postings = 0;  ///< 0: four for each transfer. They lie with the accounts, so one partition may have those of all.
  unsigned number_bits = References::kBits;  ///< of the numbers that name records
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
  [[nodiscard]] u128 user_data_128_of(std::uint32_t ordinal) const noexcept { return user_data_128_[ordinal - 1]; }
  /// What never changes of it: any thread that knows of the account may read that.
  [[nodiscard]] Account fixed_account(std::uint32_t ordinal) const noexcept;
  /// `stored` may have InternalFlags.
  std::uint32_t create_account(const Account& stored, std::uint64_t hash) noexcept;
  [[nodiscard]] std::uint64_t newest_account_timestamp() const noexcept {
    return accounts_.size() == 0 ? 0 : accounts_[accounts_.size() - 1].timestamp;
  }
  [[nodiscard]] bool has_account_at(std::uint64_t timestamp) const noexcept;

  // Transfers, by number (1, 2, ... and from the beginning again; 0 = none), in order of timestamp. Tables::transfer() gives the
  // whole of one.
  static constexpr std::uint32_t kFailedBit = 1U << 31;  ///< marks an id that failed for ever
  [[nodiscard]] std::uint32_t find_id(u128 id, std::uint64_t hash) const noexcept {
    const auto is_it = [&](std::uint32_t value) {
      return ((value & kFailedBit) != 0 ? failed_ids_[index_of(value & ~kFailedBit, failed_ids_)] : transfer(value).id) == id;
    };
    const std::uint32_t value = ids_->find(TagTable::tag_of(hash), is_it);
    return value != 0 || !is_sealing_ ? value : frozen_ids_->find(TagTable::tag_of(hash), is_it);
  }
  /// Of those that are being sealed; nullptr if none are.
  [[nodiscard]] const TagTable* sealing_ids() const noexcept { return is_sealing_ ? frozen_ids_ : nullptr; }
  /// False: this id is certainly not one of those, and their table need not be asked.
  [[nodiscard]] bool may_be_sealing(u128 id) const noexcept { return !frozen_ceilings_.is_above(id); }
  /// True if a transfer that is being sealed may have this id.
  [[nodiscard]] bool frozen_may_know(u128 id, std::uint32_t tag) const noexcept {
    return is_sealing_ && may_be_sealing(id) && !frozen_ids_->surely_absent(tag);
  }
  [[nodiscard]] std::uint32_t find_transfer(u128 id, std::uint64_t hash) const noexcept {
    const std::uint32_t value = find_id(id, hash);
    return (value & kFailedBit) != 0 ? 0 : value;
  }
  [[nodiscard]] const TransferRecord& transfer(std::uint32_t number) const noexcept { return transfers_[index_of(number, transfers_)]; }
  [[nodiscard]] std::uint32_t transfer_number(std::size_t index) const noexcept { return number_of(index); }
  /// The number that the next transfer will have.
  [[nodiscard]] std::uint32_t next_number() const noexcept { return number_of(transfers_.size()); }
  /// The number behind a number.
  [[nodiscard]] std::uint32_t number_after(std::uint32_t number) const noexcept { return number_of(number); }
  [[nodiscard]] const TransferExtra* extra(const TransferRecord& record) const noexcept {
    return record.extra == 0 ? nullptr : &extras_[index_of(record.extra, extras_)];
  }
  /// The same for another thread, of a transfer that has one and was settled when it synchronised with this one.
  [[nodiscard]] const TransferExtra& settled_extra(const TransferRecord& record) const noexcept { return extras_.settled(record.extra - 1); }
  /// A post or void keeps of its pending transfer what takes it back. Right after its creation.
  void remember_hold(std::uint32_t number, const Transfer& pending) noexcept;
  /// Of a transfer that is not pending: kNone.
  [[nodiscard]] PendingStatus hold_status(std::uint32_t number) const noexcept {
    const TransferExtra* rest = extra(transfer(number));
    return rest == nullptr || (transfer(number).flags & TransferFlags::kPending) == 0 ? PendingStatus::kNone : HoldState::load(rest->state).status;
  }
  /// What the end of a hold will touch.
  void prefetch_end(const Hold& hold) const noexcept {
    prefetch_line(&extras_.settled(hold.extra - 1));
    prefetch_account(hold.debit);
    prefetch_account(hold.credit);
  }
  void prefetch_account(std::uint32_t ordinal) const noexcept {
    const auto* const record = reinterpret_cast<const char*>(&accounts_[ordinal - 1]);
    prefetch_line(record);
    if (in_snapshot_) prefetch_line(record + offsetof(AccountRecord, pre_image));
  }
  /// The record that snapshot_account() begins with.
  void prefetch_snapshot_account(std::uint32_t ordinal) const noexcept {
    if (ordinal > snapshot_accounts_) return;
    const auto* const record = reinterpret_cast<const char*>(&account(ordinal));
    prefetch_line(record);
    prefetch_line(record + sizeof(AccountRecord) / 2);
  }
  /// What it will read besides, if a change has kept it.
  void prefetch_pre_image(std::uint32_t ordinal) const noexcept {
    if (ordinal > snapshot_accounts_ || account(ordinal).pre_image == 0) return;
    const auto* const kept = reinterpret_cast<const char*>(&pre_images_[account(ordinal).pre_image - 1]);
    prefetch_line(kept);
    prefetch_line(kept + sizeof(AccountRecord) / 2);
  }
  [[nodiscard]] std::uint64_t newest_transfer_timestamp() const noexcept {
    return transfers_.count() == 0 ? newest_forgotten_ : transfers_[transfers_.size() - 1].timestamp;
  }
  /// Asks for what fixed_account() reads.
  void prefetch_fixed_account(std::uint32_t ordinal) const noexcept {
    const auto* const record = reinterpret_cast<const char*>(&accounts_[ordinal - 1]);
    prefetch_line(record);
    prefetch_line(record + sizeof(AccountRecord) / 2);
    prefetch_line(&user_data_128_[ordinal - 1]);
  }
  /// The transfer with this timestamp, or 0.
  [[nodiscard]] std::uint32_t find_transfer_at(std::uint64_t timestamp) const noexcept;

  /// Takes in a transfer that was created, with this timestamp; a pending one is a hold from now on. `hash` is that of its id;
  /// `debit`, `credit` are References to its accounts.
  std::uint32_t create_transfer(const Transfer& stored, std::uint64_t timestamp, std::uint64_t hash, std::uint32_t debit, std::uint32_t credit) noexcept {
    const std::uint32_t number = append_transfer(stored, timestamp, TagTable::tag_of(hash), debit, credit);
    ceilings_.raise(stored.id);
    ids_->insert(TagTable::tag_of(hash), number);
    return number;
  }
  /// The same, with the place that TagTable::place_if_absent() has just named for its id.
  std::uint32_t create_transfer_at(std::uint64_t* id_place, const Transfer& stored, std::uint64_t timestamp, std::uint32_t id_tag,
                                   std::uint32_t debit, std::uint32_t credit) noexcept {
    const std::uint32_t number = append_transfer(stored, timestamp, id_tag, debit, credit);
    ceilings_.raise(stored.id);
    ids_->put_at(id_place, id_tag, number);
    return number;
  }

  // Holds, by place; also those that ended a moment ago: see end_hold().
  [[nodiscard]] std::uint32_t find_hold(u128 id, std::uint64_t hash) const noexcept { return holds_.find(id, TagTable::tag_of(hash)); }
  [[nodiscard]] const HoldTable& holds() const noexcept { return holds_; }
  /// Ends a hold: posted, voided or expired. How it ended stands in the record of its transfer. If that leaves memory before the
  /// record of the end does, or has left it, the hold stays as long and says so.
  void end_hold(std::uint32_t place, PendingStatus status) noexcept;
  void burn_id(u128 id, std::uint64_t hash) noexcept;

  /// Must precede any change of `account`: keeps what a snapshot or a chain needs.
  void before_change(AccountRecord& account) noexcept {
    if (guarded_) [[unlikely]] keep_pre_images(account);
  }
  /// Links a change to its account. `transfer` is a Reference, perhaps with Posting::kExpiry. After before_change().
  void post(AccountRecord& account, std::uint32_t transfer) noexcept {
    Posting& slot = postings_.back_slot();
    slot.previous = account.newest_posting;
    slot.transfer = transfer;
    postings_.commit_back();
    account.newest_posting = posting_number(postings_.size() - 1);
    if (++account.changes % BalanceCheckpoint::kSpacing == 0) [[unlikely]] checkpoint_is_due(account);
  }
  [[nodiscard]] const Posting& posting(std::uint32_t number) const noexcept {
    return postings_[postings_.first() + ((number - 1 - static_cast<std::uint32_t>(postings_.first())) & kPostingMask)];
  }
  /// Returns its number.
  std::uint32_t record_expiry(const Expiry& expiry) noexcept {
    expiries_.push(expiry);
    return number_of(expiries_.size() - 1);
  }
  [[nodiscard]] const Expiry& expiry(std::uint32_t number) const noexcept { return expiries_[index_of(number, expiries_)]; }

  /// Makes all records readable to others, and through data(). After every batch, and before another thread reads.
  void settle() noexcept {
    transfers_.settle();
    postings_.settle();
    failed_ids_.settle();
    expiries_.settle();
  }

  // Batches. `stamp` counts them; what ends a hold is marked with it.
  void begin_batch(std::uint64_t stamp) noexcept { stamp_ = stamp; }
  /// Writes a checkpoint of each account that has changed often enough since its last one. Of the whole ledger: its transfers so far, and
  /// its time.
  void write_checkpoints(std::uint64_t transfers, std::uint64_t timestamp) noexcept;

  // Where a number of a log leads, if the log was forgotten up to `base`: an index from `base` on. A stale number leads anywhere.
  [[nodiscard]] std::size_t index_of(std::uint32_t number, std::size_t base) const noexcept {
    return base + ((number - 1 - static_cast<std::uint32_t>(base)) & number_mask_);
  }
  [[nodiscard]] static std::size_t posting_index(std::uint32_t number, std::size_t base) noexcept {
    return base + ((number - 1 - static_cast<std::uint32_t>(base)) & kPostingMask);
  }

  // Chains.
  void begin_chain() noexcept;
  void commit_chain() noexcept;
  void rollback_chain() noexcept;

  // Sealing. Between batches.
  struct Frozen {
    std::size_t transfers, extras, failed_ids, postings, expiries, checkpoints, ended_holds;  // behind the last of each
    std::uint64_t newest_timestamp;
  };
  /// All that is there is to be sealed, and changes no more, but for the states of holds. Only if is_tidy().
  void freeze() noexcept;
  /// What was frozen leaves memory. No reader is left.
  void forget_frozen() noexcept;
  [[nodiscard]] bool is_sealing() const noexcept { return is_sealing_; }
  /// What is being sealed ends here, or what was forgotten last.
  [[nodiscard]] const Frozen& frozen() const noexcept { return frozen_; }
  /// Cleans up behind forget_frozen(), a little after every batch: so no batch waits for all of it.
  void tidy_up() noexcept;
  [[nodiscard]] bool is_tidy() const noexcept { return is_tidy_; }
  /// Of an empty partition: as if so much had been there and has left memory.
  void start_behind(const Frozen& frozen) noexcept;
  /// Room in every ring for so many more entries, failed ids and expiries included.
  [[nodiscard]] bool has_ring_room(std::uint64_t entries) const noexcept;

  // Expiry.
  [[nodiscard]] std::uint64_t next_expiry() const noexcept { return expiry_queue_.empty() ? kNever : expiry_queue_.top().expires_at; }
  /// Drops ended holds from the queue: those in front, and some others. After every batch.
  void prune_expiries() noexcept;
  struct DueExpiries {
    std::size_t found = 0;
    bool complete = true;  ///< false: the search stopped early, more may be due behind those found
  };
  /// Takes in a hold whose transfer has left memory. Of a partition that is being loaded.
  void load_hold(const Transfer& pending, std::uint64_t hash, std::uint32_t debit, std::uint32_t credit) noexcept;
  /// See StateMachine::due_expiries(). Fills `due` with places of holds.
  DueExpiries due_expiries(std::uint64_t now, std::span<std::uint32_t> due) const noexcept;
  [[nodiscard]] const ExpiryQueue& expiry_queue() const noexcept { return expiry_queue_; }

  // Snapshot: see snapshot_emitter.
  void begin_snapshot() noexcept;
  /// The account as it was when the snapshot began, with its InternalFlags.
  [[nodiscard]] Account snapshot_account(std::uint32_t ordinal) const noexcept;
  /// The accounts up to this one are taken: they may change freely.
  void emitted_account(std::uint32_t ordinal) noexcept;
  void end_snapshot() noexcept;

  [[nodiscard]] const AppendLog<AccountRecord>& accounts() const noexcept { return accounts_; }
  [[nodiscard]] const AppendLog<u128>& account_user_data() const noexcept { return user_data_128_; }
  [[nodiscard]] const StreamLog<TransferRecord>& transfers() const noexcept { return transfers_; }
  [[nodiscard]] const StreamLog<Expiry>& expiries() const noexcept { return expiries_; }
  [[nodiscard]] const StreamLog<TransferExtra>& extras() const noexcept { return extras_; }
  [[nodiscard]] const StreamLog<Posting>& postings() const noexcept { return postings_; }
  [[nodiscard]] const StreamLog<BalanceCheckpoint>& checkpoints() const noexcept { return checkpoints_; }
  [[nodiscard]] const StreamLog<u128>& failed_ids() const noexcept { return failed_ids_; }
  /// Places of holds that ended and wait until their records have left memory.
  [[nodiscard]] const StreamLog<std::uint32_t>& ended_holds() const noexcept { return ended_holds_; }
  [[nodiscard]] const TagTable& account_ids() const noexcept { return account_ids_; }
  /// Of those that are not being sealed.
  [[nodiscard]] const TagTable& transfer_ids() const noexcept { return *ids_; }
  [[nodiscard]] std::uint64_t holds_open() const noexcept { return holds_open_; }
  [[nodiscard]] u128 holds_hash() const noexcept { return holds_hash_; }
  /// Sum of the hashes of all accounts: order does not matter, so neither does the number of partitions.
  [[nodiscard]] u128 accounts_hash() const noexcept;

  static constexpr std::uint64_t kIdBytes = 16;  ///< of the table, for an id of a transfer: 8 bytes at a load of a half
  /// So many ids are about to come. Of a partition without any.
  void expect_ids(std::uint64_t count) noexcept { ids_->expect(count); }
  /// So many accounts and transfers come next without a pause, or none do any more: touch_ahead() goes further ahead of them.
  void expect_rows(std::uint64_t accounts, std::uint64_t transfers) noexcept {
    accounts_end_expected_.store(accounts_.size() + accounts, std::memory_order_relaxed);
    transfers_end_expected_.store(transfers_.size() + transfers, std::memory_order_relaxed);
  }

  /// Room for a batch: moves table growth on. False if a limit would be passed. `holds`: open in the whole ledger; each may expire,
  /// and that is posted too.
  [[nodiscard]] bool reserve(std::uint32_t accounts, std::uint32_t transfers, std::uint64_t holds = 0);
  [[nodiscard]] std::uint64_t memory_bytes() const noexcept;
  /// Of accounts and holds alone: what stays in memory whatever leaves it.
  [[nodiscard]] std::uint64_t lasting_bytes() const noexcept;
  /// Of accounts and open holds alone: the same for all that came to this point of the order.
  [[nodiscard]] std::uint64_t least_lasting_bytes() const noexcept;
  /// The most that the rest can take.
  [[nodiscard]] std::uint64_t passing_bytes_max() const noexcept;
  /// The most that so many new records can take.
  static std::uint64_t bytes_for(std::uint64_t accounts, std::uint64_t transfers) noexcept;
  static std::uint64_t lasting_bytes_for(std::uint64_t accounts, std::uint64_t holds) noexcept;
  /// Takes page faults ahead of use. One background thread.
  void touch_ahead(std::uint64_t prefault_bytes) noexcept;

  static u128 hash_of(const Account& account) noexcept;
  static u128 hash_of_hold(const Transfer& pending) noexcept;

 private:
  // Numbers go on from the beginning when their bits are used up: no more than half of them are in memory at once.
  static constexpr std::uint32_t kPostingMask = (1U << 31) - 1;
  [[nodiscard]] std::uint32_t number_of(std::size_t index) const noexcept { return (static_cast<std::uint32_t>(index) & number_mask_) + 1; }
  static std::uint32_t posting_number(std::size_t index) noexcept { return (static_cast<std::uint32_t>(index) & kPostingMask) + 1; }
  template <typename T>
  [[nodiscard]] std::size_t index_of(std::uint32_t number, const StreamLog<T>& log) const noexcept {
    return index_of(number, log.first());
  }
  [[nodiscard]] std::uint32_t number_of_account(const AccountRecord& account) const noexcept {
    return static_cast<std::uint32_t>(&account - accounts_.data()) + 1;
  }
  void checkpoint_is_due(const AccountRecord& account) noexcept {
    if (due_checkpoints_.room() != 0) due_checkpoints_.push(number_of_account(account));
  }
  /// The checkpoint of the account with this number, or nullptr if it has left memory.
  [[nodiscard]] const BalanceCheckpoint* checkpoint(std::uint32_t number, std::uint32_t account) const noexcept;

  std::uint32_t append_transfer(const Transfer& stored, std::uint64_t timestamp, std::uint32_t id_tag, std::uint32_t debit,
                                std::uint32_t credit) noexcept {
    TransferRecord& record = transfers_.back_slot();
    record.id = stored.id;
    record.amount_low = low64(stored.amount);
    record.timestamp = timestamp;
    record.debit = debit;
    record.credit = credit;
    record.code = stored.code;
    record.flags = stored.flags;
    record.extra = 0;
    if (needs_extra(stored)) record.extra = append_extra(stored);
    if ((stored.flags & TransferFlags::kPending) != 0) open_hold(stored, timestamp, id_tag, record);
    transfers_.commit_back();
    return number_of(transfers_.size() - 1);
  }
  std::uint32_t append_extra(const Transfer& stored) noexcept;
  void open_hold(const Transfer& stored, std::uint64_t timestamp, std::uint32_t id_tag, const TransferRecord& record) noexcept;
  /// Its record is in memory: later transfers have later timestamps.
  [[nodiscard]] bool has_record(const Hold& hold) const noexcept { return hold.transfer.timestamp > newest_forgotten_; }
  [[nodiscard]] std::uint64_t holds_max() const noexcept { return limits_.holds != 0 ? limits_.holds : limits_.transfers; }
  void set_status(Hold& hold, PendingStatus status) noexcept;
  void close_hold(std::uint32_t place) noexcept;
  [[nodiscard]] Account to_account(std::uint32_t ordinal, const AccountRecord& record) const noexcept;
  /// With its InternalFlags.
  [[nodiscard]] Account whole_account(std::uint32_t ordinal, const AccountRecord& record) const noexcept;
  void keep_pre_images(AccountRecord& account) noexcept;

  struct UndoAccount {
    std::uint32_t ordinal;
    AccountRecord before;
  };
  struct ChainMark {
    std::size_t accounts, transfers, extras, postings, expiries, due_checkpoints;
    u128 holds_hash;
    std::uint64_t holds_open;
  };

  IdHash hash_;
  std::uint16_t index_;
  PartitionLimits limits_;
  std::uint32_t number_mask_;  // of index -> number - 1

  TagTable account_ids_;
  AppendLog<AccountRecord> accounts_;
  AppendLog<u128> user_data_128_;  // by account
  TagTable id_tables_[2];
  TagTable* ids_ = &id_tables_[0];         // of transfers and failed ids
  TagTable* frozen_ids_ = &id_tables_[1];  // of those that are being sealed; else empty
  IdCeilings ceilings_;                    // of all of these
  IdCeilings frozen_ceilings_;             // when the generation was frozen
  StreamLog<TransferRecord> transfers_;
  StreamLog<TransferExtra> extras_;
  StreamLog<u128> failed_ids_;
  StreamLog<Posting> postings_;
  StreamLog<Expiry> expiries_;
  StreamLog<BalanceCheckpoint> checkpoints_;
  // Accounts that will have a checkpoint at the end of the batch; some perhaps twice. One that finds no room, here or there, is not missed:
  // walks begin at the next one then.
  AppendLog<std::uint32_t> due_checkpoints_;
  std::uint64_t stamp_ = 0;                   // of the batch in hand
  bool is_sealing_ = false;
  bool is_tidy_ = true;  // nothing of what was forgotten is left in tables
  Frozen frozen_{};
  std::uint64_t newest_forgotten_ = 0;  // timestamp of the newest transfer that has left memory
  HoldTable holds_;
  StreamLog<std::uint32_t> ended_holds_;  // whose records say nothing of it: they have left memory, or will before their end does
  ExpiryQueue expiry_queue_;
  std::uint64_t holds_open_ = 0;
  u128 holds_hash_ = 0;

  std::atomic<std::uint64_t> accounts_end_expected_ = 0;  // size of the log then; read by touch_ahead()
  std::atomic<std::uint64_t> transfers_end_expected_ = 0;

  bool guarded_ = false;  // in a chain or a snapshot: changes need pre-images
  bool in_chain_ = false;
  ChainMark mark_{};
  AppendLog<UndoAccount> undo_accounts_;
  AppendLog<std::uint32_t> chain_holds_;  // that the chain opened: queued for expiry when it commits
  AppendLog<std::uint32_t> chain_ended_;  // that the chain ended: closed when it commits
  mutable AppendLog<std::uint32_t> due_frontier_;  // scratch of due_expiries()

  bool in_snapshot_ = false;
  std::uint32_t snapshot_accounts_ = 0;  // accounts it contains
  std::uint32_t snapshot_cursor_ = 0;    // accounts already emitted
  AppendLog<AccountRecord> pre_images_;
};

}  // namespace florin::core
