#include "server/tigerbeetle_session.hpp"

#include <gtest/gtest.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "florin/multi_batch.hpp"
#include "florin/status_codes.hpp"
#include "integration/server/fake_port.hpp"
#include "protocol/frame_codec.hpp"
#include "unit/tigerbeetle/messages.hpp"

namespace florin::server {
namespace {

using server::test::FakePort;
using tigerbeetle::Command;
using tigerbeetle::EvictionReason;
using tigerbeetle::MessageHeader;
using tigerbeetle::MessageReader;
using tigerbeetle::OperationCode;
using tigerbeetle::test::Bytes;
namespace messages = tigerbeetle::test;

struct Message {
  MessageHeader header;
  Bytes body;
};

/// One session on one end of a socket pair, driven by hand: what the loop does in a round is written out here.
class TigerBeetleSessionTest : public ::testing::Test {
 protected:
  void open(std::size_t blocks = 4) {
    settings_.tigerbeetle.cluster = messages::kCluster;
    settings_.tigerbeetle.sessions_max = 77;
    port_ = std::make_unique<FakePort>(blocks);
    context_ = std::make_unique<SessionContext>(settings_, identity_, *port_);
    port_->set_wake([](void*) {}, nullptr);
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, sockets_), 0);
    const int bytes = 4 << 20;
    for (const int socket : sockets_) ::setsockopt(socket, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes);
    session_ = std::make_unique<TigerBeetleSession>(*context_, 1, sockets_[0]);
    ASSERT_TRUE(session_->start());
  }
  void TearDown() override {
    session_.reset();
    if (sockets_[1] >= 0) ::close(sockets_[1]);
    EXPECT_TRUE(port_->has_every_block());
  }

  void send(std::span<const std::byte> bytes) {
    while (!bytes.empty()) {
      const ssize_t sent = ::send(sockets_[1], bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent < 0 && !session_->is_closed()) {
        round();
        continue;
      }
      if (sent < 0) return;
      bytes = bytes.subspan(static_cast<std::size_t>(sent));
    }
  }
  void send_request(OperationCode operation, const Bytes& body, std::uint32_t number = 1) {
    send(messages::joined(messages::request_header(messages::request_fields(operation, number), body), body));
  }
  void round() {
    context_->gatherer.begin_round();
    epoll_event event{};
    bool may_ask = true;
    while (context_->poller.next(event, may_ask)) session_->on_ready(event.events);
    context_->gatherer.submit_gathered();
    if (port_->run_inline()) {
      while (pipeline::RequestBlock* block = context_->gatherer.completed()) {
        for (pipeline::Request& request : block->requests()) session_->on_reply(request);
        context_->gatherer.recycle(block);
      }
    }
    if (!context_->waiting_for_block.empty()) {
      context_->waiting_for_block.clear();
      session_->on_resume();
    }
    while (!context_->dirty.empty()) {
      context_->dirty.clear();
      session_->on_round_end();
    }
    receive();
  }
  void receive() {
    std::vector<std::byte> piece(1 << 20);
    for (;;) {
      const ssize_t count = ::recv(sockets_[1], piece.data(), piece.size(), MSG_DONTWAIT);
      saw_end_ |= count == 0;
      if (count <= 0) return;
      reader_.feed(std::span(piece).first(static_cast<std::size_t>(count)));
      while (reader_.next() == MessageReader::Event::kFrame) {
        received_.push_back({reader_.header(), {reader_.body().begin(), reader_.body().end()}});
      }
    }
  }
  /// The one message that the last round brought.
  Message take_one() {
    EXPECT_EQ(received_.size(), 1U);
    if (received_.empty()) return {};
    Message message = received_.front();
    received_.clear();
    return message;
  }
  void expect_eviction(EvictionReason reason) {
    const Message message = take_one();
    EXPECT_EQ(message.header.command, Command::kEviction);
    EXPECT_EQ(tigerbeetle::fields_of<tigerbeetle::EvictionFields>(message.header).reason, reason);
    EXPECT_EQ(port_->blocks_submitted(), 0U);
  }

  ServerSettings settings_;
  ServerIdentity identity_;
  std::unique_ptr<FakePort> port_;
  std::unique_ptr<SessionContext> context_;
  std::unique_ptr<TigerBeetleSession> session_;
  int sockets_[2] = {-1, -1};
  MessageReader reader_{tigerbeetle::MessageFormat(messages::kCluster), tigerbeetle::kMessageBytesMax};
  std::vector<Message> received_;
  bool saw_end_ = false;
};

