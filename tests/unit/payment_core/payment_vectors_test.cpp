#include <ostream>

#include "core/payments/story.hpp"
#include "shop.hpp"

/// The worked examples through the state machine, with one partition and with several.

namespace florin::test {
namespace {

ExpectedLeg seen_leg(Shop& shop, std::uint64_t sequence, std::uint8_t index) {
  const Transfer leg = shop.leg(sequence, index).value();
  ExpectedLeg seen{LegKind::kPays, leg.debit_account_id, leg.credit_account_id, leg.amount};
  if ((leg.flags & TransferFlags::kPending) != 0) seen.kind = LegKind::kHolds;
  if ((leg.flags & TransferFlags::kVoidPendingTransfer) != 0) seen.kind = LegKind::kVoids;
  if ((leg.flags & TransferFlags::kPostPendingTransfer) != 0) {
    seen.kind = LegKind::kPosts;
    seen.held = shop.leg(sequence_of_engine_transfer(leg.pending_id), leg_of_engine_transfer(leg.pending_id)).value().amount;
  }
  return seen;
}

void expect_order(Shop& shop, const ExpectedOrder& expected) {
  const OrderHot hot = shop.order(expected.id).value().hot;
  EXPECT_EQ(hot.authorised, expected.authorised);
  EXPECT_EQ(hot.released, expected.released);
  EXPECT_EQ(hot.captured, expected.captured);
  EXPECT_EQ(hot.refunded, expected.refunded);
  EXPECT_EQ(hot.fee_taken, expected.fee_taken);
  EXPECT_EQ(hot.fee_returned, expected.fee_returned);
  EXPECT_EQ(hot.money, expected.money);
}

/// Nobody gets the outcome of a timer, but if it did something there is a line.
PaymentOutcome run_timer(Shop& shop, const PaymentCommand& command) {
  const std::size_t lines = shop.story(command.id).size();
  const PaymentTimer timer{.id = command.id, .due = command.effective_time, .command = command.command};
  shop.execute(make_request<PaymentTimer>(Operation::kPaymentTimers, std::span(&timer, 1)));
  const std::vector<StoryLine> story = shop.story(command.id);
  return story.size() == lines ? PaymentOutcome{.code = PaymentResult::kStaleTimer} : core::outcome_of(story.back());
}

PaymentAnswers send(Shop& shop, const VectorStep& step) {
  if (is_timer(step.commands.front().command.command)) return {.outcomes = {run_timer(shop, step.commands.front().command)}, .flags = {0}};
  const PaymentsMode mode = step.group_key != 0 ? PaymentsMode::kGroup : PaymentsMode::kIndependent;
  return shop.send_as_is(step.commands, mode, step.group_key);
}

class PaymentVectors : public ::testing::TestWithParam<std::tuple<PaymentVector, std::uint32_t>> {};

TEST_P(PaymentVectors, AreWhatTheStateMachineDoes) {
  const auto& [vector, partitions] = GetParam();
  Shop shop(vector.funds, make_test_ledger(partitions));
  const std::uint64_t begin = shop.now();
  for (std::size_t i = 0; i < vector.steps.size(); ++i) {
    SCOPED_TRACE("step " + std::to_string(i + 1));
    const VectorStep& step = vector.steps[i];
    if (step.at_s != 0) shop.set_time(begin + step.at_s * 1'000'000'000);
    const PaymentAnswers answers = send(shop, step);
    ASSERT_EQ(answers.outcomes.size(), step.codes.size());
    std::vector<ExpectedLeg> legs;
    for (std::size_t j = 0; j < answers.outcomes.size(); ++j) {
      const PaymentOutcome& outcome = answers.outcomes[j];
      EXPECT_EQ(outcome.code, step.codes[j]);
      EXPECT_EQ((answers.flags[j] & PaymentReplyFlags::kReplayed) != 0, step.replayed);
      for (std::uint8_t leg = 0; leg < outcome.legs && !step.replayed; ++leg) legs.push_back(seen_leg(shop, outcome.sequence, leg));
    }
    if (step.detail) {
      EXPECT_EQ(answers.outcomes.front().detail, *step.detail);
    }
    EXPECT_EQ(legs, step.legs);
    if (step.order) expect_order(shop, *step.order);
    for (const ExpectedBalance& balance : step.balances) EXPECT_EQ(shop.balance(balance.account), balance.amount);
  }
}

INSTANTIATE_TEST_SUITE_P(Examples, PaymentVectors, ::testing::Combine(::testing::ValuesIn(payment_vectors()), ::testing::Values(1, 3)),
                         [](const auto& vector) {
                           return "Example" + std::to_string(std::get<0>(vector.param).number) + "On" + std::to_string(std::get<1>(vector.param));
                         });

}  // namespace
}  // namespace florin::test
