#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/ledger.hpp"
#include "journal/history_store.hpp"
#include "journal/sealed_folder.hpp"
#include "record/checksum.hpp"
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

namespace fs = std::filesystem;

/// Kinds of sections: docs/history_format.md.
constexpr bool is_of_payments(std::uint32_t kind) { return kind >= 13 && kind <= 18; }

constexpr std::uint64_t kSeeds = PerSanitizer<std::uint64_t>{.none = 8, .address = 3, .thread = 1}.here();

constexpr const char* kSaidByTheOthers = "of what threads share the lives of a store say as much";

/// Lives of one store, one after the other.
class PaymentLives {
 public:
  PaymentLives(std::uint64_t seed, std::uint64_t generation)
      : random_(seed), generation_(generation), twins_(seed, make_machine(), PaymentStream::Reach::kAll) {}

  void run(int steps, bool drops = false) {
    for (int step = 0; step < steps && !::testing::Test::HasFatalFailure(); ++step) {
      if (drops && random_.below(100) == 0) twins_.drop_history(random_.below(200));
      twins_.step();
      step_snapshot();
    }
  }

  /// The ledger is gone. From here to recover() nobody builds a segment or has one open.
  void crash() {
    hash_ = machine().state_hash();
    digest_ = machine().outcome_digest();
    counts_ = machine().counts();
    taking_.reset();
    twins_.script().stop();
    past_.reset();
  }
  /// Another one takes its place. `may_miss`: what the snapshot builds on may not be there, or not be what it was.
  void recover(bool may_miss = false) {
    std::unique_ptr<core::StateMachine> next = make_machine();
    std::size_t executed = 0;
    if (snapshot_) {
      const Status loaded = next->load(snapshot_->snapshot);
      if (loaded) {
        executed = snapshot_->executed;
        ++lives_from_snapshots_;
      } else {
        ASSERT_TRUE(may_miss) << loaded.message();
        ASSERT_EQ(loaded.kind(), ErrorKind::kCorrupt) << loaded.message();
        ++snapshots_passed_over_;
        snapshot_.reset();
        next.reset();
        past_.reset();
        next = make_machine();
      }
    }
    twins_.script().restart(std::move(next), executed);
    ASSERT_TRUE(machine().state_hash() == hash_);
    ASSERT_TRUE(machine().outcome_digest() == digest_);
    ASSERT_EQ(machine().counts().orders, counts_.orders);
    ASSERT_EQ(machine().counts().payment_keys, counts_.payment_keys);
  }

  PaymentTwins& twins() { return twins_; }
  core::StateMachine& machine() { return twins_.script().machine(); }
  [[nodiscard]] int lives_from_snapshots() const { return lives_from_snapshots_; }
  [[nodiscard]] int snapshots_passed_over() const { return snapshots_passed_over_; }
  [[nodiscard]] const std::string& folder() const { return folder_.path(); }
  Random& random() { return random_; }

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
  int snapshots_passed_over_ = 0;
  // At the crash.
  u128 hash_ = 0;
  u128 digest_ = 0;
  core::StateMachine::Counts counts_;
};

class PaymentsAtRest : public ::testing::TestWithParam<std::uint64_t> {};
INSTANTIATE_TEST_SUITE_P(Seeds, PaymentsAtRest, ::testing::Range(std::uint64_t{1}, kSeeds + 1));

