#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <set>

#include "core/ledger.hpp"
#include "core/payments/payment_request.hpp"
#include "model/expected_payments.hpp"
#include "model/reference_payments.hpp"
#include "support/memory_past.hpp"
#include "support/online_snapshot.hpp"
#include "support/payment_script.hpp"
#include "support/random_payments.hpp"

/// Random streams of payments and of transfers beside them: the state machine answers what the model answers, byte for byte, and leaves what it
/// leaves, however many partitions there are, live or replayed.

namespace florin::test {
namespace {

using C = CommandNumber;
using R = PaymentResult;

std::string text_of(const PaymentOutcome& outcome) {
  return std::string(name_of(outcome.command)) + " " + to_decimal(outcome.object_id) + ": " + std::to_string(static_cast<std::uint32_t>(outcome.code)) +
         " detail " + std::to_string(outcome.detail) + " sequence " + std::to_string(outcome.sequence) + " amount " + to_decimal(outcome.amount) +
         " fee " + to_decimal(outcome.fee) + " legs " + std::to_string(outcome.legs) + " version " + std::to_string(outcome.version) + " state " +
         std::string(name_of(outcome.money)) + " hold " + to_decimal(outcome.hold_open) + " refundable " + to_decimal(outcome.refundable) + " time " +
         std::to_string(outcome.timestamp);
}

/// The state machine and the model side by side.
class Twins {
 public:
  explicit Twins(std::uint64_t seed, std::unique_ptr<core::StateMachine> machine) : stream_(seed), script_(std::move(machine)) {
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
      ASSERT_EQ(story_of(StoryOf::kOrder, id), payments_.story_of(model::ObjectKind::kOrder, id));
    }
    for (const auto& [id, party] : payments_.books().parties) ASSERT_EQ(story_of(StoryOf::kParty, id), payments_.story_of(model::ObjectKind::kParty, id));
    for (const u128 id : payments_.books().movements) ASSERT_EQ(story_of(StoryOf::kMovement, id), payments_.story_of(model::ObjectKind::kMovement, id));
    for (const auto& [id, opened] : payments_.books().accounts) {
      ASSERT_EQ(story_of(StoryOf::kAccount, id), payments_.story_of(model::ObjectKind::kAccount, id)) << to_hex(id);
    }
    ASSERT_EQ(script_.machine().counts().story_lines, payments_.books().lines.size());
    ASSERT_EQ(script_.machine().counts().payment_keys, payments_.keys().size());
    ASSERT_EQ(script_.machine().counts().transfers, ledger_.transfers().size());
  }

  [[nodiscard]] const std::map<R, int>& codes() const { return codes_; }
  PaymentScript& script() { return script_; }

