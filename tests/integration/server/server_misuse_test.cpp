#include "integration/server/server_fixture.hpp"

namespace florin::server::test {
namespace {

using Misuse = ServerFixture;
using protocol::RequestFields;

/// Sends `bytes` and expects one error reply and the end of the connection.
void expect_last_reply(std::uint16_t port, std::span<const std::byte> bytes, ReplyCode code, const std::string& words,
                       bool after_hello = true) {
  RawClient client(port);
  if (after_hello) {
    ASSERT_TRUE(client.say_hello());
  }
  ASSERT_TRUE(client.send(bytes));
  const auto reply = client.receive();
  ASSERT_TRUE(reply) << words;
  EXPECT_EQ(reply->code(), code) << reply->text();
  EXPECT_NE(reply->text().find(words), std::string::npos) << reply->text();
  EXPECT_TRUE(client.sees_end());
}

std::vector<std::byte> sealed(FrameHeader header, std::span<const std::byte> body = {}) {
  protocol::seal(header, body);
  std::vector<std::byte> bytes(header.size);
  std::memcpy(bytes.data(), &header, kFrameHeaderBytes);
  if (!body.empty()) std::memcpy(bytes.data() + kFrameHeaderBytes, body.data(), body.size());
  return bytes;
}

TEST_F(Misuse, FirstFrameMustBeHello) {
  start();
  expect_last_reply(server->port(), RawClient::frame({.operation = Operation::kPing}), ReplyCode::kHelloRequired, "hello", false);
  expect_last_reply(server->port(), RawClient::frame({.operation = Operation::kCreateTransfers}, events(1000)),
                    ReplyCode::kHelloRequired, "hello", false);
}

TEST_F(Misuse, HelloMustBeSound) {
  start();
  expect_last_reply(server->port(), RawClient::frame({.operation = Operation::kHello}, events(1)), ReplyCode::kMalformedBody,
                    "64 bytes", false);
  Hello hello;
  hello.reserved[31] = 1;
  expect_last_reply(server->port(), RawClient::frame({.operation = Operation::kHello}, std::as_bytes(std::span(&hello, 1))),
                    ReplyCode::kMalformedBody, "reserved", false);
}

TEST_F(Misuse, MalformedFramesAreNamedAndEndTheConnection) {
  start();
  const auto port = server->port();
  std::vector<std::byte> garbage(4096, std::byte{0x5A});
  expect_last_reply(port, garbage, ReplyCode::kMalformedFrame, "header_checksum", false);
  expect_last_reply(port, garbage, ReplyCode::kMalformedFrame, "header_checksum");
  FrameHeader header;
  header.version = 2;
  expect_last_reply(port, sealed(header), ReplyCode::kMalformedFrame, "version");
  header = {};
  header.flags = 1U << 7;
  expect_last_reply(port, sealed(header), ReplyCode::kMalformedFrame, "flags");
  header = {};
  header.first = 1;
  expect_last_reply(port, sealed(header), ReplyCode::kMalformedFrame, "key_id");
  header = {};
  header.flags = kReplyFlag;
  expect_last_reply(port, sealed(header), ReplyCode::kMalformedFrame, "bit 15");
  std::vector<std::byte> oversize = sealed({}, std::vector<std::byte>(kBodyBytesMax + 128));
  oversize.resize(64);
  expect_last_reply(port, oversize, ReplyCode::kMalformedFrame, "above the largest");
  std::vector<std::byte> bad_body = RawClient::frame({.operation = Operation::kCreateTransfers}, events(1));
  bad_body.back() ^= std::byte{1};
  expect_last_reply(port, bad_body, ReplyCode::kMalformedFrame, "body_checksum");
  std::vector<std::byte> bad_large = RawClient::frame({.operation = Operation::kCreateTransfers}, events(8190));
  bad_large.back() ^= std::byte{1};
  expect_last_reply(port, bad_large, ReplyCode::kMalformedFrame, "body_checksum");
  EXPECT_EQ(this->port().requests(), 0U);
}

TEST_F(Misuse, RequestsBeforeTheMalformedFrameAreStillAnswered) {
  start();
  port().hold(true);
  RawClient client(server->port());
  ASSERT_TRUE(client.say_hello());
  auto bytes = RawClient::frame({.operation = Operation::kCreateTransfers, .request = 5}, events(1));
  bytes.resize(bytes.size() + 64, std::byte{1});
  ASSERT_TRUE(client.send(bytes));
  const auto malformed = client.receive();
  ASSERT_TRUE(malformed);
  EXPECT_EQ(malformed->code(), ReplyCode::kMalformedFrame);
  port().release();
  const auto reply = client.receive();
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->header.request, 5U);
  EXPECT_TRUE(client.sees_end());
}

TEST_F(Misuse, TruncatedFrameIsMalformed) {
  start();
  const auto small = RawClient::frame({.operation = Operation::kCreateTransfers}, events(2));
  const auto large = RawClient::frame({.operation = Operation::kCreateTransfers}, events(8190));
  for (const auto& [frame, keep] : {std::pair{&small, std::size_t{1}}, {&small, std::size_t{63}}, {&small, std::size_t{64}},
                                    {&small, std::size_t{200}}, {&large, std::size_t{64}}, {&large, std::size_t{700'000}}}) {
    RawClient client(server->port());
    ASSERT_TRUE(client.say_hello());
    ASSERT_TRUE(client.send(std::span(*frame).first(keep)));
    client.end_output();
    const auto reply = client.receive();
    ASSERT_TRUE(reply) << keep;
    EXPECT_EQ(reply->code(), ReplyCode::kMalformedFrame);
    EXPECT_TRUE(client.sees_end());
  }
}

/// Sends a bad request and then a good one on the same connection.
void expect_refused(std::uint16_t port, const RequestFields& fields, std::span<const std::byte> body, ReplyCode code,
                    const std::string& words) {
  RawClient client(port);
  ASSERT_TRUE(client.say_hello());
  ASSERT_TRUE(client.send_request(fields, body));
  const auto refused = client.receive();
  ASSERT_TRUE(refused) << words;
  EXPECT_EQ(refused->code(), code) << refused->text();
  EXPECT_EQ(refused->header.request, fields.request);
  EXPECT_NE(refused->text().find(words), std::string::npos) << refused->text();
  ASSERT_TRUE(client.send_request({.operation = Operation::kPing, .request = 1000}));
  const auto next = client.receive();
  ASSERT_TRUE(next) << words;
  EXPECT_EQ(next->code(), ReplyCode::kOk);
  EXPECT_EQ(next->header.request, 1000U);
}

TEST_F(Misuse, BadRequestsAreRefusedAndTheConnectionGoesOn) {
  start();
  const auto port = server->port();
  const auto op = [](int value) { return static_cast<Operation>(value); };
  const std::vector<std::byte> none;
  expect_refused(port, {.operation = op(99), .request = 3}, none, ReplyCode::kUnknownOperation, "unknown operation");
  expect_refused(port, {.operation = op(99), .request = 3}, events(8000), ReplyCode::kUnknownOperation, "unknown operation");
  expect_refused(port, {.operation = Operation::kPulse, .request = 4}, none, ReplyCode::kUnknownOperation, "unknown operation");
  expect_refused(port, {.operation = Operation::kGenesis, .request = 4}, none, ReplyCode::kUnknownOperation, "unknown operation");
  expect_refused(port, {.operation = Operation::kCreateAccounts, .request = 5}, none, ReplyCode::kMalformedBody, "empty");
  const std::vector<std::byte> odd(130);
  expect_refused(port, {.operation = Operation::kCreateAccounts, .request = 5}, odd, ReplyCode::kMalformedBody, "multiple");
  const std::vector<std::byte> odd_large(100'001);
  expect_refused(port, {.operation = Operation::kCreateAccounts, .request = 5}, odd_large, ReplyCode::kMalformedBody, "multiple");
  const std::vector<std::byte> many_ids(8191 * 16);
  expect_refused(port, {.operation = Operation::kLookupAccounts, .request = 5}, many_ids, ReplyCode::kMalformedBody, "too many");
  const std::vector<std::byte> filter(128);
  expect_refused(port, {.operation = Operation::kGetAccountTransfers, .request = 6}, filter, ReplyCode::kInvalidFilter, "account_id");
  expect_refused(port, {.operation = Operation::kGetAccountTransfers, .request = 6}, events(500), ReplyCode::kMalformedBody, "filter");
  expect_refused(port, {.operation = Operation::kPing, .request = 7}, events(1), ReplyCode::kMalformedBody, "empty");
  expect_refused(port, {.operation = Operation::kPing, .flags = RequestFlags::kPostBalances, .request = 7}, none,
                 ReplyCode::kMalformedBody, "post_balances");
  const std::vector<std::byte> hello(64);
  expect_refused(port, {.operation = Operation::kHello, .request = 8}, hello, ReplyCode::kMalformedBody, "already");
}

TEST_F(Misuse, ResetsLeaveNothingBehind) {
  start();
  port().hold(true);
  for (int i = 0; i < 20; ++i) {
    RawClient client(server->port());
    ASSERT_TRUE(client.say_hello());
    ASSERT_TRUE(client.send_request({.operation = Operation::kPing, .request = 1}));
    const auto large = RawClient::frame({.operation = Operation::kCreateTransfers}, events(8190));
    ASSERT_TRUE(client.send(std::span(large).first(300'000)));
    ASSERT_TRUE(eventually([&] { return port().requests() == static_cast<std::uint64_t>(i) + 1; }));
    client.reset();
    ASSERT_TRUE(eventually([&] { return connections() == 0; }));
    port().release();
  }
  RawClient client(server->port());
  EXPECT_TRUE(client.say_hello());
}

TEST_F(Misuse, StalledFrameTimesOut) {
  ServerSettings settings;
  settings.frame_timeout_ms = 300;
  start(settings);
  for (const std::size_t events_in_body : {std::size_t{1}, std::size_t{8190}}) {
    RawClient client(server->port());
    ASSERT_TRUE(client.say_hello());
    const auto frame = RawClient::frame({.operation = Operation::kCreateTransfers}, events(events_in_body));
    ASSERT_TRUE(client.send(std::span(frame).first(frame.size() - 1)));
    const auto reply = client.receive();
    ASSERT_TRUE(reply);
    EXPECT_EQ(reply->code(), ReplyCode::kMalformedFrame);
    EXPECT_NE(reply->text().find("stalled"), std::string::npos);
    EXPECT_TRUE(client.sees_end());
  }
}

TEST_F(Misuse, SilentPeerIsToldThatHelloIsMissing) {
  ServerSettings settings;
  settings.hello_timeout_ms = 300;
  start(settings);
  RawClient client(server->port());
  const auto reply = client.receive();
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->code(), ReplyCode::kHelloRequired);
  EXPECT_TRUE(client.sees_end());
}

TEST_F(Misuse, IdleConnectionsAreKept) {
  ServerSettings settings;
  settings.frame_timeout_ms = 1'000;
  settings.hello_timeout_ms = 1'000;
  start(settings);
  RawClient client(server->port());
  ASSERT_TRUE(client.say_hello());
  std::this_thread::sleep_for(std::chrono::milliseconds(2'000));
  ASSERT_TRUE(client.send_request({.operation = Operation::kPing, .request = 2}));
  EXPECT_TRUE(client.receive());
}

TEST_F(Misuse, OneConnectionTooManyIsTold) {
  ServerSettings settings;
  settings.connections_max = 3;
  start(settings);
  std::vector<std::unique_ptr<RawClient>> clients;
  for (int i = 0; i < 3; ++i) {
    clients.push_back(std::make_unique<RawClient>(server->port()));
    ASSERT_TRUE(clients.back()->say_hello());
  }
  RawClient extra(server->port());
  ASSERT_TRUE(extra.send(RawClient::hello_frame()));
  const auto reply = extra.receive();
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->code(), ReplyCode::kTooManyConnections);
  EXPECT_TRUE(extra.sees_end());
  extra.close();
  clients.pop_back();
  ASSERT_TRUE(eventually([&] { return connections() == 2; }));
  RawClient again(server->port());
  const auto welcome = again.say_hello();
  ASSERT_TRUE(welcome);
  EXPECT_EQ(welcome->code(), ReplyCode::kOk);
}

}  // namespace
}  // namespace florin::server::test
