#include <gmock/gmock.h>

#include "shop.hpp"

namespace florin::test {
namespace {

using C = CommandNumber;
using M = MoneyState;
using R = PaymentResult;

TEST(PaymentTimers, AHoldThatIsOverRefusesByItselfThenEnds) {
  Shop shop;
  CommandWithParts sale = shop.make(C::kPay, 1, 100, kFeeC);
  sale.command.hold_s = 60;
  shop.send(sale);
  shop.send(shop.on(C::kCapture, 1, 30));
  shop.advance(60);
  EXPECT_EQ(shop.send(shop.on(C::kCapture, 1, 10)).code, R::kHoldExpired);
  EXPECT_EQ(shop.run_timers(), 1U);
  EXPECT_EQ(shop.state(1), M::kCaptured);
  EXPECT_EQ(shop.sums(1), "100/70/30/0; 1/0");
  EXPECT_EQ(shop.balances(kWallet).debits_pending, 0);
  EXPECT_EQ(shop.machine().next_expiry(), ~std::uint64_t{0});
  EXPECT_EQ(shop.story(1).back().event, C::kExpireHold);
}

TEST(PaymentTimers, AnOrderThatNobodyPaidExpires) {
  Shop shop;
  CommandWithParts order = shop.make(C::kCreateOrder, 1, 100);
  order.command.expires_s = 10;
  shop.send(order);
  CommandWithParts longer = shop.on(C::kExtend, 1);
  longer.command.hold_s = 0;
  longer.command.expires_s = 20;
  EXPECT_EQ(shop.send(longer).code, R::kDone);
  shop.advance(15);
  EXPECT_EQ(shop.run_timers(), 0U);
  shop.advance(10);
  EXPECT_EQ(shop.send(shop.on(C::kAuthorise, 1, kAmountAll)).code, R::kOrderExpired);
  EXPECT_EQ(shop.run_timers(), 1U);
  EXPECT_EQ(shop.state(1), M::kExpired);
}

TEST(PaymentTimers, FulfilledOrdersCompleteByThemselves) {
  Shop shop;
  CommandWithParts sale = shop.pay(1, 100);
  sale.command.auto_complete_s = 10;
  shop.send(sale);
  shop.send(shop.on(C::kFulfil, 1));
  shop.advance(10);
  EXPECT_EQ(shop.run_timers(), 1U);
  EXPECT_EQ(shop.order(1)->hot.fulfilment, Fulfilment::kCompleted);
}

TEST(PaymentTimers, ATimerThatComesTooLateChangesNothing) {
  Shop shop;
  CommandWithParts sale = shop.make(C::kPay, 1, 100);
  sale.command.hold_s = 60;
  shop.send(sale);
  shop.advance(60);
  std::vector<PaymentTimer> due(4);
  due.resize(shop.machine().due_timers(shop.now(), due));
  ASSERT_EQ(due.size(), 1U);
  shop.send(shop.on(C::kCancel, 1));
  const auto before = shop.order(1);
  shop.execute(make_request<PaymentTimer>(Operation::kPaymentTimers, due));
  EXPECT_EQ(shop.order(1)->hot, before->hot);
}

}  // namespace
}  // namespace florin::test
