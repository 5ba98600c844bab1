#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>

#include "florin/uint128.hpp"

namespace florin::test {

/// Seeded random numbers that are the same on every machine and with every standard library: xoshiro256**, seeded by
/// SplitMix64. Writer: one test thread.
class Random {
 public:
  explicit Random(std::uint64_t seed) {
    for (std::uint64_t& word : state_) {
      seed += 0x9E3779B97F4A7C15ULL;
      std::uint64_t z = seed;
      z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
      z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
      word = z ^ (z >> 31);
    }
  }

  std::uint64_t next() {
    const std::uint64_t result = rotate(state_[1] * 5, 7) * 9;
    const std::uint64_t shifted = state_[1] << 17;
    state_[2] ^= state_[0];
    state_[3] ^= state_[1];
    state_[1] ^= state_[2];
    state_[0] ^= state_[3];
    state_[2] ^= shifted;
    state_[3] = rotate(state_[3], 45);
    return result;
  }

  u128 next_u128() {
    const std::uint64_t high = next();
    return make_u128(high, next());
  }

  /// In [0, bound); the bias is below bound / 2^64. `bound` is not 0.
  std::uint64_t below(std::uint64_t bound) { return high64(u128{next()} * bound); }
  /// In [low, high].
  std::uint64_t between(std::uint64_t low, std::uint64_t high) { return low + below(high - low + 1); }
  bool chance(unsigned percent) { return below(100) < percent; }
  bool per_mille(unsigned share) { return below(1000) < share; }

  template <typename T>
  T pick(std::initializer_list<T> values) {
    return values.begin()[below(values.size())];
  }
  template <typename Container>
  const auto& pick_from(const Container& values) {
    return values[static_cast<std::size_t>(below(values.size()))];
  }

 private:
  static std::uint64_t rotate(std::uint64_t value, int bits) { return (value << bits) | (value >> (64 - bits)); }

  std::uint64_t state_[4];
};

}  // namespace florin::test
