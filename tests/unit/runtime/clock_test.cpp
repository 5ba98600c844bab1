#include "runtime/clock.hpp"

#include <gtest/gtest.h>

namespace florin::runtime {
namespace {

TEST(SystemClock, SteadyTimeDoesNotGoBackwards) {
  const SystemClock clock;
  std::uint64_t last = clock.steady_ns();
  for (int i = 0; i < 1000; ++i) {
    const std::uint64_t now = clock.steady_ns();
    EXPECT_GE(now, last);
    last = now;
  }
}

TEST(TestClock, StandsStillUntilAdvanced) {
  TestClock clock(1000);
  EXPECT_EQ(clock.utc_ns(), 1000U);
  const std::uint64_t steady = clock.steady_ns();
  clock.advance(5);
  EXPECT_EQ(clock.utc_ns(), 1005U);
  EXPECT_EQ(clock.steady_ns(), steady + 5);
}

TEST(TestClock, CanTakeItsSteadyTimeFromAnotherClock) {
  TestClock real(0);
  TestClock clock(1000, &real);
  const std::uint64_t before = clock.steady_ns();
  clock.advance(5);
  EXPECT_EQ(clock.steady_ns(), before);
  real.advance(7);
  EXPECT_EQ(clock.steady_ns(), before + 7);
}

}  // namespace
}  // namespace florin::runtime
