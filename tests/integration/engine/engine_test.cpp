#include "engine.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <filesystem>

#include "florin/account.hpp"
#include "florin/multi_batch.hpp"
#include "florin/query.hpp"
#include "florin/transfer.hpp"
#include "journal/memory_journal.hpp"
#include "record/checksum.hpp"
#include "runtime/parker.hpp"

namespace florin {
namespace {

/// A whole engine without sockets: real threads, real files, the test as its I/O thread.
class EngineTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "florin-engine-XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder = pattern;
  }
  void TearDown() override {
    engine.reset();
    std::filesystem::remove_all(folder);
  }

  EngineOptions options() const {
    EngineOptions options;
    options.data_folder = folder;
    options.memory_budget_bytes = 1ULL << 30;
    options.segment_bytes = 8ULL << 20;
    options.disk_headroom_bytes = 0;
    options.snapshot_events = 0;
    return options;
  }
  void start() { start(options()); }
  void start(EngineOptions with) {
    engine.reset();
    auto started = Engine::start(std::move(with));
    ASSERT_TRUE(started) << started.error().message();
    engine = std::move(*started);
    engine->port(0).set_wake([](void* self) { static_cast<runtime::Parker*>(self)->unpark(); }, &parker);
  }

  /// Sends one request and waits for its reply.
  pipeline::Request call(Operation operation, std::span<const std::byte> body = {}, std::uint16_t flags = 0) {
    pipeline::RequestBlock* block = engine->port(0).acquire();
    add(*block, operation, body, flags, core::reply_bytes_max(operation, flags, body));
    return send(block);
  }
  /// The same of a client that has a session.
  pipeline::Request call_for(core::SessionName name, std::uint64_t number, Operation operation, std::span<const std::byte> body,
                             std::uint16_t flags = 0) {
    pipeline::RequestBlock* block = engine->port(0).acquire();
    const std::uint32_t reply_bytes = is_write(operation) ? core::client_reply_bytes_max(core::event_count(operation, flags, body))
                                                          : core::reply_bytes_max(operation, flags, body);
    pipeline::Request& request = add(*block, operation, body, flags, reply_bytes);
    request.protocol = Protocol::kTigerBeetle;
    request.client = name.client;
    request.client_session = name.session;
    request.client_release = name.release;
    request.request = number;
    return send(block);
  }
  static pipeline::Request& add(pipeline::RequestBlock& block, Operation operation, std::span<const std::byte> body, std::uint16_t flags,
                                std::uint32_t reply_bytes) {
    pipeline::Request& request = block.add(static_cast<std::uint32_t>(body.size()), reply_bytes);
    if (!body.empty()) std::memcpy(request.body, body.data(), body.size());
    request.operation = operation;
    request.flags = flags;
    request.event_count = core::event_count(operation, flags, body);
    request.body_checksum = record::checksum(body);
    return request;
  }
  pipeline::Request send(pipeline::RequestBlock* block) {
    pipeline::Port& port = engine->port(0);
    port.submit(block);
    pipeline::RequestBlock* done = nullptr;
    while (true) {
      port.run_inline();
      done = port.completed();
      if (done != nullptr) break;
      parker.park();
    }
    EXPECT_EQ(done, block);
    const pipeline::Request answered = done->requests()[0];
    const auto* data = answered.reply.data;
    reply.assign(data, data + answered.reply.size);
    port.recycle(done);
    return answered;
  }

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
      transfer.id = first_id++;
      transfer.debit_account_id = 1;
      transfer.credit_account_id = 2;
      transfer.amount = 3;
      transfer.ledger = transfer.code = 1;
    }
    return call(Operation::kCreateTransfers, std::as_bytes(std::span(transfers)));
  }
  std::string status() {
    call(Operation::kStatus);
    return {reinterpret_cast<const char*>(reply.data()), reply.size()};
  }
  std::string state_hash() {
    const std::string text = status();
    const std::string key = "\"state_hash\":\"";
    return text.substr(text.find(key) + key.size(), 32);
  }

  std::string folder;
  std::unique_ptr<Engine> engine;
  runtime::Parker parker;
  std::vector<std::byte> reply;
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

/// Three transfers in two batches, of which the second fails, and the trailer.
std::vector<std::byte> three_transfers() {
  std::vector<Transfer> transfers(4);
  for (u128 id = 0; id < 3; ++id) {
    Transfer& transfer = transfers[static_cast<std::size_t>(id)];
    transfer.id = 500 + id;
    transfer.debit_account_id = id == 1 ? 99 : 1;
    transfer.credit_account_id = 2;
    transfer.ledger = transfer.code = 1;
  }
  const auto bytes = std::as_bytes(std::span(transfers));
  std::vector<std::byte> body(bytes.begin(), bytes.end());
  std::fill(body.end() - kEventBytes, body.end(), kTrailerPadding);
  const std::uint16_t trailer[] = {1, 2, 2};  // elements of the second batch, of the first, batches
  std::memcpy(body.data() + body.size() - sizeof trailer, trailer, sizeof trailer);
  return body;
}

