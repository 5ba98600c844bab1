/// Replay by many threads: what is executed, in which order, and what may be looked at beside it.

#include <gmock/gmock.h>

#include <atomic>
#include <thread>

#include "pipeline/recovery.hpp"
#include "pipeline_fixture.hpp"
#include "record/batch_walk.hpp"
#include "support/with_threads.hpp"

namespace florin::pipeline {
namespace {

using testing::HasSubstr;

/// What the state machines of a test did, kept when they are gone.
struct Log {
  std::vector<std::uint64_t> executed;  // first sequences; written by whoever executes, as a state machine's own members
  std::atomic<int> executing{0};
  std::atomic<int> touching{0};
  std::atomic<int> hinting{0};
  std::atomic<bool> is_structural{false};
  std::atomic<std::uint64_t> executed_sequence{0};
  std::atomic<std::uint64_t> hinted{0};
};

/// Notices when it is called beside what it must not be called beside.
class StrictStateMachine final : public FakeStateMachine {
 public:
  StrictStateMachine(Log& log, const std::vector<std::uint64_t>& structural) : log_(log), structural_(structural) {}

  void execute(std::span<const core::Command> batch) override {
    EXPECT_EQ(log_.executing.fetch_add(1), 0) << "two batches at once";
    for (const core::Command& command : batch) {
      log_.executed.push_back(command.first_sequence);
      if (command.operation == Operation::kCreateTransfers) {
        if (command.hints != nullptr) {
          EXPECT_EQ(command.hints[command.event_count - 1].id_hash, command.first_sequence);
        }
        continue;
      }
      log_.is_structural = true;
      EXPECT_EQ(log_.hinting, 0) << "hints beside " << command.first_sequence;
      std::this_thread::yield();
      log_.is_structural = false;
    }
    FakeStateMachine::execute(batch);
    log_.executed_sequence = sequence();
    log_.executing.fetch_sub(1);
  }

  bool make_hints(const core::Command& command, std::span<core::TransferHint> hints) const noexcept override {
    log_.hinting.fetch_add(1);
    EXPECT_FALSE(log_.is_structural);
    for (const std::uint64_t sequence : structural_) {
      if (sequence >= command.first_sequence) continue;
      EXPECT_GE(log_.executed_sequence, sequence) << "hints before " << sequence << " was executed";
    }
    for (core::TransferHint& hint : hints) hint.id_hash = command.first_sequence;
    ++log_.hinted;
    log_.hinting.fetch_sub(1);
    return command.operation == Operation::kCreateTransfers;
  }

  void touch_ahead() noexcept override {
    EXPECT_EQ(log_.touching.fetch_add(1), 0) << "two threads take page faults";
    std::this_thread::yield();
    log_.touching.fetch_sub(1);
  }

 private:
  Log& log_;
  const std::vector<std::uint64_t>& structural_;
};

class Replay : public testing::TestWithParam<int> {
 protected:
  Replay() {
    bench_.start();
    first_sequences_.push_back(1);
    structural_.push_back(1);
    options_.make_state_machine = [this] { return std::make_unique<StrictStateMachine>(log_, structural_); };
  }

  /// One batch with one request.
  void write(Operation operation, std::uint32_t events) {
    first_sequences_.push_back(bench_.machine.sequence() + 1);
    if (operation == Operation::kCreateAccounts) structural_.push_back(first_sequences_.back());
    bench_.submit(operation, events, events);
    bench_.settle();
    bench_.port().recycle(bench_.port().completed());
  }
  /// Transfers, with accounts created now and then.
  void write_many(std::uint32_t batches) {
    for (std::uint32_t i = 0; i < batches; ++i) write(i % 10 == 0 ? Operation::kCreateAccounts : Operation::kCreateTransfers, i % 29 + 1);
  }

  Result<Recovered> recover() {
    return test::with_threads(GetParam(), [&] { return pipeline::recover(bench_.journal, nullptr, options_); });
  }

  [[nodiscard]] std::byte* record(std::size_t batch) { return reinterpret_cast<std::byte*>(bench_.journal.records[batch].data()); }
  [[nodiscard]] std::vector<std::uint64_t> first(std::size_t batches) const {
    return {first_sequences_.begin(), first_sequences_.begin() + static_cast<std::ptrdiff_t>(batches)};
  }
  [[nodiscard]] std::string sequence_of(std::size_t batch) const { return "sequence " + std::to_string(first_sequences_[batch]) + ":"; }

