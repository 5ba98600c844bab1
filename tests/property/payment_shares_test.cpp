#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "core/payments/fees.hpp"
#include "core/payments/splits.hpp"
#include "model/reference_shares.hpp"
#include "support/random.hpp"

/// Random schedules, parts, captures, refunds and disputes: what the engine shares is what the reference shares, and what must hold of it holds.

namespace florin::core {
namespace {

using test::big;
using test::Random;
using test::ReferenceOrder;
using test::ReferenceShares;

FeeSchedule any_schedule(Random& random) {
  FeeSchedule schedule;
  schedule.fixed = random.pick<u128>({0, 0, 1, 30, random.below(10'000), random.next_u128() >> 20});
  schedule.bps = random.pick<std::uint16_t>({0, 1, 250, 290, 3'333, 9'999, 10'000, static_cast<std::uint16_t>(random.below(10'001))});
  if (random.chance(30)) schedule.min = random.below(100);
  if (random.chance(30)) schedule.max = schedule.min + random.below(1'000);
  schedule.rounding = random.pick({FeeRounding::kDown, FeeRounding::kHalfUp, FeeRounding::kUp});
  schedule.side = random.chance(30) ? FeeSide::kOnTop : FeeSide::kInside;
  if (schedule.side == FeeSide::kInside && random.chance(30)) schedule.basis = FeeBasis::kPerCapture;
  schedule.on_refund = random.pick({FeeOnRefund::kKept, FeeOnRefund::kReturned});
  return schedule;
}

/// Up to 15 shares that are 10,000 at most, now and then exactly.
std::vector<std::uint16_t> any_parts(Random& random) {
  std::vector<std::uint16_t> bps(random.chance(30) ? 0 : random.below(kPartsMax + 1));
  std::uint64_t left = kBasisPoints;
  for (std::uint16_t& share : bps) {
    share = static_cast<std::uint16_t>(random.below(random.chance(50) ? left + 1 : left / bps.size() + 1));
    left -= share;
  }
  if (!bps.empty() && random.chance(30)) bps.back() = static_cast<std::uint16_t>(bps.back() + left);
  return bps;
}

/// One order in both, which do the same and are compared.
class Pair {
 public:
  Pair(const FeeSchedule& schedule, std::vector<std::uint16_t> bps) : schedule_(schedule), bps_(bps), parts_(bps.size()), reference_(schedule, bps) {}

  void capture(u128 amount) {
    const Shares shares = share_capture(order_, schedule_, split(), amount);
    if (schedule_.side == FeeSide::kInside) {
      ASSERT_LE(shares.fee, amount);
    }
    expect_sum(shares, schedule_.side == FeeSide::kInside ? shares.fee : 0, amount);
    add_capture(order_, parts_, amount, shares);
    expect_same(shares, reference_.capture(big(amount)));
    expect_targets();
  }
  void refund(u128 amount) {
    const Shares shares = share_refund(order_, schedule_, split(), amount);
    expect_sum(shares, schedule_.side == FeeSide::kInside ? shares.fee : 0, amount);
    add_refund(order_, parts_, amount, shares);
    expect_same(shares, reference_.refund(big(amount)));
  }
  void dispute(u128 covered) {
    const Shares shares = share_dispute(order_, split(), covered);
    expect_sum(shares, 0, covered);
    open_dispute(order_, parts_, covered, shares);
    expect_same(shares, reference_.open_dispute(big(covered)));
  }
  void close(u128 lost) {
    const u128 given_back = order_.disputed - lost;
    const Shares shares = share_dispute_return(order_, split(), lost);
    expect_sum(shares, 0, given_back);
    close_dispute(order_, parts_, lost, shares);
    expect_same(shares, reference_.close_dispute(big(lost)));
  }
  /// Shares that are given as they would be anyway change nothing.
  void expect_given_as_shared(u128 amount) {
    const Shares shared = share_refund(order_, schedule_, split(), amount);
    Shares given;
    ASSERT_EQ(share_refund_as_given(order_, schedule_, split(), shared.parts, amount, given), PaymentResult::kDone);
    ASSERT_EQ(given, shared);
  }
  void expect_empty() {
    ASSERT_EQ(order_.refundable(), u128{0});
    for (const SplitPart& part : parts_) ASSERT_EQ(part.captured, part.returned);
  }
  /// One capture of everything would have cost the same, and given no part less.
  void expect_like_one_capture() {
    OrderHot fresh;
    std::vector<SplitPart> parts(parts_.size());
    const Shares one = share_capture(fresh, schedule_, {.bps = bps_, .parts = parts}, order_.captured);
    ASSERT_EQ(order_.fee_taken, one.fee);
    for (std::size_t i = 0; i < parts.size(); ++i) ASSERT_LE(parts_[i].captured, one.parts[i]);
  }

  [[nodiscard]] const OrderHot& order() const { return order_; }
  [[nodiscard]] const FeeSchedule& schedule() const { return schedule_; }

 private:
  [[nodiscard]] Split split() const { return {.bps = bps_, .parts = parts_}; }

  static void expect_sum(const Shares& shares, u128 fee, u128 amount) {
    test::BigInt sum = big(fee) + big(shares.owner);
    for (const u128 share : shares.parts) sum += big(share);
    ASSERT_EQ(sum, big(amount)) << "shares add up exactly";
  }

  void expect_same(const Shares& shares, const ReferenceShares& expected) {
    ASSERT_EQ(big(shares.fee), expected.fee);
    ASSERT_EQ(big(shares.owner), expected.owner);
    for (std::size_t i = 0; i < kPartsMax; ++i) {
      ASSERT_EQ(big(shares.parts[i]), i < expected.parts.size() ? expected.parts[i] : test::BigInt(0)) << "part " << i;
    }
    ASSERT_EQ(big(order_.captured), reference_.captured);
    ASSERT_EQ(big(order_.fee_taken), reference_.fee_taken);
    ASSERT_EQ(big(order_.fee_returned), reference_.fee_returned);
    ASSERT_EQ(big(order_.refundable()), reference_.refundable());
    expect_nothing_negative();
  }

  /// In the reference, whose integers have a sign.
  void expect_nothing_negative() {
    ASSERT_GE(reference_.refundable(), 0);
    ASSERT_LE(reference_.fee_returned, reference_.fee_taken);
    test::BigInt owner = reference_.refundable();
    for (const ReferenceOrder::Part& part : reference_.parts) {
      const test::BigInt rest = part.captured - part.returned - part.disputed;
      ASSERT_GE(rest, 0);
      ASSERT_LE(part.returned + part.disputed, part.captured);
      owner -= rest;
    }
    ASSERT_GE(owner, 0);
  }

  /// A part is never above its share of the net, and all of them together lack less than one unit each.
  void expect_targets() {
    const test::BigInt net = reference_.captured - (schedule_.side == FeeSide::kInside ? reference_.fee_taken : test::BigInt(0));
    test::BigInt lacking = 0;
    for (const ReferenceOrder::Part& part : reference_.parts) {
      const test::BigInt target = net * part.bps / 10'000;
      ASSERT_LE(part.captured, target);
      lacking += target - part.captured;
    }
    if (!reference_.parts.empty()) {
      ASSERT_LT(lacking, reference_.parts.size());
    }
    if (schedule_.basis == FeeBasis::kPerOrder) {
      ASSERT_EQ(big(order_.fee_taken), test::reference_fee(schedule_, reference_.captured));
    }
  }

  FeeSchedule schedule_;
  std::vector<std::uint16_t> bps_;
  OrderHot order_;
  std::vector<SplitPart> parts_;
  ReferenceOrder reference_;
};

/// In [1, most], small or of any size.
u128 any_amount(Random& random, u128 most) {
  const u128 amount = random.chance(50) ? u128{random.between(1, 1'000)} : random.next_u128() >> random.between(16, 127);
  return std::clamp<u128>(amount, 1, most);
}

class SharesOfOrders : public testing::TestWithParam<std::uint64_t> {};

TEST_P(SharesOfOrders, AreTheReferencesAndKeepTheirPromises) {
  Random random(GetParam());
  for (int order = 0; order < 400; ++order) {
    Pair pair(any_schedule(random), any_parts(random));
    SCOPED_TRACE(testing::Message() << "seed " << GetParam() << ", order " << order);
    for (std::uint64_t captures = random.between(1, 8); captures > 0; --captures) {
      pair.capture(any_amount(random, kPaymentAmountMax / 8));
      if (HasFatalFailure()) return;
    }
    if (pair.schedule().basis == FeeBasis::kPerOrder) pair.expect_like_one_capture();
    for (int step = 0; step < 8; ++step) {
      const u128 refundable = pair.order().refundable();
      if (pair.order().has(OrderFlags::kDisputeOpen) && random.chance(60)) {
        pair.close(random.pick<u128>({0, pair.order().disputed, pair.order().disputed / 2, pair.order().disputed / 3}));
      } else if (!pair.order().has(OrderFlags::kDisputeOpen) && random.chance(40)) {
        pair.dispute(random.chance(20) ? refundable : refundable / random.between(1, 5));
      } else if (refundable > 0) {
        const u128 amount = any_amount(random, refundable);
        pair.expect_given_as_shared(amount);
        pair.refund(amount);
      }
      if (HasFatalFailure()) return;
      if (!pair.order().has(OrderFlags::kDisputeOpen) && random.chance(20)) pair.capture(any_amount(random, 1'000));
    }
    if (pair.order().has(OrderFlags::kDisputeOpen)) pair.close(pair.order().disputed / 2);
    if (pair.order().refundable() > 0) pair.refund(pair.order().refundable());
    pair.expect_empty();
    if (HasFatalFailure()) return;
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, SharesOfOrders, testing::Range<std::uint64_t>(1, 9));

TEST(FeeProperties, NeverFallAndInsideNeverGrowFasterThanTheAmount) {
  Random random(1);
  for (int i = 0; i < 20'000; ++i) {
    const FeeSchedule schedule = any_schedule(random);
    const u128 before = random.chance(10) ? 0 : any_amount(random, kPaymentAmountMax / 2);
    const u128 amount = any_amount(random, kPaymentAmountMax / 2);
    const u128 low = fee_of(schedule, before);
    const u128 high = fee_of(schedule, before + amount);
    ASSERT_EQ(big(high), test::reference_fee(schedule, big(before + amount)));
    ASSERT_LE(low, high);
    if (schedule.side == FeeSide::kInside) {
      ASSERT_LE(high - low, amount);
    }
  }
}

TEST(FeeProperties, WhatIsHeldIsWhatItsCapturesTake) {
  Random random(2);
  for (int i = 0; i < 20'000; ++i) {
    FeeSchedule schedule = any_schedule(random);
    schedule.basis = FeeBasis::kPerOrder;
    const u128 captured = random.chance(30) ? 0 : any_amount(random, kPaymentAmountMax / 4);
    const u128 hold_open = any_amount(random, kPaymentAmountMax / 4);
    const u128 amount = std::min(hold_open, any_amount(random, hold_open));
    const u128 fee = schedule.side == FeeSide::kOnTop ? fee_of_capture(schedule, captured, amount) : 0;
    ASSERT_EQ(held_amount(schedule, captured, hold_open), amount + fee + held_amount(schedule, captured + amount, hold_open - amount));
  }
}

}  // namespace
}  // namespace florin::core
