#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "florin/account.hpp"
#include "florin/engine_id.hpp"
#include "florin/transfer.hpp"

/// @file
/// What memory keeps of accounts and transfers.

namespace florin::core {

inline constexpr std::uint64_t kTimestampMax = (std::uint64_t{1} << 63) - 1;
inline constexpr std::uint64_t kNever = ~std::uint64_t{0};

/// Bits of AccountRecord::fixed_flags, and of an account in a snapshot, that no client sees or can set.
struct InternalFlags {
  static constexpr std::uint16_t kOpenedByPayments = 1U << 15;  ///< its code is a role
  static constexpr std::uint16_t kRefundOverdraft = 1U << 14;   ///< refunds may make its balance negative
  static constexpr std::uint16_t kAll = kOpenedByPayments | kRefundOverdraft;
};
static_assert((InternalFlags::kAll & AccountFlags::kAll) == 0);

/// An account in memory: one line that a transfer reads and changes, and one for what is rarely asked for. Balances are 128 bits;
/// most never pass 64, so their low halves stand in the first line and `wide` says whether the high halves matter.
struct alignas(64) AccountRecord {
  u128 id = 0;
  std::uint64_t debits_pending_low = 0;
  std::uint64_t debits_posted_low = 0;
  std::uint64_t credits_pending_low = 0;
  std::uint64_t credits_posted_low = 0;
  std::uint32_t ledger = 0;
  std::uint16_t flags = 0;  ///< `closed` changes, the rest is as created
  std::uint16_t wide = 0;   ///< 1: some high half is not zero
  std::uint32_t newest_posting = 0;  ///< index + 1 in the posting log, 0 = none
  std::uint32_t changes = 0;         ///< running count of its postings

  std::uint64_t debits_pending_high = 0;
  std::uint64_t debits_posted_high = 0;
  std::uint64_t credits_pending_high = 0;
  std::uint64_t credits_posted_high = 0;
  std::uint64_t timestamp = 0;
  std::uint64_t user_data_64 = 0;
  std::uint32_t user_data_32 = 0;
  std::uint16_t code = 0;
  std::uint16_t fixed_flags = 0;        ///< all but `closed`, and the InternalFlags: any thread may read them
  std::uint32_t pre_image = 0;          ///< index + 1 of what a running snapshot keeps of it, 0 = none
  std::uint32_t newest_checkpoint = 0;  ///< number in the log of checkpoints, 0 = none

  [[nodiscard]] bool has(std::uint16_t flag) const noexcept { return (flags & flag) != 0; }
  [[nodiscard]] bool has_internal(std::uint16_t flag) const noexcept { return (fixed_flags & flag) != 0; }

  [[nodiscard]] Balances balances() const noexcept {
    Balances all{debits_pending_low, debits_posted_low, credits_pending_low, credits_posted_low};
    if (wide != 0) [[unlikely]] {
      all.debits_pending |= u128{debits_pending_high} << 64;
      all.debits_posted |= u128{debits_posted_high} << 64;
      all.credits_pending |= u128{credits_pending_high} << 64;
      all.credits_posted |= u128{credits_posted_high} << 64;
    }
    return all;
  }
  void set_balances(const Balances& all) noexcept {
    debits_pending_low = low64(all.debits_pending);
    debits_posted_low = low64(all.debits_posted);
    credits_pending_low = low64(all.credits_pending);
    credits_posted_low = low64(all.credits_posted);
    const u128 any = all.debits_pending | all.debits_posted | all.credits_pending | all.credits_posted;
    if (high64(any) == 0 && wide == 0) [[likely]] return;
    debits_pending_high = high64(all.debits_pending);
    debits_posted_high = high64(all.debits_posted);
    credits_pending_high = high64(all.credits_pending);
    credits_posted_high = high64(all.credits_posted);
    wide = high64(any) != 0 ? 1 : 0;
  }
  /// What changes becomes what it was. The rest is not touched: another thread may be reading it.
  void take_back(const AccountRecord& before) noexcept {
    set_balances(before.balances());
    flags = before.flags;
    newest_posting = before.newest_posting;
    changes = before.changes;
    pre_image = before.pre_image;
  }
};
static_assert(sizeof(AccountRecord) == 128 && offsetof(AccountRecord, debits_pending_high) == 64);
static_assert(std::is_trivially_copyable_v<AccountRecord>);

/// Names a record of any partition in 31 bits: its number there (index + 1) and, in the lowest bits, the partition. 0 = none.
/// With one partition it is the number itself.
class References {
 public:
  static constexpr unsigned kBits = 31;

