#include <gmock/gmock.h>

#include "florin/status_codes.hpp"
#include "shop.hpp"

namespace florin::test {
namespace {

using C = CommandNumber;
using R = PaymentResult;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

class Groups : public ::testing::Test {
 protected:
  CommandWithParts open_wallet(u128 id, u128 owner) {
    CommandWithParts sent = valid_command(C::kOpenAccount);
    sent.command.id = id;
    sent.command.merchant = owner;
    sent.command.kind = static_cast<std::uint8_t>(AccountRole::kWallet);
    return sent;
  }
  CommandWithParts top_up(u128 id, u128 wallet, u128 amount) {
    CommandWithParts sent = valid_command(C::kTopUp);
    sent.command.id = id;
    sent.command.payer_account = wallet;
    sent.command.amount = amount;
    return sent;
  }
  std::vector<CommandWithParts> first_purchase(u128 amount) {
    CommandWithParts pay = shop_.pay(1, amount, kFeeA);
    pay.command.payer_account = 40;
    return {open_wallet(40, kPayer), top_up(70, 40, 20'000), pay};
  }
  template <typename Event>
  CommandWithParts ledger_event(C command, const Event& event) {
    CommandWithParts sent;
    sent.command.command = command;
    set_record(sent.command, event);
    return sent;
  }

  Shop shop_{0};
};

TEST_F(Groups, AllMembersOrNone) {
  const u128 before = shop_.machine().state_hash();
  const PaymentAnswers failed = shop_.send_all(first_purchase(30'000), PaymentsMode::kGroup, 5);
  EXPECT_EQ(failed.outcomes[2].code, R::kInsufficientFunds);
  EXPECT_EQ(failed.outcomes[0].code, R::kGroupMemberFailed);
  EXPECT_EQ(failed.outcomes[1].detail, 2U);
  EXPECT_FALSE(shop_.order(1));
  EXPECT_THAT(shop_.story(70), IsEmpty());
  EXPECT_THAT(shop_.story(40), IsEmpty());
  EXPECT_NE(shop_.machine().state_hash(), before) << "the key remembers";
  EXPECT_EQ(shop_.balance(kChannel), 0);
  EXPECT_EQ(shop_.machine().counts().orders, 0U);

  const PaymentAnswers done = shop_.send_all(first_purchase(10'000), PaymentsMode::kGroup, 6);
  EXPECT_EQ(done.outcomes[2].code, R::kDone);
  EXPECT_EQ(shop_.balance(40), 10'000);
  EXPECT_EQ(shop_.balance(kChannel), -20'000);
  EXPECT_EQ(shop_.balance(kShop), 9'680);
}

TEST_F(Groups, HaveOneKeyAndAreReplayedAsAWhole) {
  const auto group = first_purchase(30'000);
  const PaymentAnswers first = shop_.send_all(group, PaymentsMode::kGroup, 5);
  const PaymentAnswers again = shop_.send_all(group, PaymentsMode::kGroup, 5);
  EXPECT_EQ(again.outcomes, first.outcomes);
  EXPECT_THAT(again.flags, ElementsAre(1, 1, 1));
  CommandWithParts resolve = valid_command(C::kResolve);
  resolve.command.id = 5;
  EXPECT_EQ(shop_.send(resolve), first.outcomes[2]) << "the answer is that of the member that was refused";
  const PaymentAnswers other = shop_.send_all(first_purchase(10'000), PaymentsMode::kGroup, 5);
  EXPECT_EQ(other.outcomes[1].code, R::kKeyReused);
  EXPECT_EQ(other.outcomes[1].sequence, first.outcomes[0].sequence);
}

TEST_F(Groups, OfOrdersTakeBackStatesAndTimers) {
  shop_.top_up(kWallet, 1'000);
  shop_.authorised(1, 100);
  const auto before = shop_.order(1);
  const std::uint64_t next = shop_.machine().next_expiry();
  CommandWithParts longer = shop_.on(C::kExtend, 1);
  longer.command.hold_s = 1'000'000;
  const PaymentAnswers answers =
      shop_.send_all({shop_.on(C::kCapture, 1, 40), longer, shop_.on(C::kCapture, 1, 60), shop_.on(C::kCapture, 1, 1)}, PaymentsMode::kGroup, 5);
  EXPECT_EQ(answers.outcomes[3].code, R::kAlreadyCaptured);
  EXPECT_EQ(shop_.order(1)->hot, before->hot);
  EXPECT_EQ(shop_.machine().next_expiry(), next);
  EXPECT_EQ(shop_.story(1).size(), 1U);
  EXPECT_EQ(shop_.send_all({shop_.on(C::kCapture, 1, kAmountAll), shop_.on(C::kFulfil, 1)}, PaymentsMode::kGroup, 6).outcomes[1].code, R::kDone);
}

TEST_F(Groups, EventsOfTheLedgerAreMembersToo) {
  const Account cash{.id = 50, .ledger = kEuro, .code = 1};
  const Account stock{.id = 51, .ledger = kEuro, .code = 1};
  const Transfer move{.id = 52, .debit_account_id = 50, .credit_account_id = 51, .amount = 3, .ledger = kEuro, .code = 1};
  shop_.top_up(kWallet, 1'000);
  std::vector<CommandWithParts> group = {ledger_event(C::kCreateAccount, cash), ledger_event(C::kCreateAccount, stock),
                                         ledger_event(C::kCreateTransfer, move), shop_.pay(1, 100)};
  const PaymentAnswers done = shop_.send_all(group, PaymentsMode::kGroup, 5);
  EXPECT_EQ(static_cast<std::uint32_t>(done.outcomes[2].code), kCreated);
  EXPECT_EQ(done.outcomes[2].amount, 3);
  EXPECT_EQ(done.outcomes[3].code, R::kDone);
  EXPECT_EQ(shop_.balance(51), 3);
  group[2] = ledger_event(C::kCreateTransfer, Transfer{.id = 53, .debit_account_id = 50, .credit_account_id = 99, .amount = 3, .ledger = kEuro, .code = 1});
  const PaymentAnswers failed = shop_.send_all({group[2], shop_.pay(2, 100)}, PaymentsMode::kGroup, 6);
  EXPECT_EQ(static_cast<std::uint32_t>(failed.outcomes[0].code), static_cast<std::uint32_t>(CreateTransferStatus::kCreditAccountNotFound));
  EXPECT_EQ(failed.outcomes[1].code, R::kGroupMemberFailed);
}

TEST_F(Groups, WhatTheirBytesSayLeavesTheKeyUnused) {
  EXPECT_EQ(shop_.send_all({shop_.pay(1, 1)}, PaymentsMode::kGroup, 5).outcomes[0].code, R::kGroupTooLarge);
  EXPECT_EQ(shop_.send_all({shop_.pay(1, 1), shop_.pay(2, 1)}, PaymentsMode::kGroup, 0).outcomes[1].code, R::kKeyMissing);
  const PaymentAnswers not_allowed = shop_.send_all({shop_.pay(1, 1), valid_command(C::kDeclareAsset)}, PaymentsMode::kGroup, 5);
  EXPECT_EQ(not_allowed.outcomes[0].code, R::kNotAllowedInGroup);
  EXPECT_EQ(not_allowed.outcomes[0].detail, 1U);
  const PaymentAnswers bad = shop_.send_all({shop_.pay(1, 1), shop_.pay(2, 0)}, PaymentsMode::kGroup, 5);
  EXPECT_EQ(bad.outcomes[1].code, R::kAmountZero);
  EXPECT_EQ(bad.outcomes[0].code, R::kGroupMemberFailed);
  EXPECT_THAT(shop_.outcome_of_key(5), IsEmpty());
  EXPECT_EQ(shop_.send_all(std::vector<CommandWithParts>(65, shop_.pay(1, 1)), PaymentsMode::kGroup, 5).outcomes[0].code, R::kGroupTooLarge);
}

TEST_F(Groups, EventsOfTheLedgerAreNoCommandsOfTheirOwn) {
  CommandWithParts alone = ledger_event(C::kCreateAccount, Account{.id = 50, .ledger = kEuro, .code = 1});
  EXPECT_EQ(shop_.send(alone).code, R::kUnknownCommand);
}

}  // namespace
}  // namespace florin::test
