#include "tigerbeetle/message_codec.hpp"

#include <gtest/gtest.h>

#include "tigerbeetle/checksum.hpp"
#include "unit/tigerbeetle/messages.hpp"

namespace florin::tigerbeetle {
namespace {

using test::Bytes;

const MessageFormat kFormat(test::kCluster);

TEST(MessageCodec, AReplyNamesWhatItAnswers) {
  const Bytes body(16, std::byte{1});
  MessageHeader request = test::request_header(test::request_fields(OperationCode::kCreateTransfers, 41), body);
  request.view = 3;
  const MessageHeader reply = make_reply_header({.request = request, .op = 1'000, .timestamp = 2'000}, body);
  EXPECT_EQ(kFormat.check_header(reply), MessageFault::kNone);
  EXPECT_TRUE(kFormat.fits(reply, body));
  EXPECT_EQ(reply.command, Command::kReply);
  EXPECT_EQ(reply.size, kHeaderBytes + 16);
  EXPECT_EQ(reply.cluster, test::kCluster);
  EXPECT_EQ(reply.release, test::kRelease);
  EXPECT_EQ(reply.view, 3U);
  const auto fields = fields_of<ReplyFields>(reply);
  EXPECT_EQ(fields.request_checksum, request.checksum);
  EXPECT_EQ(fields.client, test::kClient);
  EXPECT_EQ(fields.op, 1'000U);
  EXPECT_EQ(fields.commit, 1'000U);
  EXPECT_EQ(fields.timestamp, 2'000U);
  EXPECT_EQ(fields.request, 41U);
  EXPECT_EQ(fields.operation, OperationCode::kCreateTransfers);
}

TEST(MessageCodec, TheContextIsTheChecksumWithoutIt) {
  const MessageHeader reply = make_reply_header({.request = test::register_header(), .op = 5, .timestamp = 6}, {});
  auto fields = fields_of<ReplyFields>(reply);
  MessageHeader without = reply;
  const u128 context = fields.context;
  fields.context = 0;
  set_fields(without, fields);
  seal(without, {});
  EXPECT_EQ(context, without.checksum);
  EXPECT_NE(context, reply.checksum);
}

TEST(MessageCodec, AnEvictionNamesTheClientAndTheReason) {
  for (const MessageHeader& message : {test::register_header(), test::ping_header()}) {
    const MessageHeader eviction = make_eviction(message, EvictionReason::kSessionTooLow);
    EXPECT_EQ(kFormat.check_header(eviction), MessageFault::kNone);
    EXPECT_TRUE(kFormat.fits(eviction, {}));
    EXPECT_EQ(eviction.size, kHeaderBytes);
    EXPECT_EQ(fields_of<EvictionFields>(eviction).client, test::kClient);
    EXPECT_EQ(fields_of<EvictionFields>(eviction).reason, EvictionReason::kSessionTooLow);
  }
}

TEST(MessageCodec, APongReturnsTheTimeOfThePing) {
  const MessageHeader pong = make_pong(test::ping_header());
  EXPECT_EQ(kFormat.check_header(pong), MessageFault::kNone);
  EXPECT_TRUE(kFormat.fits(pong, {}));
  EXPECT_EQ(pong.command, Command::kPongClient);
  EXPECT_EQ(pong.release, test::kRelease);
  EXPECT_EQ(fields_of<PongClientFields>(pong).ping_timestamp_monotonic, 99U);
}

TEST(MessageFormat, EveryFlippedBitOfAHeaderIsNoticed) {
  const MessageHeader good = test::register_header();
  for (std::size_t bit = 0; bit < sizeof good * 8; ++bit) {
    MessageHeader bad = good;
    auto* bytes = reinterpret_cast<std::byte*>(&bad);
    bytes[bit / 8] ^= std::byte{1} << (bit % 8);
    EXPECT_EQ(kFormat.check_header(bad), MessageFault::kHeaderChecksum) << "bit " << bit;
  }
}

MessageFault fault_with(std::uint32_t size, u128 cluster = test::kCluster) {
  MessageHeader header = test::register_header();
  header.cluster = cluster;
  header.size = size;
  header.checksum = checksum_of(std::as_bytes(std::span(&header, 1)).subspan(16));
  return kFormat.check_header(header);
}

TEST(MessageFormat, SizesAndClusters) {
  EXPECT_EQ(fault_with(kHeaderBytes), MessageFault::kNone);
  EXPECT_EQ(fault_with(kMessageBytesMax), MessageFault::kNone);
  EXPECT_EQ(fault_with(kHeaderBytes - 1), MessageFault::kSizeTooSmall);
  EXPECT_EQ(fault_with(0), MessageFault::kSizeTooSmall);
  EXPECT_EQ(fault_with(kMessageBytesMax + 1), MessageFault::kSizeTooLarge);
  EXPECT_EQ(fault_with(0xFFFFFFFF), MessageFault::kSizeTooLarge);
  EXPECT_EQ(fault_with(kHeaderBytes, test::kCluster + 1), MessageFault::kCluster);
}

Bytes conversation() {
  const RegisterRequest body;
  Bytes stream = test::joined(test::ping_header(), {});
  const auto add = [&](const MessageHeader& header, std::span<const std::byte> more) {
    const Bytes message = test::joined(header, more);
    stream.insert(stream.end(), message.begin(), message.end());
  };
  add(test::register_header(), std::as_bytes(std::span(&body, 1)));
  for (std::uint32_t request = 1; request <= 3; ++request) {
    const Bytes transfers = test::multi_batch(128, {request, 20 * request});
    add(test::request_header(test::request_fields(OperationCode::kCreateTransfers, request), transfers), transfers);
  }
  return stream;
}

/// Sizes of the messages in a stream that arrives in pieces, and whether it ended with a fault.
std::vector<std::uint32_t> read(std::span<const std::byte> stream, std::size_t piece_bytes, MessageFault& fault) {
  MessageReader reader(kFormat, 1024);
  std::vector<std::uint32_t> sizes;
  Bytes destination;
  for (; !stream.empty(); stream = stream.subspan(std::min(piece_bytes, stream.size()))) {
    reader.feed(stream.first(std::min(piece_bytes, stream.size())));
    for (bool more = true; more;) {
      switch (reader.next()) {
        case MessageReader::Event::kNeedMore: more = false; break;
        case MessageReader::Event::kHeader:
          destination.resize(body_bytes(reader.header()));
          reader.receive_body_into(destination.data());
          break;
        case MessageReader::Event::kFrame: sizes.push_back(reader.header().size); break;
        default: fault = reader.fault(); return sizes;
      }
    }
  }
  return sizes;
}

TEST(MessageReader, AStreamIsTheSameInPiecesOfAnySize) {
  const Bytes stream = conversation();
  const std::vector<std::uint32_t> expected{256, 512, 256 + 22 * 128, 256 + 43 * 128, 256 + 64 * 128};
  for (std::size_t piece = 1; piece < stream.size() + 400; piece = piece < 600 ? piece + 1 : piece + 397) {
    MessageFault fault = MessageFault::kNone;
    ASSERT_EQ(read(stream, piece, fault), expected) << "pieces of " << piece;
    ASSERT_EQ(fault, MessageFault::kNone);
  }
}

TEST(MessageReader, AFlippedBitOfABodyEndsTheStreamThere) {
  Bytes stream = conversation();
  stream[256 + 512 + 256 + 700] ^= std::byte{4};
  for (const std::size_t piece : {std::size_t{100}, stream.size()}) {
    MessageFault fault = MessageFault::kNone;
    EXPECT_EQ(read(stream, piece, fault).size(), 2U);
    EXPECT_EQ(fault, MessageFault::kBodyChecksum);
  }
}

}  // namespace
}  // namespace florin::tigerbeetle
