#define XXH_INLINE_ALL
#include <xxhash.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <optional>
#include <vector>

#include "florin/uint128.hpp"
#include "shop.hpp"

/// @file
/// Names that a client made so that they have one XXH3-128 with seed 0. Some hundred under one tag are more than a table has lines for.

namespace florin::test {
namespace {

constexpr std::size_t kReference = 32;

/// A merchant and a reference, as they are hashed, such that the hash does not depend on `free_word`; nothing: there is none with it, or it has a
/// zero byte. XXH3 multiplies the words of 48 bytes in pairs: the first pair of the reference is chosen so that one half of the sum is `wanted`,
/// the third word so that its product is zero, and the last one then sets the other half.
class CollidingReferences {
 public:
  explicit CollidingReferences(u128 merchant) { std::memcpy(merchant_, &merchant, sizeof merchant); }

  [[nodiscard]] std::vector<std::vector<std::uint8_t>> make(std::size_t count) const {
    std::vector<std::vector<std::uint8_t>> all;
    for (std::uint64_t factor = 2; all.size() < count; factor += 2) {
      for (std::uint64_t high = 0; high < factor && all.size() < count; ++high) {
        const auto second = second_word(factor, high);
        if (!second) continue;
        const std::uint64_t words[4] = {secret(48) ^ factor, *second, secret(16), last_word(secret(48) ^ factor, *second)};
        std::vector<std::uint8_t> reference(kReference);
        std::memcpy(reference.data(), words, sizeof words);
        if (std::ranges::find(reference, 0) == reference.end()) all.push_back(std::move(reference));
      }
    }
    return all;
  }

 private:
  static constexpr std::uint64_t kWantedHigh = 0x1234567890ABCDEF;
  static constexpr std::uint64_t kWantedLow = 0xFEEDFACECAFEBEEF;

  static std::uint64_t secret(std::size_t at) {
    std::uint64_t word = 0;
    std::memcpy(&word, XXH3_kSecret + at, sizeof word);
    return word;
  }
  static std::uint64_t fold(std::uint64_t a, std::uint64_t b) {
    const u128 product = u128{a} * b;
    return low64(product) ^ high64(product);
  }

  /// v with fold(factor x v) ^ (first + (v ^ secret)) = wanted, bit by bit, for a product whose upper half is `high`.
  static std::optional<std::uint64_t> second_word(std::uint64_t factor, std::uint64_t high) {
    const std::uint64_t first = secret(48) ^ factor;
    std::uint64_t v = 0;
    std::uint64_t carry = 0;
    for (unsigned bit = 0; bit < 64; ++bit) {
      const std::uint64_t sum = ((factor * v >> bit) ^ (high >> bit) ^ (kWantedHigh >> bit)) & 1;
      const std::uint64_t one = first >> bit & 1;
      const std::uint64_t other = sum ^ one ^ carry;
      v |= (other ^ (secret(56) >> bit & 1)) << bit;
      carry = (one & other) | (one & carry) | (other & carry);
    }
    if (high64(u128{factor} * v) != high) return std::nullopt;
    return v ^ secret(56);
  }
  std::uint64_t last_word(std::uint64_t first, std::uint64_t second) const {
    const std::uint64_t low = (48 * 0x9E3779B185EBCA87ULL + fold(first ^ secret(32), second ^ secret(40))) ^ (first + second);
    const std::uint64_t others = fold(merchant_[0] ^ secret(0), merchant_[1] ^ secret(8));
    return ((low + others) ^ kWantedLow) - secret(16);
  }

  std::uint64_t merchant_[2] = {};
};

TEST(CollidingNames, OfOrdersFillNoTable) {
  constexpr std::size_t kMany = 600;
  const auto references = CollidingReferences(kMerchant).make(kMany);
  const auto hash_of = [](const std::vector<std::uint8_t>& reference) {
    std::vector<std::uint8_t> name(sizeof(u128) + kReference);
    const u128 merchant = kMerchant;
    std::memcpy(name.data(), &merchant, sizeof merchant);
    std::ranges::copy(reference, name.begin() + sizeof merchant);
    return XXH3_128bits(name.data(), name.size()).low64;
  };
  ASSERT_EQ(hash_of(references.front()), hash_of(references.back()));

  Shop shop;
  u128 id = 5'000;
  for (const auto& reference : references) {
    CommandWithParts order = shop.make(CommandNumber::kCreateOrder, ++id, 100);
    std::ranges::copy(reference, order.command.reference);
    ASSERT_EQ(shop.send(order).code, PaymentResult::kDone) << to_decimal(id);
  }
}

}  // namespace
}  // namespace florin::test
