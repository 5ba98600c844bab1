#include "core/payments/wide_arithmetic.hpp"

#include <gtest/gtest.h>

#include "core/payments/conversion.hpp"
#include "model/reference_shares.hpp"
#include "support/random.hpp"

namespace florin::core {
namespace {

using test::big;

/// Of any number of bits, so that every limb is sometimes empty.
u128 any_size(test::Random& random) { return random.next_u128() >> random.below(128); }

TEST(WideArithmetic, ProductsAreExact) {
  test::Random random(1);
  for (int i = 0; i < 20'000; ++i) {
    const u128 a = random.chance(2) ? kU128Max : any_size(random);
    const u128 b = random.chance(2) ? kU128Max : any_size(random);
    const U256 product = multiply(a, b);
    ASSERT_EQ(test::BigInt((big(product.high) << 128) + big(product.low)), big(a) * big(b)) << to_hex(a) << " x " << to_hex(b);
  }
}

TEST(WideArithmetic, QuotientsAreExactOrOverflow) {
  test::Random random(2);
  for (int i = 0; i < 20'000; ++i) {
    const u128 a = any_size(random);
    const u128 b = any_size(random);
    const u128 divisor = random.chance(5) ? kU128Max - random.below(3) : any_size(random);
    u128 quotient = 0;
    const bool overflows = mul_div_overflows(a, b, divisor, quotient);
    if (divisor == 0) {
      ASSERT_TRUE(overflows);
      continue;
    }
    const test::BigInt exact = big(a) * big(b) / big(divisor);
    ASSERT_EQ(overflows, exact > big(kU128Max));
    if (overflows) continue;
    ASSERT_EQ(big(quotient), exact) << to_hex(a) << " x " << to_hex(b) << " / " << to_hex(divisor);
    ASSERT_EQ(mul_div(a, b, divisor), quotient);
  }
}

TEST(WideArithmetic, FitsWhenOneFactorIsNotAboveTheDivisor) {
  static_assert(mul_div(kU128Max, kU128Max, kU128Max) == kU128Max);
  static_assert(mul_div(kU128Max, kU128Max - 1, kU128Max) == kU128Max - 1);
  static_assert(mul_div(0, 7, 1) == 0);
}

TEST(WideArithmetic, HalfGoesToTheEvenNeighbour) {
  const auto rounded = [](u128 a, u128 b, u128 divisor) {
    u128 quotient = 0;
    EXPECT_FALSE(mul_div_half_even_overflows(a, b, divisor, quotient));
    return static_cast<std::uint64_t>(quotient);
  };
  EXPECT_EQ(rounded(1, 1, 2), 0U);
  EXPECT_EQ(rounded(3, 1, 2), 2U);
  EXPECT_EQ(rounded(5, 1, 2), 2U);
  EXPECT_EQ(rounded(5, 1, 3), 2U);
  EXPECT_EQ(rounded(4, 1, 3), 1U);
  EXPECT_EQ(rounded(6, 1, 3), 2U);
}

TEST(WideArithmetic, HalfEvenIsExactAtAnySize) {
  test::Random random(3);
  for (int i = 0; i < 20'000; ++i) {
    const u128 a = any_size(random);
    const u128 b = any_size(random);
    const u128 divisor = any_size(random) | 1;
    const test::BigInt product = big(a) * big(b);
    test::BigInt exact = product / big(divisor);
    const test::BigInt twice_rest = 2 * (product % big(divisor));
    if (twice_rest > big(divisor) || (twice_rest == big(divisor) && exact % 2 == 1)) ++exact;
    u128 quotient = 0;
    ASSERT_EQ(mul_div_half_even_overflows(a, b, divisor, quotient), exact > big(kU128Max));
    if (exact <= big(kU128Max)) {
      ASSERT_EQ(big(quotient), exact);
    }
  }
}

TEST(Conversion, BoughtIsTheQuoteRoundedHalfToEven) {
  constexpr ConvertRate kRate{.numerator = 10'873, .denominator = 10'000};
  EXPECT_TRUE(rate_matches(12'345, kRate, 13'423));  // 13,422.7185
  EXPECT_FALSE(rate_matches(12'345, kRate, 13'422));
  EXPECT_FALSE(rate_matches(12'345, {.numerator = 1, .denominator = 0}, 0)) << "nothing is what a rate without denominator makes";
}

}  // namespace
}  // namespace florin::core
