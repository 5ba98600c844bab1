#pragma once

#include <boost/multiprecision/cpp_int.hpp>
#include <cstdint>
#include <vector>

#include "florin/fee_schedule.hpp"

/// @file
/// Fees and splits once more, slow and obvious: integers without bounds, one formula of docs/payments.md after the other.

namespace florin::test {

using BigInt = boost::multiprecision::cpp_int;

BigInt big(u128 value);
/// `value` is below 2^128 and not negative.
u128 small(const BigInt& value);

/// F(x).
BigInt reference_fee(const FeeSchedule& schedule, const BigInt& amount);

struct ReferenceShares {
  BigInt fee = 0;
  BigInt owner = 0;
  std::vector<BigInt> parts;
};

/// The sums of one order and its parts, moved by captures, refunds and disputes.
class ReferenceOrder {
 public:
  ReferenceOrder(const FeeSchedule& schedule, std::vector<std::uint16_t> bps);

  ReferenceShares capture(const BigInt& amount);
  ReferenceShares refund(const BigInt& amount);
  ReferenceShares open_dispute(const BigInt& covered);
  /// What goes back to those who gave it.
  ReferenceShares close_dispute(const BigInt& lost);

  [[nodiscard]] BigInt refundable() const { return captured - refunded - charged_back - disputed; }

  BigInt captured = 0, refunded = 0, charged_back = 0, disputed = 0, fee_taken = 0, fee_returned = 0;
  struct Part {
    std::uint16_t bps = 0;
    BigInt captured = 0, returned = 0, disputed = 0;
  };
  std::vector<Part> parts;

 private:
  [[nodiscard]] bool inside() const { return schedule_.side == FeeSide::kInside; }

  FeeSchedule schedule_;
};

}  // namespace florin::test
