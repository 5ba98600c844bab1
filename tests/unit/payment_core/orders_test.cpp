#include <gmock/gmock.h>

#include "shop.hpp"

namespace florin::test {
namespace {

using C = CommandNumber;
using F = CommandFlags;
using M = MoneyState;
using R = PaymentResult;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(Orders, InstantPaymentMovesOrderFeeAndMoneyInOneRecord) {
  Shop shop;
  const PaymentOutcome paid = shop.send(shop.pay(1, 10'000, kFeeA));
  EXPECT_EQ(paid.code, R::kDone);
  EXPECT_EQ(paid.money, M::kCaptured);
  EXPECT_EQ(paid.fee, 320);
  EXPECT_EQ(paid.refundable, 10'000);
  EXPECT_THAT(shop.legs(paid), ElementsAre(9'680, 320));
  EXPECT_EQ(shop.sums(1), "10000/0/10000/0; 320/0");
  EXPECT_EQ(shop.balance(kShop), 9'680);
  EXPECT_EQ(shop.balance(kFees), 320);
  const Transfer leg = shop.leg(paid.sequence, 1).value();
  EXPECT_EQ(leg.user_data_128, 1);
  EXPECT_EQ(leg.user_data_64, 1U);
  EXPECT_EQ(leg.user_data_32, 1U);
  EXPECT_EQ(leg.timestamp, paid.timestamp - 30);
}

TEST(Orders, SeveralCapturesHoldTheRestAgain) {
  Shop shop;
  EXPECT_EQ(shop.authorised(1, 100, kFeeC).hold_open, 100);
  EXPECT_EQ(shop.balances(kWallet).debits_pending, 100);
  EXPECT_THAT(shop.legs(shop.send(shop.on(C::kCapture, 1, 60))), ElementsAre(58, 2, 40));
  EXPECT_EQ(shop.state(1), M::kPartiallyCaptured);
  EXPECT_EQ(shop.balances(kWallet).debits_pending, 40);
  EXPECT_THAT(shop.legs(shop.send(shop.on(C::kCapture, 1, 40, F::kFinal))), ElementsAre(39, 1));
  EXPECT_EQ(shop.sums(1), "100/0/100/0; 3/0");
  EXPECT_EQ(shop.balances(kWallet).debits_pending, 0);
}

TEST(Orders, FinalCaptureReleasesTheRest) {
  Shop shop;
  shop.authorised(1, 100, kFeeC);
  EXPECT_THAT(shop.legs(shop.send(shop.on(C::kCapture, 1, 60, F::kFinal))), ElementsAre(58, 2));
  EXPECT_EQ(shop.sums(1), "100/40/60/0; 2/0");
  EXPECT_EQ(shop.state(1), M::kCaptured);
  const PaymentOutcome again = shop.send(shop.on(C::kCapture, 1, 10));
  EXPECT_EQ(again.code, R::kAlreadyCaptured);
  EXPECT_EQ(again.detail, state_detail(M::kCaptured, Fulfilment::kUnfulfilled, C::kCapture));
}

TEST(Orders, AHotelIncrementsDecrementsAndTakesALittleMore) {
  Shop shop;
  CommandWithParts booking = shop.make(C::kPay, 1, 200, kFeeC);
  booking.command.tolerance_bps = 1'500;
  EXPECT_EQ(shop.send(booking).code, R::kDone);
  EXPECT_THAT(shop.legs(shop.send(shop.on(C::kIncrement, 1, 50))), ElementsAre(200, 250));
  EXPECT_THAT(shop.legs(shop.send(shop.on(C::kDecrement, 1, 10))), ElementsAre(250, 240));
  const PaymentOutcome too_much = shop.send(shop.on(C::kCapture, 1, 277, F::kFinal));
  EXPECT_EQ(too_much.code, R::kExceedsHold);
  EXPECT_EQ(too_much.detail, 240U);
  EXPECT_THAT(shop.legs(shop.send(shop.on(C::kCapture, 1, 260, F::kFinal))), ElementsAre(240, 253, 7));
  EXPECT_EQ(shop.sums(1), "270/10/260/0; 7/0");
}

TEST(Orders, RefundsTakeWhatIsLeftAndNoMore) {
  Shop shop;
  shop.send(shop.pay(1, 10'000, kFeeA));
  EXPECT_THAT(shop.legs(shop.send(shop.on(C::kRefund, 1, 4'000))), ElementsAre(4'000));
  EXPECT_EQ(shop.state(1), M::kPartiallyRefunded);
  EXPECT_EQ(shop.send(shop.on(C::kRefund, 1, 6'000)).code, R::kMerchantFundsInsufficient) << "the fee is kept";
  shop.send(shop.pay(2, 320));
  EXPECT_EQ(shop.send(shop.on(C::kRefund, 1, 6'000)).code, R::kDone);
  EXPECT_EQ(shop.send(shop.on(C::kRefund, 1, 6'000)).code, R::kMoneyReturned);
  EXPECT_EQ(shop.sums(1), "10000/0/10000/10000; 320/0");
}

TEST(Orders, APlatformAdvancesARefundAndSuspenseTakesThatOfAClosedWallet) {
  Shop shop;
  shop.send(shop.pay(1, 10'000, kFeeA));
  EXPECT_EQ(shop.send(shop.on(C::kRefund, 1, 10'000, F::kAdvance | F::kToSuspense)).code, R::kDone);
  EXPECT_EQ(shop.balance(kReserve), -10'000);
  EXPECT_EQ(shop.balance(kSuspense), 10'000);
}

TEST(Orders, ASplitIsSharedAndGivenBackToTheLastUnit) {
  Shop shop;
  CommandWithParts sale = shop.pay(1, 9'999, kFeeB);
  sale.add(PartShare{.account = kPartOne, .bps = 3'333}).add(PartShare{.account = kPartTwo, .bps = 2'667});
  EXPECT_THAT(shop.legs(shop.send(sale)), ElementsAre(3'601, 999, 2'999, 2'400));
  EXPECT_THAT(shop.legs(shop.send(shop.on(C::kRefund, 1, 5'000))), ElementsAre(1'802, 499, 1'499, 1'200));
  EXPECT_THAT(shop.legs(shop.send(shop.on(C::kRefund, 1, kAmountAll))), ElementsAre(1'799, 500, 1'500, 1'200));
  for (const u128 account : {kShop, kPartOne, kPartTwo, kFees}) EXPECT_EQ(shop.balance(account), 0);
  EXPECT_EQ(shop.order(1)->parts[0].returned, 2'999);
}

TEST(Orders, ThreeCapturesOfASplitGiveWhatOneGives) {
  Shop shop;
  CommandWithParts sale = shop.make(C::kPay, 1, 99);
  sale.add(PartShare{.account = kPartOne, .bps = 3'333}).add(PartShare{.account = kPartTwo, .bps = 3'333});
  shop.send(sale);
  EXPECT_THAT(shop.legs(shop.send(shop.on(C::kCapture, 1, 33))), ElementsAre(13, 10, 10, 66));
  EXPECT_THAT(shop.legs(shop.send(shop.on(C::kCapture, 1, 33))), ElementsAre(11, 11, 11, 33));
  EXPECT_THAT(shop.legs(shop.send(shop.on(C::kCapture, 1, 33))), ElementsAre(11, 11, 11));
}

TEST(Orders, AFeeOnTopIsHeldBesides) {
  Shop shop(1'030);
  EXPECT_THAT(shop.legs(shop.authorised(1, 1'000, kFeeT)), ElementsAre(1'030));
  EXPECT_THAT(shop.legs(shop.send(shop.on(C::kCapture, 1, 400))), ElementsAre(400, 12, 618));
  EXPECT_THAT(shop.legs(shop.send(shop.on(C::kCapture, 1, 500, F::kFinal))), ElementsAre(500, 15));
  EXPECT_EQ(shop.sums(1), "1000/100/900/0; 27/0");
  EXPECT_THAT(shop.legs(shop.send(shop.on(C::kRefund, 1, 300))), ElementsAre(300, 9));
  EXPECT_THAT(shop.legs(shop.send(shop.on(C::kRefund, 1, kAmountAll))), ElementsAre(600, 18));
  EXPECT_EQ(shop.balance(kWallet), 1'030);
}

TEST(Orders, CancelReleasesWhatIsHeld) {
  Shop shop;
  shop.authorised(1, 100);
  const PaymentOutcome cancelled = shop.send(shop.on(C::kCancel, 1));
  EXPECT_EQ(cancelled.money, M::kCancelled);
  EXPECT_EQ(cancelled.amount, 100);
  EXPECT_EQ(shop.balances(kWallet), (Balances{.credits_posted = 100'000}));
  EXPECT_EQ(shop.send(shop.on(C::kAuthorise, 1, 100)).code, R::kOrderClosed);
}

TEST(Orders, NothingIsLeftOfWhatFundsRefuse) {
  Shop shop(50);
  EXPECT_EQ(shop.send(shop.pay(1, 100)).code, R::kInsufficientFunds);
  EXPECT_FALSE(shop.order(1));
  EXPECT_THAT(shop.story(1), IsEmpty());
  EXPECT_EQ(shop.balances(kWallet), (Balances{.credits_posted = 50}));
}

TEST(Orders, CreationChecksEverythingThatItNames) {
  Shop shop;
  shop.send(shop.make(C::kCreateOrder, 1, 100));
  struct Case {
    R code;
    std::function<void(PaymentCommand&)> change;
  };
  const std::vector<Case> cases = {
      {R::kOrderExists, [](PaymentCommand& c) { c.id = 1; }},
      {R::kReferenceExists, [](PaymentCommand& c) { set_text(c.reference, "order 1"); }},
      {R::kPartyNotFound, [](PaymentCommand& c) { c.merchant = 999; }},
      {R::kAccountNotFound, [](PaymentCommand& c) { c.payer_account = 999; }},
      {R::kAssetNotFound, [](PaymentCommand& c) { c.ledger = 999; }},
      {R::kScheduleNotFound, [](PaymentCommand& c) { c.fee_schedule = 999; }},
      {R::kAccountWrongRole, [](PaymentCommand& c) { c.payer_account = kPartOne; }},
      {R::kAccountWrongOwner, [](PaymentCommand& c) { c.owner_account = kPartOne; }},
      {R::kScheduleNotFound, [](PaymentCommand& c) { c.ledger = 840, c.fee_schedule = kFeeA; }},
      {R::kAccountWrongAsset, [](PaymentCommand& c) { c.ledger = 840; }},
      {R::kAccountWrongRole, [](PaymentCommand& c) { c.flags = F::kChannelFunded; }},
  };
  for (const auto& [code, change] : cases) {
    CommandWithParts sent = shop.make(C::kCreateOrder, 2, 100);
    change(sent.command);
    EXPECT_EQ(shop.send(sent).code, code);
  }
  CommandWithParts funded = shop.make(C::kPay, 2, 100, 0, F::kChannelFunded);
  funded.command.payer_account = kChannel;
  EXPECT_EQ(shop.send(funded).code, R::kWrongFunding);
}

TEST(Orders, SuspendedPartiesCannotBeginButObligationsGoOn) {
  Shop shop;
  shop.authorised(1, 100);
  CommandWithParts suspend = shop.on(C::kSetPartyStatus, kPayer);
  suspend.command.kind = static_cast<std::uint8_t>(PartyStatus::kSuspended);
  EXPECT_EQ(shop.send(suspend).code, R::kDone);
  EXPECT_EQ(shop.send(shop.pay(2, 100)).code, R::kPartySuspended);
  EXPECT_EQ(shop.send(shop.on(C::kIncrement, 1, 100)).code, R::kPartySuspended);
  EXPECT_EQ(shop.send(shop.on(C::kCapture, 1, 100)).code, R::kDone);
  EXPECT_EQ(shop.send(shop.on(C::kRefund, 1, 100)).code, R::kDone);
}

TEST(Orders, FulfilmentHasAnAxisOfItsOwn) {
  Shop shop;
  shop.send(shop.pay(1, 100));
  EXPECT_EQ(shop.send(shop.on(C::kComplete, 1)).code, R::kNotFulfilled);
  EXPECT_EQ(shop.send(shop.on(C::kFulfil, 1)).fulfilment, Fulfilment::kFulfilled);
  EXPECT_EQ(shop.send(shop.on(C::kRefund, 1, 100)).money, M::kRefunded);
  EXPECT_EQ(shop.send(shop.on(C::kComplete, 1)).fulfilment, Fulfilment::kCompleted);
}

TEST(Orders, VersionsAreCheckedAndTold) {
  Shop shop;
  shop.authorised(1, 100);
  CommandWithParts capture = shop.on(C::kCapture, 1, 50);
  capture.command.expected_version = 2;
  const PaymentOutcome refused = shop.send(capture);
  EXPECT_EQ(refused.code, R::kVersionMismatch);
  EXPECT_EQ(refused.detail, 1U);
  capture.command.expected_version = 1;
  EXPECT_EQ(shop.send(capture).version, 2U);
}

TEST(Orders, AStoryIsTheWalkOverItsLines) {
  Shop shop;
  shop.authorised(1, 100, kFeeC);
  shop.send(shop.on(C::kCapture, 1, 60));
  shop.send(shop.on(C::kRefund, 1, 10));
  const std::vector<StoryLine> story = shop.story(1);
  ASSERT_EQ(story.size(), 3U);
  EXPECT_EQ(story[0].previous, 0U);
  EXPECT_EQ(story[1].previous, story[0].sequence);
  EXPECT_EQ(story[1].money_from, M::kAuthorised);
  EXPECT_EQ(story[2].money_to, M::kPartiallyCaptured);
  EXPECT_EQ(story[2].refunded, 10);
  std::vector<StoryLine> reversed = shop.story(1, true);
  std::ranges::reverse(reversed);
  EXPECT_EQ(reversed, story);
  EXPECT_EQ(shop.order(kMerchant, "order 1")->hot.id, 1);
}

/// All lines of a story, asked for one by one.
std::vector<StoryLine> line_by_line(Shop& shop, u128 object, bool newest_first) {
  std::vector<StoryLine> all;
  for (std::uint64_t after = 0;; after = all.back().sequence) {
    const std::vector<StoryLine> page = shop.story(object, newest_first, after, 1);
    if (page.empty()) return all;
    all.push_back(page.at(0));
  }
}

TEST(Orders, PagesOfAStoryFollowEachOther) {
  Shop shop;
  shop.authorised(1, 100);
  shop.authorised(2, 100);
  shop.send(shop.on(C::kCapture, 1, 60));
  shop.send(shop.on(C::kCapture, 2, 60));
  shop.send(shop.on(C::kRefund, 1, 10));
  const std::vector<StoryLine> story = shop.story(1);
  ASSERT_EQ(story.size(), 3U);
  EXPECT_EQ(line_by_line(shop, 1, false), story);
  EXPECT_EQ(line_by_line(shop, 1, true), (std::vector{story[2], story[1], story[0]}));
}

TEST(Orders, APageMayComeAfterAnySequence) {
  Shop shop;
  shop.authorised(1, 100);
  shop.authorised(2, 100);
  shop.send(shop.on(C::kCapture, 1, 60));
  shop.send(shop.on(C::kCapture, 2, 60));
  const std::vector<StoryLine> story = shop.story(1);
  ASSERT_EQ(story.size(), 2U);
  const std::uint64_t of_another = shop.story(2).at(0).sequence;  // between the two
  for (const std::uint64_t between : {story[0].sequence, story[0].sequence + 1, of_another, story[1].sequence - 1}) {
    EXPECT_EQ(shop.story(1, false, between), (std::vector{story[1]}));
  }
  for (const std::uint64_t between : {story[0].sequence + 1, of_another, story[1].sequence - 1, story[1].sequence}) {
    EXPECT_EQ(shop.story(1, true, between), (std::vector{story[0]}));
  }
  EXPECT_EQ(shop.story(1, false, 1), story);
  EXPECT_EQ(shop.story(1, true, ~std::uint64_t{0}).size(), 2U);
  EXPECT_THAT(shop.story(1, false, story[1].sequence + 1), IsEmpty());
  EXPECT_THAT(shop.story(1, true, story[0].sequence - 1), IsEmpty());
}

TEST(Orders, ObjectsOfOneIdHaveStoriesOfTheirOwn) {
  Shop shop;
  const auto first_event = [&](StoryOf kind) {
    const std::vector<StoryLine> lines = shop.story(90, false, 0, 1, kind);
    return lines.empty() ? C{} : lines[0].event;
  };
  EXPECT_EQ(first_event(StoryOf::kAny), C{});
  shop.open_account(90, AccountRole::kWallet, kPayer);
  EXPECT_EQ(first_event(StoryOf::kAny), C::kOpenAccount);
  EXPECT_EQ(first_event(StoryOf::kMovement), C{});
  shop.send(wallet_transfer(90, kWallet, kShop, 1));
  EXPECT_EQ(first_event(StoryOf::kAny), C::kTransfer);
  shop.register_party(90);
  EXPECT_EQ(first_event(StoryOf::kAny), C::kRegisterParty);
  EXPECT_EQ(first_event(StoryOf::kOrder), C{});
  shop.send(shop.pay(90, 1));
  EXPECT_EQ(first_event(StoryOf::kAny), C::kPay);
  EXPECT_EQ(first_event(StoryOf::kOrder), C::kPay);
  EXPECT_EQ(first_event(StoryOf::kParty), C::kRegisterParty);
  EXPECT_EQ(first_event(StoryOf::kMovement), C::kTransfer);
  EXPECT_EQ(first_event(StoryOf::kAccount), C::kOpenAccount);
  const std::uint64_t of_party = shop.story(90, false, 0, 1, StoryOf::kParty).at(0).sequence;
  EXPECT_THAT(shop.story(90, true, of_party, 1, StoryOf::kOrder), IsEmpty()) << "a cursor of another kind is any sequence";
}

TEST(Orders, CommandsThatAreNotExecutedYetAreUnknown) {
  Shop shop;
  for (const C command : {C::kApprove, C::kReject, C::kDisputeOpen, C::kAttemptStart, C::kSuspenseSettle}) {
    CommandWithParts sent = valid_command(command);
    sent.command.key = 0;
    EXPECT_EQ(shop.send(sent).code, R::kUnknownCommand) << name_of(command);
  }
}

}  // namespace
}  // namespace florin::test
