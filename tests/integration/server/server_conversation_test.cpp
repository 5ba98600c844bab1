#include "integration/server/server_fixture.hpp"

namespace florin::server::test {
namespace {

using Conversation = ServerFixture;

TEST_F(Conversation, HelloIsAnsweredWithLimitsAndStore) {
  start();
  RawClient client(server->port());
  const auto reply = client.say_hello();
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->code(), ReplyCode::kOk);
  ASSERT_EQ(reply->body.size(), sizeof(HelloReply));
  HelloReply hello;
  std::memcpy(&hello, reply->body.data(), sizeof hello);
  EXPECT_EQ(low64(hello.store_id), 4711U);
  EXPECT_EQ(hello.events_max, kEventsMax);
  EXPECT_EQ(hello.in_flight_max, 1024U);
  EXPECT_EQ(hello.partitions, 3U);
}

TEST_F(Conversation, RequestCarriesPrincipalClientDeadlineAndChecksum) {
  start();
  pipeline::Request seen;
  std::vector<std::byte> seen_body;
  port().on_request = [&](const pipeline::Request& request) {
    seen = request;
    seen_body.assign(request.body, request.body + request.body_bytes);
  };
  RawClient client(server->port());
  ASSERT_TRUE(client.send(RawClient::hello_frame(make_u128(5, 6))));
  ASSERT_TRUE(client.receive());
  const auto body = events(2);
  ASSERT_TRUE(client.send_request({.operation = Operation::kCreateTransfers, .request = 9, .timeout_ms = 250}, body));
  const auto reply = client.receive();
  ASSERT_TRUE(reply);
  EXPECT_EQ(seen.principal, make_u128(5, 6));
  EXPECT_EQ(low64(seen.client), 77U);
  EXPECT_EQ(seen.request, 9U);
  EXPECT_EQ(seen.event_count, 2U);
  EXPECT_EQ(seen.body_checksum, protocol::checksum_of(body));
  EXPECT_EQ(seen.deadline_ns - seen.arrived_ns, 250'000'000U);
  EXPECT_EQ(seen.protocol, Protocol::kNative);
  EXPECT_EQ(seen_body, body);
  EXPECT_EQ(reply->header.request, 9U);
  EXPECT_EQ(reply->header.first, 2U) << "sequence";
  EXPECT_EQ(reply->header.second, 1'000'002U) << "timestamp";
}

TEST_F(Conversation, PipelinedRequestsAreAnsweredInOrderOfOneBlock) {
  start();
  RawClient client(server->port());
  ASSERT_TRUE(client.say_hello());
  std::vector<std::byte> stream;
  for (std::uint64_t i = 1; i <= 3000; ++i) {
    const auto frame = RawClient::frame({.operation = Operation::kCreateTransfers, .request = i}, events(1));
    stream.insert(stream.end(), frame.begin(), frame.end());
  }
  std::thread sender([&] { client.send(stream); });
  for (std::uint64_t i = 1; i <= 3000; ++i) {
    const auto reply = client.receive();
    ASSERT_TRUE(reply) << i;
    EXPECT_EQ(reply->header.request, i);
    EXPECT_EQ(reply->code(), ReplyCode::kOk);
  }
  sender.join();
  EXPECT_LT(port().blocks_submitted(), 1000U) << "requests of one round share a block";
}

TEST_F(Conversation, LargeAndSmallRequestsMix) {
  start();
  RawClient client(server->port());
  ASSERT_TRUE(client.say_hello());
  const std::vector<std::size_t> sizes = {1, 8190, 1, 128, 8190, 8190, 129, 4000, 1, 1, 8189};
  std::thread sender([&] {
    for (std::size_t i = 0; i < sizes.size(); ++i) {
      client.send_request({.operation = Operation::kCreateTransfers, .request = i}, events(sizes[i]));
    }
  });
  std::uint64_t sequence = 0;
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    const auto reply = client.receive();
    ASSERT_TRUE(reply) << i;
    EXPECT_EQ(reply->header.request, i) << "executed in the order they were sent";
    sequence += sizes[i];
    EXPECT_EQ(reply->header.first, sequence);
  }
  sender.join();
}

TEST_F(Conversation, LargeRepliesComeWhole) {
  start();
  RawClient client(server->port());
  ASSERT_TRUE(client.say_hello());
  std::vector<std::byte> ids(8190 * 16);
  for (std::size_t i = 0; i < 8190; ++i) std::memcpy(ids.data() + i * 16, &i, sizeof i);
  for (std::uint64_t i = 0; i < 6; ++i) {
    ASSERT_TRUE(client.send_request({.operation = Operation::kLookupAccounts, .flags = RequestFlags::kLatencyReceipt, .request = i}, ids));
  }
  for (std::uint64_t i = 0; i < 6; ++i) {
    const auto reply = client.receive();
    ASSERT_TRUE(reply);
    ASSERT_EQ(reply->body.size(), 8190 * kEventBytes + sizeof(LatencyReceipt));
    EXPECT_EQ(reply->header.count, 8190U);
    std::size_t last = 0;
    std::memcpy(&last, reply->body.data() + 8189 * kEventBytes, sizeof last);
    EXPECT_EQ(last, 8189U);
  }
}

