#include <gtest/gtest.h>

#include <cstring>

#include "integration/client/scripted_server.hpp"

namespace florin::client::test {
namespace {

std::vector<std::size_t> request_sizes(const ScriptedServer& server) {
  std::vector<std::size_t> sizes;
  for (const auto& seen : server.seen()) {
    if (seen.header.operation == Operation::kCreateTransfers) sizes.push_back(seen.body.size() / kEventBytes);
  }
  return sizes;
}

TEST(ClientBatching, CallsOfManyThreadsShareRequests) {
  ScriptedServer server;
  auto client = Client::connect(server.options());
  ASSERT_TRUE(client);
  constexpr std::uint64_t kThreads = 8;
  constexpr std::uint64_t kCalls = 200;
  std::vector<std::thread> threads;
  for (std::uint64_t t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (std::uint64_t i = 0; i < kCalls; ++i) {
        const std::uint64_t id = 1 + t * kCalls + i;
        const auto result = client.value()->create_transfer(transfer(id));
        ASSERT_TRUE(result) << result.error().message();
        EXPECT_EQ(*result, (CreateResult{server.timestamp_of(id), kCreated, 0}));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_LT(request_sizes(server).size(), kThreads * kCalls);
}

TEST(ClientBatching, WhatWaitsGoesTogetherInOrder) {
  ScriptedServer server;
  auto client = Client::connect(server.options());
  ASSERT_TRUE(client);
  server.hold(true);
  std::vector<std::future<Result<CreateResult>>> futures;
  futures.push_back(client.value()->create_transfer_future(transfer(1)));
  ASSERT_TRUE(eventually([&] { return server.seen_count(Operation::kCreateTransfers) == 1; }));
  for (std::uint64_t id = 2; id <= 500; ++id) futures.push_back(client.value()->create_transfer_future(transfer(id)));
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  server.hold(false);
  for (std::uint64_t id = 1; id <= 500; ++id) {
    const auto result = futures[id - 1].get();
    ASSERT_TRUE(result);
    EXPECT_EQ(result.value().timestamp, 1000 + id) << "in order of the calls";
  }
  EXPECT_EQ(request_sizes(server), (std::vector<std::size_t>{1, 499}));
}

TEST(ClientBatching, LinkedAndImportedEventsStandAlone) {
  ScriptedServer server;
  auto client = Client::connect(server.options());
  ASSERT_TRUE(client);
  server.hold(true);
  std::vector<std::future<Result<CreateResult>>> futures;
  futures.push_back(client.value()->create_transfer_future(transfer(1)));
  ASSERT_TRUE(eventually([&] { return server.seen_count(Operation::kCreateTransfers) == 1; }));
  const std::uint16_t flags[] = {0, 0, TransferFlags::kLinked, 0, TransferFlags::kImported, TransferFlags::kImported, 0, 0};
  std::uint64_t id = 2;
  for (const std::uint16_t each : flags) futures.push_back(client.value()->create_transfer_future(transfer(id++, each)));
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  server.hold(false);
  for (auto& future : futures) ASSERT_TRUE(future.get());
  EXPECT_EQ(request_sizes(server), (std::vector<std::size_t>{1, 2, 1, 1, 1, 1, 2}));
}

TEST(ClientBatching, ARequestNeverHasMoreEventsThanAllowed) {
  ScriptedServer server;
  auto client = Client::connect(server.options());
  ASSERT_TRUE(client);
  server.hold(true);
  constexpr std::uint64_t kCalls = 20'000;
  std::atomic<std::uint64_t> answered{0};
  for (std::uint64_t id = 1; id <= kCalls; ++id) {
    client.value()->create_transfer_async(transfer(id), [&](const Result<CreateResult>& result) {
      EXPECT_TRUE(result);
      ++answered;
    });
  }
  server.hold(false);
  ASSERT_TRUE(eventually([&] { return answered.load() == kCalls; }));
  std::size_t total = 0;
  for (const std::size_t size : request_sizes(server)) {
    EXPECT_LE(size, kEventsMax);
    total += size;
  }
  EXPECT_EQ(total, kCalls);
}

TEST(ClientBatching, AccountsAndTransfersDoNotMix) {
  ScriptedServer server;
  auto client = Client::connect(server.options());
  ASSERT_TRUE(client);
  Account account;
  account.id = 77;
  auto first = client.value()->create_account_future(account);
  auto second = client.value()->create_transfer_future(transfer(78));
  ASSERT_TRUE(first.get());
  ASSERT_TRUE(second.get());
  EXPECT_EQ(server.seen_count(Operation::kCreateAccounts), 1U);
  EXPECT_EQ(server.seen_count(Operation::kCreateTransfers), 1U);
}

}  // namespace
}  // namespace florin::client::test
