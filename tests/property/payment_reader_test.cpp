#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <thread>

#include "core/ledger.hpp"
#include "support/memory_past.hpp"
#include "support/payment_twins.hpp"
#include "support/sanitizers.hpp"
#include "support/thread_boundary.hpp"

/// Reads of payments beside execution: a thread of its own asks while another executes, and what payments left goes to segments all the while. Each answer is
/// that of a ledger that was executed up to the moment that the answer names, and no further.

namespace florin::test {
namespace {

constexpr std::uint64_t kSeeds = PerSanitizer<std::uint64_t>{.none = 6, .address = 2, .thread = 2}.here();

struct Asked {
  Operation operation{};
  std::vector<std::byte> body;
};

struct Answer {
  const Asked* asked = nullptr;
  model::ReplyBody reply;
  core::QueryReader::Moment moment;
};

template <typename Body>
Asked ask_for(Operation operation, const Body& body) {
  const auto bytes = std::as_bytes(std::span(&body, 1));
  return {operation, {bytes.begin(), bytes.end()}};
}

core::Command command_of(const Asked& asked, const core::RequestOrigin& origin, core::ReplyArea& area) {
  core::Command command;
  command.operation = asked.operation;
  command.body = asked.body;
  command.reply = &area;
  command.origin = &origin;
  return command;
}

class Traffic {
 public:
  explicit Traffic(std::uint64_t seed) : random_(~seed) {
    PaymentTwins twins(seed, make_machine(nullptr), PaymentStream::Reach::kAll);
    for (int step = 0; step < 500; ++step) twins.step();
    writes_ = twins.script().log();
    std::uint64_t next = 0;
    std::vector<StoryLine> lines;
    PaymentEventsFilter filter{.limit = kStoryLinesMax};
    do {
      const std::vector<StoryLine> page = twins.script().events(filter, next);
      lines.insert(lines.end(), page.begin(), page.end());
      filter.after = next;
    } while (next != 0);
    for (int i = 0; i < 300; ++i) questions_.push_back(question(lines));
  }

