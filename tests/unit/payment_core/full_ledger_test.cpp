#include <gtest/gtest.h>

#include "core/payments/payment_records.hpp"
#include "shop.hpp"
#include "support/payment_commands.hpp"

/// @file
/// Payments when the memory budget is used up: what ends by itself still ends, and what was answered is answered again.

namespace florin::test {
namespace {

using C = CommandNumber;

class FullShop : public ::testing::Test {
 protected:
  static core::PaymentRoom room_of(Shop& shop, const CommandWithParts& command) {
    const TestRequest request = payments_request({command}, PaymentsMode::kIndependent, 0, 7, 0);
    return shop.machine().payment_room(request.operation, request.body(), 7, {});
  }
  /// Until there is no room for one more command.
  void fill() {
    const CommandWithParts refused = shop_.on(C::kFulfil, 999);
    for (const std::uint32_t count : {500U, 1U}) {
      const core::PaymentRoom room = room_of(shop_, refused) * count;
      while (shop_.machine().reserve_payments(0, room.transfers, room)) {
        shop_.send_all(std::vector<CommandWithParts>(count, refused), PaymentsMode::kIndependent);
      }
    }
  }

  Shop shop_;
};

TEST_F(FullShop, WhatWasAnsweredIsAnsweredAgainWithoutRoom) {
  CommandWithParts pay = shop_.pay(1, 100);
  pay.command.key = 5;
  EXPECT_EQ(room_of(shop_, pay).commands, 1U);
  const PaymentAnswers first = shop_.send_as_is({pay});
  const core::PaymentRoom again = room_of(shop_, pay);
  EXPECT_EQ(again.commands + again.orders + again.transfers, 0U);
  const TestRequest request = payments_request({pay}, PaymentsMode::kIndependent, 0, 7, 0);
  EXPECT_EQ(shop_.machine().payment_room_at_most(request.operation, request.body(), {}).transfers, 2U) << "who does not ask for its key";
  CommandWithParts resolve = valid_command(C::kResolve);
  resolve.command.id = 5;
  EXPECT_EQ(room_of(shop_, resolve).commands, 0U);
  resolve.command.id = 6;
  EXPECT_EQ(room_of(shop_, resolve).commands, 1U) << "it may fence the key";
  fill();
  EXPECT_EQ(shop_.send_as_is({pay}).outcomes, first.outcomes);
}

TEST_F(FullShop, AGroupThatIsKnownNeedsNoRoomEither) {
  const std::vector<CommandWithParts> group{shop_.pay(1, 100), shop_.on(C::kFulfil, 1)};
  const TestRequest request = payments_request(group, PaymentsMode::kGroup, 5, 7, 0);
  const auto room = [&] { return shop_.machine().payment_room(request.operation, request.body(), 7, {}).commands; };
  EXPECT_EQ(room(), 2U);
  shop_.send_all(group, PaymentsMode::kGroup, 5);
  EXPECT_EQ(room(), 0U);
}

/// Each by itself is small; with as many legs as the largest order might have, a long list of them would be refused.
TEST_F(FullShop, WhatAListCreatesIsWeighedWithThePartsItHas) {
  CommandWithParts split = shop_.make(C::kPay, 52, 100);
  split.add(PartShare{.account = kPartOne, .bps = 1'000});
  const std::vector<CommandWithParts> list{shop_.make(C::kPay, 51, 100), shop_.on(C::kCapture, 51, 100), split, shop_.on(C::kCapture, 52, 100),
                                           shop_.on(C::kCapture, 53, 100)};
  const auto legs_of = [&](std::vector<CommandWithParts> commands, const core::PaymentRoom& before) {
    for (CommandWithParts& command : commands) command.command.key = shop_.next_key();
    const TestRequest request = payments_request(commands, PaymentsMode::kIndependent, 0, 7, 0);
    return shop_.machine().payment_room(request.operation, request.body(), 7, before).transfers;
  };
  EXPECT_EQ(legs_of(list, {}), 2U + 3 + (3 + 4) + 3);
  EXPECT_EQ(legs_of({shop_.on(C::kCapture, 53, 100)}, {.parts_max = 15}), 18U) << "the batch may have created it";
  EXPECT_EQ(legs_of({split, shop_.make(C::kPay, 52, 100), shop_.on(C::kRefund, 52, 100)}, {}), 3U + 2 + 4) << "whichever of them will be there";
}

TEST_F(FullShop, HoldsStillExpire) {
  for (u128 order = 1; order <= 3; ++order) shop_.authorised(order, 100);
  fill();
  const core::PaymentRoom timers{.transfers = 2, .commands = 2, .order_lines = 2 * core::OrderImage::kRecordLines};
  EXPECT_FALSE(shop_.machine().reserve_payments(0, timers.transfers, timers));
  EXPECT_TRUE(shop_.machine().reserve_timers(timers)) << "their room was set aside";
}

}  // namespace
}  // namespace florin::test