TEST_F(Conversation, ReceiptIsAppendedWhenAsked) {
  start();
  RawClient client(server->port());
  ASSERT_TRUE(client.say_hello());
  ASSERT_TRUE(client.send_request({.operation = Operation::kCreateTransfers, .flags = RequestFlags::kAll}, events(2)));
  const auto reply = client.receive();
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->header.flags, kReplyFlag | RequestFlags::kAll);
  ASSERT_EQ(reply->body.size(), 2 * kPostBalancesBytes + sizeof(LatencyReceipt));
  LatencyReceipt receipt;
  std::memcpy(&receipt, reply->body.data() + 2 * kPostBalancesBytes, sizeof receipt);
  EXPECT_EQ(receipt.queue_ns, 11U);
  EXPECT_EQ(receipt.durable_ns, 33U);
}

TEST_F(Conversation, RefusalsOfTheEngineCarryText) {
  start();
  port().code = ReplyCode::kBusy;
  RawClient client(server->port());
  ASSERT_TRUE(client.say_hello());
  ASSERT_TRUE(client.send_request({.operation = Operation::kCreateTransfers, .flags = RequestFlags::kLatencyReceipt}, events(1)));
  const auto reply = client.receive();
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->code(), ReplyCode::kBusy);
  EXPECT_NE(reply->text().find("nothing was sequenced"), std::string::npos);
}

TEST_F(Conversation, RepliesFromAnotherThreadWakeTheLoop) {
  start();
  port().hold(true);
  RawClient client(server->port());
  ASSERT_TRUE(client.say_hello());
  for (std::uint64_t i = 0; i < 200; ++i) {
    ASSERT_TRUE(client.send_request({.operation = Operation::kPing, .request = i}));
    ASSERT_TRUE(eventually([&] { return port().requests() == i + 1; }));
    port().release();
    const auto reply = client.receive();
    ASSERT_TRUE(reply) << i;
    EXPECT_EQ(reply->header.request, i);
  }
}

TEST_F(Conversation, HalfClosedClientStillGetsItsReplies) {
  start();
  port().hold(true);
  RawClient client(server->port());
  ASSERT_TRUE(client.say_hello());
  ASSERT_TRUE(client.send_request({.operation = Operation::kPing, .request = 1}));
  client.end_output();
  ASSERT_TRUE(eventually([&] { return port().requests() == 1; }));
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  port().release();
  const auto reply = client.receive();
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->header.request, 1U);
  EXPECT_TRUE(client.sees_end());
}

TEST_F(Conversation, StopAnswersWhatIsUnderWayAndRefusesTheRest) {
  start();
  port().hold(true);
  RawClient client(server->port());
  RawClient idle(server->port());
  ASSERT_TRUE(client.say_hello());
  ASSERT_TRUE(idle.say_hello());
  ASSERT_TRUE(client.send_request({.operation = Operation::kPing, .request = 1}));
  ASSERT_TRUE(eventually([&] { return port().requests() == 1; }));
  std::thread stopper([&] { server->stop(); });
  EXPECT_TRUE(idle.sees_end());
  idle.close();
  ASSERT_TRUE(client.send_request({.operation = Operation::kPing, .request = 2}));
  const auto refused = client.receive();
  ASSERT_TRUE(refused);
  EXPECT_EQ(refused->header.request, 2U);
  EXPECT_EQ(refused->code(), ReplyCode::kStopping);
  port().release();
  const auto reply = client.receive();
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->header.request, 1U);
  EXPECT_EQ(reply->code(), ReplyCode::kOk);
  EXPECT_TRUE(client.sees_end());
  client.close();
  stopper.join();
  RawClient late(server->port());
  EXPECT_FALSE(late.is_connected());
}

TEST_F(Conversation, PortTakenIsBusy) {
  start();
  FakePort other_port;
  pipeline::Port* other_ports[] = {&other_port};
  ServerSettings settings;
  settings.port = server->port();
  Server other(settings, other_ports);
  const Status status = other.listen();
  EXPECT_EQ(status.kind(), ErrorKind::kBusy) << status.message();
}

TEST_F(Conversation, BadAddressIsUsage) {
  FakePort other_port;
  pipeline::Port* other_ports[] = {&other_port};
  ServerSettings settings;
  settings.address = "nowhere";
  Server other(settings, other_ports);
  EXPECT_EQ(other.listen().kind(), ErrorKind::kUsage);
}

}  // namespace
}  // namespace florin::server::test
