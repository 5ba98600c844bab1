#include <sys/resource.h>

#include "integration/server/server_fixture.hpp"

namespace florin::server::test {
namespace {

using Load = ServerFixture;

TEST_F(Load, ThousandConnectionsOnTwoThreads) {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
  start({}, 2);
  std::vector<std::unique_ptr<RawClient>> clients;
  for (int i = 0; i < 1000; ++i) {
    clients.push_back(std::make_unique<RawClient>(server->port()));
    ASSERT_TRUE(clients.back()->is_connected()) << i;
    ASSERT_TRUE(clients.back()->send(RawClient::hello_frame()));
  }
  for (auto& client : clients) ASSERT_TRUE(client->receive());
  EXPECT_EQ(connections(), 1000U);
  for (std::uint64_t round = 0; round < 3; ++round) {
    for (auto& client : clients) {
      ASSERT_TRUE(client->send_request({.operation = Operation::kCreateTransfers, .request = round}, events(1)));
    }
    for (auto& client : clients) {
      const auto reply = client->receive();
      ASSERT_TRUE(reply);
      EXPECT_EQ(reply->header.request, round);
    }
  }
  EXPECT_GT(ports[0]->requests(), 0U);
  EXPECT_GT(ports[1]->requests(), 0U);
  clients.clear();
  EXPECT_TRUE(eventually([&] { return connections() == 0; }));
}

TEST_F(Load, InFlightLimitStopsReadingUntilRepliesLeave) {
  ServerSettings settings;
  settings.in_flight_max = 10;
  start(settings, 1, 40);  // More blocks than requests: it is not their number that limits.
  port().hold(true);
  RawClient client(server->port());
  ASSERT_TRUE(client.say_hello());
  for (std::uint64_t i = 0; i < 35; ++i) ASSERT_TRUE(client.send_request({.operation = Operation::kPing, .request = i}));
  for (std::uint64_t seen : {10U, 20U, 30U, 35U}) {
    ASSERT_TRUE(eventually([&] { return port().requests() == seen; })) << seen << " " << port().requests();
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    EXPECT_EQ(port().requests(), seen);
    port().release();
  }
  for (std::uint64_t i = 0; i < 35; ++i) {
    const auto reply = client.receive();
    ASSERT_TRUE(reply);
    EXPECT_EQ(reply->header.request, i);
  }
}

/// The port answers nothing but writes until it is told to: queries that take their time.
TEST_F(Load, AFloodOfQueriesLeavesTheBlocksThatWritesNeed) {
  start({}, 1, 6);
  port().hold_queries(true);
  RawClient flood(server->port());
  RawClient another_flood(server->port());
  RawClient writer(server->port());
  RawClient light(server->port());
  for (RawClient* client : {&flood, &another_flood, &writer, &light}) ASSERT_TRUE(client->say_hello());
  const std::vector<std::byte> ids(16 * 8190, std::byte{1});  // the reply needs a block of its own
  constexpr std::uint64_t kQueries = 20;
  std::vector<std::thread> senders;
  for (RawClient* client : {&flood, &another_flood}) {
    senders.emplace_back([client, &ids] {
      for (std::uint64_t i = 0; i < kQueries; ++i) client->send_request({.operation = Operation::kLookupTransfers, .request = i}, ids);
    });
  }
  ASSERT_TRUE(eventually([&] { return port().query_blocks_free() == 0; }));
  for (std::uint64_t i = 0; i < 10; ++i) {
    ASSERT_TRUE(writer.send_request({.operation = Operation::kCreateTransfers, .request = i}, events(10)));
    const auto reply = writer.receive();
    ASSERT_TRUE(reply);
    EXPECT_EQ(reply->header.request, i);
  }
  // One query of somebody else waits its turn for a block: no more than the floods' blocks under way are answered before it.
  ASSERT_TRUE(light.send_request({.operation = Operation::kLookupTransfers, .request = 1}, std::span(ids).first(16)));
  std::this_thread::sleep_for(std::chrono::milliseconds(200));
  const std::uint64_t before = port().queries_answered();
  std::thread answers([&] {
    for (int i = 0; i < 200 && port().queries_answered() < 2 * kQueries + 1; ++i) {
      port().answer_query();
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
  });
  ASSERT_TRUE(light.receive());
  EXPECT_LE(port().queries_answered() - before, 10U);
  port().hold_queries(false);
  answers.join();
  port().release();
  for (RawClient* client : {&flood, &another_flood}) {
    for (std::uint64_t i = 0; i < kQueries; ++i) ASSERT_TRUE(client->receive()) << i;
  }
  for (std::thread& sender : senders) sender.join();
}

TEST_F(Load, WithoutBlocksSessionsWaitAndGoOn) {
  start({}, 1, 2);
  port().hold(true);
  std::vector<std::unique_ptr<RawClient>> clients;
  for (int i = 0; i < 6; ++i) {
    clients.push_back(std::make_unique<RawClient>(server->port()));
    ASSERT_TRUE(clients.back()->say_hello());
  }
  std::vector<std::thread> senders;
  for (auto& client : clients) {
    senders.emplace_back([&client] {
      client->send_request({.operation = Operation::kCreateTransfers, .request = 1}, events(8190));
      client->send_request({.operation = Operation::kCreateTransfers, .request = 2}, events(1));
      client->send_request({.operation = Operation::kCreateTransfers, .request = 3}, events(8190));
    });
  }
  ASSERT_TRUE(eventually([&] { return port().blocks_free() == 0; }));
  port().hold(false);
  port().release();
  for (auto& client : clients) {
    for (std::uint64_t i = 1; i <= 3; ++i) {
      const auto reply = client->receive();
      ASSERT_TRUE(reply);
      EXPECT_EQ(reply->header.request, i);
      EXPECT_EQ(reply->code(), ReplyCode::kOk);
    }
  }
  for (std::thread& sender : senders) sender.join();
}

TEST_F(Load, SlowReaderStopsBeingReadAndOthersGoOn) {
  ServerSettings settings;
  settings.output_bytes_max = 4U << 20;
  start(settings);
  RawClient slow(server->port(), 64 * 1024);
  ASSERT_TRUE(slow.say_hello());
  const std::vector<std::byte> ids(8190 * 16);
  constexpr std::uint64_t kLookups = 100;  // 100 MiB of replies
  std::thread sender([&] {
    for (std::uint64_t i = 0; i < kLookups; ++i) slow.send_request({.operation = Operation::kLookupAccounts, .request = i}, ids);
  });
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  EXPECT_LT(port().requests(), 30U) << "the server does not run ahead of a peer that does not read";
  RawClient other(server->port());
  ASSERT_TRUE(other.say_hello());
  ASSERT_TRUE(other.send_request({.operation = Operation::kLookupAccounts, .request = 5}, ids));
  ASSERT_TRUE(other.receive());
  for (std::uint64_t i = 0; i < kLookups; ++i) {
    const auto reply = slow.receive();
    ASSERT_TRUE(reply) << i;
    ASSERT_EQ(reply->header.request, i);
    ASSERT_EQ(reply->body.size(), 8190 * kEventBytes);
  }
  sender.join();
}

TEST_F(Load, ReaderThatNeverReadsIsDropped) {
  ServerSettings settings;
  settings.write_timeout_ms = 300;
  start(settings);
  RawClient dead(server->port(), 64 * 1024);
  ASSERT_TRUE(dead.say_hello());
  const std::vector<std::byte> ids(8190 * 16);
  std::thread sender([&] {
    for (std::uint64_t i = 0; i < 50; ++i) {
      if (!dead.send_request({.operation = Operation::kLookupAccounts, .request = i}, ids)) return;
    }
  });
  EXPECT_TRUE(eventually([&] { return connections() == 0; }));
  EXPECT_EQ(server->counters(0).slow_readers_total.load(), 1U);
  sender.join();
}

TEST_F(Load, TooManySlowReadersAreDropped) {
  ServerSettings settings;
  settings.output_bytes_total_max = 2U << 20;
  start(settings);
  RawClient dead(server->port(), 64 * 1024);
  ASSERT_TRUE(dead.say_hello());
  const std::vector<std::byte> ids(8190 * 16);
  std::thread sender([&] {
    for (std::uint64_t i = 0; i < 50; ++i) {
      if (!dead.send_request({.operation = Operation::kLookupAccounts, .request = i}, ids)) return;
    }
  });
  EXPECT_TRUE(eventually([&] { return connections() == 0; }));
  sender.join();
  RawClient other(server->port());
  EXPECT_TRUE(other.say_hello());
}

TEST_F(Load, StalledLargeBodyGivesItsBlockUpWhenOthersWait) {
  ServerSettings settings;
  settings.large_bodies_max = 1;
  start(settings);
  RawClient stalled(server->port());
  ASSERT_TRUE(stalled.say_hello());
  const auto frame = RawClient::frame({.operation = Operation::kCreateTransfers}, events(8190));
  ASSERT_TRUE(stalled.send(std::span(frame).first(500'000)));
  ASSERT_TRUE(eventually([&] { return server->counters(0).received_bytes_total.load() > 500'000; }));
  RawClient other(server->port());
  ASSERT_TRUE(other.say_hello());
  std::thread sender([&] { other.send(frame); });
  const auto reply = other.receive();
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->code(), ReplyCode::kOk);
  const auto malformed = stalled.receive();
  ASSERT_TRUE(malformed);
  EXPECT_NE(malformed->text().find("stalled"), std::string::npos);
  sender.join();
}

TEST_F(Load, StopWhileLoadedLosesNoReplyThatWasPromised) {
  start({}, 2);
  std::atomic<bool> is_stopped{false};
  std::atomic<std::uint64_t> answered{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      RawClient client(server->port());
      if (!client.say_hello()) return;
      for (std::uint64_t request = 0;; ++request) {
        if (!client.send_request({.operation = Operation::kCreateTransfers, .request = request}, events(request % 300 + 1))) break;
        const auto reply = client.receive();
        if (!reply) break;
        if (reply->code() == ReplyCode::kStopping) break;
        ASSERT_EQ(reply->header.request, request);
        ++answered;
      }
      EXPECT_TRUE(is_stopped.load()) << "no connection ends before the server stops";
    });
  }
  ASSERT_TRUE(eventually([&] { return answered.load() > 1000; }));
  is_stopped = true;
  const auto begin = std::chrono::steady_clock::now();
  server->stop();
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(4));
  for (std::thread& thread : threads) thread.join();
}

}  // namespace
}  // namespace florin::server::test
