#include "core/payments/fingerprint.hpp"

#include <gtest/gtest.h>

#include <map>
#include <vector>

#include "florin/payment_command.hpp"

namespace florin::core {
namespace {

/// 256 bytes and two parts: 0, 1, 2 ...
std::vector<std::byte> counting_bytes() {
  std::vector<std::byte> bytes(command_bytes(2));
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::byte>(i);
  return bytes;
}

TEST(Fingerprint, IsXxh3OfEverythingBehindTheKey) {
  // Known answers, for whoever writes a client or reads a journal: XXH3-128, seed 0, of bytes 16 to 319 and 16 to 255.
  const std::vector<std::byte> bytes = counting_bytes();
  EXPECT_EQ(to_hex(fingerprint(bytes, 0)), "6e9a188365bffa6362f02161b911cc80");
  EXPECT_EQ(to_hex(fingerprint(std::span(bytes).first(256), 0)), "dfab9fb6d48871f6e9e36bfad993dba0");
}

TEST(Fingerprint, DependsOnEveryByteButTheKeys) {
  std::vector<std::byte> bytes = counting_bytes();
  const u128 original = fingerprint(bytes, 0);
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    bytes[i] ^= std::byte{1};
    EXPECT_EQ(fingerprint(bytes, 0) == original, i < 16) << i;
    bytes[i] ^= std::byte{1};
  }
}

TEST(Fingerprint, IsTheStoresOwn) {
  const std::vector<std::byte> bytes = counting_bytes();
  EXPECT_NE(fingerprint(bytes, 1), fingerprint(bytes, 2)) << "or whoever knows how it is made could make two commands that have one";
}

TEST(FieldDigests, NameTheFirstGroupThatDiffers) {
  std::vector<std::byte> bytes = counting_bytes();
  const FieldDigests original = digest_fields(bytes, 7);
  EXPECT_EQ(differing_fields(original, original), 0U);
  const auto named = [&](std::size_t first, std::size_t behind) {
    std::map<std::uint32_t, int> names;
    for (std::size_t i = first; i < behind; ++i) {
      bytes[i] ^= std::byte{1};
      ++names[differing_fields(original, digest_fields(bytes, 7))];
      bytes[i] ^= std::byte{1};
    }
    return names;
  };
  const auto is_nearly_always = [](const std::map<std::uint32_t, int>& names, std::uint32_t name, int all) {
    for (const auto& [seen, count] : names) EXPECT_TRUE(seen == name || seen == 0) << seen;  // never another one
    EXPECT_GT(names.at(name), all * 9 / 10);
  };
  EXPECT_EQ(named(0, 32), (std::map<std::uint32_t, int>{{0, 32}})) << "key and id are no field of these";
  is_nearly_always(named(32, 48), 32, 16);
  is_nearly_always(named(48, 112), 48, 64);
  is_nearly_always(named(112, 256), 112, 144);
  is_nearly_always(named(256, 320), 256, 64);
}

TEST(FieldDigests, ArePackedInTheOrderInWhichTheyAreNamed) {
  EXPECT_EQ(differing_fields({0, 0, 0}, {0xFF, 0xFF, 0xFF}), 32U);
  EXPECT_EQ(differing_fields({0, 0, 0}, {0xC0, 0xFF, 0xFF}), 48U);
  EXPECT_EQ(differing_fields({0, 0, 0}, {0, 0xF0, 0xFF}), 256U);
  EXPECT_EQ(differing_fields({0, 0, 0}, {0, 0, 0x80}), 112U);
}

}  // namespace
}  // namespace florin::core
