#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <iterator>
#include <map>
#include <string>

#include "model/model_state_machine.hpp"
#include "support/client_requests.hpp"
#include "support/online_snapshot.hpp"
#include "support/paging.hpp"
#include "support/random_workload.hpp"
#include "support/reply_text.hpp"
#include "support/sanitizers.hpp"

/// @file
/// Random writes of clients that come and go, send again what they sent, and share the ledger with others: every form of the engine must answer
/// what the model answers, however requests are grouped into batches, as replay too, and go on from a snapshot as if nothing had been.

namespace florin::test {
namespace {

using model::ReplyBody;

/// Writes of a few clients in batches, in between those of nobody in particular; reads in either protocol.
class ClientWorkload {
 public:
  explicit ClientWorkload(std::uint64_t seed)
      : random_(seed), workload_(seed, {.large_requests = false, .post_balances = false}) {}

  TestRequest next(const model::ReferenceLedger& ledger) {
    if (random_.chance(10)) return next_registration();
    if (random_.chance(20) && !sent_.empty()) return again(random_.pick_from(sent_));
    TestRequest request = workload_.next(ledger);
    if (is_query(request.operation) && random_.chance(70)) request.origin.emplace();
    const bool creates = request.operation == Operation::kCreateAccounts || request.operation == Operation::kCreateTransfers;
    if (!creates || random_.chance(20)) return request;
    sent_.push_back(request.operation == Operation::kCreateAccounts ? in_batches<Account>(request) : in_batches<Transfer>(request));
    if (sent_.size() > 12) sent_.pop_front();
    return sent_.back();
  }

 private:
  u128 some_client() { return 1 + random_.below(6); }

  TestRequest next_registration() {
    const RegisterClient body{.release = static_cast<std::uint32_t>(random_.between(1, 9)),
                              .sessions_max = static_cast<std::uint32_t>(random_.below(6)),
                              .outcome_runs_max = static_cast<std::uint32_t>(random_.below(4)),
                              .evicted = random_.chance(30) ? some_client() : 0};
    workload_.advance_to(workload_.now() + 1);
    return register_request(some_client(), workload_.now(), body);
  }

  TestRequest again(TestRequest request) {
    workload_.advance_to(workload_.now() + request.event_count());
    request.timestamp = workload_.now();
    if (random_.chance(10) && request.event_count() != 0) request.words[5] ^= 1;  // user_data_128 of its first event
    if (random_.chance(10)) request.origin->request += random_.below(2);
    return request;
  }

  template <typename Event>
  TestRequest in_batches(const TestRequest& request) {
    std::vector<std::vector<Event>> batches(1);
    for (const Event& event : model::elements_of<Event>(request.body())) {
      while (random_.chance(15)) batches.emplace_back();
      batches.back().push_back(event);
    }
    last_number_ += random_.below(3);
    return client_request<Event>(some_client(), last_number_, batches, request.timestamp);
  }

  Random random_;
  RandomWorkload workload_;
  std::deque<TestRequest> sent_;
  std::uint64_t last_number_ = 1;
};

class Comparison {
 public:
  using Verdicts = std::map<core::SessionVerdict, std::uint32_t>;  // how often each came up

  Comparison(std::uint64_t seed, const std::vector<StateMachineFactory>& factories, Verdicts& verdicts)
      : random_(~seed), workload_(seed), verdicts_(verdicts) {
    for (const StateMachineFactory& factory : factories) {
      sides_.push_back({&factory, EngineUnderTest(factory.make()), EngineUnderTest(factory.make()),
                        EngineUnderTest(factory.make(), EngineUnderTest::Replies::kNone)});
    }
  }

  void run(int steps) {
    for (int step = 0; step < steps; ++step) {
      const TestRequest request = workload_.next(static_cast<model::ModelStateMachine&>(model_.state_machine()).ledger());
      const ReplyBody expected = model_.execute(request);
      if (request.origin && is_write(request.operation)) ++verdicts_[ClientAnswer(expected).reply.verdict];
      for (Side& side : sides_) {
        const ReplyBody answer = side.single.execute(request);
        ASSERT_TRUE(same_answer(request, expected, answer)) << side.factory->name << ", step " << step << "\n" << difference(request, expected, answer);
      }
      held_.push_back(request);
      expected_.push_back(expected);
      if (random_.chance(20)) flush();
      if (random_.chance(2)) restart();
      if (::testing::Test::HasFatalFailure()) return;
    }
    flush();
  }

 private:
  struct Side {
    const StateMachineFactory* factory;
    EngineUnderTest single;
    EngineUnderTest merged;
    EngineUnderTest replayed;
  };

  void flush() {
    std::vector<TestRequest> writes;
    std::ranges::copy_if(held_, std::back_inserter(writes), [](const TestRequest& request) { return is_write(request.operation); });
    for (Side& side : sides_) {
      const std::vector<ReplyBody> answers = side.merged.execute(held_);
      for (std::size_t i = 0; i < held_.size(); ++i) {
        ASSERT_TRUE(same_answer(held_[i], expected_[i], answers[i])) << side.factory->name << ", merged\n" << difference(held_[i], expected_[i], answers[i]);
      }
      side.replayed.execute(writes);
      const auto hash = [](EngineUnderTest& engine) { return engine.state_machine().state_hash(); };
      ASSERT_TRUE(hash(side.single) == hash(side.merged) && hash(side.single) == hash(side.replayed)) << side.factory->name;
      ASSERT_TRUE(hash(side.single) == hash(sides_.front().single)) << side.factory->name;
      ASSERT_EQ(side.single.state_machine().counts().client_sessions, model_.state_machine().counts().client_sessions);
    }
    held_.clear();
    expected_.clear();
  }

  /// One request at a time goes on from a snapshot.
  void restart() {
    for (Side& side : sides_) {
      OnlineSnapshot snapshot(side.single);
      while (!snapshot.step(std::size_t{1} << 20)) {
      }
      auto machine = side.factory->make();
      const Status status = machine->load(snapshot.snapshot);
      ASSERT_TRUE(status) << side.factory->name << ": " << status.message();
      side.single = EngineUnderTest(std::move(machine));
    }
  }

  Random random_;
  ClientWorkload workload_;
  EngineUnderTest model_{model::make_model_state_machine()};
  std::vector<Side> sides_;
  std::vector<TestRequest> held_;
  std::vector<ReplyBody> expected_;
  Verdicts& verdicts_;
};

constexpr std::uint64_t kSeeds = PerSanitizer<std::uint64_t>{.none = 16, .address = 5, .thread = 3}.here();

TEST(ClientSessions, EngineMatchesModelOnRandomStreams) {
  Comparison::Verdicts verdicts;
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    ASSERT_NO_FATAL_FAILURE(Comparison(seed, engine_factories(), verdicts).run(300));
  }
  using enum core::SessionVerdict;
  for (const core::SessionVerdict verdict : {kExecuted, kRepeated, kStale, kNoSession, kForgotten}) {
    EXPECT_GT(verdicts[verdict], 0U) << "a verdict that never came up: " << static_cast<int>(verdict);
  }
}

}  // namespace
}  // namespace florin::test
