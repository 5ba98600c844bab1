#include <gtest/gtest.h>

#include <ostream>

#include "core/payments/command_checks.hpp"
#include "support/payment_model.hpp"

/// The worked examples through the reference model.

namespace florin::test {

void PrintTo(const ExpectedLeg& leg, std::ostream* out) {
  constexpr const char* kNames[] = {"pays", "holds", "posts", "voids"};
  *out << kNames[static_cast<int>(leg.kind)] << ' ' << to_hex(leg.from) << " -> " << to_hex(leg.to) << ' ' << to_decimal(leg.amount) << " of "
       << to_decimal(leg.held);
}

namespace {

void expect_order(const ExpectedOrder& expected, const PaymentModel& model) {
  const model::BookedOrder* found = model.payments().find_order(expected.id);
  ASSERT_NE(found, nullptr);
  const OrderHot& hot = found->hot;
  EXPECT_EQ(hot.authorised, expected.authorised);
  EXPECT_EQ(hot.released, expected.released);
  EXPECT_EQ(hot.captured, expected.captured);
  EXPECT_EQ(hot.refunded, expected.refunded);
  EXPECT_EQ(hot.fee_taken, expected.fee_taken);
  EXPECT_EQ(hot.fee_returned, expected.fee_returned);
  EXPECT_EQ(hot.money, expected.money) << name_of(hot.money);
}

void run(const VectorStep& step, PaymentModel& model, std::uint64_t begin) {
  if (step.at_s != 0) model.set_time(begin + step.at_s * model::kSecond);
  std::vector<model::Answer> answers;
  if (step.group_key != 0) answers = model.send_group(step.group_key, step.commands);
  else answers.push_back(model.send(step.commands.front()));

  std::vector<ExpectedLeg> legs;
  ASSERT_EQ(answers.size(), step.codes.size());
  for (std::size_t i = 0; i < answers.size(); ++i) {
    EXPECT_EQ(answers[i].outcome.code, step.codes[i]) << name_of(answers[i].outcome.code);
    EXPECT_EQ(answers[i].replayed, step.replayed);
    if (answers[i].replayed) continue;
    for (const ExpectedLeg& leg : model.legs_of(answers[i].outcome)) legs.push_back(leg);
  }
  if (step.detail) {
    EXPECT_EQ(answers.front().outcome.detail, *step.detail);
  }
  EXPECT_EQ(legs, step.legs);
  if (step.order) expect_order(*step.order, model);
  for (const ExpectedBalance& balance : step.balances) EXPECT_EQ(model.balance(balance.account), balance.amount) << to_hex(balance.account);
  EXPECT_EQ(model.broken(), "");
}

class PaymentVectors : public testing::TestWithParam<PaymentVector> {};

TEST_P(PaymentVectors, AreWhatTheModelDoes) {
  PaymentModel model(GetParam().funds);
  const std::uint64_t begin = model.time();
  for (std::size_t i = 0; i < GetParam().steps.size(); ++i) {
    SCOPED_TRACE("step " + std::to_string(i + 1));
    run(GetParam().steps[i], model, begin);
  }
}

TEST_P(PaymentVectors, HaveNothingWrongInTheirBytes) {
  for (const VectorStep& step : GetParam().steps) {
    for (const CommandWithParts& command : step.commands) {
      if (is_timer(command.command.command)) continue;
      const auto key = step.group_key != 0 ? core::KeyUse::kOfGroup : core::KeyUse::kOwn;
      EXPECT_EQ(core::check_command(command.command, command.parts, key), PaymentResult::kDone) << name_of(command.command.command);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Examples, PaymentVectors, testing::ValuesIn(payment_vectors()),
                         [](const auto& vector) { return "Example" + std::to_string(vector.param.number); });

TEST(PaymentWorld, HasNothingWrongInItsBytes) {
  for (const CommandWithParts& command : payment_world(1)) {
    EXPECT_EQ(core::check_command(command.command, command.parts), PaymentResult::kDone) << name_of(command.command.command);
  }
}

}  // namespace
}  // namespace florin::test
