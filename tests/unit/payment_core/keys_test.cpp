#include <gmock/gmock.h>

#include "shop.hpp"

namespace florin::test {
namespace {

using C = CommandNumber;
using R = PaymentResult;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

class Keys : public ::testing::Test {
 protected:
  CommandWithParts keyed(CommandWithParts sent, u128 key) {
    sent.command.key = key;
    return sent;
  }
  CommandWithParts resolve(u128 key) {
    CommandWithParts sent = valid_command(C::kResolve);
    sent.command.id = key;
    return sent;
  }

  Shop shop_;
};

TEST_F(Keys, ARetryGetsTheFirstAnswerByteForByte) {
  const CommandWithParts pay = keyed(shop_.pay(1, 100), 5);
  const PaymentAnswers first = shop_.send_as_is({pay});
  const PaymentAnswers second = shop_.send_as_is({pay});
  EXPECT_EQ(first.outcomes, second.outcomes);
  EXPECT_THAT(first.flags, ElementsAre(0));
  EXPECT_THAT(second.flags, ElementsAre(PaymentReplyFlags::kReplayed));
  EXPECT_EQ(shop_.balance(kShop), 100);
}

TEST_F(Keys, ARefusalIsRememberedToo) {
  Shop poor(50);
  const CommandWithParts pay = keyed(poor.pay(1, 100), 5);
  EXPECT_EQ(poor.send_as_is({pay}).outcomes[0].code, R::kInsufficientFunds);
  poor.top_up(kWallet, 100);
  EXPECT_EQ(poor.send_as_is({pay}).outcomes[0].code, R::kInsufficientFunds);
  EXPECT_EQ(poor.send(poor.pay(1, 100)).code, R::kDone);
}

TEST_F(Keys, AnotherCommandWithTheKeyIsToldWhereItWasUsed) {
  const PaymentOutcome first = shop_.send_as_is({keyed(shop_.pay(1, 100), 5)}).outcomes[0];
  const PaymentOutcome second = shop_.send_as_is({keyed(shop_.pay(1, 101), 5)}).outcomes[0];
  EXPECT_EQ(second.code, R::kKeyReused);
  EXPECT_EQ(second.sequence, first.sequence);
}

TEST_F(Keys, BelongToTheirPrincipal) {
  shop_.send_as_is({keyed(shop_.pay(1, 100), 5)});
  shop_.act_as(8);
  EXPECT_THAT(shop_.outcome_of_key(5), IsEmpty());
  EXPECT_EQ(shop_.send_as_is({keyed(shop_.pay(2, 100), 5)}).outcomes[0].code, R::kDone);
}

TEST_F(Keys, WhatTheBytesSayLeavesTheKeyUnused) {
  CommandWithParts pay = keyed(shop_.pay(1, 100), 5);
  pay.command.amount = 0;
  const PaymentOutcome refused = shop_.send_as_is({pay}).outcomes[0];
  EXPECT_EQ(refused.code, R::kAmountZero);
  EXPECT_EQ(refused.sequence, 0U);
  EXPECT_THAT(shop_.outcome_of_key(5), IsEmpty());
  EXPECT_EQ(shop_.send_as_is({keyed(shop_.pay(1, 100), 5)}).outcomes[0].code, R::kDone);
  EXPECT_EQ(shop_.send_as_is({keyed(shop_.pay(1, 100), 0)}).outcomes[0].code, R::kKeyMissing);
}

TEST_F(Keys, ResolveFindsOrFences) {
  const PaymentOutcome paid = shop_.send_as_is({keyed(shop_.pay(1, 100), 5)}).outcomes[0];
  const PaymentAnswers found = shop_.send_as_is({resolve(5)});
  EXPECT_EQ(found.outcomes[0], paid);
  EXPECT_THAT(found.flags, ElementsAre(PaymentReplyFlags::kReplayed));

  const PaymentOutcome fence = shop_.send_as_is({resolve(6)}).outcomes[0];
  EXPECT_EQ(fence.code, R::kFenced);
  EXPECT_EQ(shop_.send_as_is({resolve(6)}).outcomes[0], fence) << "asked again: the same answer";
  const PaymentOutcome late = shop_.send_as_is({keyed(shop_.pay(2, 100), 6)}).outcomes[0];
  EXPECT_EQ(late.code, R::kKeyFenced);
  EXPECT_EQ(late.sequence, fence.sequence);
  EXPECT_FALSE(shop_.order(2));
  EXPECT_EQ(shop_.send_as_is({keyed(shop_.pay(2, 100), 7)}).outcomes[0].code, R::kDone);
}

TEST_F(Keys, AListStopsAtTheFirstRefusalForEver) {
  const std::vector<CommandWithParts> list = {keyed(shop_.pay(1, 100), 5), keyed(shop_.on(C::kCapture, 9, 1), 6), keyed(shop_.pay(2, 100), 7)};
  const PaymentAnswers first = shop_.send_as_is(list, PaymentsMode::kStopOnFirst);
  EXPECT_EQ(first.outcomes[0].code, R::kDone);
  EXPECT_EQ(first.outcomes[1].code, R::kOrderNotFound);
  EXPECT_EQ(first.outcomes[2].code, R::kSkipped);
  EXPECT_FALSE(shop_.order(2));
  const PaymentAnswers again = shop_.send_as_is(list, PaymentsMode::kStopOnFirst);
  EXPECT_EQ(again.outcomes, first.outcomes);
  EXPECT_THAT(again.flags, ElementsAre(1, 1, 1));
}

TEST_F(Keys, AListOfIndependentCommandsGoesOn) {
  const PaymentAnswers answers = shop_.send_all({shop_.pay(1, 100), shop_.on(C::kCapture, 9, 1), shop_.pay(2, 100)}, PaymentsMode::kIndependent);
  EXPECT_EQ(answers.outcomes[2].code, R::kDone);
  EXPECT_EQ(answers.outcomes[2].sequence - answers.outcomes[0].sequence, 2 * kPaymentNanoseconds);
  EXPECT_EQ(answers.outcomes[2].timestamp - answers.outcomes[0].timestamp, 2 * kPaymentNanoseconds);
}

TEST_F(Keys, DuplicatesInOneBatchJoin) {
  const CommandWithParts pay = keyed(shop_.pay(1, 100), 5);
  const PaymentAnswers answers = shop_.send_as_is({pay, pay, pay});
  EXPECT_EQ(answers.outcomes[1], answers.outcomes[0]);
  EXPECT_EQ(answers.outcomes[2], answers.outcomes[0]);
  EXPECT_EQ(shop_.balance(kShop), 100);
}

}  // namespace
}  // namespace florin::test
