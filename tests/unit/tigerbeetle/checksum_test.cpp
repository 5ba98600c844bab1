#include <gtest/gtest.h>

#include <vector>

#include "support/random.hpp"
#include "tigerbeetle/aegis.hpp"
#include "tigerbeetle/checksum.hpp"
#include "tigerbeetle/portable_block.hpp"

namespace florin::tigerbeetle {
namespace {

using Bytes = std::vector<std::byte>;

Bytes counting(std::size_t size, unsigned first = 0) {
  Bytes bytes(size);
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::byte>(first + i);
  return bytes;
}

/// As the specifications write it: in the order of bytes.
std::string hex(std::span<const std::byte> bytes) {
  std::string text;
  for (const std::byte byte : bytes) {
    text += "0123456789abcdef"[static_cast<unsigned>(byte) >> 4];
    text += "0123456789abcdef"[static_cast<unsigned>(byte) & 15];
  }
  return text;
}
std::string hex(u128 value) { return hex(std::as_bytes(std::span(&value, 1))); }

PortableBlock draft_key() { return PortableBlock::of(0x0110, 0); }
PortableBlock draft_nonce() { return PortableBlock::of(0x020010, 0); }

/// The tags of the draft's appendix for messages that are empty; with one, what follows needs the cipher, which a checksum does not have.
std::string tag_of(std::span<const std::byte> data, std::uint64_t second_bits) {
  Aegis128L<PortableBlock> aegis(draft_key(), draft_nonce());
  aegis.absorb(data);
  const PortableBlock tag = aegis.finish(8 * data.size(), second_bits);
  return hex(make_u128(tag.high(), tag.low()));
}

TEST(Aegis, TestVector2OfTheDraft) { EXPECT_EQ(tag_of({}, 0), "c2b879a67def9d74e6c14f708bbcc9b4"); }

TEST(Aegis, TestVectorForAuthenticationAloneOfTheDraft) {
  EXPECT_EQ(tag_of(counting(35), 128), "d3f09b2842ad301687d6902c921d7818");
}

/// Absorbing a message changes the state as absorbing data does, so the tags of messages can be had without their ciphertexts.
std::string tag_of(std::span<const std::byte> data, std::span<const std::byte> message) {
  Aegis128L<PortableBlock> aegis(draft_key(), draft_nonce());
  aegis.absorb(data);
  aegis.absorb(message);
  const PortableBlock tag = aegis.finish(8 * data.size(), 8 * message.size());
  return hex(make_u128(tag.high(), tag.low()));
}

TEST(Aegis, TestVectors1And3To5OfTheDraft) {
  EXPECT_EQ(tag_of({}, Bytes(16)), "abe0ece80c24868a226a35d16bdae37a");
  EXPECT_EQ(tag_of(counting(8), counting(32)), "cc6f3372f6aa1bb82388d695c3962d9a");
  EXPECT_EQ(tag_of(counting(8), counting(14)), "5c04b3dba849b2701effbe32c7f0fab7");
  EXPECT_EQ(tag_of(counting(42), counting(40, 0x10)), "7542a745733014f9474417b337399507");
}

TEST(Checksum, OfNothingAndOfSixteenZeros) {
  EXPECT_EQ(hex(checksum_of({})), "83cc600dc4e3e7e62d4055826174f149");
  EXPECT_EQ(hex(checksum_in_plain_code({})), "83cc600dc4e3e7e62d4055826174f149");
  EXPECT_EQ(hex(checksum_of(Bytes(16))), "f72ad48dd05dd1656133101cd4be3a26");
}

TEST(Checksum, BothWaysAgreeForEveryLengthAndAlignment) {
  if (!is_checksum_accelerated()) GTEST_SKIP() << "this processor has no instructions for AES";
  florin::test::Random random(1);
  Bytes bytes(1200);
  for (std::byte& byte : bytes) byte = static_cast<std::byte>(random.below(256));
  for (std::size_t size = 0; size <= 1100; ++size) {
    const auto data = std::span(bytes).subspan(random.below(64), size);
    ASSERT_EQ(checksum_with_aes_instructions(data), checksum_in_plain_code(data)) << size << " bytes";
    if (size > 0) { ASSERT_EQ(checksum_of(data), checksum_in_plain_code(data)); }
  }
}

TEST(Checksum, EveryBitCounts) {
  Bytes bytes = counting(97);
  const u128 before = checksum_of(bytes);
  for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    bytes[bit / 8] ^= std::byte{1} << (bit % 8);
    EXPECT_NE(checksum_of(bytes), before) << "bit " << bit;
    bytes[bit / 8] ^= std::byte{1} << (bit % 8);
  }
}

TEST(Checksum, ZerosAtTheEndCount) { EXPECT_NE(checksum_of(Bytes(31)), checksum_of(Bytes(32))); }

}  // namespace
}  // namespace florin::tigerbeetle
