#include <gtest/gtest.h>

#include <deque>
#include <memory>
#include <vector>

#include "florin/account.hpp"
#include "florin/status_codes.hpp"
#include "florin/transfer.hpp"
#include "integration/tigerbeetle_listener/wire_client.hpp"

/// @file
/// Sessions: more than there may be, one after the other and at once, and across crashes.

namespace florin::test {
namespace {

using tigerbeetle::EvictionReason;
using tigerbeetle::OperationCode;

class ManySessions : public testing::Test {
 protected:
  void start(const std::string& sessions_max) {
    server_ = std::make_unique<TigerBeetleServer>(folder_, std::vector<std::string>{"--sessions-max", sessions_max});
    WireClient client(server_->port(), 1);
    ASSERT_TRUE(client.enrol());
    std::vector<Account> accounts(2);
    for (Account& account : accounts) {
      account.id = static_cast<u128>(&account - accounts.data() + 1);
      account.ledger = account.code = 1;
    }
    ASSERT_TRUE(client.call(OperationCode::kCreateAccounts, one_batch(std::span<const Account>(accounts))));
  }
  static Bytes transfer(u128 id, u128 debit = 1) {
    const Transfer transfer{.id = id, .debit_account_id = debit, .credit_account_id = 2, .amount = 1};
    Transfer whole = transfer;
    whole.ledger = whole.code = 1;
    return one_batch(std::span<const Transfer>(&whole, 1));
  }
  static Bytes id_of(u128 id) { return one_batch(std::span<const u128>(&id, 1)); }
  static bool is_created(const std::optional<WireClient::Message>& reply) {
    if (!reply || !reply->is_reply()) return false;
    const auto results = elements_of_batch<CreateResult>(reply->body);
    return results.size() == 1 && results[0].status == kCreated;
  }

  const TempFolder folder_;
  std::unique_ptr<TigerBeetleServer> server_;
};

TEST_F(ManySessions, ThousandsOneAfterTheOther) {
  start("16");
  constexpr u128 kClients = 2'000;
  for (u128 i = 0; i < kClients; ++i) {
    WireClient client(server_->port(), 100 + i);
    ASSERT_TRUE(client.enrol());
    ASSERT_TRUE(is_created(client.call(OperationCode::kCreateTransfers, transfer(1'000 + i))));
  }
  const auto status = server_->status();
  EXPECT_EQ(status["transfers"], 2'000);
  EXPECT_EQ(status["client_sessions"], 16);
  EXPECT_EQ(status["tigerbeetle"]["registered"], 2'001);
  EXPECT_EQ(server_->stop().code, 0);
}

/// Those that asked for nothing the longest have to go, and are told so; the others do not notice.
TEST_F(ManySessions, MoreAtOnceThanThereMayBe) {
  start("100");
  std::deque<WireClient> clients;
  for (u128 i = 0; i < 300; ++i) {
    ASSERT_TRUE(clients.emplace_back(server_->port(), 100 + i).enrol());
    if (i > 0) {
      ASSERT_TRUE(clients.front().call(OperationCode::kLookupAccounts, id_of(1))->is_reply()) << "reads keep a session";
    }
  }
  const std::size_t first_left = clients.size() - 99;
  for (std::size_t i = 0; i < clients.size(); ++i) clients[i].send(OperationCode::kCreateTransfers, transfer(10'000 + i));
  std::size_t evicted = 0;
  for (std::size_t i = 0; i < clients.size(); ++i) {
    const auto answer = clients[i].receive();
    ASSERT_TRUE(answer) << i;
    if (i == 0 || i >= first_left) {
      ASSERT_TRUE(is_created(answer)) << i;
    } else {
      ASSERT_EQ(answer->eviction(), EvictionReason::kNoSession) << i;
      ++evicted;
    }
  }
  const auto status = server_->status();
  EXPECT_EQ(status["transfers"], 100);
  EXPECT_EQ(status["tigerbeetle"]["evicted"]["no_session"], evicted);
  EXPECT_TRUE(clients[1].enrol()) << "who was evicted may begin anew";
  EXPECT_TRUE(is_created(clients[1].call(OperationCode::kCreateTransfers, transfer(20'000))));
  EXPECT_EQ(server_->stop().code, 0);
}

/// Each client has sent its last write and heard nothing when the machine goes down. Whether it was executed or not, in the next life it is
/// executed once.
TEST_F(ManySessions, WhatIsSentAgainAfterACrashIsExecutedOnce) {
  start("64");
  std::deque<WireClient> clients;
  std::vector<Bytes> first_replies;
  for (u128 i = 0; i < 40; ++i) {
    WireClient& client = clients.emplace_back(server_->port(), 100 + i);
    ASSERT_TRUE(client.enrol());
    const auto reply = client.call(OperationCode::kCreateTransfers, transfer(1'000 + i, i % 3 == 0 ? 99 : 1));  // some fail
    ASSERT_TRUE(reply && reply->is_reply());
    first_replies.push_back(reply->body);
  }
  for (std::size_t life = 0; life < 3; ++life) {
    const std::string address = server_->address();
    const std::size_t half = clients.size() / 2;
    for (std::size_t i = half; i < clients.size(); ++i) clients[i].send(OperationCode::kCreateTransfers, transfer(10'000 * (life + 1) + i));
    server_->kill();
    server_ = std::make_unique<TigerBeetleServer>(folder_, std::vector<std::string>{"--sessions-max", "64"}, address);
    for (std::size_t i = 0; i < clients.size(); ++i) {
      clients[i].reconnect(server_->port());
      clients[i].send_again();
      const auto again = clients[i].receive();
      ASSERT_TRUE(again && again->is_reply()) << i;
      if (i < half) {
        EXPECT_EQ(again->body, first_replies[i]) << "the first reply, of client " << i;
      } else {
        EXPECT_TRUE(is_created(again)) << "not `exists`, of client " << i;
      }
    }
    const auto failed = static_cast<std::size_t>(std::ranges::count_if(first_replies, [&](const Bytes& body) {
      return elements_of_batch<CreateResult>(body)[0].status != kCreated;
    }));
    EXPECT_EQ(server_->status()["transfers"], clients.size() - failed + (life + 1) * half);
  }
  EXPECT_EQ(server_->stop().code, 0);
}

}  // namespace
}  // namespace florin::test
