#pragma once

#include <cassert>

#include "florin/uint128.hpp"

/// @file
/// Products of two amounts, and what is left when they are divided again: 256 bits in between, integers all the way.

namespace florin::core {

/// high x 2^128 + low.
struct U256 {
  u128 high = 0;
  u128 low = 0;

  friend bool operator==(const U256&, const U256&) = default;
};

constexpr U256 multiply(u128 a, u128 b) noexcept {
  // Four products of 64-bit halves; `middle` takes in the carry of the lowest and cannot overflow.
  const u128 low = u128{low64(a)} * low64(b);
  const u128 cross = u128{high64(a)} * low64(b);
  const u128 middle = u128{low64(a)} * high64(b) + high64(low);
  const u128 sum = u128{low64(middle)} + low64(cross);
  return {.high = u128{high64(a)} * high64(b) + high64(cross) + high64(middle) + high64(sum),
          .low = make_u128(low64(sum), low64(low))};
}

struct Division {
  u128 quotient = 0;
  u128 remainder = 0;

  friend bool operator==(const Division&, const Division&) = default;
};

/// `dividend` / `divisor`, whose quotient fits: dividend.high < divisor.
constexpr Division divide(U256 dividend, u128 divisor) noexcept {
  assert(dividend.high < divisor);
  // Amounts below 2^64 end here: nearly all there are. The rest takes a bit of the quotient at a time.
  if (dividend.high == 0) {
    const u128 quotient = dividend.low / divisor;
    return {.quotient = quotient, .remainder = dividend.low - quotient * divisor};  // not by a second division
  }
  Division result{.remainder = dividend.high};
  for (int bit = 127; bit >= 0; --bit) {
    const bool carry = result.remainder >> 127 != 0;
    result.remainder = result.remainder << 1 | (dividend.low >> bit & 1);
    if (!carry && result.remainder < divisor) continue;
    result.remainder -= divisor;  // with a carry it wraps to what it is
    result.quotient |= u128{1} << bit;
  }
  return result;
}

/// floor(a b / divisor) into `quotient`; returns true if that does not fit, or if `divisor` is 0.
[[nodiscard]] constexpr bool mul_div_overflows(u128 a, u128 b, u128 divisor, u128& quotient) noexcept {
  const U256 product = multiply(a, b);
  if (product.high >= divisor) return true;
  quotient = divide(product, divisor).quotient;
  return false;
}

/// floor(a b / divisor), for callers who know that it fits, as it does whenever a or b is at most `divisor`.
constexpr u128 mul_div(u128 a, u128 b, u128 divisor) noexcept { return divide(multiply(a, b), divisor).quotient; }

/// a b / divisor rounded half to even into `quotient`; returns true if that does not fit, or if `divisor` is 0.
[[nodiscard]] constexpr bool mul_div_half_even_overflows(u128 a, u128 b, u128 divisor, u128& quotient) noexcept {
  const U256 product = multiply(a, b);
  if (product.high >= divisor) return true;
  const auto [floor, remainder] = divide(product, divisor);
  const u128 missing = divisor - remainder;  // to the next whole number
  const bool up = remainder > missing || (remainder == missing && (floor & 1) != 0);
  return add_overflows(floor, u128{up ? 1U : 0U}, quotient);
}

}  // namespace florin::core
