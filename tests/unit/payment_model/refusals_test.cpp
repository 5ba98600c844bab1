#include <gtest/gtest.h>

#include <functional>

#include "support/builders.hpp"
#include "support/payment_model.hpp"

/// Each refusal of each command, and nothing but its key left behind. Codes of states and times are in other files.

namespace florin::test {
namespace {

using C = CommandNumber;
using R = PaymentResult;
using F = CommandFlags;

class PaymentRefusals : public testing::Test {
 protected:
  R send(const CommandWithParts& command, u128 principal = kPrincipal) { return outcome_of(command, principal).code; }
  PaymentOutcome outcome_of(CommandWithParts command, u128 principal = kPrincipal) {
    keys_.give_to(command);
    const PaymentOutcome outcome = model_.send(command, principal).outcome;
    EXPECT_EQ(model_.broken(), "");
    return outcome;
  }
  /// Of a payment that is changed in one place.
  R pay(const std::function<void(CommandWithParts&)>& change, C number = C::kPay) {
    CommandWithParts command = new_order(number, 100, 0);
    change(command);
    return send(command);
  }
  CommandWithParts status(u128 party, PartyStatus status) {
    CommandWithParts command;
    command.command.command = C::kSetPartyStatus;
    command.command.id = party;
    command.command.kind = static_cast<std::uint8_t>(status);
    return command;
  }
  CommandWithParts movement(C number, u128 amount = 10) {
    CommandWithParts command = valid_command(number);
    command.command.key = 0;
    command.command.id = 5'000;
    command.command.amount = amount;
    command.command.payer_account = kWallet;
    if (number == C::kTransfer) command.command.owner_account = kShop;
    return command;
  }
  void close(u128 account) {
    model_.ledger().create_transfers(
        std::vector<Transfer>{transfer(99).debit(account).credit(40).amount(0).ledger(kEuro).flags(TransferFlags::kPending | TransferFlags::kClosingDebit)},
        next_ledger_time());
  }
  std::uint64_t next_ledger_time() {
    model_.set_time(model_.time() + PaymentModel::kStep);
    return model_.time();
  }
  void open_ledger_account(u128 id) { model_.ledger().create_accounts(std::vector<Account>{account(id).ledger(kEuro)}, next_ledger_time()); }

