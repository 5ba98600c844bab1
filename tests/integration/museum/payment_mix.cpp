#include "integration/museum/payment_mix.hpp"

#include <gtest/gtest.h>

#include "support/payment_vectors.hpp"

namespace florin::test {

using C = CommandNumber;

std::future<Result<PaymentsReply>> send_future(Client& client, const SentPayments& request) {
  switch (request.mode) {
    case PaymentsMode::kIndependent: return client.send_payments_future(request.commands);
    case PaymentsMode::kStopOnFirst: return client.send_payment_list_future(request.commands);
    case PaymentsMode::kGroup: break;
  }
  return client.send_payment_group_future(request.group_key, request.commands);
}

void PaymentMix::run(const std::string& address, const std::atomic<bool>& stop) {
  constexpr std::size_t kInFlight = 4;
  // Brief: who waits for a server that was killed waits in vain.
  auto connected = Client::connect({.address = address, .principal = kPrincipal, .timeout_ms = 400});
  if (!connected) return;
  Client& client = **connected;
  std::deque<InFlight> in_flight;
  while (!stop) {
    if (in_flight.size() == kInFlight) {
      take(std::move(in_flight.front()));
      in_flight.pop_front();
    }
    const bool is_retry = sent_.size() > 10 && random_.chance(10);
    std::size_t index = sent_.size() - 1 - (is_retry ? random_.below(10) : 0);
    if (!is_retry) {
      sent_.push_back(next());
      index = sent_.size() - 1;
    }
    in_flight.push_back({index, is_retry, send_future(client, sent_[index])});
  }
  for (InFlight& each : in_flight) take(std::move(each));
}

void PaymentMix::take(InFlight arrived) {
  auto reply = arrived.reply.get();
  if (!reply) return;
  SentPayments& request = sent_[arrived.index];
  if (request.answers.empty()) {
    request.answers = std::move(reply->answers);
    return;
  }
  ASSERT_EQ(reply->answers.size(), request.answers.size());
  for (std::size_t i = 0; i < request.answers.size(); ++i) EXPECT_EQ(reply->answers[i].outcome, request.answers[i].outcome) << "a retry has another answer";
}

SentPayments PaymentMix::next() {
  if (random_.chance(10)) return next_group();
  SentPayments request;
  const std::uint64_t count = random_.pick<std::uint64_t>({1, 1, 1, 2, 3});
  if (count > 1 && random_.chance(40)) request.mode = PaymentsMode::kStopOnFirst;
  while (request.commands.size() < count) {
    request.commands.push_back(command());
    request.commands.back().command.key = next_key();
  }
  return request;
}

SentPayments PaymentMix::next_group() {
  SentPayments request{.commands = {}, .mode = PaymentsMode::kGroup, .group_key = next_key(), .answers = {}};
  request.commands.push_back(creation());
  const u128 id = request.commands[0].command.id;
  request.commands.push_back(on_order_of(random_.pick({C::kCapture, C::kRefund, C::kFulfil, C::kCancel}), id));
  if (random_.chance(50)) request.commands.push_back(movement());
  if (random_.chance(20)) request.commands.push_back(on_order_of(C::kCapture, order_id(1 << 20)));  // which is not there: it fails
  return request;
}

CommandWithParts PaymentMix::command() {
  const std::uint64_t dice = random_.below(100);
  return dice < 40 ? creation() : dice < 85 ? on_some_order() : movement();
}

CommandWithParts PaymentMix::creation() {
  const u128 id = order_id(++orders_);
  newest_[client_] = orders_;
  CommandWithParts made = new_order(random_.chance(10) ? C::kCreateOrder : C::kPay, random_.between(1, 500), random_.pick({0U, kFeeA, kFeeB, kFeeC}),
                                    random_.chance(50) ? CommandFlags::kAutomatic : 0, id);
  if (random_.chance(30)) made.add(PartShare{.account = kPartOne, .bps = static_cast<std::uint16_t>(random_.below(5'000))});
  if (!made.parts.empty() && random_.chance(50)) made.add(PartShare{.account = kPartTwo, .bps = static_cast<std::uint16_t>(random_.below(5'000))});
  return made;
}

CommandWithParts PaymentMix::on_some_order() {
  const std::uint64_t whose = random_.chance(70) ? client_ : random_.below(newest_.size());
  const std::uint64_t newest = newest_[whose];
  const std::uint64_t number = newest <= 8 ? 1 : newest - random_.below(8);
  return on_order_of(random_.pick({C::kAuthorise, C::kCapture, C::kCapture, C::kCapture, C::kRefund, C::kRefund, C::kCancel, C::kIncrement, C::kDecrement,
                                   C::kFulfil, C::kComplete}),
                     order_of(whose, number));
}

CommandWithParts PaymentMix::on_order_of(C number, u128 id) {
  CommandWithParts made = on_order(number);
  made.command.id = id;
  const bool takes_all = number == C::kAuthorise || number == C::kCapture || number == C::kRefund;
  if (takes_all || number == C::kIncrement || number == C::kDecrement) made.command.amount = random_.between(1, 300);
  if (takes_all && random_.chance(40)) made.command.amount = kAmountAll;
  if (number == C::kCapture && random_.chance(20)) made.command.flags = CommandFlags::kFinal;
  return made;
}

CommandWithParts PaymentMix::movement() {
  const u128 id = movement_id(++movements_);
  switch (random_.below(4)) {
    case 0: return wallet_transfer(id, kWallet, kShop, random_.between(1, 100));
    case 1: {
      CommandWithParts made = top_up(id, kWallet, random_.between(1, 100));
      made.command.command = C::kWithdraw;
      return made;
    }
    default: return top_up(id, kWallet, random_.between(1, 5'000));
  }
}

}  // namespace florin::test
