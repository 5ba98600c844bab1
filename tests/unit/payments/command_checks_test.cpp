#include "core/payments/command_checks.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "core/payments/command_shape.hpp"
#include "support/payment_commands.hpp"
#include "support/random.hpp"

/// Each code that the bytes of a command alone can earn, by name; and the lowest of two.

namespace florin::core {
namespace {

using C = CommandNumber;
using R = PaymentResult;
using test::valid_command;

R check(const CommandWithParts& command, KeyUse key = KeyUse::kOwn) { return check_command(command.command, command.parts, key); }

/// What a command answers once `change` was made to it.
R answer(C number, const std::function<void(PaymentCommand&)>& change) {
  CommandWithParts command = valid_command(number);
  change(command.command);
  return check(command);
}
template <typename Record>
R answer_record(C number, Record record, const std::function<void(Record&)>& change) {
  CommandWithParts command = valid_command(number);
  change(record);
  set_record(command.command, record);
  return check(command);
}
R answer_party(const std::function<void(PaymentCommand&, Party&)>& change) {
  CommandWithParts command = valid_command(C::kRegisterParty);
  Party party = test::valid_party();
  change(command.command, party);
  std::memcpy(reinterpret_cast<std::byte*>(&command.command) + kRecordOffset, reinterpret_cast<const std::byte*>(&party) + 16, kPartyBytesCarried);
  return check(command);
}

TEST(CommandChecks, EveryCommandPassesAsItIsMeant) {
  for (const CommandShape& shape : kCommandShapes) EXPECT_EQ(check(valid_command(shape.command)), R::kDone) << name_of(shape.command);
}

TEST(CommandChecks, EveryCommandButTimersHasAShape) {
  for (const C command : kPaymentCommands) EXPECT_EQ(find_shape(command) == nullptr, is_timer(command)) << name_of(command);
}

TEST(CommandChecks, KeyMissing) {
  for (const CommandShape& shape : kCommandShapes) {
    if (shape.command == C::kResolve) continue;
    EXPECT_EQ(answer(shape.command, [](auto& c) { c.key = 0; }), R::kKeyMissing) << name_of(shape.command);
    EXPECT_EQ(answer(shape.command, [](auto& c) { c.key = kU128Max; }), R::kKeyMissing) << name_of(shape.command);
  }
  EXPECT_EQ(answer(C::kResolve, [](auto& c) { c.id = 0; }), R::kKeyMissing) << "it asks about no key";
  EXPECT_EQ(answer(C::kResolve, [](auto& c) { c.id = kU128Max; }), R::kKeyMissing);
}

TEST(CommandChecks, KeysOfMembersAreTheGroups) {
  CommandWithParts member = valid_command(C::kCapture);
  EXPECT_EQ(check(member, KeyUse::kOfGroup), R::kReservedNotZero);
  member.command.key = 0;
  EXPECT_EQ(check(member, KeyUse::kOfGroup), R::kDone);
  EXPECT_EQ(answer(C::kResolve, [](auto& c) { c.key = 1; }), R::kReservedNotZero) << "it has none of its own";
}

TEST(CommandChecks, ReservedNotZeroForEveryByteThatACommandDoesNotUse) {
  for (const CommandShape& shape : kCommandShapes) {
    for (std::size_t offset = 0; offset < sizeof(PaymentCommand); ++offset) {
      const std::string_view field = field_at(offset);
      if (field == "key" || field == "command" || field == "version" || field == "parts") continue;
      bool used = offset >= kRecordOffset && offset < kRecordOffset + shape.record_bytes;
      for (const CommandField& f : kCommandFields) used = used || (f.name == field && (shape.fields & f.bit) != 0);
      if (used) continue;
      const R code = answer(shape.command, [&](auto& c) { reinterpret_cast<std::uint8_t*>(&c)[offset] ^= 1; });
      EXPECT_EQ(code, R::kReservedNotZero) << name_of(shape.command) << " byte " << offset << ", " << field;
    }
  }
}

TEST(CommandChecks, ReservedNotZero) {
  const R expected = R::kReservedNotZero;
  EXPECT_EQ(answer(C::kCancel, [](auto& c) { c.amount = 1; }), expected);
  EXPECT_EQ(answer(C::kCancel, [](auto& c) { c.parts = 0; c.flags = CommandFlags::kFinal; }), expected);
  EXPECT_EQ(answer(C::kCapture, [](auto& c) { c.flags = CommandFlags::kAll + 1; }), expected) << "a flag that does not exist";
  EXPECT_EQ(answer(C::kCreateOrder, [](auto& c) { c.reserved[4] = 1; }), expected);
  CommandWithParts share = valid_command(C::kPay);
  PartAmount part = part_of(PartShare{.account = 60, .bps = 100});
  part.amount |= u128{1} << 16;
  EXPECT_EQ(check(share.add(part)), expected) << "behind the share";

  EXPECT_EQ(answer_party([](auto&, Party& p) { p.status = PartyStatus::kActive; }), expected) << "the engine's";
  EXPECT_EQ(answer_party([](auto&, Party& p) { p.version = 1; }), expected);
  EXPECT_EQ(answer_party([](auto&, Party& p) { p.created = 1; }), expected);
  EXPECT_EQ(answer_party([](auto&, Party& p) { p.changed = 1; }), expected);
  EXPECT_EQ(answer_party([](auto&, Party& p) { p.reserved0 = 1; }), expected);
  EXPECT_EQ(answer_party([](auto&, Party& p) { p.reserved1 = 1; }), expected);
  EXPECT_EQ(answer_party([](auto&, Party& p) { p.flags = PartyFlags::kListed; }), expected) << "set by a list entry";
  EXPECT_EQ(answer_record<Asset>(C::kDeclareAsset, test::valid_asset(), [](Asset& a) { a.reserved[39] = 1; }), expected);
  EXPECT_EQ(answer_record<Asset>(C::kDeclareAsset, test::valid_asset(), [](Asset& a) { a.flags = AssetFlags::kAll + 1; }), expected);
  EXPECT_EQ(answer_record<FeeSchedule>(C::kSetFeeSchedule, test::valid_fee_schedule(), [](auto& s) { s.reserved[0] = 1; }), expected);
  EXPECT_EQ(answer_record<LimitRule>(C::kSetLimitRule, test::valid_limit_rule(), [](auto& r) { r.reserved[0] = 1; }), expected);
  EXPECT_EQ(answer_record<LimitRule>(C::kSetLimitRule, test::valid_limit_rule(), [](auto& r) { r.flags = LimitFlags::kAll + 1; }), expected);
  EXPECT_EQ(answer_record<LimitRule>(C::kSetLimitRule, test::valid_limit_rule(), [](auto& r) { r.command_mask = 1U << 7; }), expected);
  EXPECT_EQ(answer_record<ListEntry>(C::kSetListEntry, test::valid_list_entry(), [](auto& e) { e.reserved[0] = 1; }), expected);
  EXPECT_EQ(answer_record<ListEntry>(C::kSetListEntry, test::valid_list_entry(), [](auto& e) { e.created = 1; }), expected);
  EXPECT_EQ(answer_record<ListEntry>(C::kSetListEntry, test::valid_list_entry(), [](auto& e) { e.added_by = 1; }), expected);
  EXPECT_EQ(answer_record<Credential>(C::kSetCredential, test::valid_key(), [](auto& k) { k.party = 1; }), expected) << "the command's id says it";

  EXPECT_EQ(answer(C::kOpenAccount, [](auto& c) { c.fee_schedule = 1; }), expected) << "a party's account has no channel";
  const auto platform = [](PaymentCommand& c) {
    c.kind = static_cast<std::uint8_t>(AccountRole::kChannelClearing);
    c.id = c.merchant = 0;
    c.fee_schedule = 3;
  };
  EXPECT_EQ(answer(C::kOpenAccount, platform), R::kDone);
  EXPECT_EQ(answer(C::kOpenAccount, [&](auto& c) { platform(c); c.id = 1; }), expected) << "the engine makes its id";
  EXPECT_EQ(answer(C::kOpenAccount, [&](auto& c) { platform(c); c.merchant = 1; }), expected) << "nobody owns it";
  EXPECT_EQ(answer(C::kAttemptStart, [](auto& c) { c.ledger = 1; }), expected) << "the order has one";
  EXPECT_EQ(answer(C::kAttemptStart, [](auto& c) { c.payer_account = 31; }), expected);
  EXPECT_EQ(answer(C::kAttemptStart, [](auto& c) { c.kind = static_cast<std::uint8_t>(AttemptKind::kCancel); }), expected) << "no amount";
  EXPECT_EQ(answer(C::kConvert, [](auto& c) { c.reference[16] = 1; }), expected) << "behind the rate";
}

TEST(CommandChecks, UnknownCommand) {
  EXPECT_EQ(answer(C::kPay, [](auto& c) { c.command = static_cast<C>(7); }), R::kUnknownCommand);
  EXPECT_EQ(answer(C::kPay, [](auto& c) { c.command = C{}; }), R::kUnknownCommand);
  EXPECT_EQ(answer(C::kPay, [](auto& c) { c.version = 2; }), R::kUnknownCommand);
  for (const C timer : {C::kExpireOrder, C::kExpireHold, C::kAutoComplete, C::kInquiryDue, C::kSweep}) {
    EXPECT_EQ(check(valid_command(timer)), R::kUnknownCommand) << "clients have no timers: " << name_of(timer);
  }
}

TEST(CommandChecks, IdInvalid) {
  const R expected = R::kIdInvalid;
  for (const u128 id : {u128{0}, kU128Max}) {
    for (const CommandShape& shape : kCommandShapes) {
      if (shape.command == C::kResolve) continue;
      const auto expect = [&](Fields field, const std::function<void(PaymentCommand&)>& change) {
        if ((shape.ids & field) != 0) {
          EXPECT_EQ(answer(shape.command, change), expected) << name_of(shape.command);
        }
      };
      expect(kFieldId, [&](auto& c) { c.id = id; });
      expect(kFieldMerchant, [&](auto& c) { c.merchant = id; });
      expect(kFieldPayer, [&](auto& c) { c.payer = id; });
      expect(kFieldPayerAccount, [&](auto& c) { c.payer_account = id; });
      expect(kFieldOwnerAccount, [&](auto& c) { c.owner_account = id; });
      expect(kFieldObjectId, [&](auto& c) { c.object_id = id; });
    }
    EXPECT_EQ(answer(C::kOpenAccount, [&](auto& c) { c.id = id; }), expected);
    EXPECT_EQ(answer(C::kOpenAccount, [&](auto& c) { c.merchant = id; }), expected);
    CommandWithParts command = valid_command(C::kPay);
    EXPECT_EQ(check(command.add(PartShare{.account = id, .bps = 1})), expected);
    EXPECT_EQ(answer_record<ListEntry>(C::kSetListEntry, test::valid_list_entry(), [&](auto& e) { e.subject = id; }), expected);
  }
  EXPECT_EQ(answer_record<FeeSchedule>(C::kSetFeeSchedule, test::valid_fee_schedule(), [](auto& s) { s.id = 0; }), expected) << "no fee is no schedule";
  EXPECT_EQ(answer_record<FeeSchedule>(C::kSetFeeSchedule, test::valid_fee_schedule(), [](auto& s) { s.fee_account = kU128Max; }), expected);
  EXPECT_EQ(answer_record<LimitRule>(C::kSetLimitRule, test::valid_limit_rule(), [](auto& r) { r.id = 0; }), expected);
  EXPECT_EQ(answer_record<Credential>(C::kSetCredential, test::valid_key(), [](auto& k) { k.key_id = 0; }), expected);
  const auto payout = [](PaymentCommand& c) {
    c.kind = static_cast<std::uint8_t>(AttemptKind::kPayout);
    c.id = c.object_id;
    c.payer_account = 31;
    c.ledger = test::kEuro;
    c.amount = 100;
  };
  EXPECT_EQ(answer(C::kAttemptStart, payout), R::kDone);
  EXPECT_EQ(answer(C::kAttemptStart, [&](auto& c) { payout(c); c.id = 7; }), expected) << "a payout is its own subject";
  EXPECT_EQ(answer(C::kAttemptStart, [&](auto& c) { payout(c); c.payer_account = 0; }), expected);
}

TEST(CommandChecks, IdInEngineSpace) {
  const u128 engines = engine_transfer_id(5, 0);
  for (const C command : {C::kCreateOrder, C::kPay, C::kTopUp, C::kWithdraw, C::kTransfer, C::kConvert, C::kRegisterParty, C::kOpenAccount}) {
    EXPECT_EQ(answer(command, [&](auto& c) { c.id = engines; }), R::kIdInEngineSpace) << name_of(command);
  }
  EXPECT_EQ(answer(C::kDisputeOpen, [&](auto& c) { c.object_id = engines; }), R::kIdInEngineSpace);
  EXPECT_EQ(answer(C::kAttemptStart, [&](auto& c) { c.object_id = engines; }), R::kIdInEngineSpace);
  EXPECT_EQ(answer(C::kPay, [](auto& c) { c.payer_account = platform_account_id(test::kEuro, AccountRole::kChannelClearing); }), R::kDone)
      << "what is there may be named";
}

TEST(CommandChecks, AmountZero) {
  for (const CommandShape& shape : kCommandShapes) {
    if (shape.amount == AmountRule::kNone) continue;
    EXPECT_EQ(answer(shape.command, [](auto& c) { c.amount = 0; }), R::kAmountZero) << name_of(shape.command);
  }
  EXPECT_EQ(answer(C::kConvert, [](auto& c) { c.amount2 = 0; }), R::kAmountZero) << "nothing bought";
  EXPECT_EQ(answer(C::kAttemptStart, [](auto& c) { c.amount = 0; }), R::kAmountZero);
  EXPECT_EQ(answer(C::kDisputeClose, [](auto& c) { c.amount2 = 0; }), R::kDone) << "nothing lost";
}

TEST(CommandChecks, AmountTooLarge) {
  const R expected = R::kAmountTooLarge;
  for (const CommandShape& shape : kCommandShapes) {
    if (shape.amount == AmountRule::kNone) continue;
    EXPECT_EQ(answer(shape.command, [](auto& c) { c.amount = kPaymentAmountMax; }), R::kDone) << name_of(shape.command);
    EXPECT_EQ(answer(shape.command, [](auto& c) { c.amount = kPaymentAmountMax + 1; }), expected) << name_of(shape.command);
    const bool all = shape.command == C::kAuthorise || shape.command == C::kCapture || shape.command == C::kRefund;
    EXPECT_EQ(answer(shape.command, [](auto& c) { c.amount = kAmountAll; }), all ? R::kDone : expected) << name_of(shape.command);
  }
  for (const C command : {C::kDisputeClose, C::kAttemptReport, C::kAttemptResolve, C::kConvert}) {
    EXPECT_EQ(answer(command, [](auto& c) { c.amount2 = kPaymentAmountMax + 1; }), expected) << name_of(command);
  }
  EXPECT_EQ(answer(C::kAttemptStart, [](auto& c) { c.kind = static_cast<std::uint8_t>(AttemptKind::kIncrement); }), expected) << "by all of what?";
  CommandWithParts capture = valid_command(C::kCapture);
  capture.command.flags = CommandFlags::kExplicitParts;
  EXPECT_EQ(check(capture.add(PartAmount{.account = 60, .amount = kPaymentAmountMax + 1})), expected);
  using S = FeeSchedule;
  const auto schedule = [](const std::function<void(S&)>& change) { return answer_record<S>(C::kSetFeeSchedule, test::valid_fee_schedule(), change); };
  EXPECT_EQ(schedule([](S& s) { s.fixed = kPaymentAmountMax + 1; }), expected);
  EXPECT_EQ(schedule([](S& s) { s.min = kPaymentAmountMax + 1; }), expected);
  EXPECT_EQ(schedule([](S& s) { s.max = kPaymentAmountMax + 1; }), expected);
  EXPECT_EQ(schedule([](S& s) { s.dispute_fee = kPaymentAmountMax + 1; }), expected);
}

TEST(CommandChecks, LedgerZero) {
  for (const C command : {C::kOpenAccount, C::kCreateOrder, C::kPay, C::kTopUp, C::kWithdraw, C::kTransfer}) {
    EXPECT_EQ(answer(command, [](auto& c) { c.ledger = 0; }), R::kLedgerZero) << name_of(command);
  }
  EXPECT_EQ(answer_record<Asset>(C::kDeclareAsset, test::valid_asset(), [](auto& a) { a.ledger = 0; }), R::kLedgerZero);
  EXPECT_EQ(answer_record<FeeSchedule>(C::kSetFeeSchedule, test::valid_fee_schedule(), [](auto& s) { s.ledger = 0; }), R::kLedgerZero);
  const auto rule = [](const std::function<void(LimitRule&)>& change) {
    return answer_record<LimitRule>(C::kSetLimitRule, test::valid_limit_rule(), change);
  };
  EXPECT_EQ(rule([](auto& r) { r.ledger = 0; }), R::kLedgerZero) << "amounts of all assets do not add up";
  EXPECT_EQ(rule([](auto& r) { r.ledger = 0; r.cap_amount = 0; r.cap_count = 1; }), R::kDone) << "counts do";
}

TEST(CommandChecks, AccountsEqual) {
  for (const C command : {C::kCreateOrder, C::kPay, C::kTransfer, C::kConvert}) {
    EXPECT_EQ(answer(command, [](auto& c) { c.owner_account = c.payer_account; }), R::kAccountsEqual) << name_of(command);
  }
}

TEST(CommandChecks, ReferenceInvalid) {
  for (const C command : {C::kCreateOrder, C::kPay}) {
    EXPECT_EQ(answer(command, [](auto& c) { test::set_text(c.reference, ""); }), R::kReferenceInvalid) << name_of(command);
  }
  for (const C command : {C::kCreateOrder, C::kPay, C::kDisputeOpen, C::kAttemptReport, C::kTopUp, C::kWithdraw, C::kTransfer}) {
    EXPECT_EQ(answer(command, [](auto& c) { c.reference[0] = 'a'; c.reference[31] = 'b'; c.reference[30] = 0; }), R::kReferenceInvalid) << name_of(command);
    EXPECT_EQ(answer(command, [](auto& c) { test::set_text(c.reference, "all of its thirty-two characters"); }), R::kDone) << name_of(command);
  }
  EXPECT_EQ(answer(C::kAttemptResolve, [](auto& c) { c.reference[31] = 1; }), R::kDone) << "a hash may have zeros";
}

TEST(CommandChecks, PartsInvalid) {
  const auto parts = [](std::vector<PartShare> shares) {
    CommandWithParts command = valid_command(C::kPay);
    for (const PartShare& share : shares) command.add(share);
    return check(command);
  };
  EXPECT_EQ(parts({{.account = 60, .bps = 5'000}, {.account = 61, .bps = 5'000}}), R::kDone);
  EXPECT_EQ(parts({{.account = 60, .bps = 5'000}, {.account = 61, .bps = 5'001}}), R::kPartsInvalid) << "above 10,000 together";
  EXPECT_EQ(parts({{.account = 60, .bps = 1}, {.account = 61, .bps = 1}, {.account = 60, .bps = 1}}), R::kPartsInvalid) << "one twice";
  EXPECT_EQ(parts({{.account = 30, .bps = 1}}), R::kPartsInvalid) << "the owner";
  EXPECT_EQ(parts({{.account = 60, .bps = 0}}), R::kDone) << "for captures that say what it gets";
  std::vector<PartShare> many;
  for (std::size_t i = 0; i < kPartsMax; ++i) many.push_back({.account = 60 + i, .bps = 1});
  EXPECT_EQ(parts(many), R::kDone);
  many.push_back({.account = 99, .bps = 1});
  EXPECT_EQ(parts(many), R::kPartsInvalid) << "more than fifteen";

  CommandWithParts refund = valid_command(C::kRefund);
  refund.command.flags = CommandFlags::kExplicitParts;
  refund.add(PartAmount{.account = 60, .amount = 1});
  EXPECT_EQ(check(refund), R::kDone);
  EXPECT_EQ(check(refund.add(PartAmount{.account = 60, .amount = 1})), R::kPartsInvalid);

  CommandWithParts key = valid_command(C::kSetCredential);
  Credential rsa = test::valid_key();
  rsa.public_key[0] = 0;
  set_record(key.command, rsa);
  for (std::size_t i = 0; i < kKeyBlocksMax; ++i) key.add(PartAmount{});
  EXPECT_EQ(check(key), R::kDone);
  EXPECT_EQ(check(key.add(PartAmount{})), R::kPartsInvalid) << "a key of more than 1,024 bytes";
}

TEST(CommandChecks, DurationOutOfRange) {
  const R expected = R::kDurationOutOfRange;
  for (const C command : {C::kCreateOrder, C::kPay}) {
    EXPECT_EQ(answer(command, [](auto& c) { c.expires_s = kDurationMaxSeconds + 1; }), expected);
    EXPECT_EQ(answer(command, [](auto& c) { c.auto_complete_s = kDurationMaxSeconds + 1; }), expected);
    EXPECT_EQ(answer(command, [](auto& c) { c.hold_s = kDurationMaxSeconds + 1; }), expected);
    EXPECT_EQ(answer(command, [](auto& c) { c.hold_s = kHoldMinSeconds - 1; }), expected);
    EXPECT_EQ(answer(command, [](auto& c) { c.hold_s = kHoldMinSeconds; c.expires_s = c.auto_complete_s = kDurationMaxSeconds; }), R::kDone);
  }
  EXPECT_EQ(answer(C::kExtend, [](auto& c) { c.hold_s = 0; }), expected) << "neither";
  EXPECT_EQ(answer(C::kExtend, [](auto& c) { c.hold_s = kDurationMaxSeconds + 1; }), expected);
  EXPECT_EQ(answer(C::kExtend, [](auto& c) { c.hold_s = 0; c.expires_s = kDurationMaxSeconds + 1; }), expected);
  EXPECT_EQ(answer(C::kAttemptStart, [](auto& c) { c.expires_s = 0; }), expected) << "it has to end";
  EXPECT_EQ(answer(C::kAttemptStart, [](auto& c) { c.expires_s = kDurationMaxSeconds + 1; }), expected);
  EXPECT_EQ(answer(C::kDisputeOpen, [](auto& c) { c.amount2 = u128{1} << 64; }), expected) << "no time is that late";
  const auto rule = [](const std::function<void(LimitRule&)>& change) {
    return answer_record<LimitRule>(C::kSetLimitRule, test::valid_limit_rule(), change);
  };
  EXPECT_EQ(rule([](auto& r) { r.window_s = 8; }), expected) << "a day is a day";
  EXPECT_EQ(rule([](auto& r) { r.window = LimitWindow::kSliding; r.window_s = 800; }), R::kDone);
  EXPECT_EQ(rule([](auto& r) { r.window = LimitWindow::kSliding; }), expected);
  EXPECT_EQ(rule([](auto& r) { r.window = LimitWindow::kSliding; r.window_s = 804; }), expected) << "eight buckets of whole seconds";
  EXPECT_EQ(rule([](auto& r) { r.window = LimitWindow::kSliding; r.window_s = 31 * 86'400 + 8; }), expected);
  EXPECT_EQ(rule([](auto& r) { r.offset_min = 841; }), expected);
  EXPECT_EQ(rule([](auto& r) { r.offset_min = -841; }), expected);
}

TEST(CommandChecks, FlagsConflict) {
  const R expected = R::kFlagsConflict;
  for (const CommandShape& shape : kCommandShapes) {
    if ((shape.fields & kFieldFlags) == 0) continue;
    for (std::uint32_t flag = 1; flag <= CommandFlags::kAll; flag <<= 1) {
      if ((shape.flags & flag) != 0) continue;
      EXPECT_EQ(answer(shape.command, [&](auto& c) { c.flags = flag; }), expected) << name_of(shape.command) << " flag " << flag;
    }
  }
  for (const C command : {C::kCapture, C::kRefund}) {
    CommandWithParts given = valid_command(command);
    EXPECT_EQ(check(given.add(PartAmount{.account = 60, .amount = 1})), expected) << "parts, and no flag that says so";
  }
  EXPECT_EQ(answer(C::kExtend, [](auto& c) { c.expires_s = 60; }), expected) << "both";
  const auto kind = [](C command, std::uint8_t value) { return answer(command, [&](auto& c) { c.kind = value; }); };
  EXPECT_EQ(kind(C::kSetPartyStatus, 0), expected);
  EXPECT_EQ(kind(C::kSetPartyStatus, 4), expected);
  EXPECT_EQ(kind(C::kOpenAccount, 0x04), expected);
  EXPECT_EQ(kind(C::kOpenAccount, 0x18), expected);
  EXPECT_EQ(kind(C::kAttemptStart, 0), expected);
  EXPECT_EQ(kind(C::kAttemptStart, 9), expected);
  EXPECT_EQ(kind(C::kAttemptReport, 4), expected);
  EXPECT_EQ(kind(C::kAttemptReport, 3), R::kDone);
  EXPECT_EQ(kind(C::kAttemptResolve, 3), expected) << "by hand it is known";
  EXPECT_EQ(answer(C::kAttemptReport, [](auto& c) { c.flags = CommandFlags::kFinal; }), expected) << "only a failure is final";
  EXPECT_EQ(answer(C::kAttemptStart, [](auto& c) { c.flags = CommandFlags::kFinal; }), expected) << "only a capture is final";
  for (const C command : {C::kTopUp, C::kWithdraw, C::kAttemptStart}) {
    EXPECT_EQ(answer(command, [](auto& c) { c.fee_schedule = 65'535; }), R::kDone);
    EXPECT_EQ(answer(command, [](auto& c) { c.fee_schedule = 65'536; }), expected) << "no such channel: " << name_of(command);
  }
}

TEST(CommandChecks, FlagsConflictInRecords) {
  const R expected = R::kFlagsConflict;
  using S = FeeSchedule;
  const auto schedule = [](const std::function<void(S&)>& change) { return answer_record<S>(C::kSetFeeSchedule, test::valid_fee_schedule(), change); };
  EXPECT_EQ(schedule([](S& s) { s.bps = 10'001; }), expected);
  EXPECT_EQ(schedule([](S& s) { s.min = 2; s.max = 1; }), expected);
  EXPECT_EQ(schedule([](S& s) { s.side = FeeSide::kOnTop; }), R::kDone);
  EXPECT_EQ(schedule([](S& s) { s.side = FeeSide::kOnTop; s.basis = FeeBasis::kPerCapture; }), expected) << "what to hold could not be known";
  EXPECT_EQ(schedule([](S& s) { s.rounding = static_cast<FeeRounding>(3); }), expected);
  EXPECT_EQ(schedule([](S& s) { s.basis = static_cast<FeeBasis>(2); }), expected);
  EXPECT_EQ(schedule([](S& s) { s.side = static_cast<FeeSide>(2); }), expected);
  EXPECT_EQ(schedule([](S& s) { s.on_refund = static_cast<FeeOnRefund>(2); }), expected);
  EXPECT_EQ(schedule([](S& s) { s.dispute_fee_on_win = static_cast<FeeOnRefund>(2); }), expected);
  const auto asset = [](const std::function<void(Asset&)>& change) { return answer_record<Asset>(C::kDeclareAsset, test::valid_asset(), change); };
  EXPECT_EQ(asset([](Asset& a) { a.exponent = 31; }), expected);
  EXPECT_EQ(asset([](Asset& a) { a.kind = static_cast<AssetKind>(3); }), expected);
  EXPECT_EQ(asset([](Asset& a) { a.kind = AssetKind::kDeclared; }), expected) << "the number is ISO's";
  EXPECT_EQ(asset([](Asset& a) { a.ledger = kDeclaredLedgerMin; }), expected) << "the number is not ISO's";
  const auto rule = [](const std::function<void(LimitRule&)>& change) {
    return answer_record<LimitRule>(C::kSetLimitRule, test::valid_limit_rule(), change);
  };
  EXPECT_EQ(rule([](auto& r) { r.scope = static_cast<LimitScope>(6); }), expected);
  EXPECT_EQ(rule([](auto& r) { r.kind = static_cast<LimitKind>(0); }), expected);
  EXPECT_EQ(rule([](auto& r) { r.kind = LimitKind::kPerCommand; }), expected) << "with a window";
  EXPECT_EQ(rule([](auto& r) { r.window = LimitWindow::kNone; }), expected) << "without one";
  EXPECT_EQ(rule([](auto& r) { r.window = static_cast<LimitWindow>(4); }), expected);
  EXPECT_EQ(rule([](auto& r) { r.verdict = Verdict::kAllow; }), expected);
  EXPECT_EQ(answer_record<ListEntry>(C::kSetListEntry, test::valid_list_entry(), [](auto& e) { e.action = static_cast<ListAction>(3); }), expected);
  EXPECT_EQ(answer_party([](auto&, Party& p) { p.kind = static_cast<PartyKind>(4); }), expected);
  EXPECT_EQ(answer_party([](auto&, Party& p) { p.scrypt[0] = 1; }), expected) << "a hash, and not how it was made";
  EXPECT_EQ(answer_party([](auto&, Party& p) { p.log2_n = 15; }), expected) << "how, and no hash";
  EXPECT_EQ(answer_party([](auto&, Party& p) { p.scrypt[0] = 1; p.log2_n = 15; p.r = 8; p.p = 1; }), R::kDone);
  EXPECT_EQ(answer_record<Credential>(C::kSetCredential, test::valid_key(), [](auto& k) { k.public_key[0] = 0; }), expected) << "no key";
}

TEST(CommandChecks, Credentials) {
  const auto change = [](CredentialChange kind, const auto& record) {
    CommandWithParts command = valid_command(C::kSetCredential);
    set_record(command.command, Credential{.status = {}});
    command.command.kind = static_cast<std::uint8_t>(kind);
    set_record(command.command, record);
    return command;
  };
  PasswordHash password{.log2_n = 15, .r = 8, .p = 1};
  EXPECT_EQ(check(change(CredentialChange::kPassword, password)), R::kFlagsConflict);
  password.scrypt[0] = 1;
  EXPECT_EQ(check(change(CredentialChange::kPassword, password)), R::kDone);
  EXPECT_EQ(check(change(CredentialChange::kPassword, PasswordHash{})), R::kDone) << "none";
  EXPECT_EQ(check(change(CredentialChange::kPassword, password).add(PartAmount{})), R::kReservedNotZero);
  EXPECT_EQ(check(change(CredentialChange::kPassword, test::valid_key())), R::kReservedNotZero) << "something behind the hash";
  password.reserved[0] = 1;
  EXPECT_EQ(check(change(CredentialChange::kPassword, password)), R::kReservedNotZero);
  EXPECT_EQ(check(change(CredentialChange::kRevokeKey, Credential{.key_id = 5, .status = {}})), R::kDone);
  EXPECT_EQ(check(change(CredentialChange::kRevokeKey, Credential{.status = {}})), R::kIdInvalid);
  EXPECT_EQ(check(change(CredentialChange::kRevokeKey, test::valid_key())), R::kReservedNotZero) << "its number says which";
  EXPECT_EQ(answer(C::kSetCredential, [](auto& c) { c.kind = 4; }), R::kReservedNotZero);
}

TEST(CommandChecks, NameInvalid) {
  const auto name = [](std::string_view text) { return answer_party([&](auto&, Party& p) { test::set_text(p.name, text); }); };
  EXPECT_EQ(name("caf\xC3\xA9 \xE2\x82\xAC \xF0\x9F\x92\xB6"), R::kDone);
  EXPECT_EQ(name(""), R::kNameInvalid);
  EXPECT_EQ(name(std::string_view("a\0b", 3)), R::kNameInvalid);
  EXPECT_EQ(name("caf\xE9"), R::kNameInvalid) << "Latin-1";
  EXPECT_EQ(name("\xC0\xAF"), R::kNameInvalid) << "longer than necessary";
  EXPECT_EQ(name("\xE0\x80\xAF"), R::kNameInvalid) << "longer than necessary";
  EXPECT_EQ(name("\xED\xA0\x80"), R::kNameInvalid) << "half of a pair";
  EXPECT_EQ(name("\xF4\x90\x80\x80"), R::kNameInvalid) << "past the end";
  EXPECT_EQ(name("a\xE2\x82"), R::kNameInvalid) << "cut off";
  EXPECT_EQ(name("a\nb"), R::kNameInvalid);
  EXPECT_EQ(name("a\x7F"), R::kNameInvalid);
  EXPECT_EQ(name("a\xC2\x85"), R::kNameInvalid) << "a control character of two bytes";
  const auto code = [](std::string_view text, std::uint32_t ledger = test::kEuro, AssetKind kind = AssetKind::kIso) {
    return answer_record<Asset>(C::kDeclareAsset, test::valid_asset(), [&](Asset& a) {
      test::set_text(a.code, text);
      a.ledger = ledger;
      a.kind = kind;
    });
  };
  EXPECT_EQ(code("EURO"), R::kNameInvalid);
  EXPECT_EQ(code("E1R"), R::kNameInvalid);
  EXPECT_EQ(code("eur"), R::kNameInvalid);
  EXPECT_EQ(code(""), R::kNameInvalid);
  EXPECT_EQ(code(std::string_view("E\0R", 3)), R::kNameInvalid);
  EXPECT_EQ(code("POINTS2", 10'000, AssetKind::kDeclared), R::kDone);
  EXPECT_EQ(code("", 10'000, AssetKind::kDeclared), R::kNameInvalid);
  EXPECT_EQ(answer_record<LimitRule>(C::kSetLimitRule, test::valid_limit_rule(), [](auto& r) { r.zone[1] = 'a'; }), R::kNameInvalid);
}

TEST(CommandChecks, ToleranceTooHigh) {
  for (const C command : {C::kCreateOrder, C::kPay}) {
    EXPECT_EQ(answer(command, [](auto& c) { c.tolerance_bps = 5'000; }), R::kDone);
    EXPECT_EQ(answer(command, [](auto& c) { c.tolerance_bps = 5'001; }), R::kToleranceTooHigh);
  }
}

TEST(CommandChecks, RateInvalid) {
  EXPECT_EQ(answer(C::kConvert, [](auto& c) { set_rate(c, {.numerator = 0, .denominator = 1}); }), R::kRateInvalid);
  EXPECT_EQ(answer(C::kConvert, [](auto& c) { set_rate(c, {.numerator = 1, .denominator = 0}); }), R::kRateInvalid);
}

/// Two things wrong with a payment: the lower code is the answer, whichever they are.
TEST(CommandChecks, TheLowestCodeIsTheAnswer) {
  struct Fault {
    R code;
    std::function<void(CommandWithParts&)> make;
  };
  const std::vector<Fault> faults{
      {R::kKeyMissing, [](auto& c) { c.command.key = 0; }},
      {R::kReservedNotZero, [](auto& c) { c.command.reserved[0] = 1; }},
      {R::kIdInvalid, [](auto& c) { c.command.merchant = 0; }},
      {R::kIdInEngineSpace, [](auto& c) { c.command.id = engine_transfer_id(1, 1); }},
      {R::kAmountTooLarge, [](auto& c) { c.command.amount = kAmountAll; }},
      {R::kLedgerZero, [](auto& c) { c.command.ledger = 0; }},
      {R::kAccountsEqual, [](auto& c) { c.command.payer_account = c.command.owner_account; }},
      {R::kReferenceInvalid, [](auto& c) { test::set_text(c.command.reference, ""); }},
      {R::kPartsInvalid, [](auto& c) { c.add(PartShare{.account = 60, .bps = 10'001}); }},
      {R::kDurationOutOfRange, [](auto& c) { c.command.hold_s = 1; }},
      {R::kFlagsConflict, [](auto& c) { c.command.flags = CommandFlags::kFinal; }},
      {R::kToleranceTooHigh, [](auto& c) { c.command.tolerance_bps = 6'000; }},
  };
  for (const Fault& one : faults) {
    for (const Fault& other : faults) {
      CommandWithParts command = valid_command(C::kPay);
      one.make(command);
      if (other.code != one.code) other.make(command);
      EXPECT_EQ(check(command), std::min(one.code, other.code)) << name_of(one.code) << " and " << name_of(other.code);
    }
  }
}

TEST(CommandChecks, NoBytesAreTooStrange) {
  test::Random random(1);
  for (int i = 0; i < 100'000; ++i) {
    CommandWithParts command = valid_command(random.pick_from(kPaymentCommands));
    auto* bytes = reinterpret_cast<std::uint8_t*>(&command.command);
    for (std::uint64_t changes = random.between(1, 8); changes > 0; --changes) {
      bytes[random.below(sizeof(PaymentCommand))] = static_cast<std::uint8_t>(random.chance(30) ? 0xFF : random.next());
    }
    command.parts.resize(command.command.parts);
    const R code = check(command);
    ASSERT_TRUE(code == R::kDone || code == R::kKeyMissing || (code >= R::kReservedNotZero && code <= R::kRateInvalid)) << name_of(code);
  }
}

TEST(CommandShape, FieldsCoverTheCommand) {
  std::size_t end = 0;
  for (const CommandField& field : kCommandFields) {
    EXPECT_EQ(field.offset, end) << field.name;
    end = field.offset + field.size;
  }
  EXPECT_EQ(end, sizeof(PaymentCommand));
  EXPECT_EQ(field_at(0), "key");
  EXPECT_EQ(field_at(175), "reference");
  EXPECT_EQ(field_at(176), "amount2");
  EXPECT_EQ(field_at(256), "parts");
}

}  // namespace
}  // namespace florin::core
