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

TEST_F(Keys, AnotherCommandWithTheKeyIsToldWhatDiffers) {
  const CommandWithParts first = keyed(shop_.pay(1, 100), 5);
  shop_.send_as_is({first});
  const auto told = [&](auto&& change) {
    CommandWithParts other = first;
    change(other);
    const PaymentOutcome outcome = shop_.send_as_is({other}).outcomes[0];
    EXPECT_EQ(outcome.code, R::kKeyReused);
    return outcome.detail;
  };
  EXPECT_EQ(told([](auto& c) { c.command.command = C::kCreateOrder; }), 246U);
  EXPECT_EQ(told([](auto& c) { c.command.id = 2; }), 16U);
  // One digest in 64 is the same by chance: of 16 others nearly all are told, and none is told wrong.
  const auto told_of_many = [&](std::uint64_t expected, auto&& change) {
    int right = 0;
    for (std::uint8_t i = 1; i <= 16; ++i) {
      const std::uint64_t detail = told([&](auto& c) { change(c, i); });
      EXPECT_TRUE(detail == expected || detail == 0) << detail;
      right += detail == expected ? 1 : 0;
    }
    EXPECT_GT(right, 10);
  };
  told_of_many(32, [](auto& c, std::uint8_t i) { c.command.amount += i; });
  told_of_many(48, [](auto& c, std::uint8_t i) { c.command.payer_account += i; });
  told_of_many(112, [](auto& c, std::uint8_t i) { c.command.expires_s += i; });
}

TEST_F(Keys, AGroupsKeyIsToldNothing) {
  shop_.send_all({shop_.pay(1, 100), shop_.on(C::kFulfil, 1)}, PaymentsMode::kGroup, 5);
  const PaymentOutcome single = shop_.send_as_is({keyed(shop_.pay(1, 100), 5)}).outcomes[0];
  EXPECT_EQ(single.code, R::kKeyReused);
  EXPECT_EQ(single.detail, 0U);
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

/// Their timestamps were those of each asking: a client that compared two answers to one request saw two answers.
TEST_F(Keys, ThatWereUsedOrFencedAnswerTheSameBytesForEver) {
  const PaymentOutcome paid = shop_.send_as_is({keyed(shop_.pay(1, 100), 5)}).outcomes[0];
  const PaymentOutcome fence = shop_.send_as_is({resolve(6)}).outcomes[0];
  const auto ask = [&](std::vector<CommandWithParts> commands, PaymentsMode mode = PaymentsMode::kIndependent, u128 group_key = 0) {
    const std::vector<PaymentOutcome> first = shop_.send_all(commands, mode, group_key).outcomes;
    EXPECT_EQ(shop_.send_all(commands, mode, group_key).outcomes, first);
    return first[0];
  };
  const PaymentOutcome reused = ask({keyed(shop_.pay(2, 200), 5)});
  EXPECT_EQ(reused.code, R::kKeyReused);
  EXPECT_EQ(reused.timestamp, paid.timestamp);
  const PaymentOutcome fenced = ask({keyed(shop_.pay(2, 100), 6)});
  EXPECT_EQ(fenced.code, R::kKeyFenced);
  EXPECT_EQ(fenced.timestamp, fence.timestamp);
  const PaymentOutcome in_group = ask({shop_.pay(3, 100), shop_.on(C::kFulfil, 3)}, PaymentsMode::kGroup, 6);
  EXPECT_EQ(in_group.code, R::kKeyFenced);
  EXPECT_EQ(in_group.timestamp, fence.timestamp);
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
