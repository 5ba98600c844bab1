#include "florin/payment_commands.hpp"

#include <algorithm>
#include <cstring>

namespace florin::commands {
namespace {

CommandWithParts make(CommandNumber number, u128 key, u128 id) {
  CommandWithParts result;
  result.command.command = number;
  result.command.key = key;
  result.command.id = id;
  return result;
}

/// A change of an object that is there.
template <typename Change>
CommandWithParts change_of(CommandNumber number, const Change& change, u128 id) {
  CommandWithParts result = make(number, change.key, id);
  result.command.expected_version = change.expected_version;
  result.command.reason = change.reason;
  result.command.effective_time = change.effective_time;
  return result;
}

template <typename Change>
CommandWithParts change_of_amount(CommandNumber number, const Change& change) {
  CommandWithParts result = change_of(number, change, change.order);
  result.command.amount = change.amount;
  return result;
}

void set_reference(CommandWithParts& result, std::string_view reference) {
  if (reference.size() > sizeof result.command.reference) {
    result.unfit = "reference";
  } else {
    std::copy(reference.begin(), reference.end(), result.command.reference);
  }
}

template <typename Part>
void add_parts(CommandWithParts& result, const std::vector<Part>& parts) {
  if (parts.size() > kPartsMax) {
    result.unfit = "parts";
  } else {
    for (const Part& part : parts) result.add(part);
  }
}

std::uint32_t flag_if(bool is_set, std::uint32_t flag) { return is_set ? flag : 0; }

CommandWithParts order_of(CommandNumber number, u128 key, const NewOrder& order) {
  CommandWithParts result = make(number, key, order.id);
  PaymentCommand& c = result.command;
  c.amount = order.amount;
  c.ledger = order.ledger;
  c.merchant = order.merchant;
  c.payer = order.payer;
  c.payer_account = order.payer_account;
  c.owner_account = order.owner_account;
  c.fee_schedule = order.fee_schedule;
  c.tolerance_bps = order.tolerance_bps;
  c.flags = flag_if(order.is_automatic, CommandFlags::kAutomatic) | flag_if(order.is_channel_funded, CommandFlags::kChannelFunded);
  c.expires_s = order.expires_s;
  c.hold_s = order.hold_s;
  c.auto_complete_s = order.auto_complete_s;
  c.user_data_128 = order.user_data_128;
  c.user_data_64 = order.user_data_64;
  c.user_data_32 = order.user_data_32;
  c.reason = order.reason;
  c.effective_time = order.effective_time;
  set_reference(result, order.reference);
  add_parts(result, order.parts);
  return result;
}

template <typename Movement>
CommandWithParts movement_of(CommandNumber number, const Movement& movement, u128 from, u128 amount) {
  CommandWithParts result = make(number, movement.key, movement.id);
  PaymentCommand& c = result.command;
  c.payer_account = from;
  c.amount = amount;
  c.user_data_128 = movement.details.user_data_128;
  c.user_data_64 = movement.details.user_data_64;
  c.user_data_32 = movement.details.user_data_32;
  c.reason = movement.details.reason;
  c.effective_time = movement.details.effective_time;
  set_reference(result, movement.details.reference);
  return result;
}

/// A movement by way of a channel.
template <typename Movement>
CommandWithParts channel_movement_of(CommandNumber number, const Movement& movement) {
  CommandWithParts result = movement_of(number, movement, movement.wallet, movement.amount);
  result.command.ledger = movement.ledger;
  result.command.fee_schedule = movement.channel;
  return result;
}

template <typename Record>
CommandWithParts record_of(CommandNumber number, u128 key, const Record& record) {
  CommandWithParts result = make(number, key, 0);
  set_record(result.command, record);
  return result;
}

template <typename Change>
CommandWithParts credential_of(const Change& change, CredentialChange kind) {
  CommandWithParts result = change_of(CommandNumber::kSetCredential, change, change.party);
  result.command.kind = static_cast<std::uint8_t>(kind);
  return result;
}

}  // namespace

RegisterParty::operator CommandWithParts() const {
  CommandWithParts result = make(CommandNumber::kRegisterParty, key, party.id);
  set_party(result.command, party);
  result.command.reason = reason;
  return result;
}

SetPartyStatus::operator CommandWithParts() const {
  CommandWithParts result = change_of(CommandNumber::kSetPartyStatus, *this, party);
  result.command.kind = static_cast<std::uint8_t>(status);
  return result;
}

SetPassword::operator CommandWithParts() const {
  CommandWithParts result = credential_of(*this, CredentialChange::kPassword);
  set_record(result.command, hash);
  return result;
}

AddKey::operator CommandWithParts() const {
  CommandWithParts result = credential_of(*this, CredentialChange::kAddKey);
  Credential carried = credential;
  carried.party = 0;
  carried.status = {};
  set_record(result.command, carried);
  const std::size_t blocks = (rsa_key.size() + sizeof(PartAmount) - 1) / sizeof(PartAmount);
  if (blocks > kKeyBlocksMax) {
    result.unfit = "rsa_key";
    return result;
  }
  result.parts.resize(blocks);
  if (blocks > 0) std::memcpy(result.parts.data(), rsa_key.data(), rsa_key.size());
  result.command.parts = static_cast<std::uint8_t>(blocks);
  return result;
}

RevokeKey::operator CommandWithParts() const {
  CommandWithParts result = credential_of(*this, CredentialChange::kRevokeKey);
  set_record(result.command, Credential{.key_id = key_id, .status = {}});
  return result;
}

OpenAccount::operator CommandWithParts() const {
  CommandWithParts result = make(CommandNumber::kOpenAccount, key, account);
  PaymentCommand& c = result.command;
  c.merchant = owner;
  c.ledger = ledger;
  c.kind = static_cast<std::uint8_t>(role);
  c.fee_schedule = channel;
  c.user_data_64 = user_data_64;
  c.user_data_32 = user_data_32;
  c.reason = reason;
  c.effective_time = effective_time;
  return result;
}

CreateAccount::operator CommandWithParts() const { return record_of(CommandNumber::kCreateAccount, 0, account); }
CreateTransfer::operator CommandWithParts() const { return record_of(CommandNumber::kCreateTransfer, 0, transfer); }
DeclareAsset::operator CommandWithParts() const { return record_of(CommandNumber::kDeclareAsset, key, asset); }
SetFeeSchedule::operator CommandWithParts() const { return record_of(CommandNumber::kSetFeeSchedule, key, schedule); }
SetListEntry::operator CommandWithParts() const { return record_of(CommandNumber::kSetListEntry, key, entry); }

CreateOrder::operator CommandWithParts() const { return order_of(CommandNumber::kCreateOrder, key, order); }
Pay::operator CommandWithParts() const { return order_of(CommandNumber::kPay, key, order); }

Authorise::operator CommandWithParts() const { return change_of_amount(CommandNumber::kAuthorise, *this); }
Increment::operator CommandWithParts() const { return change_of_amount(CommandNumber::kIncrement, *this); }
Decrement::operator CommandWithParts() const { return change_of_amount(CommandNumber::kDecrement, *this); }

Extend::operator CommandWithParts() const {
  CommandWithParts result = change_of(CommandNumber::kExtend, *this, order);
  result.command.expires_s = expires_s;
  result.command.hold_s = hold_s;
  return result;
}

Capture::operator CommandWithParts() const {
  CommandWithParts result = change_of_amount(CommandNumber::kCapture, *this);
  result.command.flags = flag_if(is_final, CommandFlags::kFinal) | flag_if(!parts.empty(), CommandFlags::kExplicitParts);
  add_parts(result, parts);
  return result;
}

Refund::operator CommandWithParts() const {
  CommandWithParts result = change_of_amount(CommandNumber::kRefund, *this);
  result.command.flags = flag_if(!parts.empty(), CommandFlags::kExplicitParts) | flag_if(is_advanced, CommandFlags::kAdvance) |
                         flag_if(to_suspense, CommandFlags::kToSuspense);
  add_parts(result, parts);
  return result;
}

Cancel::operator CommandWithParts() const { return change_of(CommandNumber::kCancel, *this, order); }
Fulfil::operator CommandWithParts() const { return change_of(CommandNumber::kFulfil, *this, order); }
Complete::operator CommandWithParts() const { return change_of(CommandNumber::kComplete, *this, order); }

TopUp::operator CommandWithParts() const { return channel_movement_of(CommandNumber::kTopUp, *this); }
Withdraw::operator CommandWithParts() const { return channel_movement_of(CommandNumber::kWithdraw, *this); }

WalletTransfer::operator CommandWithParts() const {
  CommandWithParts result = movement_of(CommandNumber::kTransfer, *this, from, amount);
  result.command.owner_account = to;
  result.command.ledger = ledger;
  return result;
}

Convert::operator CommandWithParts() const {
  CommandWithParts result = movement_of(CommandNumber::kConvert, *this, from, sold);
  PaymentCommand& c = result.command;
  c.owner_account = to;
  c.object_id = quote;
  c.amount2 = bought;
  c.expires_s = quote_ends_s;
  if (!details.reference.empty()) result.unfit = "reference";
  set_rate(c, rate);
  return result;
}

Resolve::operator CommandWithParts() const { return make(CommandNumber::kResolve, 0, asked_key); }

}  // namespace florin::commands
