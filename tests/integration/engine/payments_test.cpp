#include <cstring>

#include "core/payments/payment_request.hpp"
#include "florin/payment_outcome.hpp"
#include "integration/engine/engine_fixture.hpp"
#include "support/payment_vectors.hpp"

/// @file
/// Payments in a whole engine: sequenced, journalled, executed, recovered.

namespace florin::test {
namespace {

using C = CommandNumber;
using R = PaymentResult;

class PaymentsTest : public EngineFixture {
 protected:
  void SetUp() override {
    EngineFixture::SetUp();
    restart();
    for (const PaymentOutcome& outcome : send(payment_world(10'000))) EXPECT_EQ(outcome.code, R::kDone);
  }
  void restart() {
    EngineOptions with = options();
    with.has_test_clock = true;
    start(std::move(with));
  }

  static std::vector<std::byte> body_of(const std::vector<CommandWithParts>& commands, PaymentsMode mode, u128 group_key) {
    std::vector<std::byte> body;
    const auto append = [&](const auto& record) {
      const auto bytes = std::as_bytes(std::span(&record, 1));
      body.insert(body.end(), bytes.begin(), bytes.end());
    };
    append(PaymentsHeader{.group_key = group_key, .mode = mode});
    for (const CommandWithParts& sent : commands) {
      append(sent.command);
      for (const PartAmount& part : sent.parts) append(part);
    }
    return body;
  }
  std::vector<PaymentOutcome> send(const std::vector<CommandWithParts>& commands, PaymentsMode mode = PaymentsMode::kIndependent, u128 group_key = 0) {
    const pipeline::Request answered = call_as(kPrincipal, Operation::kPayments, body_of(commands, mode, group_key));
    EXPECT_EQ(answered.reply.code, ReplyCode::kOk);
    std::vector<PaymentOutcome> outcomes(answered.reply.count);
    std::memcpy(outcomes.data(), reply.data(), outcomes.size() * sizeof(PaymentOutcome));
    return outcomes;
  }
  PaymentOutcome send(const CommandWithParts& sent) { return send(std::vector{sent}).at(0); }

  pipeline::Request call_as(u128 principal, Operation operation, std::span<const std::byte> body) {
    pipeline::RequestBlock* block = engine->port(0).acquire();
    add(*block, operation, body, 0, core::reply_bytes_max(operation, 0, body)).principal = principal;
    return EngineFixture::send(block);
  }
  /// What requests are answered that lie side by side.
  std::vector<ReplyCode> codes_in_one_batch(const std::vector<std::vector<std::byte>>& bodies) {
    pipeline::RequestBlock* block = engine->port(0).acquire();
    for (const std::vector<std::byte>& body : bodies) {
      add(*block, Operation::kPayments, body, 0, core::reply_bytes_max(Operation::kPayments, 0, body)).principal = kPrincipal;
    }
    EngineFixture::send(block);
    std::vector<ReplyCode> codes;
    for (const pipeline::Request& answer : answers) codes.push_back(answer.reply.code);
    return codes;
  }
  void advance_clock(std::uint64_t seconds) {
    const std::uint64_t ns = seconds * 1'000'000'000;
    EXPECT_EQ(call(Operation::kClockAdvance, std::as_bytes(std::span(&ns, 1))).reply.code, ReplyCode::kOk);
  }
  OrderHot order() {
    const u128 id = kOrder;
    EXPECT_EQ(call(Operation::kLookupOrders, std::as_bytes(std::span(&id, 1))).reply.count, 1U);
    OrderHot hot;
    std::memcpy(&hot, reply.data(), sizeof hot);
    return hot;
  }
};

TEST_F(PaymentsTest, AreTheSameAfterRecovery) {
  const CommandWithParts pay = with_key(500'000, instant_pay(1'000, kFeeA));
  const PaymentOutcome paid = send(pay);
  EXPECT_EQ(paid.code, R::kDone);
  EXPECT_EQ(paid.sequence % kPaymentNanoseconds, 1U) << "genesis, then whole commands";
  send({hold_of(400, kFeeC), on_order(C::kCapture, 60)}, PaymentsMode::kGroup, 500'001);
  const std::string hash = state_hash();
  restart();
  EXPECT_EQ(state_hash(), hash);
  EXPECT_EQ(send(pay), paid);

  EXPECT_EQ(call(Operation::kSnapshot).reply.code, ReplyCode::kOk);
  send(with_key(500'002, instant_pay(10, 0, 1'001)));
  const std::string after = state_hash();
  restart();
  EXPECT_EQ(engine->recovery().event_count, 32U) << "behind the snapshot";
  EXPECT_EQ(state_hash(), after);
}

TEST_F(PaymentsTest, TimersRunByThemselvesAndAreRecorded) {
  CommandWithParts hold = with_key(500'000, hold_of(100, 0));
  hold.command.hold_s = 60;
  EXPECT_EQ(send(hold).code, R::kDone);
  advance_clock(59);
  EXPECT_EQ(order().money, MoneyState::kAuthorised);
  advance_clock(2);
  while (order().money == MoneyState::kAuthorised) {  // the sequencer wakes up for it
  }
  EXPECT_EQ(order().money, MoneyState::kExpired);
  const std::string hash = state_hash();
  restart();
  EXPECT_EQ(state_hash(), hash);
  EXPECT_EQ(order().money, MoneyState::kExpired);
}

TEST_F(PaymentsTest, KeysBelongToThePrincipalOfTheConnection) {
  send(with_key(500'000, instant_pay(100, 0)));
  const u128 key = 500'000;
  EXPECT_EQ(call_as(kPrincipal, Operation::kLookupKey, std::as_bytes(std::span(&key, 1))).reply.count, 1U);
  EXPECT_EQ(call_as(1, Operation::kLookupKey, std::as_bytes(std::span(&key, 1))).reply.count, 0U);
}

/// Captures of one order, as many as that.
std::vector<CommandWithParts> captures(std::size_t count, u128 order, u128 first_key) {
  std::vector<CommandWithParts> all;
  for (std::size_t i = 0; i < count; ++i) {
    all.push_back(with_key(first_key + i, on_order(C::kCapture, 1)));
    all.back().command.id = order;
  }
  return all;
}

TEST_F(PaymentsTest, OrdersThatAreMadeInAListCountWithThePartsThatTheyHave) {
  std::vector<CommandWithParts> list;
  for (u128 i = 0; i < 2'000; ++i) {
    list.push_back(with_key(600'000 + 2 * i, hold_of(1, 0)));
    list.back().command.id = 2'000 + i;
    set_text(list.back().command.reference, "order " + std::to_string(low64(list.back().command.id)));
    list.push_back(captures(1, 2'000 + i, 600'001 + 2 * i).at(0));
  }
  for (const PaymentOutcome& outcome : send(list)) ASSERT_EQ(outcome.code, R::kDone);
  const std::string hash = state_hash();
  restart();
  EXPECT_EQ(state_hash(), hash);
}

/// An order with as many parts as there can be, and then captures of it: 17 transfers at most, and 18 each.
std::vector<CommandWithParts> split_and_captured(std::size_t times, u128 first_key) {
  std::vector<CommandWithParts> list = captures(times, kOrder, first_key + 1);
  list.insert(list.begin(), with_key(first_key, instant_pay(1'000, 0)));
  for (u128 i = 0; i < 15; ++i) list[0].add(PartShare{.account = 500 + i, .bps = 1});
  return list;
}

TEST_F(PaymentsTest, MoreTransfersThanABatchHoldsAreMalformed) {
  EXPECT_EQ(send(split_and_captured(1'819, 600'000)).at(0).code, R::kAccountNotFound) << "32,759 at most, though none then";
  const std::string hash = state_hash();
  const auto body = body_of(split_and_captured(1'820, 700'000), PaymentsMode::kIndependent, 0);
  EXPECT_EQ(call_as(kPrincipal, Operation::kPayments, body).reply.code, ReplyCode::kMalformedBody) << "32,777";
  EXPECT_EQ(state_hash(), hash);
}

TEST_F(PaymentsTest, WhatABatchHasNoRoomForIsBusyAndDoneLater) {
  std::vector<std::vector<std::byte>> bodies;
  for (u128 i = 0; i < 2; ++i) bodies.push_back(body_of(split_and_captured(1'000, 700'000 + i * 2'000), PaymentsMode::kIndependent, 0));
  EXPECT_EQ(codes_in_one_batch(bodies), (std::vector{ReplyCode::kOk, ReplyCode::kBusy})) << "18,017 twice";
  EXPECT_EQ(call_as(kPrincipal, Operation::kPayments, bodies[1]).reply.code, ReplyCode::kOk);
}

TEST_F(PaymentsTest, WhatFitsButNotBehindAnOrderWithPartsIsBusyToo) {
  const std::vector bodies = {body_of(split_and_captured(0, 600'000), PaymentsMode::kIndependent, 0),
                              body_of(captures(4'000, 2'000, 700'000), PaymentsMode::kIndependent, 0)};
  EXPECT_EQ(codes_in_one_batch(bodies), (std::vector{ReplyCode::kOk, ReplyCode::kBusy})) << "12,000, but 72,000 if their order were the one before";
  EXPECT_EQ(call_as(kPrincipal, Operation::kPayments, bodies[1]).reply.code, ReplyCode::kOk);
}

TEST_F(PaymentsTest, AFullRequestIsOneBatch) {
  std::vector<CommandWithParts> many;
  for (u128 i = 0; i < core::kPaymentsMax; ++i) many.push_back(with_key(600'000 + i, instant_pay(1, 0, 2'000 + i)));
  const std::vector<PaymentOutcome> outcomes = send(many);
  EXPECT_EQ(outcomes.size(), core::kPaymentsMax);
  EXPECT_EQ(outcomes.front().code, R::kDone);
  EXPECT_EQ(outcomes.back().code, R::kDone);
  const std::string hash = state_hash();
  restart();
  EXPECT_EQ(state_hash(), hash);
}

}  // namespace
}  // namespace florin::test