  PaymentModel model_{1'000};
  Keys keys_{700'000};
};

TEST_F(PaymentRefusals, OfANewOrder) {
  EXPECT_EQ(send(instant_pay(100, 0, 999)), R::kDone);
  EXPECT_EQ(pay([](auto& c) { c.command.id = 999; }), R::kOrderExists);
  EXPECT_EQ(pay([](auto& c) { set_text(c.command.reference, "order 999"); }), R::kReferenceExists);
  EXPECT_EQ(pay([](auto& c) { c.command.merchant = 29; }), R::kPartyNotFound);
  EXPECT_EQ(pay([](auto& c) { c.command.payer = 29; }), R::kPartyNotFound);
  EXPECT_EQ(pay([](auto& c) { c.command.payer_account = 39; }), R::kAccountNotFound);
  EXPECT_EQ(pay([](auto& c) { c.add(PartShare{.account = 39, .bps = 1}); }), R::kAccountNotFound);
  EXPECT_EQ(pay([](auto& c) { c.command.ledger = 392; }), R::kAssetNotFound);
  EXPECT_EQ(pay([](auto& c) { c.command.fee_schedule = 9; }), R::kScheduleNotFound);
  EXPECT_EQ(pay([](auto& c) { c.command.payer_account = kPartOne; }), R::kAccountWrongRole);
  EXPECT_EQ(pay([](auto& c) { c.command.owner_account = kDollarWallet; }), R::kAccountWrongRole);
  EXPECT_EQ(pay([](auto& c) { c.command.payer_account = kChannel; }), R::kAccountWrongRole);
  EXPECT_EQ(pay([](auto& c) { c.command.flags = F::kChannelFunded; }, C::kCreateOrder), R::kAccountWrongRole);
  EXPECT_EQ(pay([](auto& c) { c.command.payer = kSellerOne; }), R::kAccountWrongOwner);
  EXPECT_EQ(pay([](auto& c) { c.command.owner_account = kPartOne; }), R::kAccountWrongOwner);
  EXPECT_EQ(pay([](auto& c) { c.command.payer_account = kDollarWallet; }), R::kAccountWrongAsset);
  const auto by_channel = [](auto& c) { c.command.flags = F::kChannelFunded, c.command.payer_account = kChannel; };
  EXPECT_EQ(pay(by_channel), R::kWrongFunding);
  EXPECT_EQ(pay(by_channel, C::kCreateOrder), R::kDone);
  EXPECT_EQ(send(on_order(C::kAuthorise, kAmountAll)), R::kWrongFunding);
}

TEST_F(PaymentRefusals, OfAccountsThatPaymentsDidNotOpen) {
  open_ledger_account(40);
  EXPECT_EQ(pay([](auto& c) { c.command.payer_account = 40; }), R::kAccountWrongRole);
}

TEST_F(PaymentRefusals, OfPartiesThatMayNotAct) {
  EXPECT_EQ(send(new_order(C::kCreateOrder, 100, 0)), R::kDone);
  for (const u128 party : {kPayer, kMerchant}) {
    EXPECT_EQ(send(status(party, PartyStatus::kSuspended)), R::kDone);
    EXPECT_EQ(send(instant_pay(1, 0, 1'001)), R::kPartySuspended);
    EXPECT_EQ(send(on_order(C::kAuthorise, kAmountAll)), R::kPartySuspended);
    EXPECT_EQ(send(status(party, PartyStatus::kActive)), R::kDone);
  }
  EXPECT_EQ(send(on_order(C::kAuthorise, kAmountAll)), R::kDone);
  EXPECT_EQ(send(status(kPayer, PartyStatus::kClosed)), R::kDone);
  EXPECT_EQ(send(on_order(C::kIncrement, 1)), R::kPartyClosed);
  EXPECT_EQ(send(movement(C::kTopUp)), R::kPartyClosed);
  EXPECT_EQ(send(movement(C::kWithdraw)), R::kPartyClosed);
  EXPECT_EQ(send(movement(C::kTransfer)), R::kPartyClosed);
  EXPECT_EQ(send(conversion(10'000, 10'873)), R::kPartyClosed);
  EXPECT_EQ(send(on_order(C::kCapture, kAmountAll)), R::kDone) << "obligations outlive status";
  EXPECT_EQ(send(on_order(C::kRefund, kAmountAll)), R::kDone);
}

TEST_F(PaymentRefusals, OfStatusChanges) {
  EXPECT_EQ(send(status(29, PartyStatus::kClosed)), R::kPartyNotFound);
  EXPECT_EQ(send(status(kPayer, PartyStatus::kActive)), R::kStatusChangeIllegal);
  CommandWithParts close = status(kPayer, PartyStatus::kClosed);
  close.command.expected_version = 2;
  const PaymentOutcome outcome = outcome_of(close);
  EXPECT_EQ(outcome.code, R::kVersionMismatch);
  EXPECT_EQ(outcome.detail, 1U);
  close.command.expected_version = 1;
  EXPECT_EQ(send(close), R::kDone);
  EXPECT_EQ(send(status(kPayer, PartyStatus::kActive)), R::kStatusChangeIllegal);
}

TEST_F(PaymentRefusals, OfWhatThereIsAlready) {
  EXPECT_EQ(send(party_named(50, "payer", PartyKind::kUser)), R::kNameExists);
  EXPECT_EQ(send(party_named(kPayer, "another", PartyKind::kUser)), R::kObjectExists);
  EXPECT_EQ(send(open_account_of(kWallet, kPayer, AccountRole::kWallet)), R::kObjectExists);
  EXPECT_EQ(send(open_account_of(50, 29, AccountRole::kWallet)), R::kPartyNotFound);
  EXPECT_EQ(send(open_account_of(50, kPayer, AccountRole::kWallet, 392)), R::kAssetNotFound);
  EXPECT_EQ(send(asset_named("EUR", kEuro)), R::kObjectExists);
  EXPECT_EQ(send(schedule_with({.id = kFeeA, .version = 1, .ledger = kEuro})), R::kVersionMismatch);
  EXPECT_EQ(send(schedule_with({.id = 9, .version = 1, .ledger = 392})), R::kAssetNotFound);
  EXPECT_EQ(send(schedule_with({.fee_account = 39, .id = 9, .version = 1, .ledger = kEuro})), R::kAccountNotFound);
  EXPECT_EQ(send(schedule_with({.fee_account = kShop, .id = 9, .version = 1, .ledger = kEuro})), R::kAccountWrongRole);
  CommandWithParts platform = open_account_of(0, 0, AccountRole::kFeeIncome);
  EXPECT_EQ(send(platform), R::kObjectExists) << "channel 0 is the asset's own";
  platform.command.fee_schedule = 3;
  EXPECT_EQ(send(platform), R::kDone);
}

TEST_F(PaymentRefusals, OfKeysThatComeBack) {
  CommandWithParts add = valid_command(C::kSetCredential);
  add.command.id = kPayer;
  add.command.key = 0;
  EXPECT_EQ(send(add), R::kDone);
  CommandWithParts revoke = add;
  revoke.command.kind = static_cast<std::uint8_t>(CredentialChange::kRevokeKey);
  set_record(revoke.command, Credential{.key_id = 5, .status = {}});
  EXPECT_EQ(send(revoke), R::kDone);
  EXPECT_EQ(model_.payments().books().credentials.at({kPayer, 5}).status, CredentialStatus::kRevoked);
  EXPECT_EQ(send(add), R::kObjectExists);
}

TEST_F(PaymentRefusals, OfVersionsOfAnOrder) {
  EXPECT_EQ(send(hold_of(100, 0)), R::kDone);
  CommandWithParts capture = on_order(C::kCapture, kAmountAll);
  capture.command.expected_version = 2;
  EXPECT_EQ(outcome_of(capture).detail, 1U);
  capture.command.expected_version = 1;
  EXPECT_EQ(send(capture), R::kDone);
}

TEST_F(PaymentRefusals, OfAmountsThatAreTooMuch) {
  EXPECT_EQ(send(new_order(C::kCreateOrder, 100, 0)), R::kDone);
  EXPECT_EQ(send(on_order(C::kAuthorise, 101)), R::kExceedsOrder);
  EXPECT_EQ(send(on_order(C::kAuthorise, 90)), R::kDone);
  EXPECT_EQ(send(on_order(C::kDecrement, 90)), R::kExceedsOpen);
  EXPECT_EQ(send(on_order(C::kIncrement, kPaymentAmountMax)), R::kSumTooLarge);
  EXPECT_EQ(send(on_order(C::kIncrement, 911)), R::kInsufficientFunds);
  EXPECT_EQ(send(on_order(C::kIncrement, 910)), R::kDone) << "more than was ordered is no refusal";
  EXPECT_EQ(send(on_order(C::kCapture, 1'001, F::kFinal)), R::kExceedsHold);
  EXPECT_EQ(send(on_order(C::kCapture, 600)), R::kDone);
  EXPECT_EQ(send(on_order(C::kRefund, 601)), R::kExceedsRefundable);
  EXPECT_EQ(send(on_order(C::kRefund, 600)), R::kDone);
  EXPECT_EQ(model_.order().money, MoneyState::kPartiallyCaptured);
  EXPECT_EQ(send(on_order(C::kRefund, kAmountAll)), R::kExceedsRefundable) << "nothing is left to go back";
  EXPECT_EQ(send(on_order(C::kCancel)), R::kDone);
  EXPECT_EQ(model_.order().money, MoneyState::kRefunded);
}

TEST_F(PaymentRefusals, OfPartsAsGiven) {
  CommandWithParts pay = hold_of(100, kFeeB);
  pay.add(PartShare{.account = kPartOne, .bps = 5'000}).add(PartShare{.account = kPartTwo, .bps = 0});
  EXPECT_EQ(send(pay), R::kDone);
  const auto given = [](C command, u128 amount, u128 account, u128 share) {
    return on_order(command, amount, F::kExplicitParts).add(PartAmount{.account = account, .amount = share});
  };
  EXPECT_EQ(send(given(C::kCapture, 50, kShop, 1)), R::kAccountWrongRole) << "the owner is no part";
  EXPECT_EQ(send(given(C::kCapture, 50, kPartTwo, 46)), R::kPartsExceedNet);
  EXPECT_EQ(send(given(C::kCapture, 50, kPartTwo, 45)), R::kDone);
  EXPECT_EQ(model_.balance(kPartTwo), 45);
  EXPECT_EQ(send(on_order(C::kCapture, kAmountAll)), R::kDone);
  EXPECT_EQ(model_.balance(kPartOne), 45);
  EXPECT_EQ(send(given(C::kRefund, 60, kPartTwo, 46)), R::kPartExceedsRefundable);
  EXPECT_EQ(send(given(C::kRefund, 60, kPartTwo, 40)), R::kPartExceedsRefundable) << "the owner has nothing to give the rest from";
  EXPECT_EQ(send(given(C::kRefund, 50, kPartTwo, 45)), R::kDone) << "5 are the fee's";
  EXPECT_EQ(model_.balance(kPartTwo), 0);
}

TEST_F(PaymentRefusals, OfClosedAccounts) {
  open_ledger_account(40);
  EXPECT_EQ(send(instant_pay(100, 0, 1'001)), R::kDone);
  EXPECT_EQ(send(hold_of(100, 0)), R::kDone);
  close(kWallet);
  EXPECT_EQ(send(instant_pay(1, 0, 1'002)), R::kAccountClosed);
  EXPECT_EQ(send(on_order(C::kCapture, 1)), R::kAccountClosed);
  EXPECT_EQ(send(on_order(C::kDecrement, 1)), R::kAccountClosed) << "what stays held is held again";
  EXPECT_EQ(send(movement(C::kTopUp)), R::kAccountClosed);
  CommandWithParts refund = on_order(C::kRefund, kAmountAll);
  refund.command.id = 1'001;
  EXPECT_EQ(send(refund), R::kAccountClosed);
  refund.command.flags = F::kToSuspense;
  EXPECT_EQ(send(refund), R::kDone);
  EXPECT_EQ(model_.balance(platform_account_id(kEuro, AccountRole::kSuspense)), 100);
  EXPECT_EQ(send(on_order(C::kCancel)), R::kDone) << "a void alone is allowed";
}

TEST_F(PaymentRefusals, OfAMerchantThatHasNotEnoughUnlessItIsAdvanced) {
  EXPECT_EQ(send(instant_pay(100, kFeeA)), R::kDone);
  EXPECT_EQ(send(on_order(C::kRefund, 100)), R::kMerchantFundsInsufficient);
  EXPECT_EQ(send(on_order(C::kRefund, 100, F::kAdvance)), R::kDone);
  EXPECT_EQ(model_.balance(platform_account_id(kEuro, AccountRole::kRefundReserve)), -100);
}

TEST_F(PaymentRefusals, OfNoneIfAMerchantMayOverdraw) {
  EXPECT_EQ(send(party_named(50, "trusted shop", PartyKind::kMerchant, PartyFlags::kRefundOverdraft)), R::kDone);
  EXPECT_EQ(send(open_account_of(51, 50, AccountRole::kMerchantPayable)), R::kDone);
  CommandWithParts pay = instant_pay(100, kFeeA);
  pay.command.merchant = 50;
  pay.command.owner_account = 51;
  EXPECT_EQ(send(pay), R::kDone);
  EXPECT_EQ(send(on_order(C::kRefund, 100)), R::kDone);
  EXPECT_EQ(model_.balance(51), -32);
  CommandWithParts withdraw = movement(C::kWithdraw);
  withdraw.command.payer_account = 51;
  EXPECT_EQ(send(withdraw), R::kAccountWrongRole) << "it may not withdraw from there at all";
}

TEST_F(PaymentRefusals, OfAHoldThatMeetsABalanceNearItsEnd) {
  const u128 most = kU128Max - 1'000;
  open_ledger_account(40);
  model_.ledger().create_transfers(std::vector<Transfer>{transfer(98).debit(40).credit(kShop).amount(most).ledger(kEuro)}, next_ledger_time());
  EXPECT_EQ(send(hold_of(1'000, 0)), R::kDone);
  EXPECT_EQ(send(movement(C::kTopUp)), R::kDone);
  EXPECT_EQ(send(instant_pay(1, 0, 1'001)), R::kBalanceOverflow);
  EXPECT_EQ(send(instant_pay(100, 0, 1'001)), R::kInsufficientFunds) << "the lower code";
}

TEST_F(PaymentRefusals, OfMovements) {
  EXPECT_EQ(send(movement(C::kTopUp)), R::kDone);
  EXPECT_EQ(send(movement(C::kWithdraw)), R::kObjectExists) << "one id, one movement";
  const auto moved = [&](C number, const std::function<void(PaymentCommand&)>& change) {
    CommandWithParts command = movement(number);
    command.command.id = 5'001;
    change(command.command);
    return send(command);
  };
  EXPECT_EQ(moved(C::kTopUp, [](auto& c) { c.payer_account = 39; }), R::kAccountNotFound);
  EXPECT_EQ(moved(C::kTopUp, [](auto& c) { c.fee_schedule = 7; }), R::kAccountNotFound) << "no such channel";
  EXPECT_EQ(moved(C::kTopUp, [](auto& c) { c.payer_account = kShop; }), R::kAccountWrongRole);
  EXPECT_EQ(moved(C::kTopUp, [](auto& c) { c.payer_account = kDollarWallet; }), R::kAccountWrongAsset);
  EXPECT_EQ(moved(C::kWithdraw, [](auto& c) { c.amount = 1'011; }), R::kInsufficientFunds);
  EXPECT_EQ(moved(C::kWithdraw, [](auto& c) { c.payer_account = kShop; }), R::kAccountWrongRole);
  EXPECT_EQ(moved(C::kTransfer, [](auto& c) { c.amount = 1'011; }), R::kInsufficientFunds);
  const auto out_of_shop = [](auto& c) { c.payer_account = kShop, c.owner_account = kWallet; };
  EXPECT_EQ(moved(C::kTransfer, out_of_shop), R::kAccountWrongRole) << "without instant_payout, as a withdrawal";
  CommandWithParts by_operator = movement(C::kTransfer);
  by_operator.command.id = 5'001;
  out_of_shop(by_operator.command);
  EXPECT_EQ(send(party_named(60, "operator", PartyKind::kOperator)), R::kDone);
  EXPECT_EQ(send(by_operator, 60), R::kInsufficientFunds);
  EXPECT_EQ(moved(C::kTransfer, [](auto& c) { c.owner_account = kDollarWallet; }), R::kAccountWrongAsset);
  EXPECT_EQ(moved(C::kTransfer, [](auto& c) { c.owner_account = kFees; }), R::kAccountWrongRole) << "only operators name the platform's";
}

TEST_F(PaymentRefusals, OfConversions) {
  const auto converted = [&](const std::function<void(PaymentCommand&)>& change) {
    CommandWithParts command = conversion(100, 109);
    change(command.command);
    return send(command);
  };
  EXPECT_EQ(send(open_account_of(50, kPayer, AccountRole::kWallet)), R::kDone);
  EXPECT_EQ(send(open_account_of(51, kMerchant, AccountRole::kWallet, kDollar)), R::kDone);
  EXPECT_EQ(converted([](auto& c) { c.owner_account = 39; }), R::kAccountNotFound);
  EXPECT_EQ(converted([](auto& c) { c.payer_account = kShop; }), R::kAccountWrongRole);
  EXPECT_EQ(converted([](auto& c) { c.owner_account = 51; }), R::kAccountWrongOwner);
  EXPECT_EQ(converted([](auto& c) { c.owner_account = 50; }), R::kAccountWrongAsset);
  EXPECT_EQ(converted([](auto& c) { c.expires_s = 1'000; }), R::kQuoteExpired);
  EXPECT_EQ(converted([](auto& c) { c.amount2 = 108; }), R::kRateMismatch);
  EXPECT_EQ(converted([](auto& c) { c.amount = 10'000, c.amount2 = 10'873; }), R::kInsufficientFunds);
  EXPECT_EQ(converted([](auto& c) { c.expires_s = 1'001; }), R::kDone);
}

TEST_F(PaymentRefusals, OfNoneToAnOperatorWhoEmptiesAClosedPartysWallet) {
  EXPECT_EQ(send(party_named(60, "operator", PartyKind::kOperator)), R::kDone);
  EXPECT_EQ(send(status(kPayer, PartyStatus::kClosed)), R::kDone);
  CommandWithParts transfer = movement(C::kTransfer, 1'000);
  transfer.command.owner_account = platform_account_id(kEuro, AccountRole::kSuspense);
  EXPECT_EQ(send(transfer), R::kAccountWrongRole);
  EXPECT_EQ(send(transfer, 60), R::kDone);
  EXPECT_EQ(model_.balance(kWallet), 0);
}

TEST_F(PaymentRefusals, OfScheduleAndPartyDefaults) {
  EXPECT_EQ(send(party_named(50, "x", PartyKind::kUser)), R::kDone);
  Party party{.id = 51, .kind = PartyKind::kMerchant, .status = {}};
  set_text(party.name, "dear shop");
  party.fee_schedule = 9;
  CommandWithParts registration;
  registration.command.command = C::kRegisterParty;
  set_party(registration.command, party);
  EXPECT_EQ(send(registration), R::kScheduleNotFound);
  party.fee_schedule = kFeeA;
  set_party(registration.command, party);
  EXPECT_EQ(send(registration), R::kDone);
  EXPECT_EQ(send(open_account_of(52, 51, AccountRole::kMerchantPayable)), R::kDone);
  CommandWithParts pay = instant_pay(1'000, 0);
  pay.command.merchant = 51;
  pay.command.owner_account = 52;
  EXPECT_EQ(send(pay), R::kDone);
  EXPECT_EQ(model_.order().fee_schedule, kFeeA) << "an order that names none has its merchant's";
  EXPECT_EQ(model_.balance(kFees), 59);
}

}  // namespace
}  // namespace florin::test
