#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "florin/account.hpp"
#include "florin/transfer.hpp"

/// @file
/// What memory keeps of accounts and transfers.

namespace florin::core {

/// Ids whose high half is this belong to the engine (payments write transfers and accounts there); ledger requests may not.
inline constexpr std::uint64_t kEngineIdSpace = 0xF16C6F72696E0001ULL;
constexpr bool is_engine_id(u128 id) noexcept { return high64(id) == kEngineIdSpace; }

inline constexpr std::uint64_t kTimestampMax = (std::uint64_t{1} << 63) - 1;
inline constexpr std::uint64_t kNever = ~std::uint64_t{0};

/// The hot part of an account: two cache lines, one to decide by and one to change.
struct alignas(64) AccountRecord {
  u128 id = 0;
  std::uint64_t timestamp = 0;
  std::uint32_t ledger = 0;
  std::uint16_t code = 0;
  std::uint16_t flags = 0;              ///< `closed` changes, the rest is as created
  std::uint32_t newest_posting = 0;     ///< index + 1 in the posting log, 0 = none
  std::uint32_t posting_count = 0;
  std::uint32_t pre_image = 0;          ///< index + 1 of what a running snapshot keeps of it, 0 = none
  std::uint32_t user_data_32 = 0;
  std::uint64_t user_data_64 = 0;
  std::uint64_t reserved = 0;
  Balances balances;

  [[nodiscard]] bool has(std::uint16_t flag) const noexcept { return (flags & flag) != 0; }
};
static_assert(sizeof(AccountRecord) == 128 && offsetof(AccountRecord, balances) == 64);
static_assert(std::is_trivially_copyable_v<AccountRecord>);

/// Where a transfer's hold stands. 
enum class PendingStatus : std::uint8_t { kNone = 0, kPending = 1, kPosted = 2, kVoided = 3, kExpired = 4 };

/// What memory keeps of a pending transfer beside its record.
struct Hold {
  std::uint32_t debit = 0;  ///< ordinals of its accounts, each with its owner
  std::uint32_t credit = 0;
  PendingStatus status = PendingStatus::kNone;
};
static_assert(sizeof(Hold) == 12);

/// One change of one account's balances, linked to the one before: an account's history is a walk backwards.
/// With several partitions it lies with the account's owner, the transfer with that of its id; the timestamp names it there.
struct Posting {
  std::uint64_t timestamp = 0;  ///< of the transfer; of an expiry: of the pending transfer that expired
  std::uint32_t previous = 0;   ///< index + 1 of the account's posting before, 0 = none
  std::uint8_t credit = 0;      ///< 1: the credit side
  std::uint8_t expiry = 0;      ///< 1: a hold that expired
  std::uint16_t partition = 0;  ///< owner of the transfer
};
static_assert(sizeof(Posting) == 16);

/// An expiry: which hold, when it was recorded.
struct Expiry {
  std::uint64_t timestamp = 0;          ///< the expiry's own
  std::uint64_t pending_timestamp = 0;  ///< of the pending transfer
  std::uint64_t transfers_before = 0;   ///< transfers of the whole ledger when it happened: its place among them, which times
                                        ///< do not tell, because imported transfers are older than the moment they came in
};
static_assert(sizeof(Expiry) == 24);

constexpr std::uint64_t expires_at(const Transfer& pending) noexcept {
  return pending.timeout == 0 ? kNever : pending.timestamp + std::uint64_t{pending.timeout} * 1'000'000'000;
}

constexpr std::uint16_t kPostOrVoid = TransferFlags::kPostPendingTransfer | TransferFlags::kVoidPendingTransfer;
constexpr std::uint16_t kBalancing = TransferFlags::kBalancingDebit | TransferFlags::kBalancingCredit;
constexpr std::uint16_t kClosing = TransferFlags::kClosingDebit | TransferFlags::kClosingCredit;

}  // namespace florin::core
