#pragma once

#include <algorithm>

#include "florin/fee_schedule.hpp"
#include "florin/uint128.hpp"

/// @file
/// Fees. F(x) is the fee of x:
///
///   F(0) = 0
///   F(x) = min(max, max(min, fixed + floor((x bps + k) / 10,000)))     k = 0, 5,000, 9,999 for rounding down, half up, up
///   with the fee inside the amount besides: at most x
///
/// F never falls, and with the fee inside it grows by at most c when x grows by c, so that a fee never exceeds its capture. All amounts in
/// minor units and below 2^112, and so are the schedule's (command_checks.hpp sees to that): nothing here overflows.

namespace florin::core {

/// `product` / 10,000. Nearly all are below 2^64, and then the compiler multiplies.
constexpr u128 per_ten_thousand(u128 product) noexcept {
  if (high64(product) == 0) [[likely]] return low64(product) / kBasisPoints;
  return product / kBasisPoints;
}

/// F(amount).
constexpr u128 fee_of(const FeeSchedule& schedule, u128 amount) noexcept {
  if (amount == 0) return 0;
  u128 rounding = 0;
  if (schedule.rounding == FeeRounding::kHalfUp) rounding = kBasisPoints / 2;
  if (schedule.rounding == FeeRounding::kUp) rounding = kBasisPoints - 1;
  const u128 proportional = per_ten_thousand(amount * schedule.bps + rounding);
  const u128 fee = std::min(schedule.max, std::max(schedule.min, schedule.fixed + proportional));
  return schedule.side == FeeSide::kInside ? std::min(amount, fee) : fee;
}

/// Fee of a capture of `amount` after `captured` was captured before.
constexpr u128 fee_of_capture(const FeeSchedule& schedule, u128 captured, u128 amount) noexcept {
  if (schedule.basis == FeeBasis::kPerCapture) return fee_of(schedule, amount);
  return fee_of(schedule, captured + amount) - fee_of(schedule, captured);
}

/// Amount of the pending transfer that holds `hold_open` of an order: with the fee on top it is held as well. Such a fee is per order, so that
/// it does not depend on the captures to come.
constexpr u128 held_amount(const FeeSchedule& schedule, u128 captured, u128 hold_open) noexcept {
  if (schedule.side == FeeSide::kInside) return hold_open;
  return hold_open + fee_of_capture(schedule, captured, hold_open);
}

}  // namespace florin::core
