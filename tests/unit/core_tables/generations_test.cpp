#include <gtest/gtest.h>

#include <bit>
#include <map>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "core/ledger.hpp"
#include "support/builders.hpp"
#include "support/engine_under_test.hpp"
#include "support/online_snapshot.hpp"

/// When transfers leave memory, and what happens while they cannot.

namespace florin::test {
namespace {

constexpr std::uint64_t kSecond = 1'000'000'000;

/// A past that is sealed when the test says so, and knows nobody.
class PastInHand final : public core::Past {
 public:
  bool may_know(u128 /*id*/, std::uint64_t /*hash*/) const noexcept override { return false; }
  bool may_know_payment(std::uint64_t /*hash*/) const noexcept override { return false; }
  std::optional<core::PastTransfer> find(u128 /*id*/, std::uint64_t /*hash*/) const noexcept override { return std::nullopt; }
  bool has_transfer_at(std::uint64_t /*timestamp*/) const noexcept override { return false; }
  std::shared_ptr<const core::PastSegments> segments() const noexcept override { return std::make_shared<core::PastSegments>(); }
  core::PastHint hint(u128 /*id*/, std::uint64_t /*hash*/) const noexcept override { return {}; }
  void attach(const core::Tables& /*tables*/) noexcept override {}
  void detach() noexcept override {}
  void set_store(u128 /*store_id*/, u128 /*hash_seed*/) override {}
  Status restore(const core::PastEnd& /*end*/) override { return Status::ok(); }
  std::uint64_t cut_of(std::uint64_t generation) override { return cuts.contains(generation) ? cuts.at(generation) : 0; }
  std::uint64_t durable_generations() const noexcept override { return frozen.number; }
  bool is_failing() const noexcept override { return fails; }
  std::uint64_t memory_bytes() const noexcept override { return 0; }
  void seal(const core::FrozenGeneration& generation) override { frozen = generation; }
  bool is_sealed() noexcept override { return std::exchange(is_built, false); }

  core::FrozenGeneration frozen;  // the newest
  bool is_built = false;
  bool fails = false;
  std::map<std::uint64_t, std::uint64_t> cuts;
};

class Generations : public ::testing::Test {
 protected:
  explicit Generations(std::uint64_t entries = 1) : engine_(core::make_ledger(options(past_, entries))) {
    execute(std::vector<Account>{AccountBuilder(1), AccountBuilder(2)}, Operation::kCreateAccounts);
  }
  static core::LedgerOptions options(const std::shared_ptr<core::Past>& past, std::uint64_t entries) {
    return {.memory_budget_bytes = std::uint64_t{1} << 30, .partitions = 1, .past = past, .generation_entries = entries};
  }

  template <typename Record>
  void execute(const std::vector<Record>& records, Operation operation = Operation::kCreateTransfers) {
    now_ += records.size();
    engine_.execute(make_request(operation, std::span<const Record>(records), now_));
  }
  void create_transfers(std::uint32_t count, std::uint16_t flags = 0, std::uint32_t timeout = 0) {
    while (count != 0) {
      std::vector<Transfer> transfers;
      for (; transfers.size() < kEventsMax && count != 0; --count) transfers.push_back(TransferBuilder(next_id_++).amount(1).flags(flags).timeout(timeout));
      execute(transfers);
    }
  }
  core::StateMachine& machine() { return engine_.state_machine(); }

