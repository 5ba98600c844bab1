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

TEST_F(ClientSessionsTest, ASessionThatIsNotThereOrNotTheSameIsToldApartAndNothingIsSequenced) {
  start();
  create_accounts();
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

TEST_F(ClientSessionsTest, ReadsKeepASessionFromBeingEndedForAnother) {
  start();
  create_accounts();
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
    create_transfer(1000 * client);
    const auto answered = call_for({.client = 7, .session = reader, .release = 1}, static_cast<std::uint64_t>(client), Operation::kLookupAccounts,
                                   std::as_bytes(std::span(&id, 1)));
    ASSERT_EQ(answered.reply.code, ReplyCode::kOk);
  }
}

TEST_F(ClientSessionsTest, OnlyTigerBeetlesClientsRegister) {
  start();
  const RegisterClient registration{.release = 1, .sessions_max = 4};
  EXPECT_EQ(call(Operation::kRegisterClient, std::as_bytes(std::span(&registration, 1))).reply.code, ReplyCode::kUnknownOperation);
}

}  // namespace
}  // namespace florin
