#pragma once

#include <immintrin.h>

#include <bit>
#include <cstdint>

namespace florin::core {

/// What a key sets in one cache line of a Bloom filter: one bit in each of its eight words. One line is one cache miss, and all of it is compared
/// at once.
struct LineMask {
  /// From bits 16 .. 63 of `mixed`, six for each word. Lane i of the line is word i.
  explicit LineMask(std::uint64_t mixed) noexcept {
    const __m256i all = _mm256_set1_epi64x(static_cast<std::int64_t>(mixed));
    const __m256i six = _mm256_set1_epi64x(63);
    const __m256i one = _mm256_set1_epi64x(1);
    low = _mm256_sllv_epi64(one, _mm256_and_si256(_mm256_srlv_epi64(all, _mm256_setr_epi64x(16, 22, 28, 34)), six));
    high = _mm256_sllv_epi64(one, _mm256_and_si256(_mm256_srlv_epi64(all, _mm256_setr_epi64x(40, 46, 52, 58)), six));
  }
  __m256i low;
  __m256i high;
};

/// One line of a filter that is made by one thread and then only read.
struct alignas(64) FilterLine {
  std::uint64_t words[8] = {};

  void add(const LineMask& key) noexcept {
    store(0, _mm256_or_si256(load(0), key.low));
    store(1, _mm256_or_si256(load(1), key.high));
  }
  void merge(const FilterLine& other) noexcept {
    store(0, _mm256_or_si256(load(0), other.load(0)));
    store(1, _mm256_or_si256(load(1), other.load(1)));
  }
  /// False: no such key was added.
  [[nodiscard]] bool may_have(const LineMask& key) const noexcept {
    return (_mm256_testc_si256(load(0), key.low) & _mm256_testc_si256(load(1), key.high)) != 0;
  }
  /// How many of 2^32 other keys would find all their bits set.
  [[nodiscard]] std::uint64_t false_share() const noexcept {
    std::uint64_t keys = 1;  // of 64^8
    for (const std::uint64_t word : words) keys *= static_cast<std::uint64_t>(std::popcount(word));
    return keys >> 16;
  }

 private:
  [[nodiscard]] __m256i load(int half) const noexcept { return _mm256_load_si256(reinterpret_cast<const __m256i*>(words) + half); }
  void store(int half, __m256i value) noexcept { _mm256_store_si256(reinterpret_cast<__m256i*>(words) + half, value); }
};
static_assert(sizeof(FilterLine) == 64);

}  // namespace florin::core