  std::shared_ptr<PastInHand> past_ = std::make_shared<PastInHand>();
  EngineUnderTest engine_;
  std::uint64_t now_ = kSecond;
  u128 next_id_ = 1;
};

/// Nobody calls again but who sealed: all that can be done is done by then.
TEST_F(Generations, AllThatWaitsMovesOnWhenOneIsSealed) {
  create_transfers(1);
  EXPECT_FALSE(machine().must_wait());
  EXPECT_EQ(past_->frozen.number, 1U);
  while (!machine().must_wait()) create_transfers(8'000);  // more than fits, even without the first
  past_->is_built = true;
  EXPECT_TRUE(machine().must_wait());
  EXPECT_EQ(past_->frozen.number, 2U) << "the next one waits for a call that nobody makes";
}

TEST_F(Generations, NothingIsTakenInWhileTheyCannotLeave) {
  create_transfers(1);
  EXPECT_FALSE(machine().must_wait());
  while (!machine().must_wait()) create_transfers(kEventsMax);
  past_->fails = true;
  EXPECT_FALSE(machine().must_wait()) << "others are to be answered";
  EXPECT_TRUE(machine().is_held_up());
  EXPECT_FALSE(machine().reserve(0, 1)) << "the ends of holds have room too, and that is not asked for";
  EXPECT_FALSE(machine().reserve(1, 0));
  past_->fails = false;
  past_->is_built = true;
  (void)machine().must_wait();
  past_->is_built = true;
  EXPECT_FALSE(machine().must_wait());
  EXPECT_TRUE(machine().reserve(0, 1));
}

/// Requests that create nothing have their ends too, and those of the generation that is being sealed are still read.
TEST_F(Generations, EndsOfBatchesStayUntilTheyAreSealed) {
  create_transfers(1);
  EXPECT_FALSE(machine().must_wait());
  const std::vector<Transfer> again{TransferBuilder(1).amount(1)};
  for (int i = 0; i < 400'000 && !machine().must_wait(); ++i) {
    now_ += 1000;
    execute(again);
  }
  EXPECT_TRUE(machine().must_wait());
  EXPECT_LE(past_->frozen.tables->batches().first(), past_->frozen.batches_begin);
}

/// A segment of a journal that was cut says where the generation ended then; of this one there is nothing to seal.
TEST_F(Generations, ACutWithNothingToSealIsNoReasonToWait) {
  create_transfers(1);
  EXPECT_FALSE(machine().must_wait());
  past_->is_built = true;
  EXPECT_FALSE(machine().must_wait());
  past_->cuts[2] = machine().sequence() + 1;
  execute(std::vector<Account>{AccountBuilder(3)}, Operation::kCreateAccounts);
  EXPECT_EQ(machine().sequence(), past_->cuts[2]);
  EXPECT_FALSE(machine().must_wait());
}

class LargeGenerations : public Generations {
 protected:
  LargeGenerations() : Generations(200'000) {}
};

/// Not even expiries, which come without being asked for room.
TEST_F(LargeGenerations, ASnapshotThatSmallerRingsDoNotHoldIsRefused) {
  create_transfers(200'000, TransferFlags::kPending, 1);
  EXPECT_FALSE(machine().must_wait());
  past_->is_built = true;
  EXPECT_FALSE(machine().must_wait());
  now_ += 2 * kSecond;
  for (;;) {
    std::vector<u128> due(kEventsMax);
    due.resize(machine().due_expiries(now_, due));
    if (due.empty()) break;
    execute(due, Operation::kPulse);
  }
  OnlineSnapshot taking(engine_);
  while (!taking.step(std::size_t{1} << 20)) {
  }
  const auto same = core::make_ledger(options(std::make_shared<PastInHand>(), 200'000));
  EXPECT_TRUE(same->load(taking.snapshot));
  const auto smaller = core::make_ledger(options(std::make_shared<PastInHand>(), 1));
  EXPECT_EQ(smaller->load(taking.snapshot).kind(), ErrorKind::kOutOfMemory);
}

/// Three partitions had rings of their whole share each, and nothing was left of the budget for what comes besides: the first payment was refused.
TEST(GenerationPlan, SeveralPartitionsTakeNoMoreThanTwo) {
  const core::GenerationPlan one = core::GenerationPlan::make(std::uint64_t{4} << 30, 0, 1);
  for (std::uint32_t partitions = 2; partitions <= 8; ++partitions) {
    const core::GenerationPlan plan = core::GenerationPlan::make(std::uint64_t{4} << 30, 0, partitions);
    EXPECT_TRUE(std::has_single_bit(plan.ring_entries)) << partitions;
    EXPECT_LE(partitions * plan.ring_entries, 2 * one.ring_entries) << partitions;
    EXPECT_GE(partitions * plan.ring_entries, one.ring_entries) << partitions;
    EXPECT_EQ(plan.entries, one.entries) << partitions;
  }
}

}  // namespace
}  // namespace florin::test
