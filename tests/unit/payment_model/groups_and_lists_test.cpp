#include <gtest/gtest.h>

#include "support/builders.hpp"
#include "support/payment_model.hpp"

/// Groups are all or nothing under one key; lists are as many commands, each with its own.

namespace florin::test {
namespace {

using C = CommandNumber;
using R = PaymentResult;
using model::Answer;
using model::GroupMember;
using model::ListMode;
using model::SentCommand;

const u128 kKey = 600'000;

std::vector<R> codes_of(const std::vector<Answer>& answers) {
  std::vector<R> codes;
  for (const Answer& answer : answers) codes.push_back(answer.outcome.code);
  return codes;
}
GroupMember member(const CommandWithParts& command) { return SentCommand{command.command, command.parts}; }
AccountBuilder euro_account(u128 id) { return account(id).ledger(kEuro); }

TEST(PaymentGroups, MembersSeeWhatEarlierOnesDid) {
  PaymentModel model(100);
  const std::uint64_t first = model.next_sequence();
  const auto answers = model.send_group(kKey, {hold_of(100, 0), on_order(C::kCapture, kAmountAll), on_order(C::kFulfil)});
  EXPECT_EQ(codes_of(answers), (std::vector{R::kDone, R::kDone, R::kDone}));
  for (std::size_t i = 0; i < answers.size(); ++i) EXPECT_EQ(answers[i].outcome.sequence, first + (i + 1) * kPaymentNanoseconds - 1);
  EXPECT_EQ(model.order().fulfilment, Fulfilment::kFulfilled);
  EXPECT_EQ(model.payments().find_outcome(kPrincipal, kKey), answers[2].outcome) << "the last member's is the group's";
  EXPECT_EQ(model.broken(), "");
}

TEST(PaymentGroups, ARefusalTakesBackEverythingButTheKey) {
  PaymentModel model(100);
  const auto lines = model.payments().books().lines.size();
  const auto transfers = model.ledger().transfers().size();
  const std::vector<CommandWithParts> group = {hold_of(60, 0), instant_pay(50, 0, 1'001), on_order(C::kCancel)};
  const auto answers = model.send_group(kKey, group);
  EXPECT_EQ(codes_of(answers), (std::vector{R::kGroupMemberFailed, R::kInsufficientFunds, R::kGroupMemberFailed}));
  EXPECT_EQ(answers[0].outcome.detail, 1U);
  EXPECT_EQ(answers[2].outcome.detail, 1U);
  EXPECT_EQ(model.payments().find_order(kOrder), nullptr);
  EXPECT_EQ(model.payments().books().lines.size(), lines);
  EXPECT_EQ(model.ledger().transfers().size(), transfers);
  EXPECT_EQ(model.payments().find_outcome(kPrincipal, kKey), answers[1].outcome) << "the culprit's is the group's";

  const auto again = model.send_group(kKey, group);
  for (std::size_t i = 0; i < again.size(); ++i) {
    EXPECT_TRUE(again[i].replayed);
    EXPECT_EQ(again[i].outcome, answers[i].outcome);
  }
  EXPECT_EQ(model.broken(), "");
}

TEST(PaymentGroups, EventsOfTheLedgerAreMembers) {
  PaymentModel model(100);
  const std::vector<GroupMember> group = {euro_account(40), euro_account(41), transfer(7).debit(40).credit(41).ledger(kEuro), member(instant_pay(100, 0))};
  const auto answers = model.send_group(kKey, group);
  for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(static_cast<std::uint32_t>(answers[i].outcome.code), kCreated);
  EXPECT_EQ(answers[2].outcome.amount, u128{100});
  EXPECT_EQ(answers[3].outcome.code, R::kDone);
  EXPECT_EQ(model.balance(41), 100);
  EXPECT_EQ(model.broken(), "");
}

TEST(PaymentGroups, ALedgerEventThatFailsLeavesNotEvenItsIdBehind) {
  PaymentModel model(100);
  const std::vector<GroupMember> group = {euro_account(40), transfer(7).debit(40).credit(41).ledger(kEuro), member(instant_pay(100, 0))};
  const auto answers = model.send_group(kKey, group);
  EXPECT_EQ(static_cast<std::uint32_t>(answers[1].outcome.code), static_cast<std::uint32_t>(CreateTransferStatus::kCreditAccountNotFound));
  EXPECT_EQ(answers[0].outcome.code, R::kGroupMemberFailed);
  EXPECT_FALSE(model.ledger().accounts().contains(40));
  EXPECT_TRUE(model.ledger().failed_ids().empty());

  const std::vector<GroupMember> repaired = {euro_account(40), euro_account(41), transfer(7).debit(40).credit(41).ledger(kEuro)};
  for (const Answer& answer : model.send_group(kKey + 1, repaired)) EXPECT_EQ(static_cast<std::uint32_t>(answer.outcome.code), kCreated);
}

TEST(PaymentGroups, ShapesThatAreNone) {
  PaymentModel model(100);
  const std::uint64_t next = model.next_sequence();
  const GroupMember pay = member(instant_pay(100, 0));
  const auto code_of = [&](const std::vector<GroupMember>& members, bool is_closed = true) {
    return model.send_group(kKey, members, is_closed).front().outcome.code;
  };
  EXPECT_EQ(code_of({pay}), R::kGroupTooLarge);
  EXPECT_EQ(code_of(std::vector<GroupMember>(65, pay)), R::kGroupTooLarge);
  EXPECT_EQ(code_of({pay, member(resolve_key(5))}), R::kNotAllowedInGroup);
  EXPECT_EQ(code_of({pay, member(on_order(C::kExpireHold))}), R::kNotAllowedInGroup);
  EXPECT_EQ(code_of({pay, member(asset_named("JPY", 392))}), R::kNotAllowedInGroup);
  EXPECT_EQ(code_of({pay, euro_account(40).flags(AccountFlags::kLinked)}), R::kNotAllowedInGroup);
  EXPECT_EQ(code_of({pay, pay}, false), R::kGroupNotClosed);
  EXPECT_EQ(model.next_sequence(), next) << "never sequenced";
  EXPECT_FALSE(model.payments().find_outcome(kPrincipal, kKey).has_value()) << "and never remembered";
}

TEST(PaymentGroups, AKeyIsOfAGroupOrOfACommand) {
  PaymentModel model(1'000);
  model.send(with_key(kKey, instant_pay(100, 0)));
  const auto answers = model.send_group(kKey, {instant_pay(100, 0, 1'001), instant_pay(100, 0, 1'002)});
  EXPECT_EQ(codes_of(answers), (std::vector{R::kKeyReused, R::kKeyReused}));
  EXPECT_EQ(model.payments().find_order(1'001), nullptr);
}

std::vector<CommandWithParts> three_payments() {
  return {with_key(kKey, instant_pay(100, 0, 1'001)), with_key(kKey + 1, instant_pay(5'000, 0, 1'002)), with_key(kKey + 2, instant_pay(100, 0, 1'003))};
}

TEST(PaymentLists, IndependentMembersDoWhatTheyCan) {
  PaymentModel model(1'000);
  const auto answers = model.send_list(three_payments(), ListMode::kIndependent);
  EXPECT_EQ(codes_of(answers), (std::vector{R::kDone, R::kInsufficientFunds, R::kDone}));
  EXPECT_EQ(model.balance(kWallet), 800);
  EXPECT_EQ(model.broken(), "");
}

TEST(PaymentLists, ThatStopSkipWhatComesAfterARefusalAndRememberIt) {
  PaymentModel model(1'000);
  const auto answers = model.send_list(three_payments(), ListMode::kStopOnFirst);
  EXPECT_EQ(codes_of(answers), (std::vector{R::kDone, R::kInsufficientFunds, R::kSkipped}));
  model.send(with_key(kKey + 9, top_up(2'000, kWallet, 10'000)));
  const auto again = model.send_list(three_payments(), ListMode::kStopOnFirst);
  for (std::size_t i = 0; i < again.size(); ++i) {
    EXPECT_TRUE(again[i].replayed);
    EXPECT_EQ(again[i].outcome, answers[i].outcome);
  }
  EXPECT_EQ(model.broken(), "");
}

TEST(PaymentLists, ADuplicateInAListMeetsTheFirstOnesRecord) {
  PaymentModel model(1'000);
  const CommandWithParts pay = with_key(kKey, instant_pay(100, 0));
  const auto answers = model.send_list({pay, pay}, ListMode::kStopOnFirst);
  EXPECT_EQ(answers[1].outcome, answers[0].outcome);
  EXPECT_TRUE(answers[1].replayed);
  EXPECT_EQ(model.balance(kWallet), 900);
}

TEST(PaymentLists, AfterAStopAQuestionAboutAKeyIsAnswered) {
  PaymentModel model(0);
  const auto answers = model.send_list({with_key(kKey, instant_pay(100, 0)), resolve_key(kKey), resolve_key(kKey + 1)}, ListMode::kStopOnFirst);
  EXPECT_EQ(codes_of(answers), (std::vector{R::kInsufficientFunds, R::kInsufficientFunds, R::kFenced}));
}

}  // namespace
}  // namespace florin::test
