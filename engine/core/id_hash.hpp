#pragma once

#include <cstdint>

#include "florin/uint128.hpp"

namespace florin::core {

/// Hash of a 128-bit id under the store's random seed, so that no client can aim at one bucket. Two wide multiplications: one
/// alone turns ids that count up into an even progression, which for an unlucky seed crowds into few lines of a table. Ids are
/// hashed three times a transfer. It never reaches an outcome, nor the state hash but as the seed of digests of clients' bodies (ClientSessions).
class IdHash {
 public:
  explicit IdHash(u128 seed = 0) noexcept : low_(low64(seed) ^ 0x9E3779B97F4A7C15ULL), high_(high64(seed) ^ 0xBF58476D1CE4E5B9ULL) {}

  [[nodiscard]] std::uint64_t operator()(u128 id) const noexcept {
    return fold(fold(low64(id) ^ low_, high64(id) ^ high_), 0xFF51AFD7ED558CCDULL);
  }

 private:
  static std::uint64_t fold(std::uint64_t a, std::uint64_t b) noexcept {
    const u128 product = u128{a} * b;
    return low64(product) ^ high64(product);
  }

  std::uint64_t low_;
  std::uint64_t high_;
};

/// Which of `count` partitions owns an id with this hash: equal ranges of the hash's upper half.
constexpr std::uint32_t partition_of(std::uint64_t hash, std::uint32_t count) noexcept {
  return static_cast<std::uint32_t>(((hash >> 32) * count) >> 32);
}

}  // namespace florin::core
