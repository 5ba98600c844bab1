#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/ledger.hpp"
#include "support/disk_past.hpp"
#include "support/online_snapshot.hpp"
#include "support/payment_twins.hpp"
#include "support/sanitizers.hpp"

/// Payments whose orders, keys and stories leave memory into sealed segments, and are asked for again: old orders are refunded, old keys used a second time, old
/// stories read, in lives that end at any moment and begin at a snapshot or at genesis.

namespace florin::test {
namespace {

using C = CommandNumber;
using R = PaymentResult;
using journal::testing::TemporaryFolder;

constexpr std::uint64_t kSeeds = PerSanitizer<std::uint64_t>{.none = 8, .address = 3, .thread = 1}.here();

/// Lives of one store, one after the other.
class PaymentLives {
 public:
  PaymentLives(std::uint64_t seed, std::uint64_t generation)
      : random_(seed), generation_(generation), twins_(seed, make_machine(), PaymentStream::Reach::kAll) {}

  void run(int steps) {
    for (int step = 0; step < steps && !::testing::Test::HasFatalFailure(); ++step) {
      twins_.step();
      step_snapshot();
    }
  }

  void crash_and_recover() {
    const u128 hash = machine().state_hash();
    const u128 digest = machine().outcome_digest();
    const core::StateMachine::Counts counts = machine().counts();
    taking_.reset();
    twins_.script().stop();
    past_.reset();
    std::unique_ptr<core::StateMachine> next = make_machine();
    std::size_t executed = 0;
    if (snapshot_) {
      const Status loaded = next->load(snapshot_->snapshot);
      ASSERT_TRUE(loaded) << loaded.message();
      executed = snapshot_->executed;
      ++lives_from_snapshots_;
    }
    twins_.script().restart(std::move(next), executed);
    ASSERT_TRUE(machine().state_hash() == hash);
    ASSERT_TRUE(machine().outcome_digest() == digest);
    ASSERT_EQ(machine().counts().orders, counts.orders);
    ASSERT_EQ(machine().counts().payment_keys, counts.payment_keys);
  }

  PaymentTwins& twins() { return twins_; }
  core::StateMachine& machine() { return twins_.script().machine(); }
  [[nodiscard]] int lives_from_snapshots() const { return lives_from_snapshots_; }

 private:
  struct Taken {
    MemorySnapshot snapshot;
    std::size_t executed = 0;  // requests before it
  };

  std::unique_ptr<core::StateMachine> make_machine() {
    const bool on_thread = random_.below(3) == 0 || kSanitizer == Sanitizer::kThread;
    past_ = std::make_shared<DiskPast>(on_thread ? DiskPast::Builder::kThread : DiskPast::Builder::kCaller, folder_.path());
    return core::make_ledger({.memory_budget_bytes = std::uint64_t{1} << 30,
                              .partitions = random_.pick<std::uint32_t>({1, 1, 2, 4}),
                              .past = past_,
                              .generation_entries = generation_});
  }

  void step_snapshot() {
    if (!taking_) {
      if (random_.below(100) != 0) return;
      taking_ = std::make_unique<OnlineSnapshot>(twins_.script().engine());
      executed_ = twins_.script().log().size();
      is_taken_ = false;
    }
    if (!is_taken_) is_taken_ = taking_->step(random_.pick<std::size_t>({1, 2'000, 50'000}));
    if (!is_taken_ || !taking_->is_backed()) return;
    snapshot_ = Taken{taking_->snapshot, executed_};
    machine().snapshot_is_published();
    taking_.reset();
  }

