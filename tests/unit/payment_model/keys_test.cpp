#include <gtest/gtest.h>

#include "support/payment_model.hpp"

/// Once and for ever: what a key remembers, for whom, and what uses none up.

namespace florin::test {
namespace {

using C = CommandNumber;
using R = PaymentResult;

const u128 kKey = 600'000;

TEST(PaymentKeys, ARetryGetsTheOutcomeByteForByteAndMovesNothing) {
  PaymentModel model(10'000);
  const CommandWithParts pay = with_key(kKey, instant_pay(1'000, kFeeA));
  const model::Answer first = model.send(pay);
  const std::uint64_t sequence = first.outcome.sequence;
  const model::Answer again = model.send(pay);
  EXPECT_FALSE(first.replayed);
  EXPECT_TRUE(again.replayed);
  EXPECT_EQ(again.outcome, first.outcome);
  EXPECT_EQ(model.next_sequence(), sequence + kPaymentNanoseconds + 1) << "a duplicate has a sequence of its own";
  EXPECT_EQ(model.balance(kWallet), 9'000);
}

TEST(PaymentKeys, ARefusalIsRememberedToo) {
  PaymentModel model(50);
  const CommandWithParts pay = with_key(kKey, instant_pay(100, 0));
  const model::Answer refused = model.send(pay);
  EXPECT_EQ(refused.outcome.code, R::kInsufficientFunds);
  model.send(with_key(kKey + 1, top_up(2'000, kWallet, 100)));
  const model::Answer again = model.send(pay);
  EXPECT_TRUE(again.replayed);
  EXPECT_EQ(again.outcome, refused.outcome);
}

TEST(PaymentKeys, AnotherCommandWithTheKeyIsRefusedAndNamesTheFirstUse) {
  PaymentModel model(10'000);
  const model::Answer first = model.send(with_key(kKey, instant_pay(1'000, kFeeA)));
  const model::Answer other = model.send(with_key(kKey, instant_pay(1'001, kFeeA)));
  EXPECT_EQ(other.outcome.code, R::kKeyReused);
  EXPECT_EQ(other.outcome.sequence, first.outcome.sequence);
  EXPECT_FALSE(other.replayed);
  EXPECT_EQ(model.send(with_key(kKey, instant_pay(1'000, kFeeA))).outcome, first.outcome) << "the first use is still the key's";
}

TEST(PaymentKeys, PartsAreOfTheFingerprint) {
  PaymentModel model(10'000);
  CommandWithParts one = with_key(kKey, instant_pay(100, 0));
  CommandWithParts other = one;
  one.add(PartShare{.account = kPartOne, .bps = 1});
  other.add(PartShare{.account = kPartOne, .bps = 2});
  EXPECT_EQ(model.send(one).outcome.code, R::kDone);
  EXPECT_EQ(model.send(other).outcome.code, R::kKeyReused);
}

TEST(PaymentKeys, BelongToTheirPrincipal) {
  PaymentModel model(10'000);
  EXPECT_EQ(model.send(with_key(kKey, instant_pay(100, 0)), 1).outcome.code, R::kDone);
  EXPECT_EQ(model.send(with_key(kKey, instant_pay(100, 0, 1'001)), 2).outcome.code, R::kDone);
  EXPECT_EQ(model.payments().find_outcome(1, kKey)->object_id, kOrder);
  EXPECT_EQ(model.payments().find_outcome(2, kKey)->object_id, u128{1'001});
  EXPECT_FALSE(model.payments().find_outcome(3, kKey).has_value());
}

TEST(PaymentKeys, WhatIsNotSequencedUsesNeitherKeyNorSequence) {
  PaymentModel model(0);
  const std::uint64_t next = model.next_sequence();
  CommandWithParts approve = with_key(kKey, on_order(C::kApprove));
  EXPECT_EQ(model.send(approve).outcome.code, R::kUnknownCommand);
  EXPECT_EQ(model.send(with_key(0, on_order(C::kCancel))).outcome.code, R::kKeyMissing);
  EXPECT_EQ(model.send(with_key(kU128Max, on_order(C::kCancel))).outcome.code, R::kKeyMissing);
  EXPECT_EQ(model.next_sequence(), next);
  EXPECT_FALSE(model.payments().find_outcome(kPrincipal, kKey).has_value());
}

TEST(PaymentKeys, ResolveTellsWhatBecameOfAKey) {
  PaymentModel model(10'000);
  const model::Answer pay = model.send(with_key(kKey, instant_pay(100, 0)));
  const model::Answer answer = model.send(resolve_key(kKey));
  EXPECT_TRUE(answer.replayed);
  EXPECT_EQ(answer.outcome, pay.outcome);
}

TEST(PaymentKeys, AFenceIsForEver) {
  PaymentModel model(10'000);
  const model::Answer fence = model.send(resolve_key(kKey));
  EXPECT_EQ(fence.outcome.code, R::kFenced);
  EXPECT_FALSE(fence.replayed);
  const model::Answer late = model.send(with_key(kKey, instant_pay(100, 0)));
  EXPECT_EQ(late.outcome.code, R::kKeyFenced);
  EXPECT_EQ(late.outcome.sequence, fence.outcome.sequence);
  EXPECT_EQ(model.send(resolve_key(kKey)).outcome, fence.outcome);
  EXPECT_EQ(model.payments().find_order(kOrder), nullptr);
  EXPECT_EQ(model.broken(), "");
}

TEST(PaymentKeys, ALookUpDoesNotFence) {
  PaymentModel model(10'000);
  EXPECT_FALSE(model.payments().find_outcome(kPrincipal, kKey).has_value());
  EXPECT_EQ(model.send(with_key(kKey, instant_pay(100, 0))).outcome.code, R::kDone);
}

}  // namespace
}  // namespace florin::test
