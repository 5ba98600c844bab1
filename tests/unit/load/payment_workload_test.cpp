#include "load/payment_workload.hpp"

#include <gmock/gmock.h>

#include <cstring>
#include <map>
#include <set>
#include <string>

namespace florin::load {
namespace {

using C = CommandNumber;

std::string bytes_of(const PaymentCommand& command) { return {reinterpret_cast<const char*>(&command), sizeof command}; }

PaymentCommand written(const PaymentWorkload& workload, PaymentStep step, std::uint64_t number) {
  PaymentCommand command;
  workload.write(step, number, command);
  return command;
}

TEST(PaymentMix, NamesAreReadAndOthersRefused) {
  EXPECT_EQ(parse_payment_mix("instant").value(), PaymentMix::kInstant);
  EXPECT_EQ(parse_payment_mix("authorise-capture").value(), PaymentMix::kAuthoriseCapture);
  EXPECT_EQ(parse_payment_mix("refunds").value(), PaymentMix::kRefunds);
  for (const char* const wrong : {"", "Instant", "refund", "instant "}) EXPECT_EQ(parse_payment_mix(wrong).error().kind(), ErrorKind::kUsage) << wrong;
}

TEST(PaymentWorkload, TheSameOrderIsTheSameBytes) {
  const PaymentOptions options{.seed = 7, .payers = 100, .merchants = 10};
  const PaymentWorkload one(options, 5);
  const PaymentWorkload other(options, 5);
  for (const std::uint64_t number : {1ULL, 2ULL, 1'000'000ULL}) {
    for (const auto step : {PaymentStep::kPay, PaymentStep::kCapture, PaymentStep::kRefund}) {
      EXPECT_EQ(bytes_of(written(one, step, number)), bytes_of(written(other, step, number)));
    }
  }
  EXPECT_NE(written(one, PaymentStep::kPay, 1).id, written(PaymentWorkload(options, 6), PaymentStep::kPay, 1).id);
}

TEST(PaymentWorkload, IdsKeysAndReferencesAreUsedOnce) {
  for (const bool random_ids : {false, true}) {
    const PaymentWorkload workload({.seed = 1, .payers = 50, .merchants = 5, .random_ids = random_ids}, 9);
    std::set<u128> ids;
    std::set<u128> keys;
    std::set<std::string> references;
    for (std::uint64_t number = 1; number <= 20'000; ++number) {
      const PaymentCommand pay = written(workload, PaymentStep::kPay, number);
      EXPECT_TRUE(ids.insert(pay.id).second);
      EXPECT_TRUE(references.insert({reinterpret_cast<const char*>(pay.reference), sizeof pay.reference}).second);
      for (const auto step : {PaymentStep::kPay, PaymentStep::kCapture, PaymentStep::kRefund}) {
        const PaymentCommand command = written(workload, step, number);
        EXPECT_EQ(command.id, pay.id);
        EXPECT_TRUE(keys.insert(command.key).second);
      }
    }
  }
}

TEST(PaymentWorkload, HalfOfTheOrdersAreTheHotMerchants) {
  PaymentOptions options{.seed = 3, .payers = 1'000, .merchants = 100};
  const auto share_of_first = [&] {
    const PaymentWorkload workload(options, 1);
    std::uint64_t hot = 0;
    for (std::uint64_t number = 1; number <= 100'000; ++number) {
      const DrawnOrder order = workload.draw(number);
      EXPECT_LT(order.merchant, 100U);
      EXPECT_LT(order.payer, 1'000U);
      EXPECT_GE(order.amount, PaymentWorkload::kAmountMin);
      EXPECT_LE(order.amount, PaymentWorkload::kAmountMax);
      hot += order.merchant == 0 ? 1U : 0U;
    }
    return static_cast<double>(hot) / 100'000;
  };
  EXPECT_NEAR(share_of_first(), 0.01, 0.003);
  options.distribution = Distribution::parse("hot:50").value();
  EXPECT_NEAR(share_of_first(), 0.505, 0.01);
}

/// 30 and 2.9 %, rounded down.
TEST(PaymentWorkload, TheFeeIsThatOfItsSchedule) {
  EXPECT_EQ(PaymentWorkload::fee(10'000), 320U);
  EXPECT_EQ(PaymentWorkload::fee(1'000), 59U);
  EXPECT_EQ(PaymentWorkload::fee(1'034), 59U);
  EXPECT_EQ(PaymentWorkload::fee(1'035), 60U);
}

TEST(PaymentWorkload, CommandsOfAnOrder) {
  const auto make = [](PaymentMix mix, bool retries) { return PaymentWorkload({.batch = 10, .mix = mix, .retries = retries}, 1); };
  EXPECT_EQ(make(PaymentMix::kInstant, false).commands_per_order(), 1.0);
  EXPECT_EQ(make(PaymentMix::kAuthoriseCapture, true).commands_per_order(), 4.0);
  EXPECT_DOUBLE_EQ(make(PaymentMix::kRefunds, false).commands_per_order(), 1.2);
  EXPECT_EQ(make(PaymentMix::kInstant, false).step_after(PaymentStep::kPay, 1), std::nullopt);
  EXPECT_EQ(make(PaymentMix::kAuthoriseCapture, false).step_after(PaymentStep::kPay, 1), PaymentStep::kCapture);
  EXPECT_EQ(make(PaymentMix::kAuthoriseCapture, false).step_after(PaymentStep::kCapture, 1), std::nullopt);
  // Every fifth request of ten orders.
  EXPECT_EQ(make(PaymentMix::kRefunds, false).step_after(PaymentStep::kPay, 31), std::nullopt);
  EXPECT_EQ(make(PaymentMix::kRefunds, false).step_after(PaymentStep::kPay, 41), PaymentStep::kRefund);
  EXPECT_EQ(make(PaymentMix::kRefunds, false).step_after(PaymentStep::kRefund, 41), std::nullopt);
}

/// So that a later run, with other numbers of payers and merchants, finds what an earlier one made.
TEST(PaymentWorkload, WhatIsMadeFirstHasTheSameKeysInEveryRun) {
  const PaymentWorkload small({.payers = 3, .merchants = 2}, 1);
  const PaymentWorkload large({.seed = 5, .payers = 20, .merchants = 4}, 2);
  std::map<u128, std::string> by_key;
  for (std::uint32_t stage = 0; stage < PaymentWorkload::kStages; ++stage) {
    for (std::uint64_t i = 0; i < large.setup_count(stage); ++i) {
      const PaymentCommand command = large.setup(stage, i);
      EXPECT_TRUE(by_key.emplace(command.key, bytes_of(command)).second) << "a key was used twice";
    }
  }
  for (std::uint32_t stage = 0; stage < PaymentWorkload::kStages; ++stage) {
    for (std::uint64_t i = 0; i < small.setup_count(stage); ++i) {
      const PaymentCommand command = small.setup(stage, i);
      EXPECT_EQ(by_key[command.key], bytes_of(command));
    }
  }
}

}  // namespace
}  // namespace florin::load
