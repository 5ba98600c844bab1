#pragma once

#include "core/payments/wide_arithmetic.hpp"
#include "florin/payment_command.hpp"

namespace florin::core {

/// True if `bought` is what `sold` makes at this rate, rounded half to even. What rounding gives or takes stays in the two position accounts.
constexpr bool rate_matches(u128 sold, ConvertRate rate, u128 bought) noexcept {
  u128 converted = 0;
  return !mul_div_half_even_overflows(sold, rate.numerator, rate.denominator, converted) && converted == bought;
}

}  // namespace florin::core
