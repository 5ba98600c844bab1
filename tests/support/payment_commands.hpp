#pragma once

#include <algorithm>
#include <string_view>

#include "florin/account.hpp"
#include "florin/asset.hpp"
#include "florin/attempt.hpp"
#include "florin/engine_id.hpp"
#include "florin/fee_schedule.hpp"
#include "florin/limit_rule.hpp"
#include "florin/payment_command.hpp"
#include "florin/payment_commands.hpp"
#include "florin/transfer.hpp"

/// @file
/// Payment commands for tests. Every field that a command uses has a value that is accepted; a test changes the one it is about.

namespace florin::test {

inline constexpr std::uint32_t kEuro = 978;

template <typename Field>
void set_text(Field& field, std::string_view text) {
  std::fill(std::begin(field), std::end(field), 0);
  std::copy(text.begin(), text.end(), std::begin(field));
}

inline Party valid_party() {
  Party party{.id = 20, .kind = PartyKind::kMerchant, .status = {}};
  set_text(party.name, "corner shop");
  return party;
}
inline Asset valid_asset() {
  Asset asset{.ledger = kEuro, .exponent = 2};
  set_text(asset.code, "EUR");
  return asset;
}
inline FeeSchedule valid_fee_schedule() { return {.fixed = 30, .id = 1, .version = 1, .ledger = kEuro, .bps = 290}; }
inline LimitRule valid_limit_rule() {
  LimitRule rule{.cap_amount = 60'000, .id = 7, .version = 1, .ledger = kEuro, .command_mask = LimitCommands::kPay};
  rule.kind = LimitKind::kWindowed;
  rule.window = LimitWindow::kDay;
  rule.flags = LimitFlags::kActive;
  return rule;
}
inline ListEntry valid_list_entry() { return {.subject = 21, .list = 1, .action = ListAction::kDeny, .version = 1}; }
inline Credential valid_key() {
  Credential key{.key_id = 5, .algorithm = 1, .status = {}};
  key.key_sha256[0] = 1;
  key.public_key[0] = 1;
  return key;
}

/// A command of this kind that nothing is wrong with.
inline CommandWithParts valid_command(CommandNumber number) {
  using C = CommandNumber;
  CommandWithParts result;
  PaymentCommand& c = result.command;
  c.command = number;
  c.key = 1;
  c.id = 1'000;
  switch (number) {
    case C::kRegisterParty: set_party(c, valid_party()); break;
    case C::kSetPartyStatus: c.kind = static_cast<std::uint8_t>(PartyStatus::kSuspended); break;
    case C::kSetCredential:
      c.kind = static_cast<std::uint8_t>(CredentialChange::kAddKey);
      set_record(c, valid_key());
      break;
    case C::kOpenAccount:
      c.merchant = 20;
      c.ledger = kEuro;
      c.kind = static_cast<std::uint8_t>(AccountRole::kMerchantPayable);
      break;
    case C::kCreateAccount:
      c.id = 0;
      set_record(c, Account{.id = 60, .ledger = kEuro, .code = 1});
      break;
    case C::kCreateTransfer:
      c.id = 0;
      set_record(c, Transfer{.id = 61, .debit_account_id = 60, .credit_account_id = 62, .amount = 1, .ledger = kEuro, .code = 1});
      break;
    case C::kDeclareAsset: c.id = 0; set_record(c, valid_asset()); break;
    case C::kSetFeeSchedule: c.id = 0; set_record(c, valid_fee_schedule()); break;
    case C::kSetLimitRule: c.id = 0; set_record(c, valid_limit_rule()); break;
    case C::kSetListEntry: c.id = 0; set_record(c, valid_list_entry()); break;
    case C::kCreateOrder:
    case C::kPay:
      c.amount = 10'000;
      c.merchant = 20;
      c.payer = 21;
      c.payer_account = 31;
      c.owner_account = 30;
      c.ledger = kEuro;
      set_text(c.reference, "order 1");
      break;
    case C::kAuthorise:
    case C::kIncrement:
    case C::kDecrement:
    case C::kCapture:
    case C::kRefund: c.amount = 100; break;
    case C::kExtend: c.hold_s = 3'600; break;
    case C::kDisputeOpen: c.object_id = 40; c.amount = 100; break;
    case C::kDisputeEvidence: c.object_id = 40; c.reference[31] = 1; break;
    case C::kDisputeClose: c.object_id = 40; c.amount2 = 100; break;
    case C::kAttemptStart:
      c.object_id = 50;
      c.kind = static_cast<std::uint8_t>(AttemptKind::kSale);
      c.amount = kAmountAll;
      c.expires_s = 60;
      break;
    case C::kAttemptReport:
    case C::kAttemptResolve:
      c.object_id = 50;
      c.kind = static_cast<std::uint8_t>(AttemptResult::kSuccess);
      c.amount2 = 100;
      c.ledger = kEuro;
      break;
    case C::kSuspenseSettle: c.object_id = 50; c.amount = 100; c.owner_account = 31; break;
    case C::kTopUp:
    case C::kWithdraw: c.payer_account = 31; c.amount = 100; c.ledger = kEuro; break;
    case C::kTransfer: c.payer_account = 31; c.owner_account = 32; c.amount = 100; c.ledger = kEuro; break;
    case C::kConvert:
      c.payer_account = 31;
      c.owner_account = 33;
      c.amount = 12'345;
      c.amount2 = 13'423;
      set_rate(c, {.numerator = 10'873, .denominator = 10'000});
      break;
    case C::kResolve: c.key = 0; break;
    case C::kCancel:
    case C::kFulfil:
    case C::kComplete:
    case C::kApprove:
    case C::kReject:
    case C::kExpireOrder:
    case C::kExpireHold:
    case C::kAutoComplete:
    case C::kInquiryDue:
    case C::kSweep: break;
  }
  return result;
}

}  // namespace florin::test
