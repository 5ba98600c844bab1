#include <gtest/gtest.h>

#include <cstring>
#include <functional>
#include <thread>

#include "support/builders.hpp"
#include "support/engine_under_test.hpp"
#include "support/paging.hpp"
#include "support/random_workload.hpp"
#include "support/reply_text.hpp"
#include "support/thread_boundary.hpp"

/// Queries beside execution: a thread of its own asks while another executes, and transfers leave memory all the while. Each answer is that
/// of the model at the moment that the answer names, neither earlier nor later.

namespace florin::test {
namespace {

#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
constexpr std::uint64_t kSeeds = 2;
#else
constexpr std::uint64_t kSeeds = 6;
#endif

struct Answer {
  TestRequest request;
  model::ReplyBody reply;
  core::QueryReader::Moment moment;
};

/// One stream of requests, written by one thread and asked about by another.
class Traffic {
 public:
  Traffic(std::uint64_t seed, std::uint64_t steps) : random_(~seed) {
    model::ReferenceLedger ledger;
    RandomWorkload workload(seed, {.reads_percent = 40});
    while (writes_.size() < steps) {
      TestRequest request = workload.next(ledger);
      model::execute_on_model(ledger, request.operation, request.flags, request.body(), request.timestamp);
      if (is_write(request.operation)) {
        writes_.push_back(std::move(request));
      } else if (is_history_read(request.operation)) {
        queries_.push_back(std::move(request));
      }
    }
  }

  void run(std::unique_ptr<core::StateMachine> machine) {
    EngineUnderTest engine(std::move(machine), EngineUnderTest::Replies::kNone);
    const auto reader = engine.state_machine().make_query_reader();
    ASSERT_NE(reader, nullptr);
    std::jthread asking([&] { ask(*reader); });
    for (std::size_t at = 0; at < writes_.size();) {
      const std::size_t count = std::min<std::size_t>(writes_.size() - at, random_.between(1, 4));
      engine.execute(std::span(writes_).subspan(at, count));
      at += count;
      boundary_.serve(random_.chance(60));
    }
    stops_.store(true, std::memory_order_relaxed);
    while (!boundary_.is_closed()) boundary_.serve(true);
  }

  /// Every answer, against the model at its moment.
  void check() {
    std::ranges::stable_sort(answers_, {}, [](const Answer& answer) { return answer.moment.sequence; });
    model::ReferenceLedger ledger;
    std::uint64_t sequence = 1;
    std::uint64_t timestamp = 1;
    auto answer = answers_.begin();
    for (auto write = writes_.begin();; ++write) {
      for (; answer != answers_.end() && answer->moment.sequence == sequence; ++answer) {
        const TestRequest& request = answer->request;
        EXPECT_EQ(answer->moment.timestamp, timestamp);
        const model::ReplyBody expected = model::execute_on_model(ledger, request.operation, request.flags, request.body(), 0);
        ASSERT_TRUE(same_answer(request, expected, answer->reply)) << "at sequence " << sequence << "\n" << difference(request, expected, answer->reply);
      }
      if (write == writes_.end()) break;
      model::execute_on_model(ledger, write->operation, write->flags, write->body(), write->timestamp);
      sequence += write->event_count();
      timestamp = write->timestamp;
    }
    EXPECT_EQ(answer, answers_.end()) << "an answer names a sequence at which no request ended";
  }
  [[nodiscard]] std::size_t answers() const { return answers_.size(); }

 private:
  void ask(core::QueryReader& reader) {
    for (std::size_t i = 0; !stops_.load(std::memory_order_relaxed) || i < queries_.size(); ++i) {
      std::optional<TestRequest> page = queries_[i % queries_.size()];
      for (int pages = 0; page && pages < 3; ++pages) {
        Answer answer{.request = *page, .reply = {}, .moment = {}};
        std::vector<std::byte> memory(core::reply_bytes_max(page->operation, page->flags, page->body()));
        core::ReplyArea area{.data = memory.data(), .capacity = static_cast<std::uint32_t>(memory.size())};
        core::Command command;
        command.operation = page->operation;
        command.body = answer.request.body();
        command.reply = &area;
        answer.moment = reader.execute(command, boundary_);
        answer.reply.count = area.count;
        answer.reply.bytes.assign(memory.begin(), memory.begin() + area.size);
        page = is_query(page->operation) ? next_page(*page, answer.reply) : std::nullopt;
        answers_.push_back(std::move(answer));
      }
    }
    boundary_.close();
  }

