#include "server/native_session.hpp"

#include <gtest/gtest.h>

#include "integration/server/raw_client.hpp"
#include "unit/server/session_fixture.hpp"

namespace florin::server {
namespace {

using protocol::FrameReader;
using test::RawClient;

class NativeSessionTest : public test::SessionFixture {
 protected:
  void open(bool is_loopback, std::size_t blocks = 4) {
    open_with(blocks, [&](int socket) { return std::make_unique<NativeSession>(*context_, 1, socket, is_loopback); });
  }
  void on_received(std::span<const std::byte> bytes) override {
    reader_.feed(bytes);
    while (reader_.next() == FrameReader::Event::kFrame) {
      codes_.push_back(protocol::code_of(reader_.header()));
      numbers_.push_back(reader_.header().request);
    }
  }

  FrameReader reader_{protocol::Direction::kReply, kReplyBytesMax};
  std::vector<ReplyCode> codes_;
  std::vector<std::uint64_t> numbers_;
};

TEST_F(NativeSessionTest, PrincipalsAreNotBelievedOffLoopback) {
  open(false);
  send(RawClient::hello_frame());
  round();
  EXPECT_EQ(codes_, (std::vector{ReplyCode::kPrincipalNotTrusted}));
  round();
  EXPECT_TRUE(saw_end_);
}

TEST_F(NativeSessionTest, UnlessTheyAreTrusted) {
  settings_.trust_principals = true;
  open(false);
  send(RawClient::hello_frame());
  round();
  EXPECT_EQ(codes_, (std::vector{ReplyCode::kOk}));
}

TEST_F(NativeSessionTest, WithoutABlockItWaitsAndKeepsTheOrder) {
  open(true, 1);
  send(RawClient::hello_frame());
  round();
  pipeline::RequestBlock* taken = context_->gatherer.acquire();
  ASSERT_NE(taken, nullptr);
  for (std::uint64_t i = 1; i <= 5; ++i) send(RawClient::frame({.operation = Operation::kPing, .request = i}));
  round();
  round();
  EXPECT_EQ(numbers_, (std::vector<std::uint64_t>{0})) << "only hello was answered";
  context_->gatherer.abandon(taken);
  round();  // resumes
  round();
  round();
  EXPECT_EQ(numbers_, (std::vector<std::uint64_t>{0, 1, 2, 3, 4, 5}));
}

TEST_F(NativeSessionTest, StopRefusesFramesThatWaited) {
  open(true, 1);
  send(RawClient::hello_frame());
  round();
  pipeline::RequestBlock* taken = context_->gatherer.acquire();
  for (std::uint64_t i = 1; i <= 2; ++i) send(RawClient::frame({.operation = Operation::kPing, .request = i}));
  round();
  context_->stopping = true;
  session_->on_stop();
  round();
  round();
  EXPECT_EQ(codes_, (std::vector{ReplyCode::kOk, ReplyCode::kStopping, ReplyCode::kStopping}));
  EXPECT_TRUE(saw_end_) << "and then it closes";
  context_->gatherer.abandon(taken);
}

TEST_F(NativeSessionTest, RepliesToAClosedSessionAreDropped) {
  open(true);
  port_->hold(true);
  send(RawClient::hello_frame());
  send(RawClient::frame({.operation = Operation::kPing, .request = 1}));
  round();
  close_peer();
  serve_socket();
  port_->hold(false);
  ASSERT_TRUE(port_->run_inline());
  take_completed();
  session_->on_round_end();
}

/// Found by the fuzzer: in pieces, it was told that the first frame must be hello.
TEST_F(NativeSessionTest, AHelloThatIsTooLargeIsMalformedHoweverItArrives) {
  const std::vector<std::byte> body(NativeSession::kLargeBodyBytesMin);
  const auto frame = RawClient::frame({.operation = Operation::kHello}, body);
  for (const std::size_t split : {std::size_t{0}, std::size_t{kFrameHeaderBytes}}) {
    if (session_) TearDown();
    codes_.clear();
    open(true);
    send(std::span(frame).first(split));
    round();
    send(std::span(frame).subspan(split));
    round();
    EXPECT_EQ(codes_, (std::vector{ReplyCode::kMalformedBody})) << "split at " << split;
  }
}

/// A query of so many ids, with its checksums.
std::vector<std::byte> query_frame(std::uint64_t request, std::size_t ids) {
  return RawClient::frame({.operation = Operation::kLookupTransfers, .request = request}, std::vector<std::byte>(ids * 16, std::byte{1}));
}

TEST_F(NativeSessionTest, QueriesFollowTheWritesOfTheirRoundInABlockOfTheirOwn) {
  open(true);
  send(RawClient::hello_frame());
  round();
  std::vector<std::uint64_t> order;
  port_->on_request = [&](const pipeline::Request& request) { order.push_back(request.request); };
  send(query_frame(1, 1));
  send(RawClient::frame({.operation = Operation::kCreateTransfers, .request = 2}, std::vector<std::byte>(kEventBytes, std::byte{1})));
  send(query_frame(3, 1));
  send(RawClient::frame({.operation = Operation::kPing, .request = 4}));
  round();
  EXPECT_EQ(order, (std::vector<std::uint64_t>{2, 4, 1, 3}));
  EXPECT_EQ(port_->blocks_submitted(), 2U);
  EXPECT_EQ(numbers_.size(), 5U);
}

TEST_F(NativeSessionTest, WithItsShareOfQueriesUnderWayItIsNotReadOn) {
  settings_.query_blocks_max = 2;
  open(true);
  send(RawClient::hello_frame());
  round();
  port_->hold(true);
  for (std::uint64_t i = 1; i <= 4; ++i) {
    send(query_frame(i, 1));
    round();
  }
  EXPECT_EQ(port_->requests(), 2U);
  EXPECT_EQ(port_->query_blocks_free(), 2U);
  EXPECT_EQ(port_->blocks_free(), 4U);
  port_->hold(false);
  for (int i = 0; i < 4; ++i) round();
  EXPECT_EQ(numbers_, (std::vector<std::uint64_t>{0, 1, 2, 3, 4}));
}

TEST_F(NativeSessionTest, ALargeQueryTakesABlockForQueriesAndGivesItBackWhenAbandoned) {
  open(true);
  send(RawClient::hello_frame());
  round();
  const auto frame = query_frame(1, 8190);
  send(std::span(frame).first(100'000));
  round();
  EXPECT_EQ(port_->query_blocks_free(), 3U);
  EXPECT_EQ(port_->blocks_free(), 4U);
  session_.reset();
  EXPECT_EQ(port_->query_blocks_free(), 4U);
  session_ = std::make_unique<NativeSession>(*context_, 1, sockets_[0], true);
}

TEST_F(NativeSessionTest, SplitAnywhereTheConversationIsTheSame) {
  auto bytes = RawClient::hello_frame();
  for (std::uint64_t i = 1; i <= 3; ++i) {
    const std::vector<std::byte> body(i * 20'000 / 16 * 16, std::byte{1});
    const auto frame = RawClient::frame({.operation = Operation::kLookupAccounts, .request = i}, body);
    bytes.insert(bytes.end(), frame.begin(), frame.end());
  }
  for (std::size_t split = 1; split < bytes.size(); split += 1237) {
    if (session_) TearDown();
    codes_.clear();
    numbers_.clear();
    open(true);
    send(std::span(bytes).first(split));
    for (int i = 0; i < 4; ++i) round();
    send(std::span(bytes).subspan(split));
    for (int i = 0; i < 8; ++i) round();
    ASSERT_EQ(numbers_, (std::vector<std::uint64_t>{0, 1, 2, 3})) << "split at " << split;
    for (const ReplyCode code : codes_) ASSERT_EQ(code, ReplyCode::kOk);
  }
}

}  // namespace
}  // namespace florin::server
