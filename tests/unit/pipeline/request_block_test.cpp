#include "pipeline/request_block.hpp"

#include <gtest/gtest.h>

#include <cstring>

#include "runtime/mapped_memory.hpp"

namespace florin::pipeline {
namespace {

class RequestBlockTest : public testing::Test {
 protected:
  runtime::MappedMemory memory{RequestBlock::memory_bytes()};
  RequestBlock block{memory.data()};
};

TEST_F(RequestBlockTest, BodiesAreAlignedPaddedAndAdjacent) {
  std::memset(memory.data(), 0xFF, memory.size());
  Request& first = block.add(20, 40);
  Request& second = block.add(128, 0);
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(first.body) % 16, 0U);
  EXPECT_EQ(second.body, first.body + 32);
  for (int i = 20; i < 32; ++i) EXPECT_EQ(first.body[i], std::byte{0});
  EXPECT_EQ(block.requests().size(), 2U);
  EXPECT_EQ(block.body_bytes_used(), 160U);
}

TEST_F(RequestBlockTest, RepliesHaveRoomForAFrameHeaderAndDoNotOverlap) {
  Request& first = block.add(0, 40);
  Request& second = block.add(0, 8);
  EXPECT_EQ(first.reply.capacity, 40U);
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(first.reply.data) % 16, 0U);
  EXPECT_GE(second.reply.data - first.reply.data, 40 + static_cast<int>(kFrameHeaderBytes));
}

TEST_F(RequestBlockTest, TheLargestRequestAndTheLargestReplyFit) {
  EXPECT_TRUE(block.has_room(kBodyBytesMax, kReplyBytesMax));
  block.add(kBodyBytesMax, kReplyBytesMax);
  EXPECT_FALSE(block.has_room(kBodyBytesMax, 0));
  EXPECT_FALSE(block.has_room(0, kReplyBytesMax));
  EXPECT_TRUE(block.has_room(128, 16));
}

TEST_F(RequestBlockTest, CountIsBounded) {
  for (std::uint32_t i = 0; i < RequestBlock::kRequestsMax; ++i) {
    ASSERT_TRUE(block.has_room(16, 0));
    block.add(16, 0);
  }
  EXPECT_FALSE(block.has_room(16, 0));
}

TEST_F(RequestBlockTest, NothingIsWrittenOutsideItsMemory) {
  std::uint32_t count = 0;
  while (block.has_room(128, 144)) {
    Request& request = block.add(128, 144);
    std::memset(request.body, 1, 128);
    std::memset(request.reply.data - kFrameHeaderBytes, 2, kFrameHeaderBytes + 144);
    ASSERT_LE(request.reply.data + 144, memory.data() + memory.size());
    ++count;
  }
  EXPECT_GT(count, 4000U);
  EXPECT_EQ(block.requests()[0].body_bytes, 128U);
  EXPECT_EQ(block.requests()[count - 1].body[127], std::byte{1});
}

TEST_F(RequestBlockTest, DropLastGivesItsRoomBack) {
  Request& kept = block.add(16, 16);
  const Request& dropped = block.add(64, 64);
  const std::byte* body = dropped.body;
  const std::byte* reply = dropped.reply.data;
  block.drop_last();
  EXPECT_EQ(block.requests().size(), 1U);
  const Request& again = block.add(64, 64);
  EXPECT_EQ(again.body, body);
  EXPECT_EQ(again.reply.data, reply);
  EXPECT_EQ(kept.body_bytes, 16U);
}

TEST_F(RequestBlockTest, ClearStartsAfresh) {
  block.add(16, 16).sequence = 9;
  block.outcome_unknown = true;
  block.clear();
  EXPECT_TRUE(block.empty());
  EXPECT_FALSE(block.outcome_unknown);
  EXPECT_EQ(block.add(16, 16).sequence, 0U);
}

}  // namespace
}  // namespace florin::pipeline
