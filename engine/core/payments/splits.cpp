#include "core/payments/splits.hpp"

#include <algorithm>
#include <cassert>
#include <cstddef>

#include "core/payments/fees.hpp"
#include "core/payments/wide_arithmetic.hpp"

namespace florin::core {
namespace {

/// The fee of a capture, and what it leaves to owner and parts.
struct Net {
  u128 fee = 0;
  u128 amount = 0;
  u128 total = 0;  ///< of all captures so far, this one included
};

Net net_of_capture(const OrderHot& order, const FeeSchedule& schedule, u128 amount) noexcept {
  const u128 fee = fee_of_capture(schedule, order.captured, amount);
  if (schedule.side == FeeSide::kOnTop) return {.fee = fee, .amount = amount, .total = order.captured + amount};
  return {.fee = fee, .amount = amount - fee, .total = order.captured + amount - order.fee_taken - fee};
}

u128 rest_of(const SplitPart& part) noexcept { return part.captured - part.returned - part.disputed; }

u128 sum_of(const PartShares& shares) noexcept {
  u128 sum = 0;
  for (const u128 share : shares) sum += share;
  return sum;
}

/// What the parts have left of the order.
u128 rest_of_parts(Split split) noexcept {
  u128 sum = 0;
  for (const SplitPart& part : split.parts) sum += rest_of(part);
  return sum;
}

/// What of an inside fee can go back: nothing if it is kept.
u128 rest_of_fee(const OrderHot& order, const FeeSchedule& schedule, Split split) noexcept {
  if (schedule.side == FeeSide::kOnTop || schedule.on_refund == FeeOnRefund::kKept) return 0;
  // A dispute takes from owner and parts alone, so less may be left than the fee was.
  return std::min(order.fee_taken - order.fee_returned, order.refundable() - rest_of_parts(split));
}

/// What of a fee on top goes back besides `amount`.
u128 fee_on_top_of_refund(const OrderHot& order, const FeeSchedule& schedule, u128 amount) noexcept {
  if (schedule.side == FeeSide::kInside || schedule.on_refund == FeeOnRefund::kKept) return 0;
  return mul_div(order.fee_taken - order.fee_returned, amount, order.refundable());
}

/// Shares `amount` out of `rest`, one item after the other; whoever is last is given what is left.
class SuccessiveDivision {
 public:
  SuccessiveDivision(u128 amount, u128 rest) noexcept : amount_(amount), rest_(rest) { assert(amount <= rest); }

  u128 share(u128 item) noexcept {
    if (item == 0) return 0;
    const u128 share = mul_div(amount_, item, rest_);
    amount_ -= share;
    rest_ -= item;
    return share;
  }
  [[nodiscard]] u128 left() const noexcept { return amount_; }

