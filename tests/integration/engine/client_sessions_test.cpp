#include <algorithm>
#include <cstring>

#include "florin/account.hpp"
#include "florin/multi_batch.hpp"
#include "florin/transfer.hpp"
#include "integration/engine/engine_fixture.hpp"

/// @file
/// Sessions of TigerBeetle's clients in a whole engine, below their protocol.

namespace florin {
namespace {

class ClientSessionsTest : public EngineFixture {
 protected:
  /// Sends a request of a client that has a session, and waits for its reply.
  pipeline::Request call_for(core::SessionName name, std::uint64_t number, Operation operation, std::span<const std::byte> body,
                             std::uint16_t flags = 0) {
    pipeline::RequestBlock* block = engine->port(0).acquire();
    add_for(*block, name, number, operation, body, flags);
    return send(block);
  }
  void add_for(pipeline::RequestBlock& block, core::SessionName name, std::uint64_t number, Operation operation, std::span<const std::byte> body,
               std::uint16_t flags = 0) {
    const std::uint32_t reply_bytes = is_write(operation) ? core::client_reply_bytes_max(core::event_count(operation, flags, body))
                                                          : core::reply_bytes_max(operation, flags, body);
    pipeline::Request& request = add(block, operation, body, flags, reply_bytes);
    request.protocol = Protocol::kTigerBeetle;
    request.client = name.client;
    request.client_session = name.session;
    request.client_release = name.release;
    request.request = number;
  }
  /// Begins a session; its name.
  core::SessionName enrol(u128 client, std::uint32_t sessions_max) {
    const RegisterClient registration{.release = 1, .sessions_max = sessions_max};
    const auto registered = call_for({.client = client}, 0, Operation::kRegisterClient, std::as_bytes(std::span(&registration, 1)));
    EXPECT_EQ(registered.reply.code, ReplyCode::kOk);
    return {.client = client, .session = registered.sequence, .release = 1};
  }
  /// Looks something up in the session, which is a use of it.
  bool has_session(core::SessionName name) {
    const u128 id = 1;
    return call_for(name, 1, Operation::kLookupAccounts, std::as_bytes(std::span(&id, 1))).reply.code == ReplyCode::kOk;
  }
  void create_accounts() {
    Account accounts[2];
    accounts[0].id = 1;
    accounts[1].id = 2;
    for (Account& account : accounts) account.ledger = account.code = 1;
    EXPECT_EQ(call(Operation::kCreateAccounts, std::as_bytes(std::span(accounts))).reply.count, 0U);
  }
  void create_transfer(u128 id) {
    Transfer transfer;
    transfer.id = id;
    transfer.debit_account_id = 1;
    transfer.credit_account_id = 2;
    transfer.ledger = transfer.code = 1;
    EXPECT_EQ(call(Operation::kCreateTransfers, std::as_bytes(std::span(&transfer, 1))).reply.count, 0U);
  }
};

constexpr std::uint32_t kClients = 120;  ///< that fill a small memory budget, if anybody could

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

TEST_F(ClientSessionsTest, AClientsLastWriteIsAnsweredAgainAfterARestartAndNotExecutedAgain) {
  start();
  create_accounts();
  const core::SessionName name = enrol(7, 4);
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

TEST_F(ClientSessionsTest, ASessionThatIsNotThereOrNotTheSameIsToldApartAndNothingIsSequenced) {
  start();
  create_accounts();
  const std::uint64_t session = enrol(7, 2).session;
  const std::vector<std::byte> body = three_transfers();
  const auto verdict_of = [&](core::SessionName name) {
    const auto refused = call_for(name, 1, Operation::kCreateTransfers, body, RequestFlags::kMultiBatch);
    EXPECT_EQ(refused.reply.code, ReplyCode::kNotPermitted);
    EXPECT_EQ(refused.sequence, session);
    return refused.verdict;
  };
  EXPECT_EQ(verdict_of({.client = 8, .session = session, .release = 1}), core::SessionVerdict::kNoSession);
  EXPECT_EQ(verdict_of({.client = 7, .session = session - 1, .release = 1}), core::SessionVerdict::kSessionTooLow);
  EXPECT_EQ(verdict_of({.client = 7, .session = session + 1, .release = 1}), core::SessionVerdict::kStale);
  EXPECT_EQ(verdict_of({.client = 7, .session = session, .release = 2}), core::SessionVerdict::kReleaseMismatch);
}

TEST_F(ClientSessionsTest, ReadsKeepASessionFromBeingEndedForAnother) {
  start();
  create_accounts();
  const RegisterClient registration{.release = 1, .sessions_max = 4};
  const core::SessionName reader = enrol(7, 4);
  for (u128 client = 100; client < 120; client += 3) {
    pipeline::RequestBlock* block = engine->port(0).acquire();
    for (u128 i = 0; i < 3; ++i) {  // several in one batch
      auto& request = add(*block, Operation::kRegisterClient, std::as_bytes(std::span(&registration, 1)), 0, core::client_reply_bytes_max(1));
      request.protocol = Protocol::kTigerBeetle;
      request.client = client + i;
    }
    send(block);
    create_transfer(1000 * client);
    ASSERT_TRUE(has_session(reader));
  }
}

/// What was read is not recorded; that it gave a session another turn is, when a session had to end.
TEST_F(ClientSessionsTest, SessionsEndInTheSameOrderAfterARestart) {
  for (const bool has_snapshot : {false, true}) {
    std::filesystem::remove_all(folder);
    start();
    std::vector<core::SessionName> names;
    for (u128 client = 1; client <= 4; ++client) names.push_back(enrol(client, 4));
    EXPECT_TRUE(has_session(names[0]));
    enrol(5, 4);  // ends 2, and 1 is behind 4 now
    if (has_snapshot) {
      EXPECT_EQ(call(Operation::kSnapshot).reply.code, ReplyCode::kOk);
    }
    const std::string hash = state_hash();
    start();
    EXPECT_EQ(state_hash(), hash);
    enrol(6, 4);
    enrol(7, 4);
    EXPECT_TRUE(has_session(names[0]));
    for (const std::size_t ended : {1U, 2U, 3U}) EXPECT_FALSE(has_session(names[ended])) << ended;
  }
}

TEST_F(ClientSessionsTest, FewerSessionsAfterARestartAreThoseThatWouldHaveEndedLast) {
  start();
  create_accounts();
  std::vector<core::SessionName> names;
  for (u128 client = 1; client <= 6; ++client) names.push_back(enrol(client, 6));
  const std::vector<std::byte> body = three_transfers();
  EXPECT_EQ(call_for(names[1], 1, Operation::kCreateTransfers, body, RequestFlags::kMultiBatch).reply.code, ReplyCode::kOk);
  start();
  names.push_back(enrol(7, 3));
  const std::string hash = state_hash();
  start();
  EXPECT_EQ(state_hash(), hash);
  for (std::size_t i = 0; i < names.size(); ++i) EXPECT_EQ(has_session(names[i]), i == 1 || i >= 5) << i;
}

/// Another client's registration ends the session of 7, which registers again; and behind both comes a write that 7 sent before, and was answered.
/// In its new session it would be the first one.
TEST_F(ClientSessionsTest, AWriteInTheSameBatchAsItsClientsNextRegistrationIsNotExecutedAgain) {
  start();
  create_accounts();
  const core::SessionName name = enrol(7, 1);
  const std::vector<std::byte> body = three_transfers();
  EXPECT_EQ(call_for(name, 1, Operation::kCreateTransfers, body, RequestFlags::kMultiBatch).reply.code, ReplyCode::kOk);
  const RegisterClient registration{.release = 1, .sessions_max = 1};
  pipeline::RequestBlock* block = engine->port(0).acquire();
  for (const u128 client : {8U, 7U}) add_for(*block, {.client = client}, 0, Operation::kRegisterClient, std::as_bytes(std::span(&registration, 1)));
  add_for(*block, name, 1, Operation::kCreateTransfers, body, RequestFlags::kMultiBatch);
  send(block);
  EXPECT_EQ(answers[1].reply.code, ReplyCode::kOk);
  EXPECT_EQ(answers[2].reply.code, ReplyCode::kNotPermitted);
  EXPECT_EQ(answers[2].verdict, core::SessionVerdict::kStale) << "not answered: it is sent again";
  EXPECT_EQ(answers[2].sequence, answers[1].sequence) << "nothing was sequenced";
  EXPECT_EQ(call_for(name, 1, Operation::kCreateTransfers, body, RequestFlags::kMultiBatch).verdict, core::SessionVerdict::kSessionTooLow);
}

/// A batch as large as there may be, no two of whose events fail for the same reason as the one before.
std::vector<std::byte> failing_transfers() {
  constexpr std::uint16_t kEvents = kEventsMax - 1;
  std::vector<Transfer> transfers(kEvents + 1);
  for (std::size_t i = 0; i < kEvents; i += 2) transfers[i].id = ~u128{0};
  const auto bytes = std::as_bytes(std::span(transfers));
  std::vector<std::byte> body(bytes.begin(), bytes.end());
  std::fill(body.end() - kEventBytes, body.end(), kTrailerPadding);
  const std::uint16_t trailer[] = {kEvents, 1};
  std::memcpy(body.data() + body.size() - sizeof trailer, trailer, sizeof trailer);
  return body;
}

/// Their outcomes once filled the memory budget: then everything that needs memory was refused for good, and a start needed more than there was.
TEST_F(ClientSessionsTest, OutcomesOfManyClientsDoNotFillTheMemoryBudget) {
  EngineOptions with = options();
  with.memory_budget_bytes = 80ULL << 20;
  with.segment_bytes = 64ULL << 20;
  start(with);
  create_accounts();
  const std::vector<std::byte> failing = failing_transfers();
  std::vector<core::SessionName> names;
  for (u128 client = 1; client <= kClients; ++client) {
    names.push_back(enrol(client, 1'000));
    const auto written = call_for(names.back(), 1, Operation::kCreateTransfers, failing, RequestFlags::kMultiBatch);
    ASSERT_EQ(written.reply.code, ReplyCode::kOk) << to_decimal(client);
    ASSERT_EQ(written.reply.count, kEventsMax - 1);
  }
  std::uint64_t number = 1;
  const auto expect_all_served = [&] {
    EXPECT_EQ(call_for(names.front(), ++number, Operation::kCreateTransfers, three_transfers(), RequestFlags::kMultiBatch).reply.code, ReplyCode::kOk);
    EXPECT_EQ(call_for(names.back(), 1, Operation::kCreateTransfers, failing, RequestFlags::kMultiBatch).reply.count, kEventsMax - 1) << "the first answer";
    enrol(kClients + number, 1'000);
  };
  expect_all_served();
  std::string hash = state_hash();
  start(with);  // from the journal
  EXPECT_EQ(state_hash(), hash);
  expect_all_served();
  EXPECT_EQ(call(Operation::kSnapshot).reply.code, ReplyCode::kOk);
  hash = state_hash();
  start(with);  // from the snapshot
  EXPECT_EQ(engine->recovery().event_count, 0U);
  EXPECT_EQ(state_hash(), hash);
  expect_all_served();
}

class FullLedgerTest : public ClientSessionsTest {
 protected:
  ReplyCode create_many_accounts() {
    for (Account& account : accounts_) account = {.id = ++id_, .ledger = 1, .code = 1};
    return call(Operation::kCreateAccounts, std::as_bytes(std::span(accounts_))).reply.code;
  }
  void fill() {
    ReplyCode code = ReplyCode::kOk;
    for (int batch = 0; batch < 50 && code == ReplyCode::kOk; ++batch) code = create_many_accounts();
    ASSERT_EQ(code, ReplyCode::kOutOfMemory);
  }
  void SetUp() override {
    ClientSessionsTest::SetUp();
    with_ = options();
    with_.memory_budget_bytes = 80ULL << 20;
    start(with_);
  }

  EngineOptions with_;
  std::vector<Account> accounts_{8'000};
  u128 id_ = 0;
};

/// Somebody who wants to look something up needs a session, too.
TEST_F(FullLedgerTest, StillBeginsSessions) {
  const core::SessionName first = enrol(7, 10);
  fill();
  const auto expect_full = [&](u128 client) {
    const core::SessionName name = enrol(client, 10);
    EXPECT_TRUE(has_session(name));
    EXPECT_TRUE(has_session(first));
    EXPECT_EQ(create_many_accounts(), ReplyCode::kOutOfMemory);
  };
  expect_full(8);
  start(with_);
  expect_full(9);
}

/// It was executed when there was room; whoever did not hear of that may not be told that there is none.
TEST_F(FullLedgerTest, StillAnswersTheLastWriteOfAClientAgain) {
  const core::SessionName name = enrol(7, 10);
  std::vector<Account> written(accounts_.size());
  for (Account& account : written) account = {.id = ++id_, .ledger = 1, .code = 1};
  const auto write = [&](std::uint64_t number) {
    return call_for(name, number, Operation::kCreateAccounts, std::as_bytes(std::span(written))).reply.code;
  };
  const auto verdict = [&] {
    core::ClientReply answer;
    std::memcpy(&answer, reply.data(), sizeof answer);
    return answer.verdict;
  };
  ASSERT_EQ(write(1), ReplyCode::kOk);
  ASSERT_EQ(verdict(), core::SessionVerdict::kExecuted);
  fill();
  for (int life = 0; life < 2; ++life) {
    EXPECT_EQ(write(1), ReplyCode::kOk);
    EXPECT_EQ(verdict(), core::SessionVerdict::kRepeated);
    EXPECT_EQ(write(2), ReplyCode::kOutOfMemory) << "a new one";
    start(with_);
  }
}

TEST_F(ClientSessionsTest, OnlyTigerBeetlesClientsRegister) {
  start();
  const RegisterClient registration{.release = 1, .sessions_max = 4};
  EXPECT_EQ(call(Operation::kRegisterClient, std::as_bytes(std::span(&registration, 1))).reply.code, ReplyCode::kUnknownOperation);
}

}  // namespace
}  // namespace florin