  TemporaryFolder folder_{TemporaryFolder::Where::kMemory};
  Random random_;
  std::uint64_t generation_;
  std::shared_ptr<DiskPast> past_;
  PaymentTwins twins_;
  std::unique_ptr<OnlineSnapshot> taking_;
  std::size_t executed_ = 0;
  bool is_taken_ = false;
  std::optional<Taken> snapshot_;
  int lives_from_snapshots_ = 0;
};

class PaymentsAtRest : public ::testing::TestWithParam<std::uint64_t> {};
INSTANTIATE_TEST_SUITE_P(Seeds, PaymentsAtRest, ::testing::Range(std::uint64_t{1}, kSeeds + 1));

TEST_P(PaymentsAtRest, ComeBackOnUseInEveryLife) {
  const std::uint64_t seed = GetParam();
  PaymentLives lives(seed, seed % 2 == 0 ? 40 : 150);
  for (int life = 0; life < 5; ++life) {
    lives.run(300);
    lives.crash_and_recover();
    if (HasFatalFailure()) FAIL() << "life " << life << " of seed " << seed;
    lives.twins().compare_state();
    if (HasFatalFailure()) FAIL() << "state after life " << life << " of seed " << seed;
  }
  EXPECT_GE(lives.machine().counts().generations, 8U);
  EXPECT_GE(lives.lives_from_snapshots(), 1);
  for (const std::uint32_t partitions : {1U, 2U, 4U}) {
    EngineUnderTest replayed(core::make_ledger({.memory_budget_bytes = std::uint64_t{1} << 30, .partitions = partitions}), EngineUnderTest::Replies::kNone);
    for (const TestRequest& request : lives.twins().script().log()) replayed.execute(request);
    EXPECT_TRUE(replayed.state_machine().state_hash() == lives.machine().state_hash()) << partitions << " partitions, and nothing leaves memory";
  }
}

/// A shop whose memory holds a small part of what it sells.
class SmallBudget : public ::testing::Test {
 protected:
  static constexpr std::uint64_t kBudget = std::uint64_t{192} << 20;  // of a partition: rings get no smaller than with this one
  static constexpr std::uint64_t kPerRequest = 1'000;
  static constexpr std::uint64_t kOrders = PerSanitizer<std::uint64_t>{.none = 160'000, .address = 70'000, .thread = 40'000}.here();

  std::unique_ptr<core::StateMachine> make_machine(std::uint32_t partitions) {
    past_.reset();
    past_ = std::make_shared<DiskPast>(DiskPast::Builder::kCaller, folder_.path());
    return core::make_ledger({.memory_budget_bytes = partitions * kBudget, .partitions = partitions, .past = past_});
  }
  /// One part in three orders, so that they are not all of one size.
  static CommandWithParts sale(u128 id) {
    CommandWithParts sent = new_order(C::kPay, 100 + id % 7, kFeeB, CommandFlags::kAutomatic, id);
    sent.command.key = 10'000'000 + id;
    if (id % 3 == 0) sent.add(PartShare{.account = kPartOne, .bps = 1'000});
    return sent;
  }
  /// Sells up to this order.
  void sell(std::uint64_t up_to) {
    while (sold_ < up_to) {
      std::vector<CommandWithParts> list;
      for (std::uint64_t i = 0; i < kPerRequest; ++i) list.push_back(sale(++sold_));
      const PaymentAnswers answers = script_.send_as_is(list);
      for (const PaymentOutcome& outcome : answers.outcomes) {
        ASSERT_EQ(outcome.code, R::kDone);
        first_answers_.push_back(outcome);
      }
      ASSERT_LE(script_.machine().counts().memory_bytes, kBudget);
    }
  }
  /// An old order, wherever it is: its key, with the same command and with another, a refund, and its story.
  void ask_for(std::uint64_t id) {
    const PaymentOutcome& first = first_answers_[id - 1];
    const PaymentAnswers again = script_.send_as_is({sale(id)});
    ASSERT_EQ(again.outcomes.front(), first) << id;
    ASSERT_NE(again.flags.front() & PaymentReplyFlags::kReplayed, 0);
    ASSERT_EQ(script_.outcome_of_key(10'000'000 + id), std::vector{first});
    CommandWithParts other = sale(id);
    other.command.amount += 1;
    const PaymentOutcome reused = script_.send_as_is({other}).outcomes.front();
    ASSERT_EQ(reused.code, R::kKeyReused);
    ASSERT_EQ(reused.detail, offsetof(PaymentCommand, amount));
    ASSERT_EQ(reused.sequence, first.sequence);
    CommandWithParts twin = sale(id);
    twin.command.key = script_.next_key();
    ASSERT_EQ(script_.send_as_is({twin}).outcomes.front().code, R::kOrderExists);
    twin.command.key = script_.next_key();
    twin.command.id = 50'000'000 + id;
    ASSERT_EQ(script_.send_as_is({twin}).outcomes.front().code, R::kReferenceExists);
    CommandWithParts refund = on_order(C::kRefund, 10);
    refund.command.id = id;
    const PaymentOutcome refunded = script_.send(refund);
    ASSERT_EQ(refunded.code, R::kDone) << id;
    refunds_[id].push_back(refunded.sequence);
    expect_story(id);
  }
  void expect_story(std::uint64_t id) {
    std::vector<std::uint64_t> expected{first_answers_[id - 1].sequence};
    expected.insert(expected.end(), refunds_[id].begin(), refunds_[id].end());
    std::vector<std::uint64_t> found;
    for (const StoryLine& line : script_.story(id)) found.push_back(line.sequence);
    ASSERT_EQ(found, expected) << id;
    const std::optional<OrderAnswer> order = script_.order(kMerchant, "order " + std::to_string(id));
    ASSERT_TRUE(order) << id;
    ASSERT_EQ(order->hot.id, id);
    ASSERT_EQ(order->hot.refunded, 10 * refunds_[id].size());
    ASSERT_EQ(order->parts.size(), id % 3 == 0 ? 1U : 0U);
  }

  TemporaryFolder folder_{TemporaryFolder::Where::kMemory};
  std::shared_ptr<DiskPast> past_;
  PaymentScript script_{make_machine(1)};
  std::uint64_t sold_ = 0;
  std::vector<PaymentOutcome> first_answers_;
  std::map<std::uint64_t, std::vector<std::uint64_t>> refunds_;
};

TEST_F(SmallBudget, HoldsFarMoreOrdersThanMemory) {
  script_.act_as(kPrincipal);
  for (const PaymentOutcome& outcome : script_.send_as_is(payment_world(u128{kOrders} * 200)).outcomes) ASSERT_EQ(outcome.code, R::kDone);
  Random random(3);
  const auto ask_for_some = [&] {
    for (int i = 0; i < 60 && !HasFatalFailure(); ++i) ask_for(random.chance(20) ? random.between(1, 50) : random.between(1, sold_));
  };
  std::optional<OnlineSnapshot> snapshot;
  std::size_t executed = 0;
  for (std::uint64_t tenth = 1; tenth <= 10 && !HasFatalFailure(); ++tenth) {
    sell(kOrders * tenth / 10);
    ask_for_some();
    if (tenth != 6) continue;
    executed = script_.log().size();
    snapshot.emplace(script_.engine());
    while (!snapshot->step(1U << 20)) {
    }
  }
  ASSERT_FALSE(HasFatalFailure());
  while (!snapshot->is_backed()) ASSERT_FALSE(script_.machine().must_wait());
  EXPECT_GE(script_.machine().counts().generations, kOrders / 20'000);
  EXPECT_EQ(script_.machine().counts().orders, kOrders);

  const u128 hash = script_.machine().state_hash();
  for (const std::uint32_t partitions : {4U, 2U, 1U}) {
    script_.stop();
    auto machine = make_machine(partitions);
    const Status loaded = machine->load(snapshot->snapshot);
    ASSERT_TRUE(loaded) << loaded.message();
    script_.restart(std::move(machine), executed);
    EXPECT_TRUE(script_.machine().state_hash() == hash) << partitions;
  }
  ask_for_some();
  for (const auto& [id, sequences] : refunds_) expect_story(id);

  EngineUnderTest replayed(core::make_ledger({.memory_budget_bytes = std::uint64_t{4} << 30}), EngineUnderTest::Replies::kNone);
  for (const TestRequest& request : script_.log()) replayed.execute(request);
  EXPECT_TRUE(replayed.state_machine().state_hash() == script_.machine().state_hash()) << "where nothing leaves memory";
}

}  // namespace
}  // namespace florin::test
