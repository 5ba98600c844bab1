#include "load/payment_source.hpp"

#include <gmock/gmock.h>

#include <cstring>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "protocol/frame_codec.hpp"

namespace florin::load {
namespace {

using C = CommandNumber;
using testing::HasSubstr;

/// Answers payments as a server does, as far as the load generator can tell: what is known by its key is answered again.
class Till {
 public:
  struct Answer {
    FrameHeader header;
    std::vector<PaymentOutcome> outcomes;
    std::vector<std::uint8_t> flags;

    [[nodiscard]] std::vector<std::byte> body() const {
      std::vector<std::byte> bytes(outcomes.size() * sizeof(PaymentOutcome) + (outcomes.size() + 15) / 16 * 16);
      std::memcpy(bytes.data(), outcomes.data(), outcomes.size() * sizeof(PaymentOutcome));
      std::memcpy(bytes.data() + outcomes.size() * sizeof(PaymentOutcome), flags.data(), flags.size());
      return bytes;
    }
  };

  Answer pay(const PreparedRequest& request) {
    Answer answer;
    const std::byte* const body = request.frame + kFrameHeaderBytes;
    for (std::size_t at = sizeof(PaymentsHeader); at < request.frame_bytes - kFrameHeaderBytes; at += sizeof(PaymentCommand)) {
      PaymentCommand command;
      std::memcpy(&command, body + at, sizeof command);
      const auto known = by_key.find(command.key);
      answer.flags.push_back(known == by_key.end() ? std::uint8_t{0} : PaymentReplyFlags::kReplayed);
      answer.outcomes.push_back(known == by_key.end() ? execute(command) : known->second);
      by_key.emplace(command.key, answer.outcomes.back());
    }
    answer.header = header(static_cast<std::uint32_t>(answer.outcomes.size()));
    return answer;
  }

  static FrameHeader header(std::uint32_t count, ReplyCode code = ReplyCode::kOk) {
    protocol::ReplyFields fields;
    fields.operation = Operation::kPayments;
    fields.code = code;
    fields.sequence = 77;
    fields.count = count;
    return protocol::make_reply_header(fields, {});
  }

  std::map<u128, PaymentOutcome> by_key;
  std::map<u128, PaymentCommand> orders;
  std::map<C, std::uint64_t> commands;

 private:
  PaymentOutcome execute(const PaymentCommand& command) {
    sequence_ += 32;
    ++commands[command.command];
    PaymentOutcome outcome{.sequence = sequence_, .timestamp = sequence_, .object_id = command.id, .amount = command.amount, .command = command.command};
    const bool is_automatic = (command.flags & CommandFlags::kAutomatic) != 0;
    switch (command.command) {
      case C::kPay:
        EXPECT_TRUE(orders.emplace(command.id, command).second) << "an order was made twice";
        outcome.money = is_automatic ? MoneyState::kCaptured : MoneyState::kAuthorised;
        outcome.legs = is_automatic ? 2 : 1;
        outcome.fee = is_automatic ? 30 + command.amount * 29 / 1'000 : 0;
        break;
      case C::kCapture:
        EXPECT_EQ(command.amount, orders.at(command.id).amount);
        outcome.money = MoneyState::kCaptured;
        outcome.legs = 2;
        outcome.fee = 30 + command.amount * 29 / 1'000;
        break;
      default:
        EXPECT_EQ(command.command, C::kRefund);
        EXPECT_EQ(command.amount, orders.at(command.id).amount / 2);
        outcome.money = MoneyState::kPartiallyRefunded;
        outcome.legs = 1;
    }
    return outcome;
  }

  std::uint64_t sequence_ = 0;
};

class PaymentSourceTest : public testing::Test {
 protected:
  static constexpr std::uint32_t kSlots = 8;

