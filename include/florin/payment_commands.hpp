#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "florin/account.hpp"
#include "florin/asset.hpp"
#include "florin/engine_id.hpp"
#include "florin/fee_schedule.hpp"
#include "florin/limit_rule.hpp"
#include "florin/party.hpp"
#include "florin/payment_command.hpp"
#include "florin/transfer.hpp"
#include "florin/uint128.hpp"

/// @file
/// Payment commands by the names of their fields. Each struct has what its command uses and nothing else, and becomes a CommandWithParts in which all
/// other bytes are zero:
///
///   client->send_payment(florin::commands::Capture{.key = key, .order = order, .amount = 60, .is_final = true});
///
/// Fields that commands share: `key` makes it happen once, and is 0 in members of a group; `expected_version` of the object, 0: any; `reason` and
/// `effective_time` are the client's own, stored and never used. Amounts in minor units, durations in seconds.

namespace florin {

/// A command as it is sent, and the parts behind it.
struct CommandWithParts {
  PaymentCommand command;
  std::vector<PartAmount> parts;
  const char* unfit = nullptr;  ///< the name of a field that is too long for its place; such a command is not sent

  /// Adds a part to create_order or pay, or, with an amount, to capture or refund.
  CommandWithParts& add(const PartAmount& part) {
    parts.push_back(part);
    command.parts = static_cast<std::uint8_t>(parts.size());
    return *this;
  }
  CommandWithParts& add(const PartShare& share) { return add(part_of(share)); }

