#include "florin/multi_batch.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "support/random.hpp"
#include "tigerbeetle/multi_batch_writer.hpp"
#include "unit/tigerbeetle/messages.hpp"

namespace florin::tigerbeetle {
namespace {

using test::Bytes;

TEST(MultiBatch, SizesOfThePeersExamples) {
  EXPECT_EQ(test::multi_batch(128, {1}).size(), 256U);
  EXPECT_EQ(test::multi_batch(128, {0}).size(), 128U);
  EXPECT_EQ(8'189 * 128 + trailer_bytes(1, 128), 1'048'320U);
  EXPECT_EQ(8'189 * 16 + trailer_bytes(1, 16), 8'190U * 16);
  EXPECT_EQ(trailer_bytes(7, 16), 16U);
  EXPECT_EQ(trailer_bytes(8, 16), 32U);
}

TEST(MultiBatch, ReadsEachBatchInOrder) {
  const Bytes body = test::multi_batch(128, {8, 1, 0, 4});
  ASSERT_EQ(body.size(), 13U * 128 + 128);
  const auto batches = MultiBatch::parse(body, 128);
  ASSERT_TRUE(batches);
  EXPECT_EQ(batches->batches(), 4U);
  EXPECT_EQ(batches->elements(), 13U);
  EXPECT_EQ(batches->elements(0), 8U);
  EXPECT_EQ(batches->elements(1), 1U);
  EXPECT_EQ(batches->elements(2), 0U);
  EXPECT_EQ(batches->elements(3), 4U);
  EXPECT_EQ(batches->payload().size(), 13U * 128);
  EXPECT_EQ(batches->payload().data(), body.data());
}

TEST(MultiBatch, BodiesThatAreNone) {
  EXPECT_FALSE(MultiBatch::parse({}, 128)) << "empty";
  EXPECT_FALSE(MultiBatch::parse(Bytes(1), 16)) << "too short for a number of batches";
  EXPECT_FALSE(MultiBatch::parse(Bytes(128), 128)) << "no batch";
  EXPECT_FALSE(MultiBatch::parse(Bytes(128, std::byte{0xFF}), 128)) << "65,535 batches";
  const Bytes good = test::multi_batch(16, {2, 3});
  EXPECT_TRUE(MultiBatch::parse(good, 16));
  EXPECT_FALSE(MultiBatch::parse(std::span(good).subspan(16), 16)) << "an element too few";
  Bytes bad = good;
  bad.insert(bad.begin(), 16, std::byte{0});
  EXPECT_FALSE(MultiBatch::parse(bad, 16)) << "an element too many";
  bad = good;
  bad[5 * 16] = std::byte{0xFE};
  EXPECT_FALSE(MultiBatch::parse(bad, 16)) << "padding that is none";
  bad = good;
  std::fill_n(bad.begin() + 5 * 16, 10, std::byte{0});
  EXPECT_FALSE(MultiBatch::parse(bad, 16)) << "zeros for padding";
  bad = good;
  bad[bad.size() - 1] = std::byte{0xFF};
  bad[bad.size() - 2] = std::byte{0xFE};
  EXPECT_FALSE(MultiBatch::parse(bad, 16)) << "65,534 batches, and no room for their counts";
}

TEST(MultiBatch, EveryFlippedBitOfTheTrailerIsNoticed) {
  const Bytes good = test::multi_batch(16, {2, 3, 1});
  for (std::size_t at = 6 * 16; at < good.size(); ++at) {
    for (unsigned bit = 0; bit < 8; ++bit) {
      Bytes bad = good;
      bad[at] ^= std::byte{1} << bit;
      EXPECT_FALSE(MultiBatch::parse(bad, 16)) << "byte " << at << " bit " << bit;
    }
  }
}

TEST(MultiBatch, WhatIsWrittenIsRead) {
  florin::test::Random random(3);
  for (int round = 0; round < 500; ++round) {
    const auto element_bytes = random.pick({8U, 16U, 64U, 128U});
    std::vector<std::uint32_t> counts(1 + random.below(40));
    std::uint32_t elements = 0;
    for (std::uint32_t& count : counts) elements += count = static_cast<std::uint32_t>(random.below(5));
    // No byte more than is needed, and bytes of before in it.
    Bytes buffer(std::size_t{elements} * element_bytes + trailer_bytes(static_cast<std::uint32_t>(counts.size()), element_bytes), std::byte{0x77});
    MultiBatchWriter writer(buffer, element_bytes);
    for (const std::uint32_t count : counts) {
      std::fill_n(writer.begin_batch(), std::size_t{count} * element_bytes, static_cast<std::byte>(count));
      writer.end_batch(count);
    }
    ASSERT_EQ(writer.finish(), buffer.size());
    const auto batches = MultiBatch::parse(buffer, element_bytes);
    ASSERT_TRUE(batches);
    ASSERT_EQ(batches->batches(), counts.size());
    std::size_t at = 0;
    for (std::uint32_t i = 0; i < counts.size(); ++i) {
      ASSERT_EQ(batches->elements(i), counts[i]);
      for (const std::byte byte : batches->payload().subspan(at, std::size_t{counts[i]} * element_bytes)) ASSERT_EQ(byte, std::byte(counts[i]));
      at += std::size_t{counts[i]} * element_bytes;
    }
  }
}

}  // namespace
}  // namespace florin::tigerbeetle
