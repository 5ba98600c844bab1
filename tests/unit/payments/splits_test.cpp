#include "core/payments/splits.hpp"

#include <gtest/gtest.h>

#include <vector>

/// The worked examples of splits and refunds, number by number.

namespace florin::core {
namespace {

constexpr FeeSchedule kNoFee{};
constexpr FeeSchedule kPerOrder{.fixed = 1, .bps = 250};
constexpr FeeSchedule kTenPercentReturned{.bps = 1'000, .on_refund = FeeOnRefund::kReturned};
constexpr FeeSchedule kOnTopReturned{.bps = 300, .side = FeeSide::kOnTop, .on_refund = FeeOnRefund::kReturned};

Shares shares(u128 fee, u128 owner, std::initializer_list<u128> parts = {}) {
  Shares result{.fee = fee, .owner = owner};
  std::copy(parts.begin(), parts.end(), result.parts.begin());
  return result;
}

/// An order that only counts.
class Order {
 public:
  explicit Order(const FeeSchedule& schedule, std::vector<std::uint16_t> bps = {}) : schedule_(schedule), bps_(std::move(bps)) {
    for (std::size_t i = 0; i < bps_.size(); ++i) parts_.push_back({.account = 100 + i});
  }

  Shares capture(u128 amount) {
    const Shares result = share_capture(sums_, schedule_, split(), amount);
    add_capture(sums_, parts_, amount, result);
    return result;
  }
  Shares refund(u128 amount) {
    const Shares result = share_refund(sums_, schedule_, split(), amount);
    add_refund(sums_, parts_, amount, result);
    return result;
  }
  Shares dispute(u128 covered) {
    const Shares result = share_dispute(sums_, split(), covered);
    open_dispute(sums_, parts_, covered, result);
    return result;
  }
  Shares close(u128 lost) {
    const Shares result = share_dispute_return(sums_, split(), lost);
    close_dispute(sums_, parts_, lost, result);
    return result;
  }
  PaymentResult capture_as_given(u128 amount, std::initializer_list<u128> given, Shares& result) {
    return share_capture_as_given(sums_, schedule_, shares(0, 0, given).parts, amount, result);
  }
  PaymentResult refund_as_given(u128 amount, std::initializer_list<u128> given, Shares& result) {
    return share_refund_as_given(sums_, schedule_, split(), shares(0, 0, given).parts, amount, result);
  }

  [[nodiscard]] const OrderHot& sums() const { return sums_; }
  [[nodiscard]] const SplitPart& part(std::size_t i) const { return parts_[i]; }
  [[nodiscard]] Split split() const { return {.bps = bps_, .parts = parts_}; }

 private:
  FeeSchedule schedule_;
  std::vector<std::uint16_t> bps_;
  OrderHot sums_;
  std::vector<SplitPart> parts_;
};

TEST(Splits, TwoCapturesPayOneFee) {
  Order order(kPerOrder);
  EXPECT_EQ(order.capture(60), shares(2, 58));
  EXPECT_EQ(order.capture(40), shares(1, 39));
  EXPECT_EQ(order.sums().fee_taken, u128{3});
  EXPECT_EQ(order.sums().captures, 2);
}

TEST(Splits, PartsHaveTheirShareOfTheNetAndTheOwnerTheRest) {
  Order order(kTenPercentReturned, {3'333, 2'667});
  EXPECT_EQ(order.capture(9'999), shares(999, 3'601, {2'999, 2'400}));
  EXPECT_EQ(order.refund(5'000), shares(499, 1'802, {1'499, 1'200}));
  EXPECT_EQ(order.refund(order.sums().refundable()), shares(500, 1'799, {1'500, 1'200}));
  EXPECT_EQ(order.sums().fee_returned, order.sums().fee_taken);
}

TEST(Splits, ThreeCapturesGiveWhatOneGives) {
  Order order(kNoFee, {3'333, 3'333});
  EXPECT_EQ(order.capture(33), shares(0, 13, {10, 10}));
  EXPECT_EQ(order.capture(33), shares(0, 11, {11, 11}));
  EXPECT_EQ(order.capture(33), shares(0, 11, {11, 11}));
  EXPECT_EQ(Order(kNoFee, {3'333, 3'333}).capture(99), shares(0, 35, {32, 32}));
}

TEST(Splits, AFeeThatIsKeptIsBorneByTheOwner) {
  Order order(kPerOrder, {5'000});
  EXPECT_EQ(order.capture(100), shares(3, 49, {48}));
  EXPECT_EQ(order.refund(100), shares(0, 52, {48}));
}

TEST(Splits, AFeeOnTopGoesBackBesides) {
  Order order(kOnTopReturned);
  EXPECT_EQ(order.capture(400), shares(12, 400));
  EXPECT_EQ(order.capture(500), shares(15, 500));
  EXPECT_EQ(order.refund(300), shares(9, 300));
  EXPECT_EQ(order.refund(600), shares(18, 600));
}

TEST(Splits, ADisputeTakesFromOwnerAndPartsAndGivesBackToThem) {
  Order order(kTenPercentReturned, {3'333, 2'667});
  (void)order.capture(9'999);
  EXPECT_EQ(order.dispute(5'000), shares(0, 2'301, {1'499, 1'200}));
  EXPECT_EQ(order.sums().refundable(), u128{4'999});
  EXPECT_EQ(order.close(2'000), shares(0, 1'381, {899, 720}));
  EXPECT_EQ(order.sums().charged_back, u128{2'000});
  EXPECT_EQ(order.refund(7'999), shares(999, 2'681, {2'399, 1'920}));
}

TEST(Splits, ADisputeWithNothingLeftTakesNothing) {
  Order order(kNoFee, {5'000});
  (void)order.capture(100);
  (void)order.refund(100);
  EXPECT_EQ(order.dispute(0), shares(0, 0, {0}));
  EXPECT_EQ(order.close(0), shares(0, 0, {0}));
}

TEST(Splits, PartsAsGivenLeaveTheRestToTheOwner) {
  Order order(kPerOrder, {0, 0});
  Shares result;
  EXPECT_EQ(order.capture_as_given(100, {50, 47}, result), PaymentResult::kDone);
  EXPECT_EQ(result, shares(3, 0, {50, 47}));
  EXPECT_EQ(order.capture_as_given(100, {50, 48}, result), PaymentResult::kPartsExceedNet);
}

TEST(Splits, NobodyGivesBackMoreThanItHasWhateverIsGiven) {
  Order order(kTenPercentReturned, {5'000, 2'000});
  EXPECT_EQ(order.capture(1'000), shares(100, 270, {450, 180}));
  Shares result;
  EXPECT_EQ(order.refund_as_given(500, {400, 0}, result), PaymentResult::kDone);
  EXPECT_EQ(result, shares(50, 50, {400, 0}));
  EXPECT_EQ(order.refund_as_given(500, {451, 0}, result), PaymentResult::kPartExceedsRefundable) << "the first part has 450";
  EXPECT_EQ(order.refund_as_given(500, {100, 79}, result), PaymentResult::kPartExceedsRefundable) << "the owner would give 271 of 270";
  EXPECT_EQ(order.refund_as_given(500, {100, 80}, result), PaymentResult::kDone);
  EXPECT_EQ(order.refund_as_given(500, {450, 1}, result), PaymentResult::kPartExceedsRefundable) << "451 and the fee's 50 are more than 500";
}

TEST(Splits, AmountsBehindACommandAreFoundByAccount) {
  const std::vector<SplitPart> parts{{.account = 7}, {.account = 8}, {.account = 9}};
  PartShares given;
  EXPECT_TRUE(match_parts(std::vector<PartAmount>{{.account = 9, .amount = 5}, {.account = 7, .amount = 6}}, parts, given));
  EXPECT_EQ(given, shares(0, 0, {6, 0, 5}).parts);
  EXPECT_FALSE(match_parts(std::vector<PartAmount>{{.account = 10, .amount = 5}}, parts, given));
}

}  // namespace
}  // namespace florin::core