TEST_F(TigerBeetleSessionTest, AClientRegistersWithItsReleaseAndTheSettingOfTheServer) {
  open();
  RegisterClient recorded;
  port_->on_request = [&](const pipeline::Request& request) {
    EXPECT_EQ(request.operation, Operation::kRegisterClient);
    EXPECT_TRUE(request.client == messages::kClient);
    ASSERT_EQ(request.body_bytes, sizeof recorded);
    std::memcpy(&recorded, request.body, sizeof recorded);
    EXPECT_TRUE(request.body_checksum == protocol::checksum_of({request.body, request.body_bytes}));
  };
  send(messages::joined(messages::register_header(), Bytes(256)));
  round();
  EXPECT_EQ(recorded.release, messages::kRelease.value);
  EXPECT_EQ(recorded.sessions_max, 77U);
  const Message reply = take_one();
  EXPECT_EQ(reply.header.command, Command::kReply);
  tigerbeetle::RegisterResult result;
  ASSERT_EQ(reply.body.size(), sizeof result);
  std::memcpy(&result, reply.body.data(), sizeof result);
  EXPECT_EQ(result.batch_size_limit, 1'048'320U);
  EXPECT_EQ(tigerbeetle::fields_of<tigerbeetle::ReplyFields>(reply.header).commit, 1U);
}

TEST_F(TigerBeetleSessionTest, APingIsAnsweredAtOnce) {
  open();
  send(messages::joined(messages::ping_header(), {}));
  round();
  EXPECT_EQ(take_one().header.command, Command::kPongClient);
  EXPECT_EQ(port_->blocks_submitted(), 0U);
}

TEST_F(TigerBeetleSessionTest, AnswersHaveAsManyBatchesAsRequests) {
  open();
  send_request(OperationCode::kCreateTransfers, messages::multi_batch(128, {2, 0, 1}), 1);
  round();
  const Message created = take_one();
  const auto results = MultiBatch::parse(created.body, sizeof(CreateResult));
  ASSERT_TRUE(results);
  EXPECT_EQ(results->batches(), 3U);
  EXPECT_EQ(results->elements(0), 2U);
  EXPECT_EQ(results->elements(2), 1U);
  send_request(OperationCode::kLookupAccounts, messages::multi_batch(16, {1, 0, 3}), 2);
  round();
  const Message found = take_one();
  const auto rows = MultiBatch::parse(found.body, kEventBytes);
  ASSERT_TRUE(rows);
  EXPECT_EQ(rows->batches(), 3U);
  EXPECT_EQ(rows->elements(0), 1U);
  EXPECT_EQ(rows->elements(1), 0U);
  EXPECT_EQ(rows->elements(2), 3U);
}

TEST_F(TigerBeetleSessionTest, NothingIsRecordedOfARequestWithoutEvents) {
  open();
  port_->on_request = [](const pipeline::Request& request) { EXPECT_FALSE(is_write(request.operation)); };
  send_request(OperationCode::kCreateTransfers, messages::multi_batch(128, {0, 0}), 1);
  round();
  const auto results = MultiBatch::parse(take_one().body, sizeof(CreateResult));
  ASSERT_TRUE(results);
  EXPECT_EQ(results->batches(), 2U);
  send_request(OperationCode::kCreateAccountsUnbatched, {}, 2);
  round();
  EXPECT_TRUE(take_one().body.empty());
  send_request(OperationCode::kNoop, {}, 3);
  round();
  EXPECT_TRUE(take_one().body.empty());
}

