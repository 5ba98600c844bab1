#include <gtest/gtest.h>

#include "unit/protocol/frames.hpp"

namespace florin::protocol {
namespace {

using test::Bytes;

TEST(FrameCodec, ChecksumOfNothingIsThatOfTheAlgorithm) {
  const FrameHeader header = make_request_header({.operation = Operation::kPing}, {});
  EXPECT_EQ(header.body_checksum_low, 0x6001c324468d497fULL);
  EXPECT_EQ(header.body_checksum_high, 0x99aa06d3014798d8ULL);
}

TEST(FrameCodec, RequestHeaderCarriesItsFields) {
  const Bytes body = test::bytes_of(256);
  const FrameHeader header = make_request_header(
      {.operation = Operation::kCreateAccounts, .flags = RequestFlags::kLatencyReceipt, .request = 77, .timeout_ms = 1500}, body);
  EXPECT_EQ(check_header(header, Direction::kRequest), FrameFault::kNone);
  EXPECT_EQ(header.size, kFrameHeaderBytes + 256);
  EXPECT_EQ(header.request, 77U);
  EXPECT_EQ(timeout_ms(header), 1500U);
  EXPECT_EQ(header.operation, Operation::kCreateAccounts);
  EXPECT_EQ(body_checksum(header), checksum_of(body));
  EXPECT_EQ(body_bytes(header), 256U);
}

TEST(FrameCodec, ReplyHeaderCarriesItsFields) {
  const FrameHeader header = make_reply_header({.operation = Operation::kCreateTransfers,
                                                .flags = RequestFlags::kPostBalances,
                                                .request = 9,
                                                .sequence = 1234,
                                                .timestamp = 5678,
                                                .code = ReplyCode::kBusy,
                                                .count = 3},
                                               test::bytes_of(48));
  EXPECT_EQ(check_header(header, Direction::kReply), FrameFault::kNone);
  EXPECT_EQ(header.flags, kReplyFlag | RequestFlags::kPostBalances);
  EXPECT_EQ(header.first, 1234U);
  EXPECT_EQ(header.second, 5678U);
  EXPECT_EQ(code_of(header), ReplyCode::kBusy);
  EXPECT_EQ(header.count, 3U);
}

/// What check_header() says of a header in which one field was changed before it was sealed.
template <typename Change>
FrameFault fault_after(Change change, Direction direction = Direction::kRequest) {
  FrameHeader header;
  if (direction == Direction::kReply) header.flags = kReplyFlag;
  change(header);
  seal(header, {});
  return check_header(header, direction);
}

TEST(FrameCodec, RefusesEachBadField) {
  EXPECT_EQ(fault_after([](FrameHeader&) {}), FrameFault::kNone);
  EXPECT_EQ(fault_after([](FrameHeader& h) { h.version = 2; }), FrameFault::kVersion);
  EXPECT_EQ(fault_after([](FrameHeader& h) { h.flags = kReplyFlag; }), FrameFault::kDirection);
  EXPECT_EQ(fault_after([](FrameHeader& h) { h.flags = 1U << 2; }), FrameFault::kReservedFlags);
  EXPECT_EQ(fault_after([](FrameHeader& h) { h.first = 1; }), FrameFault::kReservedField);
  EXPECT_EQ(fault_after([](FrameHeader& h) { h.second = std::uint64_t{1} << 32; }), FrameFault::kReservedField);
  EXPECT_EQ(fault_after([](FrameHeader& h) { h.third = 1; }), FrameFault::kReservedField);
  EXPECT_EQ(fault_after([](FrameHeader& h) { h.count = 1; }), FrameFault::kReservedField);
  EXPECT_EQ(fault_after([](FrameHeader& h) { h.flags = 0; }, Direction::kReply), FrameFault::kDirection);
  EXPECT_EQ(fault_after([](FrameHeader& h) { h.flags = kReplyFlag | (1U << 9); }, Direction::kReply), FrameFault::kReservedFlags);
}

TEST(FrameCodec, UnknownOperationIsNoFaultOfTheFrame) {
  EXPECT_EQ(fault_after([](FrameHeader& h) { h.operation = static_cast<Operation>(200); }), FrameFault::kNone);
}

TEST(FrameCodec, EveryFlippedBitOfAHeaderIsDetected) {
  const FrameHeader good = make_request_header({.operation = Operation::kCreateTransfers, .request = 5}, test::bytes_of(128));
  for (std::size_t bit = 0; bit < sizeof good * 8; ++bit) {
    FrameHeader bad = good;
    auto* bytes = reinterpret_cast<unsigned char*>(&bad);
    bytes[bit / 8] = static_cast<unsigned char>(bytes[bit / 8] ^ (1U << (bit % 8)));
    EXPECT_EQ(check_header(bad, Direction::kRequest), FrameFault::kHeaderChecksum) << "bit " << bit;
  }
}

TEST(FrameCodec, EveryFaultHasAText) {
  for (int fault = 0; fault <= static_cast<int>(FrameFault::kBodyChecksum); ++fault) {
    EXPECT_NE(text_of(static_cast<FrameFault>(fault)), "unknown fault");
  }
}

}  // namespace
}  // namespace florin::protocol
