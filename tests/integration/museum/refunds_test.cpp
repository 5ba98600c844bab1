#include "integration/museum/museum.hpp"

/// Money that goes back.

namespace florin::test {
namespace {

/// hyperswitch#13182: two refunds of 60 on a capture of 100 were both accepted.
TEST_F(FailureMuseum, R09_TwoRefundsRaceForOneCapture) {
  constexpr int kRounds = 25;
  start(10'000);
  for (int round = 0; round < kRounds; ++round) {
    const u128 id = next_order();
    ASSERT_EQ(send(pay(id, 100)).code, R::kDone);
    const std::vector<PaymentAnswer> answers = race({on(C::kRefund, id, 60), on(C::kRefund, id, 60)});
    EXPECT_EQ(count(answers, R::kDone), 1U);
    EXPECT_EQ(count(answers, R::kExceedsRefundable), 1U);
    const Order after = order(id);
    EXPECT_EQ(after.hot.refunded, 60U);
    EXPECT_EQ(after.hot.money, M::kPartiallyRefunded);
    EXPECT_EQ(transfers_of(id), 2U);
  }
  EXPECT_EQ(balances(kShop), (Balances{0, kRounds * 60, 0, kRounds * 100}));
  EXPECT_EQ(balances(kWallet), (Balances{0, kRounds * 100, 0, 10'000 + kRounds * 60}));
}

/// blnk PR#315: the same refund went out twice.
TEST_F(FailureMuseum, R05_OfManyRefundsOfAllOneGoesOut) {
  constexpr std::size_t kClients = 16;
  start(1'000);
  const u128 id = next_order();
  CommandWithParts payment = pay(id, 1'000, kFeeB);
  payment.add(PartShare{.account = kPartOne, .bps = 3'333}).add(PartShare{.account = kPartTwo, .bps = 3'333});
  ASSERT_EQ(send(payment).code, R::kDone);
  std::vector<CommandWithParts> refunds;
  for (std::size_t i = 0; i < kClients; ++i) refunds.push_back(on(C::kRefund, id, kAmountAll));
  const std::vector<PaymentAnswer> answers = race(refunds);
  EXPECT_EQ(count(answers, R::kDone), 1U);
  EXPECT_EQ(count(answers, R::kMoneyReturned), kClients - 1);
  EXPECT_EQ(order(id).hot.money, M::kRefunded);
  for (const u128 account : {kShop, kPartOne, kPartTwo, kFees}) EXPECT_EQ(balance(account), 0);
  EXPECT_EQ(balance(kWallet), 1'000);
}

/// blnk PR#315: a leg that could not be covered was left out, and the rest done.
TEST_F(FailureMuseum, R05_ALegThatCannotBeCoveredStopsTheWholeRefund) {
  start(1'000);
  const u128 id = next_order();
  CommandWithParts payment = pay(id, 1'000, kFeeB);
  payment.add(PartShare{.account = kPartOne, .bps = 3'000}).add(PartShare{.account = kPartTwo, .bps = 3'000});
  ASSERT_EQ(send(payment).code, R::kDone);
  // An operator takes one unit from the second part: what it has is less than its share.
  ASSERT_EQ(send(keyed(party_named(50, "operator", PartyKind::kOperator))).code, R::kDone);
  const auto operators = connect(50);
  ASSERT_EQ(answer_of(*operators, keyed(wallet_transfer(next_movement(), kPartTwo, kWallet, 1))).outcome.code, R::kDone);
  const auto all = [&] {
    std::vector<Balances> seen;
    for (const u128 account : {kWallet, kShop, kPartOne, kPartTwo, kFees}) seen.push_back(balances(account));
    return seen;
  };
  const std::vector<Balances> before = all();
  const Order order_before = order(id);
  EXPECT_EQ(send(on(C::kRefund, id, kAmountAll)).code, R::kMerchantFundsInsufficient);
  EXPECT_EQ(all(), before);
  EXPECT_EQ(order(id).hot, order_before.hot);
  EXPECT_EQ(story(id).size(), 1U);
}

/// The same of a group: what its first members did is undone with it, and the answer says which one it was.
TEST_F(FailureMuseum, R05_AMemberThatCannotBeCoveredUndoesTheGroup) {
  start(100);
  const u128 id = next_order();
  const std::vector<CommandWithParts> members = {open_account_of(60, kPayer, AccountRole::kWallet), top_up(next_movement(), 60, 500),
                                                 instant_pay(100, kFeeA, id), wallet_transfer(next_movement(), kWallet, kShop, 1)};
  const auto reply = client_->send_payment_group(next_key(), members);
  ASSERT_TRUE(reply) << reply.error().message();
  EXPECT_EQ(reply->answers[3].outcome.code, R::kInsufficientFunds);
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(reply->answers[i].outcome.code, R::kGroupMemberFailed);
    EXPECT_EQ(reply->answers[i].outcome.detail, 3U);
  }
  const std::vector<u128> gone = {60};
  EXPECT_TRUE(client_->lookup_accounts(gone)->rows.empty());
  EXPECT_TRUE(client_->lookup_orders(std::span(&id, 1))->rows.empty());
  EXPECT_EQ(balances(kWallet), (Balances{0, 0, 0, 100}));
  EXPECT_EQ(balances(kShop), Balances{});
}

}  // namespace
}  // namespace florin::test