TEST_F(EngineTest, AClientsLastWriteIsAnsweredAgainAfterARestartAndNotExecutedAgain) {
  start();
  create_accounts(2);
  const RegisterClient registration{.release = 1, .sessions_max = 4};
  core::SessionName name{.client = 7, .session = 0, .release = 1};
  name.session = call_for(name, 0, Operation::kRegisterClient, std::as_bytes(std::span(&registration, 1))).sequence;
  const std::vector<std::byte> body = three_transfers();
  const auto write = [&] { return call_for(name, 1, Operation::kCreateTransfers, body, RequestFlags::kMultiBatch); };
  EXPECT_EQ(write().reply.count, 1U);
  const std::vector<std::byte> first = reply;
  const auto expect_the_same_again = [&] {
    EXPECT_EQ(write().reply.count, 1U);
    core::ClientReply again;
    std::memcpy(&again, reply.data(), sizeof again);
    EXPECT_EQ(again.verdict, core::SessionVerdict::kRepeated);
    again.verdict = core::SessionVerdict::kExecuted;
    std::memcpy(reply.data(), &again, sizeof again);
    EXPECT_EQ(reply, first);
    EXPECT_NE(status().find("\"transfers\":2"), std::string::npos) << status();
  };
  start();  // from the journal
  expect_the_same_again();
  EXPECT_EQ(call(Operation::kSnapshot).reply.code, ReplyCode::kOk);
  start();  // from the snapshot
  EXPECT_EQ(engine->recovery().event_count, 0U);
  expect_the_same_again();
}

TEST_F(EngineTest, ASessionThatIsNotThereOrNotTheSameIsToldApartAndNothingIsSequenced) {
  start();
  create_accounts(2);
  const RegisterClient registration{.release = 1, .sessions_max = 2};
  const auto enrol = [&](u128 client) {
    return call_for({.client = client}, 0, Operation::kRegisterClient, std::as_bytes(std::span(&registration, 1))).sequence;
  };
  const std::uint64_t session = enrol(7);
  const std::vector<std::byte> body = three_transfers();
  const auto verdict_of = [&](core::SessionName name) {
    const auto answered = call_for(name, 1, Operation::kCreateTransfers, body, RequestFlags::kMultiBatch);
    EXPECT_EQ(answered.reply.code, ReplyCode::kNotPermitted);
    EXPECT_EQ(answered.sequence, session);
    return answered.verdict;
  };
  EXPECT_EQ(verdict_of({.client = 8, .session = session, .release = 1}), core::SessionVerdict::kNoSession);
  EXPECT_EQ(verdict_of({.client = 7, .session = session - 1, .release = 1}), core::SessionVerdict::kSessionTooLow);
  EXPECT_EQ(verdict_of({.client = 7, .session = session + 1, .release = 1}), core::SessionVerdict::kStale);
  EXPECT_EQ(verdict_of({.client = 7, .session = session, .release = 2}), core::SessionVerdict::kReleaseMismatch);
}

TEST_F(EngineTest, ReadsKeepASessionFromBeingEndedForAnother) {
  start();
  create_accounts(2);
  const RegisterClient registration{.release = 1, .sessions_max = 4};
  const auto enrol = [&](u128 client) {
    return call_for({.client = client}, 0, Operation::kRegisterClient, std::as_bytes(std::span(&registration, 1))).sequence;
  };
  const std::uint64_t reader = enrol(7);
  const u128 id = 1;
  for (u128 client = 100; client < 120; client += 3) {
    pipeline::RequestBlock* block = engine->port(0).acquire();
    for (u128 i = 0; i < 3; ++i) {  // several in one batch
      auto& request = add(*block, Operation::kRegisterClient, std::as_bytes(std::span(&registration, 1)), 0, core::client_reply_bytes_max(1));
      request.protocol = Protocol::kTigerBeetle;
      request.client = client + i;
    }
    send(block);
    create_transfers(1000 * client, 1);
    const auto answered = call_for({.client = 7, .session = reader, .release = 1}, static_cast<std::uint64_t>(client), Operation::kLookupAccounts,
                                   std::as_bytes(std::span(&id, 1)));
    ASSERT_EQ(answered.reply.code, ReplyCode::kOk);
  }
}

TEST_F(EngineTest, OnlyTigerBeetlesClientsRegister) {
  start();
  const RegisterClient registration{.release = 1, .sessions_max = 4};
  EXPECT_EQ(call(Operation::kRegisterClient, std::as_bytes(std::span(&registration, 1))).reply.code, ReplyCode::kUnknownOperation);
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