  /// Sends all there is, a few requests open at a time; `change` may spoil an answer before it is told. Answers come in the order of `newest_first`.
  void run(const PaymentOptions& options, std::uint64_t orders, const std::function<void(Till::Answer&)>& change = {}, bool newest_first = false) {
    workload.emplace(options, 55);
    source.emplace(*workload, orders, kSlots);
    std::vector<std::pair<std::uint32_t, Till::Answer>> open;
    for (bool is_done = false; !is_done || !open.empty();) {
      while (!is_done && open.size() < kSlots) {
        std::uint32_t slot = 0;
        while (std::ranges::any_of(open, [&](const auto& one) { return one.first == slot; })) ++slot;
        PreparedRequest request;
        const auto next = source->next(slot, request);
        is_done = next == RequestSource::Next::kDone;
        if (next != RequestSource::Next::kReady) break;
        ++requests;
        open.emplace_back(slot, till.pay(request));
        source->sent(request.sent);
      }
      if (open.empty()) continue;
      const auto which = newest_first ? open.end() - 1 : open.begin();
      if (change) change(which->second);
      const auto body = which->second.body();
      settled += source->completed(which->first, which->second.header, body);
      open.erase(which);
    }
  }

  Till till;
  std::optional<PaymentWorkload> workload;
  std::optional<PaymentSource> source;
  std::uint64_t settled = 0;
  std::uint64_t requests = 0;
};

TEST_F(PaymentSourceTest, SendsExactlyAsManyOrdersAsAsked) {
  run({.seed = 1, .payers = 100, .merchants = 10, .batch = 100}, 1'234);
  EXPECT_EQ(till.orders.size(), 1'234U);
  EXPECT_EQ(settled, 1'234U);
  EXPECT_EQ(requests, 13U);
  EXPECT_EQ(source->outcomes().count(PaymentResult::kDone), 1'234U);
  EXPECT_EQ(source->wrong(), 0U) << source->first_problem();
  EXPECT_EQ(source->last_sequence(), 77U);
}

TEST_F(PaymentSourceTest, OneCommandARequest) {
  run({.seed = 1, .payers = 100, .merchants = 10, .batch = 1, .mix = PaymentMix::kAuthoriseCapture}, 500);
  EXPECT_EQ(settled, 500U);
  EXPECT_EQ(requests, 1'000U);
  EXPECT_EQ(source->wrong(), 0U) << source->first_problem();
}

TEST_F(PaymentSourceTest, WhatIsHeldIsCapturedOnceItWasAnswered) {
  run({.seed = 2, .payers = 100, .merchants = 10, .batch = 50, .mix = PaymentMix::kAuthoriseCapture}, 1'000);
  EXPECT_EQ(till.commands[C::kPay], 1'000U);
  EXPECT_EQ(till.commands[C::kCapture], 1'000U);
  EXPECT_EQ(settled, 1'000U);
  EXPECT_EQ(source->sums().held, 0U);
  EXPECT_EQ(source->sums().orders, 1'000U);
  EXPECT_EQ(source->wrong(), 0U) << source->first_problem();
}

TEST_F(PaymentSourceTest, HalfOfEveryFifthOrderGoesBack) {
  run({.seed = 2, .payers = 100, .merchants = 10, .batch = 20, .mix = PaymentMix::kRefunds}, 1'000);
  EXPECT_EQ(till.commands[C::kRefund], 200U);
  EXPECT_EQ(settled, 1'000U);
  EXPECT_EQ(source->wrong(), 0U) << source->first_problem();
}

/// What the sums are compared with at the end of a run is the accounts: so they must be those of all answers.
TEST_F(PaymentSourceTest, SumsAreThoseOfTheAnswers) {
  run({.seed = 3, .payers = 100, .merchants = 10, .batch = 30, .mix = PaymentMix::kRefunds}, 900);
  PaymentSums sums;
  for (const auto& [key, outcome] : till.by_key) {
    sums.fees += outcome.fee;
    if (outcome.command == C::kPay) ++sums.orders;
    (outcome.command == C::kPay ? sums.captured : sums.refunded) += outcome.amount;
  }
  EXPECT_GT(sums.refunded, 0U);
  EXPECT_EQ(source->sums(), sums);
}

TEST_F(PaymentSourceTest, RetriesAreSentAndComparedWhicheverIsAnsweredFirst) {
  for (const bool newest_first : {false, true}) {
    for (const auto mix : {PaymentMix::kInstant, PaymentMix::kAuthoriseCapture, PaymentMix::kRefunds}) {
      till = {};
      requests = settled = 0;
      run({.seed = 4, .payers = 100, .merchants = 10, .batch = 10, .mix = mix, .retries = true}, 500, {}, newest_first);
      EXPECT_EQ(till.orders.size(), 500U);
      EXPECT_EQ(settled, 500U);
      EXPECT_EQ(source->compared(), till.by_key.size());
      EXPECT_EQ(requests, 2 * till.by_key.size() / 10);
      EXPECT_EQ(source->outcomes().count(PaymentResult::kDone), 2 * till.by_key.size());
      EXPECT_EQ(source->sums().orders, 500U);
      EXPECT_EQ(source->wrong(), 0U) << source->first_problem();
    }
  }
}

TEST_F(PaymentSourceTest, ASecondAnswerThatDiffersIsNoticed) {
  run({.payers = 100, .merchants = 10, .batch = 10, .retries = true}, 10, [](Till::Answer& answer) {
    if (answer.flags[0] != 0) answer.outcomes[7].refundable += 1;
  });
  EXPECT_EQ(source->wrong(), 1U);
  EXPECT_THAT(source->first_problem(), HasSubstr("differently"));
}

TEST_F(PaymentSourceTest, ACommandThatWasExecutedTwiceIsNoticed) {
  run({.payers = 100, .merchants = 10, .batch = 10, .retries = true}, 10, [](Till::Answer& answer) { answer.flags[3] = 0; });
  EXPECT_EQ(source->wrong(), 1U);
  EXPECT_THAT(source->first_problem(), HasSubstr("each was the first"));
}

TEST_F(PaymentSourceTest, AnAnswerThatIsNotWhatItShouldBeIsNoticed) {
  const std::vector<std::function<void(PaymentOutcome&)>> spoilers = {
      [](PaymentOutcome& outcome) { outcome.amount += 1; },
      [](PaymentOutcome& outcome) { outcome.fee += 1; },
      [](PaymentOutcome& outcome) { outcome.object_id += 1; },
      [](PaymentOutcome& outcome) { outcome.legs = 1; },
      [](PaymentOutcome& outcome) { outcome.money = MoneyState::kAuthorised; },
      [](PaymentOutcome& outcome) { outcome.sequence = 0; },
      [](PaymentOutcome& outcome) { outcome.code = PaymentResult::kInsufficientFunds; },
  };
  for (const auto& spoil : spoilers) {
    till = {};
    bool is_spoilt = false;
    run({.payers = 100, .merchants = 10, .batch = 10}, 100, [&](Till::Answer& answer) {
      if (!std::exchange(is_spoilt, true)) spoil(answer.outcomes[4]);
    });
    EXPECT_EQ(source->wrong(), 1U);
    EXPECT_THAT(source->first_problem(), HasSubstr("order 5 was answered"));
    EXPECT_EQ(source->sums().orders, 99U);
  }
}

TEST_F(PaymentSourceTest, AnswersAsIfReplayedAreNoticedWithoutRetries) {
  run({.payers = 100, .merchants = 10, .batch = 10}, 10, [](Till::Answer& answer) { answer.flags[0] = PaymentReplyFlags::kReplayed; });
  EXPECT_EQ(source->wrong(), 1U);
}

TEST_F(PaymentSourceTest, RequestsThatAreRefusedAreCounted) {
  run({.payers = 100, .merchants = 10, .batch = 10, .mix = PaymentMix::kAuthoriseCapture}, 10, [](Till::Answer& answer) { answer.header = Till::header(0, ReplyCode::kBusy); });
  EXPECT_EQ(source->wrong(), 1U);
  EXPECT_EQ(till.commands[C::kCapture], 0U);
  EXPECT_EQ(source->outcomes().by_name().at("request_busy"), 1U);
  EXPECT_THAT(source->outcomes().text(), HasSubstr("1 request_busy"));
}

TEST_F(PaymentSourceTest, AReplyOfAnotherSizeIsCounted) {
  run({.payers = 100, .merchants = 10, .batch = 10}, 10, [](Till::Answer& answer) { answer.outcomes.pop_back(); });
  EXPECT_EQ(source->wrong(), 1U);
  EXPECT_EQ(source->outcomes().by_name().at("request_malformed_body"), 1U);
}

}  // namespace
}  // namespace florin::load
