#include "password.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <iterator>
#include <span>
#include <string>

namespace florin::tools {
namespace {

std::string hex(std::span<const std::uint8_t> bytes) {
  std::string text;
  for (const std::uint8_t byte : bytes) {
    text += "0123456789abcdef"[byte >> 4];
    text += "0123456789abcdef"[byte & 15];
  }
  return text;
}

constexpr PasswordUse kUse{.store_id = 1, .principal = 2, .key = 3, .party = 4};

/// Worked out by another implementation of HMAC-SHA256 and scrypt.
TEST(Password, IsHashedByScryptWithASaltOfItsUse) {
  const auto hash = hash_password("correct horse", kUse);
  ASSERT_TRUE(hash) << hash.error().message();
  EXPECT_EQ(hex(hash->salt), "ee99d6483be540278b29a1337f82c179");
  EXPECT_EQ(hex(hash->scrypt), "8fccc225eb9130bac9c58d9e9be3cf651dbb58c6fc3521937f530dfec8379fde");
  EXPECT_EQ(hash->log2_n, 17U);
  EXPECT_EQ(hash->r, 8U);
  EXPECT_EQ(hash->p, 1U);
}

TEST(Password, IsTheSameBytesForTheSameCommandAndOthersForAnother) {
  const auto hash = hash_password("correct horse", kUse);
  const auto again = hash_password("correct horse", kUse);
  PasswordUse other = kUse;
  other.key = 5;
  const auto of_other = hash_password("correct horse", other);
  ASSERT_TRUE(hash && again && of_other);
  EXPECT_EQ(*hash, *again);
  EXPECT_NE(hex(hash->salt), hex(of_other->salt));
  EXPECT_NE(hex(hash->scrypt), hex(of_other->scrypt));
}

TEST(Password, IsHashedAgainWithTheSaltAndTheCostsThatThePartyHas) {
  const auto hash = hash_password("correct horse", kUse);
  ASSERT_TRUE(hash);
  Party party{.log2_n = hash->log2_n, .r = hash->r, .p = hash->p};
  std::copy(std::begin(hash->salt), std::end(hash->salt), party.salt);
  EXPECT_EQ(hash_password_again("correct horse", party).value(), *hash);
  EXPECT_NE(hash_password_again("correct hors", party).value(), *hash);
  party.log2_n = 10;
  const auto cheaper = hash_password_again("correct horse", party);
  ASSERT_TRUE(cheaper);
  EXPECT_EQ(cheaper->log2_n, 10U);
  EXPECT_NE(hex(cheaper->scrypt), hex(hash->scrypt));
  party.log2_n = 200;
  EXPECT_EQ(hash_password_again("correct horse", party).error().kind(), ErrorKind::kOutOfMemory);
  EXPECT_EQ(hash_password_again("correct horse", {}).error().kind(), ErrorKind::kUsage);
}

TEST(Password, OfAVariableIsOverwrittenWhereItLies) {
  ::setenv("PASSWORD_OF_THE_TEST", "correct horse", 1);
  const char* place = std::getenv("PASSWORD_OF_THE_TEST");
  {
    const PasswordVariable password("PASSWORD_OF_THE_TEST");
    EXPECT_EQ(password.text(), "correct horse");
  }
  EXPECT_EQ(std::string(place, 13), std::string(13, '\0'));
  EXPECT_EQ(PasswordVariable("PASSWORD_OF_THE_TEST").text(), "");
  EXPECT_EQ(PasswordVariable("NO_SUCH_VARIABLE_OF_THE_TEST").text(), "");
}

TEST(Password, KeysHaveTheirFingerprint) {
  std::uint8_t digest[32] = {};
  const std::string text = "abc";
  sha256(std::as_bytes(std::span(text)), digest);
  EXPECT_EQ(hex(digest), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

}  // namespace
}  // namespace florin::tools
