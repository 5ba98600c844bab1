#include <gtest/gtest.h>

#include <cstring>

#include "integration/client/scripted_server.hpp"

namespace florin::client::test {
namespace {

constexpr auto kExists = static_cast<std::uint32_t>(CreateTransferStatus::kExists);

/// Two calls against a server that ends or damages its first connection somewhere: whatever happens, every event is there
/// exactly once and the caller is told the truth about it.
void expect_exactly_once(const Script& script, const std::string& where) {
  ScriptedServer server(script);
  auto client = Client::connect(server.options());
  ASSERT_TRUE(client) << where << ": " << client.error().message();
  const std::vector<Transfer> pair = {transfer(1), transfer(2)};
  const auto many = client.value()->create_transfers(pair);
  ASSERT_TRUE(many) << where << ": " << many.error().message();
  const auto single = client.value()->create_transfer(transfer(3));
  ASSERT_TRUE(single) << where << ": " << single.error().message();
  const CreateResult results[] = {many->results[0], many->results[1], *single};
  for (std::uint64_t id = 1; id <= 3; ++id) {
    const CreateResult& result = results[id - 1];
    EXPECT_EQ(result.timestamp, server.timestamp_of(id)) << where << ": the original's time, id " << id;
    EXPECT_EQ(result.status, server.arrivals_of(id) == 1 ? kCreated : kExists) << where << ", id " << id;
  }
}

constexpr std::size_t kHelloBytes = kFrameHeaderBytes + sizeof(Hello);

TEST(ClientRetry, ConnectionEndsAfterEveryByteReceived) {
  const std::size_t total = kHelloBytes + kFrameHeaderBytes + 2 * kEventBytes + kFrameHeaderBytes + kEventBytes;
  for (std::size_t bytes = 1; bytes <= total; ++bytes) {
    expect_exactly_once({.receive_bytes_max = bytes}, "received " + std::to_string(bytes));
    if (HasFatalFailure()) return;
  }
}

TEST(ClientRetry, ConnectionEndsAfterEveryByteSent) {
  const std::size_t total = kHelloBytes + 2 * kFrameHeaderBytes;
  for (std::size_t bytes = 0; bytes <= total; ++bytes) {
    expect_exactly_once({.send_bytes_max = bytes}, "sent " + std::to_string(bytes));
    if (HasFatalFailure()) return;
  }
}

TEST(ClientRetry, DamagedRepliesAreNotBelieved) {
  const std::size_t total_bits = (kHelloBytes + 2 * kFrameHeaderBytes) * 8;
  for (std::size_t bit = 0; bit < total_bits; bit += 13) {
    expect_exactly_once({.flipped_bit = bit}, "flipped bit " + std::to_string(bit));
    if (HasFatalFailure()) return;
  }
}

/// The first connection ends in the middle of a large reply, or damages it; the second one gives all of it.
TEST(ClientRetry, LargeReplyThatWasCutOrDamagedIsAskedForAgain) {
  constexpr std::uint32_t kRows = 4'000;
  const std::size_t total = 2 * kFrameHeaderBytes + kRows * sizeof(Transfer);
  for (std::size_t at = 300; at < total; at += total / 13) {
    for (const bool is_cut : {true, false}) {
      ScriptedServer server(is_cut ? Script{.send_bytes_max = at} : Script{.flipped_bit = at * 8 + 3});
      server.handle(Operation::kQueryTransfers, [](auto&, auto) {
        ScriptedServer::Reply reply{.count = kRows};
        reply.body.resize(kRows * sizeof(Transfer) + sizeof(PageEnd));
        for (std::uint64_t i = 0; i < kRows; ++i) std::memcpy(reply.body.data() + i * sizeof(Transfer), &i, sizeof i);
        return reply;
      });
      const auto client = Client::connect(server.options());
      ASSERT_TRUE(client);
      const auto page = client.value()->query_transfers({.limit = kRows});
      ASSERT_TRUE(page) << page.error().message();
      ASSERT_EQ(page->rows.size(), kRows);
      for (std::uint64_t i = 0; i < kRows; ++i) ASSERT_EQ(low64(page->rows[i].id), i);
      EXPECT_EQ(server.connections(), 2);
    }
  }
}

TEST(ClientRetry, OpenRequestsAreSentAgainInOrder) {
  ScriptedServer server;
  auto client = Client::connect(server.options());
  ASSERT_TRUE(client);
  server.hold(true);
  std::vector<std::future<Result<CreateReply>>> futures;
  for (std::uint64_t id = 1; id <= 20; ++id) {
    futures.push_back(client.value()->create_transfers_future(std::vector{transfer(id)}));
  }
  ASSERT_TRUE(eventually([&] { return server.seen_count(Operation::kCreateTransfers) >= 1; }));
  server.drop_connection();
  ASSERT_TRUE(eventually([&] { return server.connections() == 2; }));
  server.hold(false);
  for (std::uint64_t id = 1; id <= 20; ++id) {
    const auto reply = futures[id - 1].get();
    ASSERT_TRUE(reply) << reply.error().message();
    EXPECT_EQ(reply.value().results[0].timestamp, 1000 + id);
  }
}

TEST(ClientRetry, NoAnswerInTimeIsUnknownForWritesOnly) {
  ScriptedServer server;
  auto client = Client::connect(server.options());
  ASSERT_TRUE(client);
  server.hold(true);
  const CallOptions brief{.timeout_ms = 1'000};  // and still long enough to be sent, however busy the machine is
  auto many = client.value()->create_transfers_future(std::vector{transfer(1)}, brief);
  auto single = client.value()->create_transfer_future(transfer(2), brief);
  auto waiting = client.value()->create_transfer_future(transfer(3), brief);
  const std::vector<u128> ids = {1};
  auto rows = client.value()->lookup_transfers_future(ids, brief);
  EXPECT_EQ(many.get().error().kind(), ErrorKind::kOutcomeUnknown);
  EXPECT_EQ(rows.get().error().kind(), ErrorKind::kDeadline);
  const auto kinds = {single.get().error().kind(), waiting.get().error().kind()};
  EXPECT_NE(std::find(kinds.begin(), kinds.end(), ErrorKind::kOutcomeUnknown), kinds.end());
  server.hold(false);
  EXPECT_TRUE(client.value()->create_transfer(transfer(4))) << "late replies disturb nobody";
  const auto again = client.value()->create_transfer(transfer(1));
  ASSERT_TRUE(again);
  EXPECT_EQ(again.value().status, kExists) << "asking again finds out";
}

TEST(ClientRetry, WhatNeverLeftIsDefinite) {
  ScriptedServer server;
  ClientOptions options = server.options();
  options.in_flight_max = 1;
  auto client = Client::connect(options);
  ASSERT_TRUE(client);
  server.hold(true);
  auto first = client.value()->create_transfers_future(std::vector{transfer(1)});
  ASSERT_TRUE(eventually([&] { return server.seen_count(Operation::kCreateTransfers) == 1; }));
  const auto second = client.value()->create_transfers(std::vector{transfer(2)}, {.timeout_ms = 100});
  EXPECT_EQ(second.error().kind(), ErrorKind::kDeadline);
  const auto single = client.value()->create_transfer(transfer(3), {.timeout_ms = 50});
  static_cast<void>(single);
  server.hold(false);
  EXPECT_TRUE(first.get());
  EXPECT_TRUE(client.value()->ping());
  EXPECT_EQ(server.arrivals_of(2), 0) << "definite means definite";
}

TEST(ClientRetry, ServerGoneForGood) {
  auto server = std::make_unique<ScriptedServer>();
  auto client = Client::connect(server->options());
  ASSERT_TRUE(client);
  server.reset();
  const auto result = client.value()->create_transfer(transfer(1), {.timeout_ms = 1'000});
  ASSERT_FALSE(result);
  const auto many = client.value()->create_transfers(std::vector{transfer(1)}, {.timeout_ms = 1'000});
  ASSERT_FALSE(many);
  EXPECT_EQ(many.error().kind(), ErrorKind::kUnavailable) << many.error().message();
}

TEST(ClientRetry, DeadlineTravelsWithTheRequest) {
  ScriptedServer server;
  auto client = Client::connect(server.options());
  ASSERT_TRUE(client);
  ASSERT_TRUE(client.value()->create_transfers(std::vector{transfer(1)}, {.timeout_ms = 60'000}));
  const std::uint32_t timeout_ms = protocol::timeout_ms(server.seen().back().header);
  EXPECT_GT(timeout_ms, 40'000U);
  EXPECT_LT(timeout_ms, 60'000U) << "before the caller's own, so that the refusal still arrives";
}

TEST(ClientRetry, RefusalAfterALostAnswerIsUnknown) {
  ScriptedServer server(Script{.send_bytes_max = kHelloBytes + 10});
  std::atomic<int> arrivals{0};
  server.handle(Operation::kCreateTransfers, [&](auto&, auto) {
    return ++arrivals == 1 ? ScriptedServer::Reply{} : ScriptedServer::Reply{.code = ReplyCode::kBusy};
  });
  auto client = Client::connect(server.options());
  ASSERT_TRUE(client);
  const auto result = client.value()->create_transfers(std::vector{transfer(1)});
  ASSERT_FALSE(result);
  EXPECT_EQ(arrivals.load(), 2);
  EXPECT_EQ(result.error().kind(), ErrorKind::kOutcomeUnknown);
}

TEST(ClientRetry, AnotherStoreBehindTheAddressIsNotWrittenTo) {
  ScriptedServer server;
  auto client = Client::connect(server.options());
  ASSERT_TRUE(client);
  ASSERT_TRUE(client.value()->create_transfer(transfer(1)));
  server.store_id = 100;
  server.drop_connection();
  const auto result = client.value()->create_transfer(transfer(2));
  ASSERT_FALSE(result);
  EXPECT_NE(result.error().message().find("another store"), std::string::npos) << result.error().message();
  EXPECT_EQ(server.arrivals_of(2), 0);
}

TEST(ClientRetry, EndOfTheClientAnswersEveryCall) {
  ScriptedServer server;
  ClientOptions options = server.options();
  options.in_flight_max = 1;
  auto client = Client::connect(options);
  ASSERT_TRUE(client);
  server.hold(true);
  auto sent = client.value()->create_transfers_future(std::vector{transfer(1)});
  ASSERT_TRUE(eventually([&] { return server.seen_count(Operation::kCreateTransfers) == 1; }));
  auto unsent = client.value()->create_transfers_future(std::vector{transfer(2)});
  std::atomic<int> chained{0};
  Client& raw = *client.value();
  client.value()->ping_async([&](const Result<ReplyInfo>&) {
    ++chained;
    raw.ping_async([&](const Result<ReplyInfo>&) { ++chained; });
  });
  client.value().reset();
  EXPECT_EQ(sent.get().error().kind(), ErrorKind::kOutcomeUnknown);
  EXPECT_EQ(unsent.get().error().kind(), ErrorKind::kUnavailable);
  EXPECT_EQ(chained.load(), 2);
}

}  // namespace
}  // namespace florin::client::test
