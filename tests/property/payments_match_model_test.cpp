#include <gtest/gtest.h>

#include <set>

#include "core/ledger.hpp"
#include "support/memory_past.hpp"
#include "support/online_snapshot.hpp"
#include "support/payment_twins.hpp"

/// Random streams of payments and of transfers beside them: the state machine answers what the model answers, byte for byte, and leaves what it
/// leaves, however many partitions there are, live or replayed.

namespace florin::test {
namespace {

using R = PaymentResult;

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
  PaymentTwins twins(seed, ledger_with(static_cast<std::uint32_t>(1 + seed % 3)));
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
  PaymentTwins twins(GetParam() + 1'000, ledger_that_forgets(static_cast<std::uint32_t>(1 + GetParam() % 3)));
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
    PaymentTwins twins(seed, ledger_with(1));
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