 private:
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
    if (sent.command.command == C::kCreateAccount) return record_in<Account>(sent.command);
    if (sent.command.command == C::kCreateTransfer) return record_in<Transfer>(sent.command);
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
  std::map<R, int> codes_;
};

std::unique_ptr<core::StateMachine> ledger_with(std::uint32_t partitions) {
  return core::make_ledger({.memory_budget_bytes = std::uint64_t{64} << 20, .partitions = partitions});
}

/// Transfers leave memory all the time; what payments keep of their own stays.
std::unique_ptr<core::StateMachine> ledger_that_forgets(std::uint32_t partitions) {
  return core::make_ledger({.memory_budget_bytes = std::uint64_t{1} << 30,
                            .partitions = partitions,
                            .past = std::make_shared<MemoryPast>(3),
                            .generation_entries = 60});
}

class PaymentsMatchModel : public ::testing::TestWithParam<std::uint64_t> {};
INSTANTIATE_TEST_SUITE_P(Seeds, PaymentsMatchModel, ::testing::Range(std::uint64_t{1}, std::uint64_t{13}));

TEST_P(PaymentsMatchModel, InEveryAnswerAndInAllThatTheyLeave) {
  const std::uint64_t seed = GetParam();
  Twins twins(seed, ledger_with(static_cast<std::uint32_t>(1 + seed % 3)));
  std::optional<OnlineSnapshot> snapshot;
  std::size_t taken_at = 0;
  for (int step = 0; step < 1'500; ++step) {
    if (step == 700) {
      taken_at = twins.script().log().size();
      snapshot.emplace(twins.script().engine());
    }
    if (step > 700 && step % 5 == 0 && snapshot->snapshot.header().sequence == 0) snapshot->step(4'096);
    twins.step();
    if (HasFatalFailure()) {
      FAIL() << "step " << step << " of seed " << seed;
    }
    if (step % 100 == 99) twins.compare_state();
  }
  while (snapshot->snapshot.header().sequence == 0) snapshot->step(1U << 20);

  const u128 hash = twins.script().machine().state_hash();
  for (const std::uint32_t partitions : {1U, 2U, 3U}) {
    EngineUnderTest replayed(ledger_with(partitions), EngineUnderTest::Replies::kNone);
    for (const TestRequest& request : twins.script().log()) replayed.execute(request);
    EXPECT_EQ(replayed.state_machine().state_hash(), hash) << partitions << " partitions";

    auto machine = ledger_with(partitions);
    const Status loaded = machine->load(snapshot->snapshot);
    ASSERT_TRUE(loaded) << loaded.message();
    EngineUnderTest recovered(std::move(machine), EngineUnderTest::Replies::kNone);
    for (std::size_t i = taken_at; i < twins.script().log().size(); ++i) recovered.execute(twins.script().log()[i]);
    EXPECT_EQ(recovered.state_machine().state_hash(), hash) << "from a snapshot, " << partitions << " partitions";
  }
}

TEST_P(PaymentsMatchModel, WhileTransfersLeaveMemory) {
  Twins twins(GetParam() + 1'000, ledger_that_forgets(static_cast<std::uint32_t>(1 + GetParam() % 3)));
  for (int step = 0; step < 1'000; ++step) {
    twins.step();
    if (HasFatalFailure()) {
      FAIL() << "step " << step << " of seed " << GetParam();
    }
    if (step % 200 == 199) twins.compare_state();
  }
  EXPECT_GT(twins.script().machine().counts().transfers_sealed, 100U);
  EngineUnderTest replayed(ledger_that_forgets(2), EngineUnderTest::Replies::kNone);
  for (const TestRequest& request : twins.script().log()) replayed.execute(request);
  EXPECT_EQ(replayed.state_machine().state_hash(), twins.script().machine().state_hash());
}

/// A stream that never reaches a code says nothing about it.
TEST(PaymentStreams, ReachMostCodes) {
  std::set<R> seen;
  for (std::uint64_t seed = 100; seed < 106; ++seed) {
    Twins twins(seed, ledger_with(1));
    for (int step = 0; step < 2'500; ++step) twins.step();
    for (const auto& [code, count] : twins.codes()) seen.insert(code);
  }
  for (const R code : {R::kDone, R::kFenced, R::kKeyReused, R::kKeyFenced, R::kGroupMemberFailed, R::kSkipped, R::kOrderExists, R::kReferenceExists,
                       R::kNameExists, R::kObjectExists, R::kOrderNotFound, R::kPartyNotFound, R::kAccountNotFound, R::kVersionMismatch,
                       R::kAccountWrongRole, R::kAccountWrongOwner, R::kAccountWrongAsset, R::kPartySuspended, R::kStatusChangeIllegal,
                       R::kOrderExpired, R::kHoldExpired, R::kQuoteExpired, R::kWrongFunding, R::kNotAuthorised, R::kAlreadyAuthorised,
                       R::kAlreadyCaptured, R::kNothingCaptured, R::kOrderClosed, R::kMoneyReturned, R::kNotFulfilled, R::kAlreadyFulfilled,
                       R::kAlreadyCompleted, R::kExceedsOrder, R::kExceedsHold, R::kExceedsOpen, R::kExceedsRefundable, R::kPartExceedsRefundable,
                       R::kRateMismatch, R::kAccountClosed, R::kInsufficientFunds}) {
    EXPECT_TRUE(seen.contains(code)) << name_of(code);
  }
}

}  // namespace
}  // namespace florin::test