  Random random_;
  std::vector<TestRequest> writes_;
  std::vector<TestRequest> queries_;
  ThreadBoundary boundary_;
  std::atomic<bool> stops_ = false;
  std::vector<Answer> answers_;
};

void run_on(const std::vector<StateMachineFactory>& factories, std::uint64_t steps) {
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    for (const StateMachineFactory& factory : factories) {
      SCOPED_TRACE(factory.name + ", seed " + std::to_string(seed));
      Traffic traffic(seed, steps);
      traffic.run(factory.make());
      traffic.check();
      EXPECT_GT(traffic.answers(), 50U);
      if (::testing::Test::HasFailure()) return;
    }
  }
}

TEST(QueryReader, AnswersAreOfTheMomentTheyName) { run_on(engine_factories(), 250); }
TEST(QueryReader, AlsoWhileTransfersLeaveMemory) { run_on(engine_factories_with_past(), 250); }
TEST(QueryReader, AlsoWhileTransfersAreSealed) { run_on(sealing_engine_factories(), 400); }

/// Found by the streams above. A trial balance learns how accounts are after it has learnt which there are. What is imported in between has a
/// time before the moment that the answer is of, and does not belong to it all the same.
TEST(QueryReader, AnImportBetweenTwoBoundariesIsNotInATrialBalance) {
  for (const StateMachineFactory& factory : engine_factories()) {
    SCOPED_TRACE(factory.name);
    EngineUnderTest engine(factory.make());
    const auto write = [&]<typename Event>(Operation operation, const std::vector<Event>& events, std::uint64_t timestamp) {
      const model::ReplyBody reply = engine.execute(make_request<Event>(operation, events, timestamp));
      for (const auto& entry : model::elements_of<CreateReplyEntry>(reply.bytes)) EXPECT_EQ(entry.status, kCreated);
    };
    write(Operation::kCreateAccounts, std::vector<Account>{account(1), account(2)}, 1'000);
    write(Operation::kCreateTransfers, std::vector<Transfer>{transfer(10).amount(5)}, 2'000);
    write(Operation::kCreateAccounts, std::vector<Account>{account(3), account(4)}, 9'000);

    class Importing final : public core::BatchBoundary {
     public:
      explicit Importing(std::function<void()> import) : import_(std::move(import)) {}
      void run(core::BoundaryTask& task) noexcept override {
        if (++boundaries_ == 2) import_();
        task.run();
      }

     private:
      std::function<void()> import_;
      int boundaries_ = 0;
    };
    Importing boundary([&] {
      const Transfer imported = transfer(11).flags(TransferFlags::kImported).amount(7).timestamp(3'000);
      write(Operation::kCreateTransfers, std::vector<Transfer>{imported}, 10'000);
    });
    const TrialBalanceFilter filter;
    const TestRequest request = make_request<TrialBalanceFilter>(Operation::kGetTrialBalance, std::span(&filter, 1));
    std::vector<std::byte> memory(core::reply_bytes_max(request.operation, 0, request.body()));
    core::ReplyArea area{.data = memory.data(), .capacity = static_cast<std::uint32_t>(memory.size())};
    core::Command command;
    command.operation = request.operation;
    command.body = request.body();
    command.reply = &area;
    const auto moment = engine.state_machine().make_query_reader()->execute(command, boundary);
    EXPECT_EQ(moment.timestamp, 9'000U);
    TrialBalance sums;
    std::memcpy(&sums, memory.data(), sizeof sums);
    EXPECT_EQ(sums.accounts, 4U);
    EXPECT_EQ(sums.balances.debits_posted, 5U);
    EXPECT_EQ(sums.balances.credits_posted, 5U);
  }
}

}  // namespace
}  // namespace florin::test
