#include <gtest/gtest.h>

#include "support/payment_model.hpp"

/// What is over when it is due, and what then happens by itself.

namespace florin::test {
namespace {

using C = CommandNumber;
using R = PaymentResult;

class PaymentTimers : public testing::Test {
 protected:
  R send(const CommandWithParts& command) {
    CommandWithParts keyed = command;
    keys_.give_to(keyed);
    return model_.send(keyed).outcome.code;
  }
  /// From now on it is so many seconds later than at the beginning.
  void wait_until(std::uint64_t s) { model_.set_time(begin_ + s * model::kSecond); }

  PaymentModel model_{1'000};
  const std::uint64_t begin_ = model_.time();
  Keys keys_{700'000};
};

TEST_F(PaymentTimers, AnOrderThatIsOverRefusesBeforeItsTimerRuns) {
  CommandWithParts create = new_order(C::kCreateOrder, 100, 0);
  create.command.expires_s = 60;
  EXPECT_EQ(send(create), R::kDone);
  EXPECT_EQ(send(on_order(C::kExpireOrder)), R::kStaleTimer) << "not due";
  EXPECT_TRUE(model_.payments().due_timers(model_.time()).empty());
  wait_until(61);
  EXPECT_EQ(send(on_order(C::kAuthorise, kAmountAll)), R::kOrderExpired);
  CommandWithParts extend = on_order(C::kExtend);
  extend.command.expires_s = 60;
  EXPECT_EQ(send(extend), R::kOrderExpired);
  const auto due = model_.payments().due_timers(model_.time());
  ASSERT_EQ(due.size(), 1U);
  EXPECT_EQ(due[0].command, C::kExpireOrder);
  EXPECT_EQ(due[0].id, kOrder);
  EXPECT_EQ(send(on_order(C::kExpireOrder)), R::kDone);
  EXPECT_EQ(model_.order().money, MoneyState::kExpired);
  EXPECT_EQ(send(on_order(C::kExpireOrder)), R::kStaleTimer);
  EXPECT_TRUE(model_.payments().due_timers(~std::uint64_t{0}).empty());
  EXPECT_EQ(model_.broken(), "");
}

TEST_F(PaymentTimers, AnOrderThatIsOverCanBeCancelled) {
  CommandWithParts create = new_order(C::kCreateOrder, 100, 0);
  create.command.expires_s = 60;
  send(create);
  wait_until(61);
  EXPECT_EQ(send(on_order(C::kCancel)), R::kDone);
}

TEST_F(PaymentTimers, AuthorisingStopsTheOrdersClockAndStartsTheHolds) {
  CommandWithParts create = new_order(C::kCreateOrder, 100, 0);
  create.command.expires_s = 60;
  create.command.hold_s = 120;
  send(create);
  EXPECT_EQ(send(on_order(C::kAuthorise, kAmountAll)), R::kDone);
  EXPECT_EQ(model_.order().order_expires_at, 0U);
  EXPECT_EQ(model_.order().hold_expires_at, model_.time() + 120 * model::kSecond);
  CommandWithParts extend = on_order(C::kExtend);
  extend.command.expires_s = 60;
  EXPECT_EQ(send(extend), R::kAlreadyAuthorised);
  extend.command.expires_s = 0;
  extend.command.hold_s = 3'600;
  EXPECT_EQ(send(extend), R::kDone);
  EXPECT_EQ(model_.order().hold_expires_at, model_.time() + 3'600 * model::kSecond);
  wait_until(130);
  EXPECT_EQ(send(on_order(C::kIncrement, 1)), R::kDone);
  wait_until(3'700);
  for (const C command : {C::kIncrement, C::kDecrement, C::kCapture}) EXPECT_EQ(send(on_order(command, 1)), R::kHoldExpired) << name_of(command);
  EXPECT_EQ(send(extend), R::kHoldExpired);
  EXPECT_EQ(send(on_order(C::kExpireHold)), R::kDone);
  EXPECT_EQ(model_.order().money, MoneyState::kExpired);
  EXPECT_EQ(model_.balance(kWallet), 1'000);
  EXPECT_EQ(model_.broken(), "");
}

TEST_F(PaymentTimers, AHoldThatIsNotThereCannotBeExtended) {
  send(new_order(C::kCreateOrder, 100, 0));
  CommandWithParts extend = on_order(C::kExtend);
  extend.command.hold_s = 60;
  EXPECT_EQ(send(extend), R::kNotAuthorised);
  send(on_order(C::kCancel));
  EXPECT_EQ(send(extend), R::kOrderClosed);
}

TEST_F(PaymentTimers, AFulfilledOrderIsCompletedByItself) {
  CommandWithParts pay = instant_pay(100, 0);
  pay.command.auto_complete_s = 60;
  send(pay);
  EXPECT_TRUE(model_.payments().due_timers(~std::uint64_t{0}).empty());
  EXPECT_EQ(send(on_order(C::kFulfil)), R::kDone);
  EXPECT_EQ(send(on_order(C::kAutoComplete)), R::kStaleTimer);
  wait_until(61);
  EXPECT_EQ(model_.payments().due_timers(model_.time()).size(), 1U);
  EXPECT_EQ(send(on_order(C::kAutoComplete)), R::kDone);
  EXPECT_EQ(model_.order().fulfilment, Fulfilment::kCompleted);
  EXPECT_EQ(send(on_order(C::kComplete)), R::kAlreadyCompleted);
  EXPECT_EQ(model_.broken(), "");
}

TEST_F(PaymentTimers, OfNobodyAreStale) { EXPECT_EQ(send(on_order(C::kExpireHold)), R::kStaleTimer); }

}  // namespace
}  // namespace florin::test
