#pragma once

#include <cstdint>

#include "florin/uint128.hpp"

/// @file
/// Ids that the engine itself gives to transfers and accounts. Their high half is one number that requests may not use, so that they
/// are unique by construction and need no look-up on the way in; what the low half says depends on which kind of object it is.
///
///   transfer           sequence << 8 | leg                     ascends with the sequence, costs no memory however old
///   platform account   ledger << 32 | role << 16 | channel     one for each role of an asset, and one for each channel

namespace florin {

/// The high half. Its lowest 16 bits name the group of machines that gave the id; there is one group so far.
inline constexpr std::uint64_t kEngineIdSpace = 0xF16C6F72696E0001ULL;

/// True for ids that only the engine gives: a ledger request that names one as its own is refused.
constexpr bool is_engine_id(u128 id) noexcept { return high64(id) == kEngineIdSpace; }

/// Legs that one command writes at most. Below 256, which is what the id has room for, and below the time that a command owns.
inline constexpr std::uint32_t kLegsMax = 24;
/// Accounts that one command moves money of at most.
inline constexpr std::uint32_t kLegAccountsMax = 20;
/// Nanoseconds of record time that a payment command owns; they end at its timestamp, and leg j has the j-th of them.
inline constexpr std::uint32_t kPaymentNanoseconds = 32;
static_assert(kLegsMax <= kPaymentNanoseconds);

/// Id of a leg. `sequence`: of the command that writes it, below 2^56; `leg`: 0, 1, ... in the order the command names them.
constexpr u128 engine_transfer_id(std::uint64_t sequence, std::uint8_t leg) noexcept {
  return make_u128(kEngineIdSpace, sequence << 8 | leg);
}
/// Of an engine transfer id: the command that wrote it, and which of its legs it is.
constexpr std::uint64_t sequence_of_engine_transfer(u128 id) noexcept { return low64(id) >> 8; }
constexpr std::uint8_t leg_of_engine_transfer(u128 id) noexcept { return static_cast<std::uint8_t>(low64(id)); }

/// Timestamp of a leg. `timestamp`: of the command.
constexpr std::uint64_t leg_timestamp(std::uint64_t timestamp, std::uint8_t leg) noexcept {
  return timestamp - (kPaymentNanoseconds - 1) + leg;
}

/// What an account is for in payments: the ledger's Account::code. Codes from 0xF000 on mean something only on accounts that payments opened.
enum class AccountRole : std::uint16_t {
  kWallet = 0xF001,              ///< a payer's money: pays, is topped up, withdraws
  kMerchantPayable = 0xF002,     ///< an owner's or a part's: credits pending are held for it (gross of fees), the posted balance is due to it
  kMerchantAvailable = 0xF003,   ///< settled money of a merchant
  kChannelClearing = 0xF010,     ///< what a channel owes us; the payer account of orders that a channel funds
  kFeeIncome = 0xF011,           ///< fees
  kRefundReserve = 0xF012,       ///< refunds advanced for a merchant
  kChargebackReserve = 0xF013,   ///< disputes above what is refundable
  kDispute = 0xF014,             ///< money of open disputes
  kSettlementClearing = 0xF015,  ///< money of settlements under way
  kSuspense = 0xF016,            ///< late successes, and refunds to payees that are closed
  kFxPosition = 0xF017,          ///< one side of conversions: the platform's exposure in this asset
};

/// All that is not of a party belongs to the platform.
constexpr bool is_platform_role(AccountRole role) noexcept {
  return role >= AccountRole::kChannelClearing && role <= AccountRole::kFxPosition;
}
constexpr bool is_party_role(AccountRole role) noexcept {
  return role >= AccountRole::kWallet && role <= AccountRole::kMerchantAvailable;
}
/// Roles whose accounts never owe: the ledger's debits_must_not_exceed_credits.
constexpr bool must_not_overdraw(AccountRole role) noexcept {
  return role == AccountRole::kWallet || role == AccountRole::kMerchantAvailable;
}
/// The role that a command's one byte names: all roles have the same high byte.
constexpr AccountRole role_of(std::uint8_t low_byte) noexcept { return static_cast<AccountRole>(0xF000U | low_byte); }

/// Id of a platform account. `channel`: 0, but for the accounts of channels.
constexpr u128 platform_account_id(std::uint32_t ledger, AccountRole role, std::uint16_t channel = 0) noexcept {
  return make_u128(kEngineIdSpace, std::uint64_t{ledger} << 32 | std::uint64_t{static_cast<std::uint16_t>(role)} << 16 | channel);
}
/// Of the id of a platform account: its role.
constexpr AccountRole role_of_platform_account(u128 id) noexcept {
  return static_cast<AccountRole>(static_cast<std::uint16_t>(low64(id) >> 16));
}

/// Why a leg was written: Transfer::code of transfers that payments write.
enum class TransferCode : std::uint16_t {
  kPayment = 0xF001,  ///< a hold, its post or void, and the owner's share
  kFee = 0xF002,
  kSplit = 0xF003,    ///< a part's share
  kRefund = 0xF004,
  kFeeReturn = 0xF005,
  kDispute = 0xF006,
  kDisputeLost = 0xF007,
  kDisputeReturn = 0xF008,
  kDisputeFee = 0xF009,
  kTopUp = 0xF00A,
  kWithdrawal = 0xF00B,
  kWalletTransfer = 0xF00C,
  kConvert = 0xF00D,
  kSuspenseIn = 0xF00E,
  kSuspenseOut = 0xF00F,
  kSettlement = 0xF010,
};

}  // namespace florin
