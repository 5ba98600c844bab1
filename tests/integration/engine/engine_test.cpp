#include "integration/engine/engine_fixture.hpp"

#include <atomic>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <thread>

#include "florin/account.hpp"
#include "florin/query.hpp"
#include "florin/transfer.hpp"
#include "journal/memory_journal.hpp"

namespace florin {
namespace {

class EngineTest : public EngineFixture {
 protected:
  void TearDown() override {
    EngineFixture::TearDown();
    std::filesystem::remove_all(other_folder());
  }
  std::string other_folder() const { return folder + "-other"; }

  void create_accounts(u128 count) {
    std::vector<Account> accounts(static_cast<std::size_t>(count));
    for (u128 id = 1; id <= count; ++id) {
      Account& account = accounts[static_cast<std::size_t>(id) - 1];
      account.id = id;
      account.ledger = account.code = 1;
    }
    const auto answered = call(Operation::kCreateAccounts, std::as_bytes(std::span(accounts)));
    EXPECT_EQ(answered.reply.code, ReplyCode::kOk);
    EXPECT_EQ(answered.reply.count, 0U);
  }
  pipeline::Request create_transfers(u128 first_id, std::size_t count) {
    std::vector<Transfer> transfers(count);
    for (Transfer& transfer : transfers) {
      transfer.id = has_random_ids ? mixed(first_id++) : first_id++;
      transfer.debit_account_id = 1;
      transfer.credit_account_id = 2;
      transfer.amount = 3;
      transfer.ledger = transfer.code = 1;
    }
    return call(Operation::kCreateTransfers, std::as_bytes(std::span(transfers)));
  }
  static u128 mixed(u128 id) { return make_u128(static_cast<std::uint64_t>(id * 0x9E3779B97F4A7C15ULL), static_cast<std::uint64_t>(id)); }
  /// Then there are so many sealed segments.
  void create_and_seal(u128 first_id, int segments) {
    create_transfers(first_id, 8000);
    const std::string is_sealed = "\"segments\":" + std::to_string(segments) + ",";
    for (const u128 id = 1; status().find(is_sealed) == std::string::npos;) {
      call(Operation::kLookupAccounts, std::as_bytes(std::span(&id, 1)));  // what leaves memory moves on between batches
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  }

  /// Notes of three starts: what came after the snapshot is new, and then has ids of transfers that were sealed before it.
  std::vector<std::size_t> notes_of_starts() {
    auto sealing = options();
    sealing.generation_transfers = 5000;
    std::vector<std::size_t> notes;
    const auto start_again = [&] {
      const std::string before = state_hash();
      engine->stop();
      start(sealing);
      EXPECT_NE(engine->recovery().snapshot_sequence, 0U);
      EXPECT_EQ(state_hash(), before);
      notes.push_back(engine->recovery().notes.size());
      for (const std::string& note : engine->recovery().notes) EXPECT_NE(note.find("every id looked up"), std::string::npos) << note;
    };
    start(sealing);
    create_accounts(10);
    create_and_seal(1000, 1);
    EXPECT_EQ(call(Operation::kSnapshot).reply.code, ReplyCode::kOk);
    create_and_seal(100'000, 2);
    start_again();
    EXPECT_EQ(create_transfers(1000, 50).reply.count, 50U);  // each has a result, because it exists
    for (u128 i = 0; i < 3; ++i) create_and_seal(200'000 + 10'000 * i, 3 + static_cast<int>(i));
    for (int i = 0; i < 2; ++i) start_again();
    EXPECT_EQ(create_transfers(1000, 50).reply.count, 50U);
    EXPECT_EQ(create_transfers(100'000, 50).reply.count, 50U);
    return notes;
  }

  bool has_random_ids = false;
};

TEST_F(EngineTest, NewStoreServesAndStopsClean) {
  start();
  EXPECT_TRUE(engine->recovery().is_new_store);
  create_accounts(10);
  const auto answered = create_transfers(100, 1);
  EXPECT_EQ(answered.reply.code, ReplyCode::kOk);
  EXPECT_EQ(answered.sequence, 12U);
  engine->stop();
  engine->stop();
}

TEST_F(EngineTest, ComesBackEqualFromTheJournal) {
  start();
  create_accounts(10);
  for (u128 i = 0; i < 50; ++i) create_transfers(1000 + i * 8190, i % 10 == 0 ? 8190 : 7);
  const std::string before = state_hash();
  engine->stop();
  start();
  EXPECT_FALSE(engine->recovery().is_new_store);
  EXPECT_EQ(engine->recovery().snapshot_sequence, 0U);
  EXPECT_EQ(engine->recovery().sequence, 1U + 10 + 5 * 8190 + 45 * 7);
  EXPECT_EQ(state_hash(), before);
}

TEST_F(EngineTest, ComesBackEqualFromASnapshotAndItsSuffix) {
  start();
  create_accounts(10);
  create_transfers(1000, 5000);
  EXPECT_EQ(call(Operation::kSnapshot).reply.code, ReplyCode::kOk);
  create_transfers(100000, 50);
  const std::string before = state_hash();
  engine->stop();
  start();
  EXPECT_EQ(engine->recovery().snapshot_sequence, 5011U);
  EXPECT_EQ(engine->recovery().event_count, 50U);
  EXPECT_EQ(state_hash(), before);
  // The ids from before the snapshot are still known.
  create_transfers(1000, 1);
  ASSERT_EQ(reply.size(), sizeof(CreateReplyEntry));
  CreateReplyEntry entry;
  std::memcpy(&entry, reply.data(), sizeof entry);
  EXPECT_NE(entry.status, 0U);
}

TEST_F(EngineTest, TakesSnapshotsByItself) {
  auto with = options();
  with.snapshot_events = 2000;
  start(with);
  create_accounts(10);
  u128 id = 1000;
  while (status().find("\"published\":0") != std::string::npos) {
    ASSERT_LT(id, 5'000'000U) << "no snapshot came";
    create_transfers(id, 1000);
    id += 1000;
  }
  engine->stop();
  start();
  EXPECT_GT(engine->recovery().snapshot_sequence, 2000U);
}

TEST_F(EngineTest, ASecondOneOnTheFolderIsRefused) {
  start();
  const auto second = Engine::start(options());
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().kind(), ErrorKind::kBusy);
}

TEST_F(EngineTest, PartitionsChangeNothingButThreads) {
  start();
  create_accounts(10);
  for (u128 i = 0; i < 5; ++i) create_transfers(1000 + i * 8190, 500);
  const std::string before = state_hash();
  for (const std::uint32_t partitions : {2U, 3U}) {
    engine->stop();
    auto with = options();
    with.partitions = partitions;
    start(with);
    EXPECT_EQ(state_hash(), before) << partitions;
  }
}

TEST_F(EngineTest, TestClockStandsAtTheNewestRecord) {
  auto with = options();
  with.has_test_clock = true;
  start(with);
  create_accounts(10);
  const std::uint64_t first = create_transfers(100, 1).timestamp;
  EXPECT_EQ(create_transfers(101, 1).timestamp, first + 1);
  const std::uint64_t second_ns = 1'000'000'000;
  EXPECT_EQ(call(Operation::kClockAdvance, std::as_bytes(std::span(&second_ns, 1))).reply.code, ReplyCode::kOk);
  const std::uint64_t later = create_transfers(102, 1).timestamp;
  EXPECT_GE(later, first + second_ns - 100);
  engine->stop();
  start(with);
  EXPECT_EQ(create_transfers(103, 1).timestamp, later + 1);
}

TEST_F(EngineTest, WithoutATestClockTimeCannotBeMoved) {
  start();
  const std::uint64_t ns = 1;
  EXPECT_EQ(call(Operation::kClockAdvance, std::as_bytes(std::span(&ns, 1))).reply.code, ReplyCode::kNotPermitted);
}

TEST_F(EngineTest, AQuerySeesTheWritesBeforeIt) {
  auto with = options();
  with.query_threads = 2;
  start(with);
  create_accounts(2);
  for (u128 id = 100; id < 150; ++id) {
    create_transfers(id, 1);
    const auto answered = call(Operation::kLookupTransfers, std::as_bytes(std::span(&id, 1)));
    ASSERT_EQ(answered.reply.code, ReplyCode::kOk);
    ASSERT_EQ(answered.reply.count, 1U);
    ASSERT_GE(answered.sequence, static_cast<std::uint64_t>(id - 100) + 4);
  }
}

/// Every block for queries is under way with a page of an account's transfers each, while transfers are created.
TEST_F(EngineTest, WritesAndAFloodOfQueriesGoOnTogether) {
  constexpr std::uint32_t kPage = 1000;
  start();
  create_accounts(2);
  create_transfers(1000, kPage);
  pipeline::Port& port = engine->port(0);
  AccountFilter filter;
  filter.account_id = 1;
  filter.limit = kPage;
  filter.flags = AccountFilterFlags::kDebits;
  const auto body = std::as_bytes(std::span(&filter, 1));
  const auto send = [&](pipeline::RequestBlock* block, Operation operation, std::span<const std::byte> bytes, std::uint64_t session) {
    pipeline::Request& request = block->add(static_cast<std::uint32_t>(bytes.size()), core::reply_bytes_max(operation, 0, bytes));
    std::memcpy(request.body, bytes.data(), bytes.size());
    request.operation = operation;
    request.session = session;
    request.event_count = core::event_count(operation, bytes.size());
    request.body_checksum = record::checksum(bytes);
    port.submit(block);
  };
  Transfer transfer;
  transfer.id = 10'000;
  transfer.debit_account_id = 1;
  transfer.credit_account_id = 2;
  transfer.ledger = transfer.code = 1;
  constexpr int kWrites = 50;
  int writes_sent = 0;
  int writes_back = 0;
  std::uint64_t queries_sent = 0;
  std::uint64_t queries_back = 0;
  std::uint64_t newest = 0;
  while (writes_back < kWrites || queries_back < queries_sent) {
    while (writes_sent < kWrites && port.has_block_for_queries()) {
      send(port.acquire_for_queries(), Operation::kGetAccountTransfers, body, ++queries_sent % 5);
    }
    if (writes_sent == writes_back && writes_sent < kWrites) {
      ++transfer.id;
      send(port.acquire(), Operation::kCreateTransfers, std::as_bytes(std::span(&transfer, 1)), 6);
      ++writes_sent;
    }
    port.run_inline();
    pipeline::RequestBlock* done = port.completed();
    if (done == nullptr) {
      parker.park();
      continue;
    }
    const pipeline::Request& request = done->requests()[0];
    EXPECT_EQ(request.reply.code, ReplyCode::kOk);
    if (is_write(request.operation)) {
      ++writes_back;
      EXPECT_GT(request.sequence, newest);
      newest = request.sequence;
    } else {
      ++queries_back;
      EXPECT_EQ(request.reply.count, kPage);
    }
    port.recycle(done);
  }
  EXPECT_GE(queries_back, options().query_blocks_per_io_thread);
}

/// Two lives of one store that parted after a copy: the same store, the same sequences, other transfers. Sealed segments of one in the
/// folder of the other are no better than none, although they fit in everything but the journal.
TEST_F(EngineTest, SealedSegmentsOfAnotherLifeAreNotTaken) {
  auto first = options();
  first.generation_transfers = 5000;
  auto second = first;
  second.data_folder = other_folder();
  const auto live = [&](const EngineOptions& life, u128 first_id) {
    start(life);
    // One at a time, so that both lives are cut in the same places.
    for (u128 i = 0; i < 3; ++i) create_and_seal(first_id + i * 10'000, static_cast<int>(i) + 2);
    EXPECT_EQ(call(Operation::kSnapshot).reply.code, ReplyCode::kOk);
  };
  start(first);
  create_accounts(10);
  create_and_seal(1000, 1);
  engine.reset();
  std::filesystem::copy(first.data_folder, second.data_folder, std::filesystem::copy_options::recursive);
  live(first, 100'000);
  engine->stop();
  live(second, 200'000);
  const std::string before = state_hash();
  engine->stop();
  start(second);
  EXPECT_NE(engine->recovery().snapshot_sequence, 0U);
  engine->stop();

  std::filesystem::copy(first.data_folder + "/history", second.data_folder + "/history",
                        std::filesystem::copy_options::recursive | std::filesystem::copy_options::overwrite_existing);
  start(second);
  EXPECT_EQ(engine->recovery().snapshot_sequence, 0U);
  ASSERT_EQ(engine->recovery().notes.size(), 1U);
  EXPECT_NE(engine->recovery().notes[0].find("not of this journal"), std::string::npos) << engine->recovery().notes[0];
  EXPECT_EQ(state_hash(), before);
  for (const u128 id : {u128{1000}, u128{200'000}, u128{100'000}}) {
    EXPECT_EQ(call(Operation::kLookupTransfers, std::as_bytes(std::span(&id, 1))).reply.count, id == 100'000 ? 0U : 1U);
  }
}

/// What is executed again at a start takes ids to be new where the journal vouches for it and a look-up is slow. An id of a sealed transfer in it
/// changes an outcome: then it is executed once more with every id looked up, and nothing of the first run is left, sealed segments included.
TEST_F(EngineTest, ASealedIdInWhatIsExecutedAgainIsRecognised) {
  has_random_ids = true;
  EXPECT_EQ(notes_of_starts(), (std::vector<std::size_t>{0, 1, 1}));
}

/// Of ids that count up a segment says at once whether it has them.
TEST_F(EngineTest, ASealedIdInOrderIsRecognisedInTheFirstRun) { EXPECT_EQ(notes_of_starts(), (std::vector<std::size_t>{0, 0, 0})); }

/// A journal whose commits fail once told to.
class FailingJournal final : public Journal {
 public:
  FailingJournal(journal::MemoryDisk& disk, const std::atomic<bool>& fails)
      : journal_(std::move(journal::MemoryJournal::open(disk)).value()), fails_(fails) {}
  Status append(std::span<const BytesView> pieces) override { return journal_->append(pieces); }
  Status commit() override { return fails_ ? Status(ErrorKind::kIo, "the disk is gone") : journal_->commit(); }
  [[nodiscard]] bool has_room(std::uint64_t bytes) const noexcept override { return journal_->has_room(bytes); }
  [[nodiscard]] std::uint64_t durable_sequence() const noexcept override { return journal_->durable_sequence(); }
  Result<std::unique_ptr<BatchCursor>> read_from(std::uint64_t first_sequence) override {
    return journal_->read_from(first_sequence);
  }

 private:
  std::unique_ptr<journal::MemoryJournal> journal_;
  const std::atomic<bool>& fails_;
};

TEST_F(EngineTest, JournalFailureIsToldAndNothingIsAcknowledgedAfterIt) {
  journal::MemoryDisk disk;
  std::atomic<bool> fails{false};
  std::atomic<int> told{0};
  auto with = options();
  with.open_journal = [&]() -> Result<std::unique_ptr<Journal>> { return std::unique_ptr<Journal>(new FailingJournal(disk, fails)); };
  with.on_failure = {[](void* count) { ++*static_cast<std::atomic<int>*>(count); }, &told};
  start(with);
  create_accounts(10);
  EXPECT_TRUE(engine->failure());
  fails = true;
  EXPECT_EQ(create_transfers(100, 1).reply.code, ReplyCode::kInternal);
  EXPECT_EQ(engine->failure().message(), "the disk is gone");
  fails = false;
  EXPECT_NE(create_transfers(101, 1).reply.code, ReplyCode::kOk);
  EXPECT_EQ(told, 1);
  engine->stop();
  start(with);
  EXPECT_EQ(engine->recovery().sequence, 11U);
}

}  // namespace
}  // namespace florin