  friend bool operator==(const CommandWithParts&, const CommandWithParts&) = default;
};

namespace commands {

/// Name, kind, flags, fee schedule, user data and the password's hash are the party's own; everything else of it is left out.
struct RegisterParty {
  u128 key = 0;
  Party party = {};
  std::uint32_t reason = 0;
  operator CommandWithParts() const;
};

struct SetPartyStatus {
  u128 key = 0;
  u128 party = 0;
  PartyStatus status = PartyStatus::kActive;
  std::uint32_t expected_version = 0;
  std::uint32_t reason = 0;
  std::uint64_t effective_time = 0;
  operator CommandWithParts() const;
};

/// A hash of zeros: the party has no password any more.
struct SetPassword {
  u128 key = 0;
  u128 party = 0;
  PasswordHash hash = {};
  std::uint32_t expected_version = 0;
  std::uint32_t reason = 0;
  std::uint64_t effective_time = 0;
  operator CommandWithParts() const;
};

struct AddKey {
  u128 key = 0;
  u128 party = 0;
  Credential credential = {};
  std::span<const std::byte> rsa_key = {};  ///< its bytes, at most 32 * kKeyBlocksMax; empty for keys that fit the credential
  std::uint32_t expected_version = 0;
  std::uint32_t reason = 0;
  std::uint64_t effective_time = 0;
  operator CommandWithParts() const;
};

struct RevokeKey {
  u128 key = 0;
  u128 party = 0;
  std::uint64_t key_id = 0;
  std::uint32_t expected_version = 0;
  std::uint32_t reason = 0;
  std::uint64_t effective_time = 0;
  operator CommandWithParts() const;
};

/// Of a party, or, with `owner` and `account` 0, the clearing account of a channel.
struct OpenAccount {
  u128 key = 0;
  u128 account = 0;
  u128 owner = 0;
  AccountRole role = AccountRole::kWallet;
  std::uint32_t ledger = 0;
  std::uint16_t channel = 0;
  std::uint64_t user_data_64 = 0;
  std::uint32_t user_data_32 = 0;
  std::uint32_t reason = 0;
  std::uint64_t effective_time = 0;
  operator CommandWithParts() const;
};

/// Only as member of a group; neither linked nor imported.
struct CreateAccount {
  Account account = {};
  operator CommandWithParts() const;
};
struct CreateTransfer {
  florin::Transfer transfer = {};
  operator CommandWithParts() const;
};

struct DeclareAsset {
  u128 key = 0;
  Asset asset = {};
  operator CommandWithParts() const;
};
struct SetFeeSchedule {
  u128 key = 0;
  FeeSchedule schedule = {};
  operator CommandWithParts() const;
};
struct SetListEntry {
  u128 key = 0;
  ListEntry entry = {};
  operator CommandWithParts() const;
};

/// What create_order and pay are told of an order.
struct NewOrder {
  u128 id = 0;
  u128 amount = 0;
  std::uint32_t ledger = 0;
  u128 merchant = 0;
  u128 payer = 0;
  u128 payer_account = 0;
  u128 owner_account = 0;             ///< gets what the parts and the fee leave
  std::string_view reference = {};    ///< the merchant's name for it, 1 to 32 bytes; unique with the merchant
  std::vector<PartShare> parts = {};  ///< at most kPartsMax
  std::uint32_t fee_schedule = 0;     ///< 0: the merchant's
  std::uint16_t tolerance_bps = 0;    ///< by how much of the hold a final capture may exceed it
  bool is_automatic = false;          ///< captured when it is authorised
  bool is_channel_funded = false;
  std::uint32_t expires_s = 0;        ///< 0: never
  std::uint32_t hold_s = 0;           ///< 0: kHoldDefaultSeconds
  std::uint32_t auto_complete_s = 0;  ///< 0: never
  u128 user_data_128 = 0;
  std::uint64_t user_data_64 = 0;
  std::uint32_t user_data_32 = 0;
  std::uint32_t reason = 0;
  std::uint64_t effective_time = 0;
};
/// Nothing is held yet.
struct CreateOrder {
  u128 key = 0;
  NewOrder order = {};
  operator CommandWithParts() const;
};
/// Held at once, and captured too if the order is automatic.
struct Pay {
  u128 key = 0;
  NewOrder order = {};
  operator CommandWithParts() const;
};

struct Authorise {
  u128 key = 0;
  u128 order = 0;
  u128 amount = kAmountAll;
  std::uint32_t expected_version = 0;
  std::uint32_t reason = 0;
  std::uint64_t effective_time = 0;
  operator CommandWithParts() const;
};
struct Increment {
  u128 key = 0;
  u128 order = 0;
  u128 amount = 0;
  std::uint32_t expected_version = 0;
  std::uint32_t reason = 0;
  std::uint64_t effective_time = 0;
  operator CommandWithParts() const;
};
struct Decrement {
  u128 key = 0;
  u128 order = 0;
  u128 amount = 0;
  std::uint32_t expected_version = 0;
  std::uint32_t reason = 0;
  std::uint64_t effective_time = 0;
  operator CommandWithParts() const;
};
/// Either time of the order, from now on.
struct Extend {
  u128 key = 0;
  u128 order = 0;
  std::uint32_t expires_s = 0;
  std::uint32_t hold_s = 0;
  std::uint32_t expected_version = 0;
  std::uint32_t reason = 0;
  std::uint64_t effective_time = 0;
  operator CommandWithParts() const;
};
struct Capture {
  u128 key = 0;
  u128 order = 0;
  u128 amount = kAmountAll;
  bool is_final = false;               ///< the rest is released
  std::vector<PartAmount> parts = {};  ///< in place of the shares; none: the shares
  std::uint32_t expected_version = 0;
  std::uint32_t reason = 0;
  std::uint64_t effective_time = 0;
  operator CommandWithParts() const;
};
struct Refund {
  u128 key = 0;
  u128 order = 0;
  u128 amount = kAmountAll;
  std::vector<PartAmount> parts = {};  ///< in place of the shares; none: the shares
  bool is_advanced = false;            ///< the refund reserve pays for owner and parts
  bool to_suspense = false;            ///< the payer's account is closed
  std::uint32_t expected_version = 0;
  std::uint32_t reason = 0;
  std::uint64_t effective_time = 0;
  operator CommandWithParts() const;
};

struct Cancel {
  u128 key = 0;
  u128 order = 0;
  std::uint32_t expected_version = 0;
  std::uint32_t reason = 0;
  std::uint64_t effective_time = 0;
  operator CommandWithParts() const;
};
struct Fulfil {
  u128 key = 0;
  u128 order = 0;
  std::uint32_t expected_version = 0;
  std::uint32_t reason = 0;
  std::uint64_t effective_time = 0;
  operator CommandWithParts() const;
};
struct Complete {
  u128 key = 0;
  u128 order = 0;
  std::uint32_t expected_version = 0;
  std::uint32_t reason = 0;
  std::uint64_t effective_time = 0;
  operator CommandWithParts() const;
};

/// What movements between wallets and channels have besides.
struct MovementDetails {
  std::string_view reference = {};  ///< at most 32 bytes
  u128 user_data_128 = 0;           ///< a correction names what it corrects
  std::uint64_t user_data_64 = 0;
  std::uint32_t user_data_32 = 0;
  std::uint32_t reason = 0;
  std::uint64_t effective_time = 0;
};
struct TopUp {
  u128 key = 0;
  u128 id = 0;
  u128 wallet = 0;
  u128 amount = 0;
  std::uint32_t ledger = 0;
  std::uint16_t channel = 0;
  MovementDetails details = {};
  operator CommandWithParts() const;
};
struct Withdraw {
  u128 key = 0;
  u128 id = 0;
  u128 wallet = 0;
  u128 amount = 0;
  std::uint32_t ledger = 0;
  std::uint16_t channel = 0;
  MovementDetails details = {};
  operator CommandWithParts() const;
};
struct WalletTransfer {
  u128 key = 0;
  u128 id = 0;
  u128 from = 0;
  u128 to = 0;
  u128 amount = 0;
  std::uint32_t ledger = 0;
  MovementDetails details = {};
  operator CommandWithParts() const;
};
struct Convert {
  u128 key = 0;
  u128 id = 0;
  u128 from = 0;
  u128 to = 0;
  u128 sold = 0;
  u128 bought = 0;
  ConvertRate rate = {};
  u128 quote = 0;
  std::uint32_t quote_ends_s = 0;   ///< s since 1970; 0: never
  MovementDetails details = {};     ///< without a reference: the rate has its place
  operator CommandWithParts() const;
};

/// What became of a key; from now on nothing will, if nothing has.
struct Resolve {
  u128 asked_key = 0;
  operator CommandWithParts() const;
};

}  // namespace commands
}  // namespace florin