 private:
  u128 amount_;
  u128 rest_;
};

}  // namespace

Shares share_capture(const OrderHot& order, const FeeSchedule& schedule, Split split, u128 amount) noexcept {
  const Net net = net_of_capture(order, schedule, amount);
  Shares shares{.fee = net.fee, .owner = net.amount};
  for (std::size_t i = 0; i < split.parts.size(); ++i) {
    const u128 target = per_ten_thousand(net.total * split.bps[i]);
    const u128 captured = split.parts[i].captured;
    shares.parts[i] = std::min(shares.owner, target > captured ? target - captured : u128{0});
    shares.owner -= shares.parts[i];
  }
  return shares;
}

PaymentResult share_capture_as_given(const OrderHot& order, const FeeSchedule& schedule, const PartShares& given, u128 amount,
                                     Shares& shares) noexcept {
  const Net net = net_of_capture(order, schedule, amount);
  const u128 parts = sum_of(given);
  if (parts > net.amount) return PaymentResult::kPartsExceedNet;
  shares = {.fee = net.fee, .owner = net.amount - parts, .parts = given};
  return PaymentResult::kDone;
}

Shares share_refund(const OrderHot& order, const FeeSchedule& schedule, Split split, u128 amount) noexcept {
  SuccessiveDivision division(amount, order.refundable());
  Shares shares;
  shares.fee = division.share(rest_of_fee(order, schedule, split)) + fee_on_top_of_refund(order, schedule, amount);
  for (std::size_t i = 0; i < split.parts.size(); ++i) shares.parts[i] = division.share(rest_of(split.parts[i]));
  shares.owner = division.left();
  return shares;
}

PaymentResult share_refund_as_given(const OrderHot& order, const FeeSchedule& schedule, Split split, const PartShares& given, u128 amount,
                                    Shares& shares) noexcept {
  for (std::size_t i = 0; i < split.parts.size(); ++i) {
    if (given[i] > rest_of(split.parts[i])) return PaymentResult::kPartExceedsRefundable;
  }
  const u128 fee_rest = rest_of_fee(order, schedule, split);
  const u128 fee = SuccessiveDivision(amount, order.refundable()).share(fee_rest);
  const u128 owner_rest = order.refundable() - fee_rest - rest_of_parts(split);
  const u128 parts = sum_of(given);
  if (parts > amount - fee || amount - fee - parts > owner_rest) return PaymentResult::kPartExceedsRefundable;
  shares = {.fee = fee + fee_on_top_of_refund(order, schedule, amount), .owner = amount - fee - parts, .parts = given};
  return PaymentResult::kDone;
}

Shares share_dispute(const OrderHot& order, Split split, u128 covered) noexcept {
  SuccessiveDivision division(covered, order.refundable());
  Shares shares;
  for (std::size_t i = 0; i < split.parts.size(); ++i) shares.parts[i] = division.share(rest_of(split.parts[i]));
  shares.owner = division.left();
  return shares;
}

Shares share_dispute_return(const OrderHot& order, Split split, u128 lost) noexcept {
  SuccessiveDivision division(order.disputed - lost, order.disputed);
  Shares shares;
  for (std::size_t i = 0; i < split.parts.size(); ++i) shares.parts[i] = division.share(split.parts[i].disputed);
  shares.owner = division.left();
  return shares;
}

bool match_parts(std::span<const PartAmount> amounts, std::span<const SplitPart> parts, PartShares& given) noexcept {
  given = {};
  for (const PartAmount& amount : amounts) {
    const auto part = std::find_if(parts.begin(), parts.end(), [&](const SplitPart& p) { return p.account == amount.account; });
    if (part == parts.end()) return false;
    given[static_cast<std::size_t>(part - parts.begin())] = amount.amount;
  }
  return true;
}

void add_capture(OrderHot& order, std::span<SplitPart> parts, u128 amount, const Shares& shares) noexcept {
  order.captured += amount;
  order.fee_taken += shares.fee;
  ++order.captures;
  for (std::size_t i = 0; i < parts.size(); ++i) parts[i].captured += shares.parts[i];
}

void add_refund(OrderHot& order, std::span<SplitPart> parts, u128 amount, const Shares& shares) noexcept {
  order.refunded += amount;
  order.fee_returned += shares.fee;
  ++order.refunds;
  for (std::size_t i = 0; i < parts.size(); ++i) parts[i].returned += shares.parts[i];
}

void open_dispute(OrderHot& order, std::span<SplitPart> parts, u128 covered, const Shares& shares) noexcept {
  order.disputed = covered;
  order.flags |= OrderFlags::kDisputeOpen;
  ++order.disputes;
  for (std::size_t i = 0; i < parts.size(); ++i) parts[i].disputed = shares.parts[i];
}

void close_dispute(OrderHot& order, std::span<SplitPart> parts, u128 lost, const Shares& returned) noexcept {
  order.charged_back += lost;
  order.disputed = 0;
  order.flags &= static_cast<std::uint16_t>(~OrderFlags::kDisputeOpen);
  for (std::size_t i = 0; i < parts.size(); ++i) {
    parts[i].returned += parts[i].disputed - returned.parts[i];
    parts[i].disputed = 0;
  }
}

}  // namespace florin::core
