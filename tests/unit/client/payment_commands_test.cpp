#include "florin/payment_commands.hpp"

#include <gtest/gtest.h>

#include <string>

#include "florin/payment_reply.hpp"
#include "support/payment_commands.hpp"

namespace florin::test {
namespace {

using C = CommandNumber;

/// What the tests of the core build by hand.
void expect_is(C number, const CommandWithParts& built) {
  EXPECT_TRUE(built == valid_command(number)) << name_of(number);
}

TEST(PaymentCommands, AreTheBytesThatTheCoreKnows) {
  expect_is(C::kRegisterParty, commands::RegisterParty{.key = 1, .party = [] {
              Party party = valid_party();
              party.id = 20;
              return party;
            }()});
  expect_is(C::kSetPartyStatus, commands::SetPartyStatus{.key = 1, .party = 1'000, .status = PartyStatus::kSuspended});
  expect_is(C::kSetCredential, commands::AddKey{.key = 1, .party = 1'000, .credential = valid_key()});
  expect_is(C::kOpenAccount, commands::OpenAccount{.key = 1, .account = 1'000, .owner = 20, .role = AccountRole::kMerchantPayable, .ledger = kEuro});
  expect_is(C::kDeclareAsset, commands::DeclareAsset{.key = 1, .asset = valid_asset()});
  expect_is(C::kSetFeeSchedule, commands::SetFeeSchedule{.key = 1, .schedule = valid_fee_schedule()});
  expect_is(C::kSetListEntry, commands::SetListEntry{.key = 1, .entry = valid_list_entry()});
  const commands::NewOrder order{.id = 1'000, .amount = 10'000, .ledger = kEuro, .merchant = 20, .payer = 21, .payer_account = 31, .owner_account = 30,
                                 .reference = "order 1"};
  expect_is(C::kCreateOrder, commands::CreateOrder{.key = 1, .order = order});
  expect_is(C::kPay, commands::Pay{.key = 1, .order = order});
  expect_is(C::kAuthorise, commands::Authorise{.key = 1, .order = 1'000, .amount = 100});
  expect_is(C::kIncrement, commands::Increment{.key = 1, .order = 1'000, .amount = 100});
  expect_is(C::kDecrement, commands::Decrement{.key = 1, .order = 1'000, .amount = 100});
  expect_is(C::kExtend, commands::Extend{.key = 1, .order = 1'000, .hold_s = 3'600});
  expect_is(C::kCapture, commands::Capture{.key = 1, .order = 1'000, .amount = 100});
  expect_is(C::kRefund, commands::Refund{.key = 1, .order = 1'000, .amount = 100});
  expect_is(C::kCancel, commands::Cancel{.key = 1, .order = 1'000});
  expect_is(C::kFulfil, commands::Fulfil{.key = 1, .order = 1'000});
  expect_is(C::kComplete, commands::Complete{.key = 1, .order = 1'000});
  expect_is(C::kTopUp, commands::TopUp{.key = 1, .id = 1'000, .wallet = 31, .amount = 100, .ledger = kEuro});
  expect_is(C::kWithdraw, commands::Withdraw{.key = 1, .id = 1'000, .wallet = 31, .amount = 100, .ledger = kEuro});
  expect_is(C::kTransfer, commands::WalletTransfer{.key = 1, .id = 1'000, .from = 31, .to = 32, .amount = 100, .ledger = kEuro});
  expect_is(C::kConvert, commands::Convert{.key = 1, .id = 1'000, .from = 31, .to = 33, .sold = 12'345, .bought = 13'423,
                                           .rate = {.numerator = 10'873, .denominator = 10'000}});
  expect_is(C::kResolve, commands::Resolve{.asked_key = 1'000});
}

TEST(PaymentCommands, EventsOfTheLedgerHaveNoKey) {
  CommandWithParts account = valid_command(C::kCreateAccount);
  account.command.key = 0;
  EXPECT_TRUE(CommandWithParts(commands::CreateAccount{{.id = 60, .ledger = kEuro, .code = 1}}) == account);
  CommandWithParts transfer = valid_command(C::kCreateTransfer);
  transfer.command.key = 0;
  const commands::CreateTransfer built{{.id = 61, .debit_account_id = 60, .credit_account_id = 62, .amount = 1, .ledger = kEuro, .code = 1}};
  EXPECT_TRUE(CommandWithParts(built) == transfer);
}

TEST(PaymentCommands, PartsMakeACaptureExplicit) {
  const CommandWithParts capture = commands::Capture{.order = 1, .is_final = true, .parts = {{.account = 32, .amount = 5}}};
  EXPECT_EQ(capture.command.flags, CommandFlags::kFinal | CommandFlags::kExplicitParts);
  EXPECT_EQ(capture.command.parts, 1U);
  EXPECT_EQ(capture.command.amount, kAmountAll);
  const CommandWithParts refund = commands::Refund{.order = 1, .is_advanced = true, .to_suspense = true};
  EXPECT_EQ(refund.command.flags, CommandFlags::kAdvance | CommandFlags::kToSuspense);
}

TEST(PaymentCommands, WhatDoesNotFitIsNamedAndNotCut) {
  const std::string text(33, 'x');
  EXPECT_STREQ(CommandWithParts(commands::Pay{.order = {.reference = text}}).unfit, "reference");
  EXPECT_STREQ(CommandWithParts(commands::TopUp{.details = {.reference = text}}).unfit, "reference");
  EXPECT_STREQ(CommandWithParts(commands::Convert{.details = {.reference = "x"}}).unfit, "reference") << "the rate lies there";
  EXPECT_STREQ(CommandWithParts(commands::Pay{.order = {.parts = std::vector<PartShare>(16)}}).unfit, "parts");
  EXPECT_STREQ(CommandWithParts(commands::Capture{.parts = std::vector<PartAmount>(16)}).unfit, "parts");
  const std::vector<std::byte> key(32 * kKeyBlocksMax + 1);
  EXPECT_STREQ(CommandWithParts(commands::AddKey{.rsa_key = key}).unfit, "rsa_key");
  EXPECT_EQ(CommandWithParts(commands::Pay{.order = {.reference = text.substr(1)}}).unfit, nullptr);
  const CommandWithParts fits = commands::AddKey{.rsa_key = std::span(key).subspan(1)};
  EXPECT_EQ(fits.unfit, nullptr);
  EXPECT_EQ(fits.command.parts, kKeyBlocksMax);
}

TEST(PaymentAnswer, SaysWhatMayBeDoneNext) {
  const auto answer = [](C command, PaymentResult code) {
    PaymentAnswer made;
    made.outcome.command = command;
    made.outcome.code = code;
    return made;
  };
  EXPECT_TRUE(answer(C::kPay, PaymentResult::kDone).is_done());
  EXPECT_EQ(answer(C::kPay, PaymentResult::kInsufficientFunds).result_class(), ResultClass::kNewKey);
  EXPECT_EQ(answer(C::kCapture, PaymentResult::kAlreadyCaptured).result_class(), ResultClass::kFinal);
  EXPECT_EQ(answer(C::kPay, PaymentResult::kBusy).result_class(), ResultClass::kSameKey);
}

TEST(PaymentAnswer, OfTheLedgersEventsHasTheLedgersStatus) {
  PaymentAnswer answer;
  answer.outcome.command = C::kCreateTransfer;
  answer.outcome.code = PaymentResult{kCreated};
  EXPECT_TRUE(answer.is_done());
  EXPECT_EQ(answer.code_name(), "created");
  answer.outcome.code = static_cast<PaymentResult>(CreateTransferStatus::kExists);
  EXPECT_EQ(answer.code_name(), "exists");
  EXPECT_EQ(answer.result_class(), ResultClass::kNewKey);
  answer.outcome.command = C::kCreateAccount;
  answer.outcome.code = PaymentResult::kGroupMemberFailed;
  EXPECT_EQ(answer.code_name(), "group_member_failed");
}

}  // namespace
}  // namespace florin::test
