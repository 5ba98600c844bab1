#include <gtest/gtest.h>

#include "florin/status_codes.hpp"
#include "protocol/frame_codec.hpp"
#include "unit/server/tigerbeetle_session_fixture.hpp"

namespace florin::server {
namespace {

using tigerbeetle::Command;
using tigerbeetle::EvictionReason;
using tigerbeetle::MessageHeader;
using tigerbeetle::OperationCode;
using tigerbeetle::test::Bytes;
namespace messages = tigerbeetle::test;

using TigerBeetleSessionTest = test::TigerBeetleSessionFixture;
using Message = TigerBeetleSessionTest::Message;

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

/// It had all answers kept for it, up to what is there for all.
TEST_F(TigerBeetleSessionTest, APeerThatDoesNotReadIsNotReadUntilItDoes) {
  settings_.output_bytes_max = 64 << 10;
  open();
  Bytes pings;
  for (int i = 0; i < 256; ++i) {
    const Bytes ping = messages::joined(messages::ping_header(), {});
    pings.insert(pings.end(), ping.begin(), ping.end());
  }
  std::size_t sent_bytes = 0;
  for (int piece = 0; piece < 400; ++piece) {
    const std::span<const std::byte> rest = std::span<const std::byte>(pings).subspan(sent_bytes % 256);
    const ssize_t sent = ::send(sockets_[1], rest.data(), rest.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent > 0) sent_bytes += static_cast<std::size_t>(sent);
    serve_socket();
    while (!context_->dirty.empty()) {
      context_->dirty.clear();
      session_->on_round_end();
    }
    ASSERT_FALSE(session_->is_closed());
    ASSERT_LE(context_->unsent_bytes, (64U << 10) + SessionContext::kScratchBytes);
  }
  rounds(2'000);
  EXPECT_EQ(received_.size(), sent_bytes / 256);
}

TEST_F(TigerBeetleSessionTest, AConnectionWithoutAMessageEndsAfterAWhile) {
  open();
  const std::uint64_t limit_ns = settings_.tigerbeetle.first_message_timeout_ms * std::uint64_t{1'000'000};
  send(std::span<const std::byte>(Bytes(100)));  // not yet one
  round();
  session_->on_tick(context_->clock.steady_ns() + 1'000'000);
  EXPECT_FALSE(session_->is_closed());
  session_->on_tick(context_->clock.steady_ns() + limit_ns);
  EXPECT_TRUE(session_->is_closed());
}

TEST_F(TigerBeetleSessionTest, AConnectionThatHadAMessageMayBeSilent) {
  open();
  send(messages::joined(messages::ping_header(), {}));
  round();
  session_->on_tick(context_->clock.steady_ns() + 2 * settings_.tigerbeetle.first_message_timeout_ms * std::uint64_t{1'000'000});
  EXPECT_FALSE(session_->is_closed());
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
    close_peer();
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

TEST_F(TigerBeetleSessionTest, WhenTheServerStopsTheRestOfALargeBodyGoesNowhere) {
  open(1);
  const Bytes body = messages::multi_batch(128, {1'000});
  const Bytes message = messages::joined(messages::request_header(messages::request_fields(OperationCode::kCreateTransfers), body), body);
  send(std::span(message).first(50'000));
  round();
  context_->stopping = true;
  session_->on_stop();
  pipeline::RequestBlock* another = context_->gatherer.acquire();
  ASSERT_NE(another, nullptr) << "the block is free again";
  pipeline::Request& request = another->add(static_cast<std::uint32_t>(body.size()), 16);
  std::memset(request.body, 0x55, body.size());
  send(std::span(message).subspan(50'000));
  session_->on_ready(EPOLLIN);
  EXPECT_TRUE(std::all_of(request.body, request.body + body.size(), [](std::byte byte) { return byte == std::byte{0x55}; }));
  another->drop_last();
  context_->gatherer.abandon(another);
}

TEST_F(TigerBeetleSessionTest, ALargeBodyThatStandsStillWhileOthersWaitForItsBlockIsGivenUp) {
  open(1);
  const Bytes body = messages::multi_batch(128, {4'000});
  const Bytes message = messages::joined(messages::request_header(messages::request_fields(OperationCode::kCreateTransfers), body), body);
  const auto after = [&](std::uint64_t seconds) { return context_->clock.steady_ns() + seconds * 1'000'000'000; };
  send(std::span(message).first(50'000));
  round();
  session_->on_tick(after(5));
  session_->on_tick(after(10));
  EXPECT_FALSE(session_->is_closed()) << "nobody waits";
  context_->waiting_for_block.push_back(99);
  session_->on_tick(after(11));
  send(std::span(message).subspan(50'000, 200'000));
  context_->gatherer.begin_round();
  serve_socket();
  session_->on_tick(after(14));
  EXPECT_FALSE(session_->is_closed()) << "it moves";
  session_->on_tick(after(17));
  EXPECT_TRUE(session_->is_closed());
  EXPECT_EQ(port_->blocks_free(), 1U);
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
