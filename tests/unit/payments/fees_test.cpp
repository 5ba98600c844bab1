#include "core/payments/fees.hpp"

#include <gtest/gtest.h>

namespace florin::core {
namespace {

constexpr FeeSchedule kCard{.fixed = 30, .bps = 290};

TEST(Fees, AreFixedAndProportional) {
  EXPECT_EQ(fee_of(kCard, 10'000), u128{320});
  EXPECT_EQ(fee_of(kCard, 50'000), u128{1'480});
  EXPECT_EQ(fee_of(kCard, 0), u128{0});
  EXPECT_EQ(fee_of(FeeSchedule{}, 10'000), u128{0}) << "schedule 0 is no fee";
}

TEST(Fees, RoundDownHalfUpOrUp) {
  const auto fee = [](FeeRounding rounding, u128 amount) {
    return static_cast<std::uint64_t>(fee_of({.bps = 250, .rounding = rounding}, amount));
  };
  EXPECT_EQ(fee(FeeRounding::kDown, 60), 1U);    // 1.5
  EXPECT_EQ(fee(FeeRounding::kHalfUp, 60), 2U);
  EXPECT_EQ(fee(FeeRounding::kHalfUp, 59), 1U);  // 1.475
  EXPECT_EQ(fee(FeeRounding::kUp, 41), 2U);      // 1.025
  EXPECT_EQ(fee(FeeRounding::kUp, 40), 1U);
}

TEST(Fees, StayBetweenMinAndMax) {
  constexpr FeeSchedule kBounded{.min = 5, .max = 20, .bps = 100};
  EXPECT_EQ(fee_of(kBounded, 100), u128{5});
  EXPECT_EQ(fee_of(kBounded, 1'000), u128{10});
  EXPECT_EQ(fee_of(kBounded, 9'000), u128{20});
}

TEST(Fees, InsideAreNeverMoreThanTheAmount) {
  EXPECT_EQ(fee_of(kCard, 7), u128{7});
  EXPECT_EQ(fee_of({.fixed = 30, .side = FeeSide::kOnTop}, 7), u128{30});
}

TEST(Fees, PerOrderDependOnTheSumAlone) {
  constexpr FeeSchedule kPerOrder{.fixed = 1, .bps = 250};
  EXPECT_EQ(fee_of_capture(kPerOrder, 0, 60), u128{2});
  EXPECT_EQ(fee_of_capture(kPerOrder, 60, 40), u128{1});
  EXPECT_EQ(fee_of_capture(kPerOrder, 0, 100), u128{3});
}

TEST(Fees, PerCaptureAreOfEachByItself) {
  constexpr FeeSchedule kPerCapture{.fixed = 1, .bps = 250, .basis = FeeBasis::kPerCapture};
  EXPECT_EQ(fee_of_capture(kPerCapture, 60, 40), u128{2});
}

TEST(Fees, OnTopAreHeldBesidesTheAmount) {
  constexpr FeeSchedule kOnTop{.bps = 300, .side = FeeSide::kOnTop};
  EXPECT_EQ(held_amount(kOnTop, 0, 1'000), u128{1'030});
  EXPECT_EQ(held_amount(kOnTop, 400, 600), u128{618});
  EXPECT_EQ(held_amount(kOnTop, 400, 0), u128{0});
  EXPECT_EQ(held_amount(kCard, 0, 1'000), u128{1'000});
}

}  // namespace
}  // namespace florin::core
