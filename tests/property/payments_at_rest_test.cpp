#include <gtest/gtest.h>

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

}  // namespace
}  // namespace florin::test