  void run() {
    const auto past = std::make_shared<MemoryPast>(static_cast<std::uint32_t>(random_.below(4)));
    EngineUnderTest engine(make_machine(past, random_.pick<std::uint32_t>({1, 2, 3})), EngineUnderTest::Replies::kNone);
    const auto reader = engine.state_machine().make_query_reader();
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

  void check() {
    std::ranges::stable_sort(answers_, {}, [](const Answer& answer) { return answer.moment.sequence; });
    EngineUnderTest engine(make_machine(nullptr), EngineUnderTest::Replies::kNone);
    auto answer = answers_.begin();
    for (auto write = writes_.begin();; ++write) {
      for (; answer != answers_.end() && answer->moment.sequence == engine.state_machine().sequence(); ++answer) check(*answer, engine.state_machine());
      if (write == writes_.end() || ::testing::Test::HasFatalFailure()) break;
      engine.execute(*write);
    }
    EXPECT_EQ(answer, answers_.end()) << "an answer names a sequence at which no request ended";
  }
  [[nodiscard]] std::size_t answers() const { return answers_.size(); }

 private:
  static std::unique_ptr<core::StateMachine> make_machine(std::shared_ptr<MemoryPast> past, std::uint32_t partitions = 1) {
    return core::make_ledger({.memory_budget_bytes = std::uint64_t{1} << 30, .partitions = partitions, .past = std::move(past), .generation_entries = 60});
  }

  Asked question(const std::vector<StoryLine>& lines) {
    const StoryLine& some = lines[random_.below(lines.size())];
    switch (random_.below(8)) {
      case 0: return ask_for(Operation::kLookupOrders, some.object_id);
      case 1: {
        const TestRequest& request = random_.pick_from(writes_);
        u128 key = 0;
        if (request.body().size() >= sizeof(PaymentsHeader) + sizeof key) std::memcpy(&key, request.body().data() + sizeof(PaymentsHeader), sizeof key);
        return ask_for(Operation::kLookupKey, key);
      }
      case 2:
      case 3: {
        StoryFilter filter{.object = some.object_id, .limit = static_cast<std::uint32_t>(random_.pick({1, 3, 1'024}))};
        if (random_.chance(50)) filter.flags = StoryFilterFlags::kReversed;
        if (random_.chance(50)) filter.after = some.sequence + random_.below(2);
        return ask_for(Operation::kGetStory, filter);
      }
      case 4: return ask_for(Operation::kGetPaymentEvents, PaymentEventsFilter{.after = random_.chance(50) ? some.sequence : 0,
                                                                             .limit = static_cast<std::uint32_t>(random_.pick({1, 50, 1'024}))});
      case 5: {
        PartyName name;
        set_text(name.name, random_.chance(50) ? "corner shop" : "nobody");
        return ask_for(Operation::kFindParty, name);
      }
      default: {
        OrderFilter filter{.limit = static_cast<std::uint32_t>(random_.between(1, 20))};
        if (random_.chance(60)) {
          filter.party = kMerchant;
          filter.role = PartyRole::kMerchant;
        }
        if (random_.chance(50)) filter.flags = OrderFilterFlags::kReversed;
        if (random_.chance(50)) filter.after = some.sequence;
        if (random_.chance(30)) filter.money = static_cast<MoneyState>(random_.between(1, 13));
        if (random_.chance(30)) filter.created_min = some.timestamp;
        return ask_for(Operation::kQueryOrders, filter);
      }
    }
  }

  void ask(core::QueryReader& reader) {
    for (std::size_t i = 0; !stops_.load(std::memory_order_relaxed) || i < questions_.size(); ++i) {
      const Asked& asked = questions_[i % questions_.size()];
      std::vector<std::byte> memory(core::reply_bytes_max(asked.operation, 0, asked.body));
      core::ReplyArea area{.data = memory.data(), .capacity = static_cast<std::uint32_t>(memory.size())};
      Answer answer{.asked = &asked, .reply = {}, .moment = {}};
      answer.moment = reader.execute(command_of(asked, origin_, area), boundary_);
      answer.reply.count = area.count;
      answer.reply.bytes.assign(memory.begin(), memory.begin() + area.size);
      answers_.push_back(std::move(answer));
    }
    boundary_.close();
  }

  /// A page may end sooner than that of a ledger which has everything in memory, but not with other rows.
  void check(const Answer& answer, core::StateMachine& machine) const {
    std::vector<std::byte> memory(core::reply_bytes_max(answer.asked->operation, 0, answer.asked->body));
    core::ReplyArea area{.data = memory.data(), .capacity = static_cast<std::uint32_t>(memory.size())};
    core::Here here;
    machine.make_query_reader()->execute(command_of(*answer.asked, origin_, area), here);
    const std::span expected(memory.data(), area.size);
    const std::span found(answer.reply.bytes);
    const bool has_end = answer.asked->operation == Operation::kQueryOrders || answer.asked->operation == Operation::kGetPaymentEvents;
    PageEnd end;
    if (has_end) std::memcpy(&end, found.data() + found.size() - sizeof end, sizeof end);
    if (end.resume == 0) {
      ASSERT_TRUE(std::ranges::equal(found, expected)) << name_of(answer.asked->operation) << " at " << answer.moment.sequence << ": " << answer.reply.count
                                                       << " rows for " << area.count;
      return;
    }
    ASSERT_LE(answer.reply.count, area.count);
    const std::size_t rows = found.size() - sizeof end;
    ASSERT_TRUE(std::ranges::equal(found.first(rows), expected.first(rows))) << name_of(answer.asked->operation) << " at " << answer.moment.sequence;
  }

  Random random_;
  std::vector<TestRequest> writes_;
  std::vector<Asked> questions_;
  std::vector<Answer> answers_;
  ThreadBoundary boundary_;
  std::atomic<bool> stops_{false};
  core::RequestOrigin origin_{.principal = kPrincipal};
};

class PaymentReader : public ::testing::TestWithParam<std::uint64_t> {};
INSTANTIATE_TEST_SUITE_P(Seeds, PaymentReader, ::testing::Range(std::uint64_t{1}, kSeeds + 1));

TEST_P(PaymentReader, AnswersAreOfTheMomentThatTheyName) {
  Traffic traffic(GetParam());
  traffic.run();
  traffic.check();
  EXPECT_GE(traffic.answers(), 300U);
}

}  // namespace
}  // namespace florin::test
