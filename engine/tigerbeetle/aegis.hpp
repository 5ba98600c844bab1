#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

namespace florin::tigerbeetle {

/// AEGIS-128L (draft-irtf-cfrg-aegis-aead) as far as a checksum needs it: key and nonce in, associated data absorbed, tag out.
///
/// `Block` is 16 bytes with load(), of(), `^` and round(block, key), one round of AES. The eight blocks are members with names, not an
/// array: they have to stay in registers, and an indexed array goes to memory (four times slower).
template <typename Block>
class Aegis128L {
 public:
  static constexpr std::size_t kStepBytes = 32;  ///< absorbed by one update()

  Aegis128L(const Block& key, const Block& nonce) noexcept
      : s0_(key ^ nonce), s1_(c1()), s2_(c0()), s3_(c1()), s4_(key ^ nonce), s5_(key ^ c0()), s6_(key ^ c1()), s7_(key ^ c0()) {
    for (int i = 0; i < 10; ++i) update(nonce, key);
  }

  /// The last step is padded with zeros, so only the last call may have a size that is no multiple of kStepBytes.
  [[gnu::always_inline]] void absorb(std::span<const std::byte> data) noexcept {
    const std::byte* at = data.data();
    for (std::size_t steps = data.size() / kStepBytes; steps > 0; --steps, at += kStepBytes) update(Block::load(at), Block::load(at + 16));
    const std::size_t rest = data.size() % kStepBytes;
    if (rest == 0) return;
    std::byte padded[kStepBytes] = {};
    std::memcpy(padded, at, rest);
    update(Block::load(padded), Block::load(padded + 16));
  }

  [[gnu::always_inline]] void update(const Block& first, const Block& second) noexcept {
    const Block last = s7_;
    s7_ = Block::round(s6_, s7_);
    s6_ = Block::round(s5_, s6_);
    s5_ = Block::round(s4_, s5_);
    s4_ = Block::round(s3_, s4_ ^ second);
    s3_ = Block::round(s2_, s3_);
    s2_ = Block::round(s1_, s2_);
    s1_ = Block::round(s0_, s1_);
    s0_ = Block::round(last, s0_ ^ first);
  }

  /// The tag of 128 bits. The lengths are those of associated data and message, in bits.
  [[nodiscard]] Block finish(std::uint64_t data_bits, std::uint64_t message_bits) noexcept {
    const Block lengths = s2_ ^ Block::of(data_bits, message_bits);
    for (int i = 0; i < 7; ++i) update(lengths, lengths);
    return s0_ ^ s1_ ^ s2_ ^ s3_ ^ s4_ ^ s5_ ^ s6_;
  }

 private:
  // Fibonacci numbers modulo 256, as the specification has them.
  static Block c0() noexcept { return Block::of(0x0d08050302010100ULL, 0x6279e99059372215ULL); }
  static Block c1() noexcept { return Block::of(0xf12fc26d55183ddbULL, 0xdd28b57342311120ULL); }

  Block s0_, s1_, s2_, s3_, s4_, s5_, s6_, s7_;
};

}  // namespace florin::tigerbeetle
