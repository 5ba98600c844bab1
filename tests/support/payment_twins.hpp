#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <span>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/payments/payment_request.hpp"
#include "model/expected_payments.hpp"
#include "model/reference_payments.hpp"
#include "support/payment_script.hpp"
#include "support/random_payments.hpp"

namespace florin::test {

inline std::string text_of(const PaymentOutcome& outcome) {
  return std::string(name_of(outcome.command)) + " " + to_decimal(outcome.object_id) + ": " + std::to_string(static_cast<std::uint32_t>(outcome.code)) +
         " detail " + std::to_string(outcome.detail) + " sequence " + std::to_string(outcome.sequence) + " amount " + to_decimal(outcome.amount) +
         " fee " + to_decimal(outcome.fee) + " legs " + std::to_string(outcome.legs) + " version " + std::to_string(outcome.version) + " state " +
         std::string(name_of(outcome.money)) + " hold " + to_decimal(outcome.hold_open) + " refundable " + to_decimal(outcome.refundable) + " time " +
         std::to_string(outcome.timestamp);
}

/// The state machine and the model side by side: each answer has to be the same. Writer: one test thread.
class PaymentTwins {
 public:
  explicit PaymentTwins(std::uint64_t seed, std::unique_ptr<core::StateMachine> machine, PaymentStream::Reach reach = PaymentStream::Reach::kNewest)
      : stream_(seed, reach), script_(std::move(machine)) {
    script_.act_as(kPrincipal);
    send({.commands = payment_world(20'000)});
  }

  void step() {
    const std::uint64_t dice = stream_.random().below(100);
    if (dice < 4) script_.advance(stream_.random().between(1, 120));
    if (dice >= 4 && dice < 8) return run_timers();  // so that others often come before them
    if (dice >= 8 && dice < 14) return transfer();
    send(stream_.next());
  }

  /// Of what is older than so many seconds.
  void drop_history(std::uint64_t seconds) {
    const DropHistory drop{.timestamp = script_.now() - seconds * 1'000'000'000};
    script_.execute(make_request<DropHistory>(Operation::kDropHistory, std::span(&drop, 1)));
    ledger_.drop_history(drop, script_.now());
  }

  void compare_state() {
    ASSERT_EQ(payments_.check_invariants(), std::vector<std::string>{});
    for (const auto& [id, account] : ledger_.accounts()) {
      const Balances expected{account.debits_pending, account.debits_posted, account.credits_pending, account.credits_posted};
      ASSERT_EQ(script_.balances(id), expected) << to_hex(id);
    }
    for (const auto& [id, booked] : payments_.books().orders) {
      const std::optional<OrderAnswer> order = script_.order(id);
      ASSERT_TRUE(order) << to_decimal(id);
      ASSERT_EQ(order->hot, booked.hot) << to_decimal(id);
      ASSERT_EQ(order->cold, booked.cold) << to_decimal(id);
      ASSERT_EQ(order->parts, booked.parts) << to_decimal(id);
      compare_story(id);
      const auto* const reference = reinterpret_cast<const char*>(booked.cold.reference);
      const std::optional<OrderAnswer> by_reference = script_.order(booked.cold.merchant, std::string_view(reference, strnlen(reference, 32)));
      ASSERT_TRUE(by_reference) << to_decimal(id);
      ASSERT_EQ(by_reference->hot, booked.hot) << to_decimal(id);
    }
    compare_lists();
    compare_events();
    for (const auto& [id, party] : payments_.books().parties) compare_party(party);
    for (const auto& [owner, used] : payments_.keys()) ASSERT_EQ(script_.outcome_of_key(owner.second), used.outcomes) << to_decimal(owner.second);
    for (const auto& [id, party] : payments_.books().parties) ASSERT_EQ(story_of(StoryOf::kParty, id), payments_.story_of(model::ObjectKind::kParty, id));
    for (const u128 id : payments_.books().movements) ASSERT_EQ(story_of(StoryOf::kMovement, id), payments_.story_of(model::ObjectKind::kMovement, id));
    for (const auto& [id, opened] : payments_.books().accounts) {
      ASSERT_EQ(story_of(StoryOf::kAccount, id), payments_.story_of(model::ObjectKind::kAccount, id)) << to_hex(id);
    }
    ASSERT_EQ(script_.machine().counts().story_lines, payments_.books().lines.size());
    ASSERT_EQ(script_.machine().counts().payment_keys, payments_.keys().size());
    ASSERT_EQ(script_.machine().counts().transfers, ledger_.transfers().size());
  }

  [[nodiscard]] const std::map<PaymentResult, int>& codes() const { return codes_; }
  PaymentScript& script() { return script_; }
  Random& random() { return stream_.random(); }

 private:
  /// Whole, backwards, and in pages of two in both directions.
  void compare_story(u128 order) {
    std::vector<StoryLine> expected = payments_.story_of(model::ObjectKind::kOrder, order);
    for (const bool newest_first : {false, true}) {
      ASSERT_EQ(script_.story(order, newest_first, 0, kStoryLinesMax, StoryOf::kOrder), expected) << to_decimal(order);
      std::vector<StoryLine> found;
      for (std::vector<StoryLine> page; !(page = script_.story(order, newest_first, found.empty() ? 0 : found.back().sequence, 2, StoryOf::kOrder)).empty();) {
        found.insert(found.end(), page.begin(), page.end());
      }
      ASSERT_EQ(found, expected) << to_decimal(order);
      std::ranges::reverse(expected);
    }
  }
  /// By id and by name, its keys in pages, and whether the hash of its password is right.
  void compare_party(Party expected) {
    PasswordProof proof{.party = expected.id};
    std::ranges::copy(expected.scrypt, proof.scrypt);
    ASSERT_EQ(script_.verify(proof)->is_right, expected.log2_n == 0 ? 0 : 1) << to_decimal(expected.id);
    std::ranges::fill(expected.scrypt, std::uint8_t{0});
    ASSERT_EQ(script_.party(expected.id), expected) << to_decimal(expected.id);
    ASSERT_EQ(script_.party(std::string_view(expected.name, strnlen(expected.name, sizeof expected.name))), expected) << to_decimal(expected.id);
    std::map<std::uint64_t, Credential> keys;
    CredentialFilter filter{.party = expected.id, .limit = static_cast<std::uint32_t>(random().between(1, 5))};
    do {
      for (const Credential& key : script_.credentials(filter, filter.after)) ASSERT_TRUE(keys.emplace(key.key_id, key).second) << key.key_id;
    } while (filter.after != 0);
    std::map<std::uint64_t, Credential> booked;
    for (const auto& [name, key] : payments_.books().credentials) {
      if (name.first == expected.id) booked.emplace(name.second, key);
    }
    ASSERT_EQ(keys, booked) << to_decimal(expected.id);
  }
  /// Of each party in both roles and of all, with some filters each, in pages of some size and both directions.
  void compare_lists() {
    std::vector<u128> parties{0, 999'999};
    for (const auto& [id, party] : payments_.books().parties) parties.push_back(id);
    for (const u128 party : parties) {
      for (const PartyRole role : {PartyRole::kMerchant, PartyRole::kPayer}) {
        OrderFilter filter{.party = party, .limit = static_cast<std::uint32_t>(random().between(1, 20)), .role = party == 0 ? PartyRole::kNone : role};
        if (random().chance(50)) filter.flags = OrderFilterFlags::kReversed;
        if (random().chance(30)) filter.money = static_cast<MoneyState>(random().between(1, 13));
        if (random().chance(30)) filter.public_state = static_cast<PublicState>(random().between(1, 5));
        if (random().chance(20)) filter.ledger = random().chance(70) ? kEuro : 99;
        if (random().chance(40)) filter.created_min = time_of_some_order();
        if (random().chance(40)) filter.created_max = std::max(time_of_some_order(), filter.created_min);
        compare_list(filter);
      }
    }
  }
  void compare_list(OrderFilter filter) {
    const std::vector<model::BookedOrder> expected = payments_.orders(filter);
    SCOPED_TRACE("orders of " + to_decimal(filter.party) + " role " + std::to_string(static_cast<int>(filter.role)) + " flags " + std::to_string(filter.flags));
    std::size_t found = 0;
    do {
      std::uint64_t next = 0;
      const std::vector<OrderAnswer> page = script_.orders(filter, next);
      ASSERT_LE(page.size(), filter.limit);
      for (const OrderAnswer& order : page) {
        ASSERT_LT(found, expected.size());
        ASSERT_EQ(order.hot, expected[found].hot);
        ASSERT_EQ(order.cold, expected[found].cold);
        ASSERT_EQ(order.parts, expected[found].parts);
        ++found;
      }
      filter.after = next;
    } while (filter.after != 0);
    ASSERT_EQ(found, expected.size());
  }
  std::uint64_t time_of_some_order() {
    const auto& lines = payments_.books().lines;
    return lines.empty() ? 0 : lines[random().below(lines.size())].timestamp + random().below(3) - 1;
  }
  void compare_events() {
    const auto& lines = payments_.books().lines;
    PaymentEventsFilter filter{.after = random().chance(50) || lines.empty() ? 0 : lines[random().below(lines.size())].sequence + random().below(2),
                               .limit = static_cast<std::uint32_t>(random().pick({7, 100, 1'024}))};
    auto expected = std::ranges::find_if(lines, [&](const StoryLine& line) { return line.sequence > filter.after; });
    for (;;) {
      std::uint64_t next = 0;
      const std::vector<StoryLine> page = script_.events(filter, next);
      for (const StoryLine& line : page) {
        ASSERT_NE(expected, lines.end());
        ASSERT_EQ(line, *expected++);
      }
      ASSERT_EQ(next, page.size() == filter.limit ? page.back().sequence : 0);
      if (next == 0) break;
      filter.after = next;
    }
    ASSERT_EQ(expected, lines.end());
  }
  std::vector<StoryLine> story_of(StoryOf kind, u128 id) { return script_.story(id, false, 0, kStoryLinesMax, kind); }
  std::uint64_t next_sequence() const { return ledger_.sequence() + 1; }

  void send(const RandomPayments& request) {
    const PaymentAnswers answers = script_.send_as_is(request.commands, request.mode, request.group_key);
    std::vector<model::Answer> expected;
    if (request.mode == PaymentsMode::kGroup) {
      std::vector<model::GroupMember> members;
      for (const CommandWithParts& sent : request.commands) members.push_back(member(sent));
      expected = payments_.execute_group(request.group_key, members, kPrincipal, next_sequence(), script_.now());
    } else {
      std::vector<model::SentCommand> members;
      for (const CommandWithParts& sent : request.commands) members.push_back({sent.command, sent.parts});
      const auto mode = request.mode == PaymentsMode::kStopOnFirst ? model::ListMode::kStopOnFirst : model::ListMode::kIndependent;
      expected = payments_.execute_list(members, mode, kPrincipal, next_sequence(), script_.now());
    }
    ASSERT_EQ(answers.outcomes.size(), expected.size());
    std::string all;
    for (const PaymentOutcome& outcome : answers.outcomes) all += "\n  " + text_of(outcome);
    SCOPED_TRACE("mode " + std::to_string(static_cast<int>(request.mode)) + all);
    for (std::size_t i = 0; i < expected.size(); ++i) {
      model::take_smaller_claim(answers.outcomes[i], expected[i].outcome);
      ASSERT_EQ(answers.outcomes[i], expected[i].outcome) << text_of(answers.outcomes[i]) << "\nexpected " << text_of(expected[i].outcome);
      ASSERT_EQ(answers.flags[i] != 0, expected[i].replayed);
      ++codes_[answers.outcomes[i].code];
    }
  }

  static model::GroupMember member(const CommandWithParts& sent) {
    if (sent.command.command == CommandNumber::kCreateAccount) return record_in<Account>(sent.command);
    if (sent.command.command == CommandNumber::kCreateTransfer) return record_in<Transfer>(sent.command);
    return model::SentCommand{sent.command, sent.parts};
  }

  void transfer() {
    const Transfer transfer = stream_.ledger_transfer();
    script_.execute(make_request<Transfer>(Operation::kCreateTransfers, std::span(&transfer, 1)));
    ledger_.create_transfers(std::span(&transfer, 1), script_.now());
  }

  void run_timers() {
    std::vector<PaymentTimer> due(kPaymentTimersMax);
    due.resize(script_.machine().due_timers(script_.now(), due));
    const std::vector<model::DueTimer> expected = payments_.due_timers(script_.now());
    ASSERT_EQ(due.empty(), expected.empty());
    if (due.empty()) return;
    for (const PaymentTimer& timer : due) {
      const bool is_due = std::ranges::find(expected, model::DueTimer{timer.due, timer.command, timer.id}) != expected.end();
      ASSERT_TRUE(is_due) << name_of(timer.command) << " of " << to_decimal(timer.id);
    }
    const std::uint64_t first = next_sequence();
    script_.execute(make_request<PaymentTimer>(Operation::kPaymentTimers, due));
    for (std::uint64_t i = 0; i < due.size(); ++i) {
      PaymentCommand command;
      command.command = due[i].command;
      command.id = due[i].id;
      command.effective_time = due[i].due;
      payments_.execute({command, {}, 0, first + (i + 1) * kPaymentNanoseconds - 1, script_.now() - (due.size() - 1 - i) * kPaymentNanoseconds});
    }
  }

  PaymentStream stream_;
  PaymentScript script_;
  model::ReferenceLedger ledger_;
  model::ReferencePayments payments_{ledger_};
  std::map<PaymentResult, int> codes_;
};

}  // namespace florin::test