  PipelineBench bench_;
  Log log_;
  std::vector<std::uint64_t> first_sequences_;
  std::vector<std::uint64_t> structural_;
  RecoveryOptions options_;
};

TEST_P(Replay, EqualsLive) {
  write_many(200);
  std::vector<std::uint64_t> reports;
  options_.on_progress = [&](std::uint64_t sequence) { reports.push_back(sequence); };
  const auto recovered = recover();
  ASSERT_TRUE(recovered) << recovered.error().message();
  EXPECT_EQ(recovered->state_machine->outcome_digest(), bench_.machine.outcome_digest());
  EXPECT_EQ(recovered->batch_count, 201U);
  EXPECT_EQ(recovered->event_count, bench_.machine.sequence());
  EXPECT_EQ(recovered->chain_end.checksum, bench_.journal.view(200).header().checksum);
  EXPECT_EQ(log_.executed, first_sequences_);
  EXPECT_EQ(reports, (std::vector{first_sequences_[64] - 1, first_sequences_[128] - 1, first_sequences_[192] - 1}));
}

TEST_P(Replay, HintsAreMadeWhereNothingIsInTheWay) {
  for (int i = 0; i < 50; ++i) write(Operation::kCreateTransfers, 3);
  ASSERT_TRUE(recover());
  EXPECT_GE(log_.hinted, 50U - record::kWalkSlotsMax);  // those read before genesis was executed go without
}

TEST_P(Replay, ABadBodyComesAfterEveryBatchBeforeItAndIsNamed) {
  write_many(40);
  record(23)[300] ^= std::byte{1};
  const auto recovered = recover();
  ASSERT_FALSE(recovered);
  EXPECT_EQ(recovered.error().kind(), ErrorKind::kCorrupt);
  EXPECT_THAT(recovered.error().message(), HasSubstr(sequence_of(23)));
  EXPECT_EQ(log_.executed, first(23));
}

TEST_P(Replay, ARequestThatIsNoWriteComesAfterEveryBatchBeforeItAndIsNamed) {
  write_many(40);
  auto& header = *reinterpret_cast<BatchHeader*>(record(23));
  reinterpret_cast<RequestHeader*>(record(23) + sizeof(BatchHeader))->operation = Operation::kPing;
  record::seal(header, bench_.journal.view(23).requests());
  const auto recovered = recover();
  ASSERT_FALSE(recovered);
  EXPECT_EQ(recovered.error().message(), sequence_of(23) + " a request that is no write");
  EXPECT_EQ(log_.executed, first(23));
}

TEST_P(Replay, ABatchOfAnotherChainComesAfterEveryBatchBeforeItAndIsNamed) {
  write_many(40);
  auto& header = *reinterpret_cast<BatchHeader*>(record(23));
  header.previous ^= 1;
  record::seal(header, bench_.journal.view(23).requests());
  const auto recovered = recover();
  ASSERT_FALSE(recovered);
  EXPECT_EQ(recovered.error().message(), sequence_of(23) + " the batch does not continue the chain");
  EXPECT_EQ(log_.executed, first(23));
}

TEST_P(Replay, StopsAtASequenceWithBatchesInFlight) {
  write_many(60);
  record(31)[300] ^= std::byte{1};  // beyond what is wanted, so nobody minds
  options_.to_sequence = first_sequences_[30] - 1;
  const auto recovered = recover();
  ASSERT_TRUE(recovered) << recovered.error().message();
  EXPECT_EQ(recovered->state_machine->sequence(), options_.to_sequence);
  EXPECT_EQ(recovered->chain_end.number, 30U);
  EXPECT_EQ(log_.executed, first(30));
}

TEST_P(Replay, StopsBeforeARequestThatGoesBeyondASequence) {
  write_many(60);
  options_.to_sequence = first_sequences_[40];  // the first event of several
  const auto recovered = recover();
  ASSERT_TRUE(recovered) << recovered.error().message();
  EXPECT_EQ(recovered->state_machine->sequence(), first_sequences_[40] - 1);
  EXPECT_EQ(log_.executed, first(40));
}

INSTANTIATE_TEST_SUITE_P(Threads, Replay, testing::Values(1, 2, 8));

}  // namespace
}  // namespace florin::pipeline