  explicit References(std::uint32_t partitions = 1) noexcept : shift_(partitions == 1 ? 0 : static_cast<unsigned>(std::bit_width(partitions - 1))) {}

  [[nodiscard]] std::uint32_t to(std::uint32_t partition, std::uint32_t number) const noexcept { return number << shift_ | partition; }
  [[nodiscard]] std::uint32_t partition(std::uint32_t reference) const noexcept { return reference & ((1U << shift_) - 1); }
  [[nodiscard]] std::uint32_t number(std::uint32_t reference) const noexcept { return reference >> shift_; }
  [[nodiscard]] unsigned number_bits() const noexcept { return kBits - shift_; }
  /// The largest number that fits.
  [[nodiscard]] std::uint32_t number_max() const noexcept { return (1U << (kBits - shift_)) - 1; }

 private:
  unsigned shift_;
};

/// Where a transfer's hold stands.
enum class PendingStatus : std::uint8_t { kNone = 0, kPending = 1, kPosted = 2, kVoided = 3, kExpired = 4 };

/// A transfer in memory. Its accounts are references, and know their ids and the ledger; what most transfers do not have is in
/// TransferExtra. Tables::transfer() puts it together again.
struct TransferRecord {
  u128 id = 0;
  std::uint64_t amount_low = 0;
  std::uint64_t timestamp = 0;
  std::uint32_t debit = 0;   ///< References to its accounts
  std::uint32_t credit = 0;
  std::uint16_t code = 0;
  std::uint16_t flags = 0;
  std::uint32_t extra = 0;   ///< index + 1 of its TransferExtra, 0 = all of that is zero
};
static_assert(sizeof(TransferRecord) == 48 && std::has_unique_object_representations_v<TransferRecord>);

/// Where a hold stands, and since which batch: readers beside execution know by that whether it had ended when they began to look.
/// Any of them may read it while it changes, so it is one word.
struct HoldState {
  PendingStatus status = PendingStatus::kNone;
  std::uint64_t stamp = 0;  ///< of the batch that ended it

  [[nodiscard]] static HoldState load(const std::uint64_t& word) noexcept {
    const std::uint64_t value = __atomic_load_n(&word, __ATOMIC_RELAXED);
    return {static_cast<PendingStatus>(value & 0xFF), value >> 8};
  }
  void store(std::uint64_t& word) const noexcept { __atomic_store_n(&word, stamp << 8 | static_cast<std::uint64_t>(status), __ATOMIC_RELAXED); }
  /// As it was at the end of batch `stamp_then`.
  [[nodiscard]] PendingStatus at(std::uint64_t stamp_then) const noexcept { return stamp <= stamp_then ? status : PendingStatus::kPending; }
};

/// The rest of a transfer. Every pending one has it: the state of its hold is the only thing of a transfer that changes.
struct alignas(64) TransferExtra {
  u128 pending_id = 0;
  u128 user_data_128 = 0;
  std::uint64_t user_data_64 = 0;
  std::uint64_t amount_high = 0;
  std::uint32_t user_data_32 = 0;
  std::uint32_t timeout = 0;
  /// Of a pending transfer: a HoldState, read and written as one. Of a post: the low half of its hold's amount, or kLargeHold if that
  /// does not fit. Of a void: the flags of its pending transfer. So a walk back in time needs no other transfer's row.
  std::uint64_t state = 0;

  static constexpr std::uint64_t kLargeHold = ~std::uint64_t{0};

  /// Without what changed since.
  [[nodiscard]] TransferExtra as_created() const noexcept {
    return {.pending_id = pending_id, .user_data_128 = user_data_128, .user_data_64 = user_data_64, .amount_high = amount_high,
            .user_data_32 = user_data_32, .timeout = timeout};
  }
};
static_assert(sizeof(TransferExtra) == 64 && std::has_unique_object_representations_v<TransferExtra>);

/// A transfer put together from what memory keeps. `extra` may be null.
inline Transfer whole_transfer(const TransferRecord& record, const TransferExtra* extra, const AccountRecord& debit, const AccountRecord& credit) noexcept {
  Transfer whole{.id = record.id,
                 .debit_account_id = debit.id,
                 .credit_account_id = credit.id,
                 .amount = record.amount_low,
                 .ledger = debit.ledger,
                 .code = record.code,
                 .flags = record.flags,
                 .timestamp = record.timestamp};
  if (extra == nullptr) return whole;
  whole.amount = make_u128(extra->amount_high, record.amount_low);
  whole.pending_id = extra->pending_id;
  whole.user_data_128 = extra->user_data_128;
  whole.user_data_64 = extra->user_data_64;
  whole.user_data_32 = extra->user_data_32;
  whole.timeout = extra->timeout;
  return whole;
}

/// True if `transfer` has something that only a TransferExtra keeps.
inline bool needs_extra(const Transfer& transfer) noexcept {
  return ((transfer.pending_id | transfer.user_data_128) != 0) | ((transfer.user_data_64 | high64(transfer.amount)) != 0) |
         ((transfer.user_data_32 | transfer.timeout) != 0) | ((transfer.flags & TransferFlags::kPending) != 0);
}

/// One change of one account's balances, linked to the one before: an account's history is a walk backwards. It lies with the
/// account's owner. Which side it was the transfer tells: it names both accounts.
struct Posting {
  static constexpr std::uint32_t kExpiry = 1U << 31;  ///< in `transfer`: it names an Expiry

