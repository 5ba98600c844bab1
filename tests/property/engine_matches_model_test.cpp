#include <gtest/gtest.h>

#include <cstdlib>
#include <iostream>
#include <string>

#include "model/expected_reply.hpp"
#include "support/engine_under_test.hpp"
#include "support/invariants.hpp"
#include "support/paging.hpp"
#include "support/random_workload.hpp"
#include "support/reply_text.hpp"
#include "support/sanitizers.hpp"

/// Random request streams on the reference model and on every state machine we have: each reply equal byte for byte (pages of queries: all
/// of them together), the whole
/// state equal at intervals, invariants unbroken, and the outcome independent of how requests were grouped into batches.
///
/// FLORIN_SEEDS (how many), FLORIN_FIRST_SEED and FLORIN_STEPS (requests for each) lengthen a run or repeat a failing one.

namespace florin::test {
namespace {

using model::ReplyBody;
using model::ReferenceLedger;

std::uint64_t setting(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

/// One stream of requests: the model, and for each factory one machine that gets every request as a batch of its own, one that
/// gets them merged into batches, and one that gets the same batches as replay does: writes only, and nobody wants replies.
class Comparison {
 public:
  Comparison(std::uint64_t seed, const std::vector<StateMachineFactory>& factories)
      : seed_(seed), random_(~seed), workload_(seed, {.drops = true}) {
    for (const StateMachineFactory& factory : factories) {
      sides_.push_back({factory.name, EngineUnderTest(factory.make()), EngineUnderTest(factory.make()),
                        EngineUnderTest(factory.make(), EngineUnderTest::Replies::kNone)});
    }
  }

  /// False if anything differed; then it has been reported.
  bool run(std::uint64_t steps) {
    for (step_ = 0; step_ < steps; ++step_) {
      if (!step()) return false;
      const bool interval = step_ % 64 == 63 || step_ + 1 == steps;
      if (interval && !(flush() && compare_state())) return false;
    }
    return true;
  }

 private:
  struct Side {
    std::string name;
    EngineUnderTest single;
    EngineUnderTest merged;
    EngineUnderTest replayed;
  };

  bool step() {
    const TestRequest request = workload_.next(ledger_);
    const ReplyBody expected =
        model::execute_on_model(ledger_, request.operation, request.flags, request.body(), request.timestamp);
    for (Side& side : sides_) {
      if (!matches(side.name, request, expected, side.single.execute(request))) return false;
      if (is_query(request.operation) && !lists_all(side, request)) return false;
    }
    held_.push_back(request);
    held_replies_.push_back(expected);
    if (held_.size() >= batch_requests_) return flush();
    return true;
  }

  bool flush() {
    if (held_.empty()) return true;
    for (Side& side : sides_) {
      const std::vector<ReplyBody> replies = side.merged.execute(held_);
      for (std::size_t i = 0; i < held_.size(); ++i) {
        if (!matches(side.name + ", merged", held_[i], held_replies_[i], replies[i])) return false;
      }
    }
    std::erase_if(held_, [](const TestRequest& request) { return !is_write(request.operation); });
    for (Side& side : sides_) side.replayed.execute(held_);
    held_.clear();
    held_replies_.clear();
    batch_requests_ = random_.between(1, random_.pick<std::uint64_t>({1, 4, 30}));
    return true;
  }

  bool matches(const std::string& name, const TestRequest& request, const ReplyBody& expected, const ReplyBody& actual) const {
    if (same_answer(request, expected, actual)) return true;
    ADD_FAILURE() << name << " differs from the model: seed " << seed_ << ", step " << step_ << "\n"
                  << difference(request, expected, actual);
    return false;
  }

  /// All pages together, so far as they do not become too many.
  bool lists_all(Side& side, const TestRequest& request) {
    constexpr std::size_t kPagesMax = 30;
    const ReplyBody expected = model::listing_on_model(ledger_, request.operation, request.body());
    const Listing actual = read_pages(side.single, request, kPagesMax);
    if (is_beginning_of(expected, actual.rows.bytes, actual.complete)) return true;
    ADD_FAILURE() << side.name << " lists other rows than the model: seed " << seed_ << ", step " << step_ << "\n"
                  << difference(request, expected, actual.rows);
    return false;
  }

  bool compare_state() {
    for (const std::string& line : broken_invariants(ledger_)) ADD_FAILURE() << line << ", seed " << seed_ << ", step " << step_;
    std::vector<u128> ids;
    for (const auto& [id, account] : ledger_.accounts()) ids.push_back(id);
    std::uint64_t open = 0;
    for (const auto& [id, hold] : ledger_.holds()) open += hold.status == model::HoldStatus::kPending ? 1 : 0;
    const std::vector<u128> due = ledger_.due_expiries(workload_.now(), kEventsMax);

    for (Side& side : sides_) {
      for (EngineUnderTest* engine : {&side.single, &side.merged}) {
        const TestRequest lookup = make_request<u128>(Operation::kLookupAccounts, ids);
        if (!ids.empty() && ids.size() <= kEventsMax) {
          const ReplyBody expected = model::execute_on_model(ledger_, lookup.operation, 0, lookup.body(), 0);
          if (!matches(side.name, lookup, expected, engine->execute(lookup))) return false;
        }
        core::StateMachine& machine = engine->state_machine();
        EXPECT_EQ(machine.counts().accounts, ledger_.accounts().size()) << side.name;
        EXPECT_EQ(machine.counts().transfers, ledger_.transfers().size()) << side.name;
        EXPECT_EQ(machine.counts().holds_open, open) << side.name;
        EXPECT_EQ(machine.counts().ids_failed, ledger_.failed_ids().size()) << side.name;
        EXPECT_EQ(machine.next_expiry(), ledger_.next_expiry()) << side.name;
        std::vector<u128> found(kEventsMax);
        found.resize(machine.due_expiries(workload_.now(), found));
        EXPECT_TRUE(found == due) << side.name << ": due expiries differ";
      }
      EXPECT_TRUE(side.single.state_machine().state_hash() == side.merged.state_machine().state_hash())
          << side.name << ": the state hash depends on how requests are grouped";
      EXPECT_TRUE(side.single.state_machine().state_hash() == side.replayed.state_machine().state_hash())
          << side.name << ": the state hash of replay differs";
      EXPECT_TRUE(side.single.state_machine().outcome_digest() == side.merged.state_machine().outcome_digest()) << side.name;
      EXPECT_TRUE(side.single.state_machine().state_hash() == sides_.front().single.state_machine().state_hash())
          << side.name << " and " << sides_.front().name << " disagree about the state hash";
    }
    if (::testing::Test::HasFailure()) ADD_FAILURE() << "seed " << seed_ << ", step " << step_;
    return !::testing::Test::HasFailure();
  }

  const std::uint64_t seed_;
  Random random_;
  RandomWorkload workload_;
  ReferenceLedger ledger_;
  std::vector<Side> sides_;
  std::uint64_t step_ = 0;
  std::vector<TestRequest> held_;
  std::vector<ReplyBody> held_replies_;
  std::uint64_t batch_requests_ = 1;
};

void run_seeds(const std::vector<StateMachineFactory>& factories, std::uint64_t default_seeds, std::uint64_t default_steps) {
  const std::uint64_t first_seed = setting("FLORIN_FIRST_SEED", 1);
  const std::uint64_t seeds = setting("FLORIN_SEEDS", default_seeds);
  const std::uint64_t steps = setting("FLORIN_STEPS", default_steps);
  std::cout << "seeds " << first_seed << " to " << first_seed + seeds - 1 << ", " << steps << " requests each\n";
  for (std::uint64_t seed = first_seed; seed < first_seed + seeds; ++seed) {
    Comparison comparison(seed, factories);
    ASSERT_TRUE(comparison.run(steps)) << "repeat with FLORIN_FIRST_SEED=" << seed << " FLORIN_SEEDS=1 FLORIN_STEPS=" << steps;
  }
}

constexpr std::uint64_t kDefaultSeeds = PerSanitizer<std::uint64_t>{.none = 40, .address = 12, .thread = 6}.here();

TEST(EngineMatchesModel, OnRandomStreams) { run_seeds(engine_factories(), kDefaultSeeds, 600); }

/// Exactly once for ever: whatever has left memory, and however long ago, nothing that is asked of it changes.
TEST(EngineMatchesModel, WhenTransfersLeaveMemory) { run_seeds(engine_factories_with_past(), kDefaultSeeds, 600); }

/// The same, sealed into files: fewer streams, because each segment is a file of two megabytes.
TEST(EngineMatchesModel, WhenTransfersAreSealed) { run_seeds(sealing_engine_factories(), (kDefaultSeeds + 3) / 4, 1200); }

/// The harness itself: the model behind the interface of a state machine answers as the model does.
TEST(EngineMatchesModel, ModelMatchesItself) {
  if (kSanitizer == Sanitizer::kThread) GTEST_SKIP() << "the model has one thread";
  run_seeds({all_factories().front()}, PerSanitizer<std::uint64_t>{.none = 10, .address = 3, .thread = 0}.here(), 400);
}

}  // namespace
}  // namespace florin::test