TEST_F(TigerBeetleSessionTest, TheLargestRequestAndItsAnswer) {
  open();
  send_request(OperationCode::kCreateTransfers, messages::multi_batch(128, {8'189}), 1);
  round();
  round();
  EXPECT_EQ(take_one().body.size(), 8'190U * 16);
  send_request(OperationCode::kLookupAccounts, messages::multi_batch(16, {8'189}), 2);
  for (int rounds = 0; rounds < 8 && received_.empty(); ++rounds) round();
  EXPECT_EQ(take_one().body.size(), 1'048'320U);
  EXPECT_EQ(context_->large_bodies, 0U);
}

TEST_F(TigerBeetleSessionTest, ARequestSentAgainWhileItIsUnderWayIsPassedOver) {
  open();
  port_->hold(true);
  send_request(OperationCode::kCreateTransfers, messages::multi_batch(128, {1}), 1);
  send_request(OperationCode::kCreateTransfers, messages::multi_batch(128, {1}), 1);
  round();
  send_request(OperationCode::kCreateTransfers, messages::multi_batch(128, {1}), 1);
  round();
  EXPECT_EQ(port_->requests(), 1U);
  port_->hold(false);
  round();
  EXPECT_EQ(take_one().header.command, Command::kReply);
  send_request(OperationCode::kCreateTransfers, messages::multi_batch(128, {1}), 1);
  round();
  EXPECT_EQ(port_->requests(), 2U) << "the ledger knows best what it was answered";
}

TEST_F(TigerBeetleSessionTest, WhatCannotBeMeantEndsTheSession) {
  open();
  send_request(static_cast<OperationCode>(148), Bytes(128));
  round();
  expect_eviction(EvictionReason::kInvalidRequestOperation);
  send_request(OperationCode::kCreateTransfers, Bytes(128));
  round();
  expect_eviction(EvictionReason::kInvalidRequestBody);
  send_request(OperationCode::kCreateTransfers, Bytes(100'000));
  round();
  round();
  expect_eviction(EvictionReason::kInvalidRequestBody);
  MessageHeader old = messages::register_header();
  old.release = tigerbeetle::Release::of(0, 16, 3);
  tigerbeetle::seal(old, Bytes(256));
  send(messages::joined(old, Bytes(256)));
  round();
  expect_eviction(EvictionReason::kClientReleaseTooLow);
  EXPECT_FALSE(session_->is_closed());
}

TEST_F(TigerBeetleSessionTest, ASessionThatIsNotThereEnds) {
  open();
  port_->code = ReplyCode::kNotPermitted;
  const std::pair<core::SessionVerdict, EvictionReason> verdicts[] = {
      {core::SessionVerdict::kNoSession, EvictionReason::kNoSession},
      {core::SessionVerdict::kSessionTooLow, EvictionReason::kSessionTooLow},
      {core::SessionVerdict::kReleaseMismatch, EvictionReason::kSessionReleaseMismatch}};
  for (const auto& [verdict, reason] : verdicts) {
    port_->verdict = verdict;
    send_request(OperationCode::kLookupAccounts, messages::multi_batch(16, {1}));
    round();
    const Message message = take_one();
    EXPECT_EQ(tigerbeetle::fields_of<tigerbeetle::EvictionFields>(message.header).reason, reason);
  }
}

TEST_F(TigerBeetleSessionTest, WhatMayPassIsNotAnswered) {
  open();
  for (const ReplyCode code : {ReplyCode::kOutOfMemory, ReplyCode::kDiskFull, ReplyCode::kBusy, ReplyCode::kStopping, ReplyCode::kInternal}) {
    port_->code = code;
    send_request(OperationCode::kCreateTransfers, messages::multi_batch(128, {1}));
    round();
    EXPECT_TRUE(received_.empty()) << name_of(code);
  }
  port_->code = ReplyCode::kOk;
  port_->verdict = core::SessionVerdict::kStale;
  send_request(OperationCode::kCreateTransfers, messages::multi_batch(128, {1}));
  round();
  EXPECT_TRUE(received_.empty());
  port_->verdict = core::SessionVerdict::kRepeated;
  send_request(OperationCode::kCreateTransfers, messages::multi_batch(128, {1}));
  round();
  EXPECT_EQ(take_one().header.command, Command::kReply);
}

TEST_F(TigerBeetleSessionTest, AStreamThatCannotBeFollowedEndsTheConnection) {
  const auto ends_after = [&](Bytes bytes) {
    open();
    send(bytes);
    round();
    round();
    EXPECT_TRUE(session_->is_closed());
    EXPECT_TRUE(saw_end_);
    EXPECT_TRUE(received_.empty());
    session_.reset();
    ::close(sockets_[1]);
    saw_end_ = false;
  };
  Bytes flipped = messages::joined(messages::ping_header(), {});
  flipped[200] ^= std::byte{1};
  ends_after(flipped);
  Bytes body = messages::joined(messages::register_header(), Bytes(256));
  body[300] ^= std::byte{1};
  ends_after(body);
  MessageHeader stranger = messages::ping_header();
  stranger.cluster = messages::kCluster + 1;
  tigerbeetle::seal(stranger, {});
  ends_after(messages::joined(stranger, {}));
  Bytes large = messages::joined(messages::request_header(messages::request_fields(OperationCode::kCreateTransfers), Bytes(50'000)), Bytes(50'000));
  large[40'000] ^= std::byte{1};
  ends_after(large);
  sockets_[1] = -1;
}

TEST_F(TigerBeetleSessionTest, WithoutABlockItWaits) {
  open(1);
  pipeline::RequestBlock* taken = context_->gatherer.acquire();
  ASSERT_NE(taken, nullptr);
  send_request(OperationCode::kCreateTransfers, messages::multi_batch(128, {1}));
  round();
  EXPECT_EQ(port_->requests(), 0U);
  context_->gatherer.abandon(taken);
  round();
  round();
  EXPECT_EQ(take_one().header.command, Command::kReply);
}

TEST_F(TigerBeetleSessionTest, WhenTheServerStopsItAnswersWhatIsUnderWayAndCloses) {
  open();
  port_->hold(true);
  send_request(OperationCode::kCreateTransfers, messages::multi_batch(128, {1}));
  round();
  context_->stopping = true;
  session_->on_stop();
  round();
  EXPECT_FALSE(session_->is_closed());
  port_->hold(false);
  round();
  round();
  EXPECT_EQ(take_one().header.command, Command::kReply);
  EXPECT_TRUE(session_->is_closed());
}

TEST_F(TigerBeetleSessionTest, AMessageThatDoesNotArriveEndsTheConnection) {
  open();
  send(std::span<const std::byte>(messages::joined(messages::ping_header(), {})).first(100));
  round();
  session_->on_tick(context_->clock.steady_ns() + 1'000'000);
  EXPECT_FALSE(session_->is_closed());
  session_->on_tick(context_->clock.steady_ns() + (settings_.frame_timeout_ms + 1'000) * std::uint64_t{1'000'000});
  EXPECT_TRUE(session_->is_closed());
}

}  // namespace
}  // namespace florin::server