  std::uint32_t previous = 0;  ///< index + 1 of the account's posting before, 0 = none
  std::uint32_t transfer = 0;  ///< Reference
};
static_assert(sizeof(Posting) == 8);

/// An expiry: which hold, when it was recorded. It lies with the owner of the hold, and outlives the record of the pending transfer.
struct Expiry {
  std::uint64_t timestamp = 0;          ///< the expiry's own
  std::uint64_t pending_timestamp = 0;  ///< of the pending transfer
  std::uint64_t transfers_before = 0;   ///< transfers of the whole ledger when it happened: its place among them, which times
                                        ///< do not tell, because imported transfers are older than the moment they came in
  std::uint32_t pending = 0;            ///< Reference to the pending transfer, as long as that is in memory
  std::uint32_t debit = 0;              ///< References to its accounts
  std::uint32_t credit = 0;
  std::uint16_t flags = 0;              ///< of the pending transfer
  std::uint16_t reserved_16 = 0;
  std::uint64_t reserved_64 = 0;
  u128 amount = 0;                      ///< of the pending transfer
  u128 pending_id = 0;                  ///< its id
};
static_assert(sizeof(Expiry) == 80 && std::has_unique_object_representations_v<Expiry>);

/// The end of a batch that had events: within it sequences and timestamps go in lockstep.
struct BatchEnd {
  std::uint64_t sequence = 0;   ///< of its last event
  std::uint64_t timestamp = 0;  ///< likewise
  std::uint64_t transfers = 0;  ///< of the whole ledger then
};
static_assert(sizeof(BatchEnd) == 24 && std::has_unique_object_representations_v<BatchEnd>);

/// The balances of an account right after one of its changes, the last one in its batch: where walks back in time begin. There is one
/// for each 32 changes or so, and none twice in a batch. It lies with the account's owner.
struct BalanceCheckpoint {
  static constexpr std::uint32_t kSpacing = 32;  ///< in changes

  Balances balances;
  std::uint64_t transfers = 0;  ///< of the whole ledger at the end of the batch
  std::uint64_t timestamp = 0;  ///< of the batch
  std::uint32_t account = 0;    ///< its number
  std::uint32_t posting = 0;    ///< number of that change's posting
  std::uint32_t changes = 0;    ///< AccountRecord::changes then
  std::uint32_t previous = 0;   ///< number of the account's checkpoint before, 0 = none
  std::uint32_t jump = 0;       ///< number of one further back, so that any is found in few steps
  std::uint32_t depth = 0;      ///< checkpoints of the account before this one
  std::uint16_t flags = 0;      ///< of the account
  std::uint16_t reserved_16 = 0;
  std::uint32_t reserved_32 = 0;
  std::uint64_t reserved_64[2] = {};
};
static_assert(sizeof(BalanceCheckpoint) == 128 && std::is_trivially_copyable_v<BalanceCheckpoint>);

constexpr std::uint64_t expires_at(std::uint64_t timestamp, std::uint32_t timeout) noexcept {
  return timeout == 0 ? kNever : timestamp + std::uint64_t{timeout} * 1'000'000'000;
}
constexpr std::uint64_t expires_at(const Transfer& pending) noexcept { return expires_at(pending.timestamp, pending.timeout); }

constexpr std::uint16_t kPostOrVoid = TransferFlags::kPostPendingTransfer | TransferFlags::kVoidPendingTransfer;
constexpr std::uint16_t kBalancing = TransferFlags::kBalancingDebit | TransferFlags::kBalancingCredit;
constexpr std::uint16_t kClosing = TransferFlags::kClosingDebit | TransferFlags::kClosingCredit;

}  // namespace florin::core
