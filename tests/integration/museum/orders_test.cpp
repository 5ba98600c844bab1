#include <set>

#include "integration/museum/museum.hpp"

/// One order that many change at once.

namespace florin::test {
namespace {

class MuseumAudit : public FailureMuseum {};

/// The audit behind every test of the museum: it must be able to fail.
TEST_F(MuseumAudit, SeesWhatNoLineClaimsAndHoldsThatNobodyNames) {
  start(1'000);
  const u128 one = next_order();
  const u128 other = next_order();
  ASSERT_EQ(send(hold(one, 100)).code, R::kDone);
  ASSERT_EQ(send(pay(other, 100)).code, R::kDone);
  EXPECT_THAT(audit(*client_, orders_, movements_), ::testing::IsEmpty());
  EXPECT_THAT(audit(*client_, std::vector{one}, movements_), ::testing::ElementsAre("payments wrote 3 transfers, lines claim 2"));
  // A fee on top is the one thing it knows nothing of: the hold is larger than what the order says.
  const u128 on_top = next_order();
  ASSERT_EQ(send(hold(on_top, 100, kFeeT)).code, R::kDone);
  EXPECT_THAT(audit(*client_, orders_, movements_), ::testing::ElementsAre("1002: holds another amount"));
  orders_.clear();
}

/// blnk PR#171: partial commits of one hold, at once, exceeded it.
TEST_F(FailureMuseum, R04_PartialCapturesAtOnceNeverExceedTheHold) {
  constexpr std::size_t kClients = 32;
  start(1'000);
  for (int round = 0; round < 5; ++round) {
    const u128 id = next_order();
    ASSERT_EQ(send(hold(id, 100)).code, R::kDone);
    std::vector<CommandWithParts> captures;
    for (std::size_t i = 0; i < kClients; ++i) captures.push_back(on(C::kCapture, id, 7));
    const std::vector<PaymentAnswer> answers = race(captures);
    EXPECT_EQ(count(answers, R::kDone), 14U);
    EXPECT_EQ(count(answers, R::kExceedsHold), kClients - 14);
    for (const PaymentAnswer& answer : answers) {
      if (answer.outcome.code == R::kDone) continue;
      EXPECT_EQ(answer.outcome.detail, 2U) << "refused although there was enough";
    }
    const Order after = order(id);
    EXPECT_EQ(after.hot.captured, 98U);
    EXPECT_EQ(after.hot.captures, 14U);
    EXPECT_EQ(after.hot.money, M::kPartiallyCaptured);
    EXPECT_EQ(send(on(C::kCancel, id)).code, R::kDone);
  }
  EXPECT_EQ(balances(kWallet), (Balances{0, 5 * 98, 0, 1'000}));
  EXPECT_EQ(balances(kShop), (Balances{0, 0, 0, 5 * 98}));
}

/// midaz#1519: two commits of one pending transaction both succeeded.
TEST_F(FailureMuseum, R06_OfManyCapturesOfAllOneWins) {
  constexpr std::size_t kClients = 16;
  start(1'000);
  for (int round = 0; round < 5; ++round) {
    const u128 id = next_order();
    ASSERT_EQ(send(hold(id, 100)).code, R::kDone);
    std::vector<CommandWithParts> captures;
    for (std::size_t i = 0; i < kClients; ++i) captures.push_back(on(C::kCapture, id, kAmountAll));
    const std::vector<PaymentAnswer> answers = race(captures);
    EXPECT_EQ(count(answers, R::kDone), 1U);
    EXPECT_EQ(count(answers, R::kAlreadyCaptured), kClients - 1);
    EXPECT_EQ(story(id).size(), 2U);
    EXPECT_EQ(transfers_of(id), 2U) << "a hold and its post";
  }
  EXPECT_EQ(balances(kWallet), (Balances{0, 500, 0, 1'000}));
}

/// The same with one key: they are one command, and all get its answer.
TEST_F(FailureMuseum, R06_OfManyCapturesWithOneKeyOneIsExecuted) {
  constexpr std::size_t kClients = 16;
  start(1'000);
  const u128 id = next_order();
  ASSERT_EQ(send(hold(id, 100)).code, R::kDone);
  const std::vector<PaymentAnswer> answers = race(std::vector(kClients, on(C::kCapture, id, 30)));
  for (const PaymentAnswer& answer : answers) EXPECT_EQ(answer.outcome, answers[0].outcome);
  EXPECT_EQ(std::ranges::count_if(answers, &PaymentAnswer::is_replayed), static_cast<std::ptrdiff_t>(kClients - 1));
  EXPECT_EQ(order(id).hot.captured, 30U);
  EXPECT_EQ(balances(kShop), (Balances{0, 0, 70, 30}));
}

/// killbill#338, #342: a background job and a user's retry changed one transaction at the same time. Here a hold's time ends while
/// captures, cancellations and extensions of it arrive.
TEST_F(FailureMuseum, R11_AHoldThatExpiresWhileItIsCapturedAndCancelled) {
  constexpr std::size_t kOrders = 24;
  start(kOrders * 100, {"--test-clock"});
  std::vector<u128> ids;
  std::vector<std::array<CommandWithParts, 3>> wanted;
  for (std::size_t i = 0; i < kOrders; ++i) {
    CommandWithParts held = hold(next_order(), 100);
    held.command.hold_s = 60;
    ASSERT_EQ(send(held).code, R::kDone);
    ids.push_back(held.command.id);
    CommandWithParts extend = on(C::kExtend, ids[i]);
    extend.command.hold_s = 120;
    wanted.push_back({on(C::kCapture, ids[i], 40), on(i % 2 == 0 ? C::kCancel : C::kCapture, ids[i], i % 2 == 0 ? 0 : 50), extend});
  }
  const auto codes = together(4, [&](Client& client, std::size_t who) {
    std::vector<R> got;
    for (std::size_t i = 0; i < kOrders; ++i) {
      if (who == 3) {
        EXPECT_TRUE(client.clock_advance(60'000'000'000 / (kOrders / 2)));
      } else {
        got.push_back(answer_of(client, wanted[i][who]).outcome.code);
      }
    }
    return got;
  });
  EXPECT_TRUE(client_->clock_advance(3'600'000'000'000));
  const auto is_over = [&](u128 id) { return order(id).hot.hold_open() == 0; };
  for (int i = 0; i < 2'000 && !std::ranges::all_of(ids, is_over); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(5));
  u128 captured = 0;
  for (std::size_t i = 0; i < kOrders; ++i) {
    const Order after = order(ids[i]);
    const std::vector<StoryLine> lines = story(ids[i]);
    captured += after.hot.captured;
    EXPECT_EQ(after.hot.hold_open(), 0U);
    // Whoever was told that it was done has its line, and nobody else; at most one of them ended it.
    const auto lines_of = [&](C event) { return std::ranges::count(lines, event, &StoryLine::event); };
    const auto told = [&](std::size_t who) { return codes[who][i] == R::kDone ? 1 : 0; };
    EXPECT_EQ(lines_of(C::kCapture), told(0) + (i % 2 == 1 ? told(1) : 0));
    EXPECT_EQ(lines_of(C::kCancel), i % 2 == 0 ? told(1) : 0);
    EXPECT_EQ(lines_of(C::kExtend), told(2));
    EXPECT_EQ(lines_of(C::kExpireHold), 1 - lines_of(C::kCancel)) << "something was held to the end, unless it was cancelled";
    EXPECT_EQ(lines.back().event, lines_of(C::kCancel) == 1 ? C::kCancel : C::kExpireHold);
    EXPECT_EQ(after.hot.captured, 40U * static_cast<unsigned>(told(0)) + (i % 2 == 1 ? 50U * static_cast<unsigned>(told(1)) : 0U));
    EXPECT_EQ(after.hot.money, after.hot.captured > 0 ? M::kCaptured : lines_of(C::kCancel) == 1 ? M::kCancelled : M::kExpired);
  }
  EXPECT_EQ(balances(kWallet), (Balances{0, captured, 0, kOrders * 100}));
}

/// hyperswitch PR#1898, PR#8887: capture, cancel, refund and status callbacks of one payment ran at once, and merchants were told twice.
TEST_F(FailureMuseum, R27_AStormOfCommandsOnOneOrderIsOneLegalHistory) {
  constexpr std::size_t kClients = 16;
  constexpr int kRounds = 6;
  start(100'000);
  for (int round = 0; round < kRounds; ++round) {
    const u128 id = next_order();
    ASSERT_EQ(send(hold(id, 1'000, kFeeB)).code, R::kDone);
    const std::array storm = {C::kCapture, C::kCancel, C::kRefund, C::kFulfil, C::kComplete, C::kIncrement, C::kDecrement, C::kCapture};
    std::vector<std::vector<CommandWithParts>> sent(kClients);
    for (std::size_t i = 0; i < kClients; ++i) {
      for (std::size_t j = 0; j < storm.size(); ++j) {
        const C number = storm[(i + j) % storm.size()];
        const bool takes_amount = number != C::kCancel && number != C::kFulfil && number != C::kComplete;
        const bool comes_late = number == C::kCancel && j < storm.size() / 2;  // or nothing else would happen
        sent[i].push_back(comes_late ? on(C::kCapture, id, 5) : on(number, id, takes_amount ? 11 + i : 0));
      }
    }
    const auto outcomes = together(kClients, [&](Client& client, std::size_t i) {
      std::vector<PaymentOutcome> got;
      for (const CommandWithParts& command : sent[i]) got.push_back(answer_of(client, command).outcome);
      return got;
    });
    // Every transition was told to exactly one client, and each client that was told has its line.
    const std::vector<StoryLine> lines = story(id);
    std::set<std::uint64_t> told = {lines.front().sequence};
    for (const auto& got : outcomes) {
      for (const PaymentOutcome& outcome : got) {
        const bool is_new = outcome.code != R::kDone || told.insert(outcome.sequence).second;
        EXPECT_TRUE(is_new) << "told twice";
      }
    }
    std::set<std::uint64_t> written;
    for (const StoryLine& line : lines) written.insert(line.sequence);
    EXPECT_EQ(told, written);
    EXPECT_EQ(lines.size(), order(id).hot.version);
    EXPECT_GT(lines.size(), 4U) << "the storm was a breeze";
    const auto once = [&](C event) { return std::ranges::count(lines, event, &StoryLine::event) <= 1; };
    EXPECT_TRUE(once(C::kCancel) && once(C::kFulfil) && once(C::kComplete));
  }
}

}  // namespace
}  // namespace florin::test
