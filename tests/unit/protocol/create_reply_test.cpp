#include "protocol/create_reply.hpp"

#include <gtest/gtest.h>

#include <cstring>

#include "unit/protocol/frames.hpp"

namespace florin::protocol {
namespace {

using test::Bytes;

Bytes body_of(const std::vector<CreateReplyEntry>& entries, std::size_t extra_bytes = 0) {
  Bytes body(entries.size() * sizeof(CreateReplyEntry) + extra_bytes);
  if (!entries.empty()) std::memcpy(body.data(), entries.data(), entries.size() * sizeof(CreateReplyEntry));
  return body;
}

bool parses(const Bytes& body, std::uint32_t count, std::uint32_t events, std::uint16_t flags = 0) {
  const FrameHeader header = make_reply_header({.operation = Operation::kCreateTransfers, .flags = flags, .count = count}, body);
  CreateReplyView view;
  return parse_create_reply(header, body, events, view);
}

TEST(CreateReply, UnlistedEventsWereCreatedAtTheirOwnTime) {
  std::vector<CreateResult> results(4);
  expand_results(1000, {}, results);
  EXPECT_EQ(results[0], (CreateResult{997, kCreated, 0}));
  EXPECT_EQ(results[3], (CreateResult{1000, kCreated, 0}));
}

TEST(CreateReply, ListedEventsReplaceTheirs) {
  const Bytes body = body_of({{1, 46, 55}, {3, 54, 1000}});
  std::vector<CreateResult> results(4);
  expand_results(1000, body, results);
  EXPECT_EQ(results[0], (CreateResult{997, kCreated, 0}));
  EXPECT_EQ(results[1], (CreateResult{55, 46, 0}));
  EXPECT_EQ(results[2], (CreateResult{999, kCreated, 0}));
  EXPECT_EQ(results[3], (CreateResult{1000, 54, 0}));
}

TEST(CreateReply, SectionsAreCutBySize) {
  const Bytes body = body_of({{0, 1, 2}}, 2 * kPostBalancesBytes + sizeof(LatencyReceipt));
  const FrameHeader header = make_reply_header(
      {.operation = Operation::kCreateTransfers, .flags = RequestFlags::kAll, .count = 1}, body);
  CreateReplyView view;
  ASSERT_TRUE(parse_create_reply(header, body, 2, view));
  EXPECT_EQ(view.entries.size(), 16U);
  EXPECT_EQ(view.post_balances.size(), 2 * kPostBalancesBytes);
  EXPECT_EQ(view.receipt.size(), sizeof(LatencyReceipt));
}

TEST(CreateReply, ContradictionsAreRefused) {
  EXPECT_TRUE(parses(body_of({}), 0, 3));
  EXPECT_FALSE(parses(body_of({{0, 1, 2}}), 0, 3)) << "bytes without count";
  EXPECT_FALSE(parses(body_of({}), 1, 3)) << "count without bytes";
  EXPECT_FALSE(parses(body_of({{3, 1, 2}}), 1, 3)) << "index beyond the request";
  EXPECT_FALSE(parses(body_of({{1, 1, 2}, {1, 1, 2}}), 2, 3)) << "index twice";
  EXPECT_FALSE(parses(body_of({{2, 1, 2}, {0, 1, 2}}), 2, 3)) << "descending";
  EXPECT_FALSE(parses(body_of({{0, 1, 2}, {1, 1, 2}}), 2, 1)) << "more entries than events";
  EXPECT_FALSE(parses(body_of({}), 0, 1, RequestFlags::kLatencyReceipt)) << "receipt missing";
  EXPECT_FALSE(parses(body_of({}), 0, 1, RequestFlags::kPostBalances)) << "balances missing";
}

}  // namespace
}  // namespace florin::protocol
