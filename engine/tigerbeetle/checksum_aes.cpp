#include <immintrin.h>

#include "tigerbeetle/aegis.hpp"
#include "tigerbeetle/checksum.hpp"

/// @file
/// Compiled for processors with AES instructions, which the rest of the program does not ask for. So nothing here may be seen by other files:
/// what both instantiated would have one body, and that might be this one.

namespace florin::tigerbeetle {
namespace {

class AesBlock {
 public:
  static AesBlock load(const std::byte* bytes) noexcept { return AesBlock(_mm_loadu_si128(reinterpret_cast<const __m128i*>(bytes))); }
  static AesBlock of(std::uint64_t low, std::uint64_t high) noexcept {
    return AesBlock(_mm_set_epi64x(static_cast<long long>(high), static_cast<long long>(low)));
  }
  friend AesBlock operator^(AesBlock a, AesBlock b) noexcept { return AesBlock(_mm_xor_si128(a.value_, b.value_)); }
  static AesBlock round(AesBlock in, AesBlock key) noexcept { return AesBlock(_mm_aesenc_si128(in.value_, key.value_)); }
  [[nodiscard]] u128 value() const noexcept {
    return make_u128(static_cast<std::uint64_t>(_mm_extract_epi64(value_, 1)), static_cast<std::uint64_t>(_mm_cvtsi128_si64(value_)));
  }

 private:
  explicit AesBlock(__m128i value) noexcept : value_(value) {}

  __m128i value_;
};

}  // namespace

u128 checksum_with_aes_instructions(std::span<const std::byte> data) noexcept {
  Aegis128L<AesBlock> aegis(AesBlock::of(0, 0), AesBlock::of(0, 0));
  aegis.absorb(data);
  return aegis.finish(8 * data.size(), 0).value();
}

}  // namespace florin::tigerbeetle