TEST_P(PaymentsAtRest, ComeBackOnUseInEveryLife) {
  const std::uint64_t seed = GetParam();
  PaymentLives lives(seed, seed % 2 == 0 ? 40 : 150);
  for (int life = 0; life < 5; ++life) {
    lives.run(300);
    lives.crash();
    lives.recover();
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

/// Keys, orders and stories are for ever.
TEST(DroppedHistory, TakesNoPaymentWithIt) {
  if (kSanitizer == Sanitizer::kThread) GTEST_SKIP() << kSaidByTheOthers;
  std::uint64_t shrunk = 0;
  for (std::uint64_t seed = 50; seed < 50 + kSeeds / 2 && !HasFatalFailure(); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    PaymentLives lives(seed, 60);
    for (int life = 0; life < 4 && !HasFatalFailure(); ++life) {
      lives.run(300, true);
      lives.crash();
      lives.recover(true);
      if (!HasFatalFailure()) lives.twins().compare_state();
    }
    shrunk += lives.machine().counts().transfers_shrunk;
  }
  EXPECT_GT(shrunk, 0U);
}

/// Digests of the sections of payments, by kind.
std::map<std::uint32_t, u128> payment_sections(const SealedReader& reader) {
  std::map<std::uint32_t, u128> digests;
  for (const SealedSection& section : reader.sections()) {
    if (!is_of_payments(section.kind)) continue;
    std::vector<std::byte> copy(section.bytes);
    EXPECT_TRUE(reader.section(section.kind)->read(0, copy));
    digests[section.kind] = record::checksum(copy);
  }
  return digests;
}

/// As a segment was sealed when there were no sections for payments.
void write_without_payments(const std::string& folder, const SealedReader& reader) {
  const TemporaryFolder elsewhere(TemporaryFolder::Where::kMemory);
  const auto store = journal::SealedFolder::open(elsewhere.path()).value();
  const auto writer = store->create(reader.header().segment).value();
  for (const SealedSection& section : reader.sections()) {
    if (is_of_payments(section.kind)) continue;
    ASSERT_TRUE(writer->begin_section(section.kind));
    ASSERT_TRUE(writer->append({reader.section(section.kind)->at(0, section.bytes), section.bytes}));
  }
  ASSERT_TRUE(writer->publish(reader.header()));
  for (const fs::directory_entry& file : fs::directory_iterator(elsewhere.path() + "/history")) {
    fs::copy_file(file.path(), folder + "/history/" + file.path().filename().string(), fs::copy_options::overwrite_existing);
  }
}

/// Segments that are not there, or are from before payments left memory: the snapshots that build on them are passed over, and what payments left in them is
/// built again to the same bytes.
TEST(LostSegments, AreBuiltAgainWithTheirPayments) {
  if (kSanitizer == Sanitizer::kThread) GTEST_SKIP() << kSaidByTheOthers;
  int passed_over = 0;
  int compared = 0;
  for (std::uint64_t seed = 70; seed < 70 + kSeeds && !HasFatalFailure(); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    PaymentLives lives(seed, 60);
    for (int life = 0; life < 3 && !HasFatalFailure(); ++life) {
      lives.run(250);
      lives.crash();
      const auto open = [&](std::uint64_t number) {
        return journal::HistoryStore::open_readonly(lives.folder(), lives.folder() + "/archive")->open(number, EngineUnderTest::kGenesis.store_id);
      };
      const std::vector<std::uint64_t> numbers = *journal::HistoryStore::open_readonly(lives.folder(), lives.folder() + "/archive")->list();
      const std::uint64_t victim = numbers[lives.random().below(numbers.size() - 1)];
      std::map<std::uint32_t, u128> before;
      {
        const auto reader = open(victim);
        ASSERT_TRUE(reader);
        before = payment_sections(**reader);
        ASSERT_EQ(before.size(), 6U);
        if ((*reader)->is_archived()) {
          for (const char* const where : {"/history/", "/archive/"}) {
            for (const fs::directory_entry& file : fs::directory_iterator(lives.folder() + where)) {
              const bool is_it = file.path().stem() == (std::string(20 - std::to_string(victim).size(), '0') + std::to_string(victim));
              if (is_it && file.path().extension() != ".ids") fs::remove(file.path());
            }
          }
        } else {
          write_without_payments(lives.folder(), **reader);
        }
      }
      lives.recover(true);
      if (HasFatalFailure()) break;
      lives.twins().compare_state();
      const auto again = open(victim);
      if (!again) continue;  // its builder is not there yet
      EXPECT_EQ(payment_sections(**again), before) << "segment " << victim;
      ++compared;
    }
    passed_over += lives.snapshots_passed_over();
  }
  EXPECT_GT(passed_over, 0);
  EXPECT_GT(compared, 0);
}

/// A shop whose memory holds a small part of what it sells.
class SmallBudget : public ::testing::Test {
 protected:
  static constexpr std::uint64_t kBudget = std::uint64_t{192} << 20;  // of a partition: rings get no smaller than with this one
  static constexpr std::uint64_t kPerRequest = 1'000;
  static constexpr std::uint64_t kOrders = PerSanitizer<std::uint64_t>{.none = 160'000, .address = 70'000, .thread = 0}.here();

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

/// The first payments need what all that follow them share, and a refusal has to say so: it named a budget that was below the one it refused.
TEST(BudgetOfPayments, IsNamedBeforeThereAreAny) {
  const auto ledger = [](std::uint64_t budget) {
    return core::make_ledger({.memory_budget_bytes = budget, .past = std::make_shared<DiskPast>(DiskPast::Builder::kCaller, TemporaryFolder(TemporaryFolder::Where::kMemory).path())});
  };
  core::PaymentRoom pay;
  pay.commands = pay.orders = 1;
  pay.order_lines = core::OrderImage::kRecordLines;
  const auto small = ledger(std::uint64_t{100} << 20);
  ASSERT_TRUE(small->memory(0, 2).fits());
  ASSERT_FALSE(small->reserve_again(0, 2, pay));
  const std::uint64_t needed = small->sufficient_budget(0, 2, pay);
  EXPECT_GT(needed, std::uint64_t{100} << 20);
  EXPECT_TRUE(ledger(needed)->reserve_again(0, 2, pay));
}

TEST_F(SmallBudget, HoldsFarMoreOrdersThanMemory) {
  if (kSanitizer == Sanitizer::kThread) GTEST_SKIP() << kSaidByTheOthers;
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
