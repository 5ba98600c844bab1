#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace florin::tigerbeetle {
namespace aes {

/// Times x in GF(2^8) modulo x^8 + x^4 + x^3 + x + 1.
constexpr std::uint8_t doubled(std::uint8_t value) noexcept {
  return static_cast<std::uint8_t>(value << 1 ^ ((value & 0x80) != 0 ? 0x1b : 0));
}

/// Walks all p != 0 as powers of 3, and with them their inverses q; the substitute of p is an affine image of q.
constexpr std::array<std::uint8_t, 256> make_substitutes() noexcept {
  std::array<std::uint8_t, 256> substitutes{};
  std::uint8_t p = 1;
  std::uint8_t q = 1;
  do {
    p = static_cast<std::uint8_t>(p ^ doubled(p));
    q = static_cast<std::uint8_t>(q ^ q << 1);
    q = static_cast<std::uint8_t>(q ^ q << 2);
    q = static_cast<std::uint8_t>(q ^ q << 4);
    if ((q & 0x80) != 0) q ^= 0x09;
    substitutes[p] = static_cast<std::uint8_t>(q ^ std::rotl(q, 1) ^ std::rotl(q, 2) ^ std::rotl(q, 3) ^ std::rotl(q, 4) ^ 0x63);
  } while (p != 1);
  substitutes[0] = 0x63;
  return substitutes;
}

constexpr std::array<std::uint32_t, 256> make_mixed() noexcept {
  const std::array<std::uint8_t, 256> substitutes = make_substitutes();
  std::array<std::uint32_t, 256> mixed{};
  for (std::size_t i = 0; i < mixed.size(); ++i) {
    const std::uint32_t once = substitutes[i];
    const std::uint32_t twice = doubled(substitutes[i]);
    mixed[i] = twice | once << 8 | once << 16 | (once ^ twice) << 24;
  }
  return mixed;
}

/// For each byte: its substitute times the column {2, 1, 1, 3} of the mixing matrix.
inline constexpr std::array<std::uint32_t, 256> kMixed = make_mixed();

}  // namespace aes

/// A round of AES in plain C++, for processors without instructions for it: the usual table, whose other columns are rotations of the first.
/// Not constant in time, which a checksum need not be.
class PortableBlock {
 public:
  static PortableBlock load(const std::byte* bytes) noexcept {
    PortableBlock block;
    std::memcpy(block.columns_.data(), bytes, sizeof block.columns_);
    return block;
  }
  static PortableBlock of(std::uint64_t low, std::uint64_t high) noexcept {
    PortableBlock block;
    block.columns_ = {static_cast<std::uint32_t>(low), static_cast<std::uint32_t>(low >> 32), static_cast<std::uint32_t>(high),
                      static_cast<std::uint32_t>(high >> 32)};
    return block;
  }
  [[nodiscard]] std::uint64_t low() const noexcept { return columns_[0] | std::uint64_t{columns_[1]} << 32; }
  [[nodiscard]] std::uint64_t high() const noexcept { return columns_[2] | std::uint64_t{columns_[3]} << 32; }

  friend PortableBlock operator^(const PortableBlock& a, const PortableBlock& b) noexcept {
    PortableBlock block;
    for (std::size_t i = 0; i < 4; ++i) block.columns_[i] = a.columns_[i] ^ b.columns_[i];
    return block;
  }

  /// Substitute bytes, shift rows, mix columns, add the key.
  static PortableBlock round(const PortableBlock& in, const PortableBlock& key) noexcept {
    PortableBlock block;
    for (std::size_t i = 0; i < 4; ++i) {
      const auto row = [&](std::size_t r) { return aes::kMixed[in.columns_[(i + r) % 4] >> (8 * r) & 0xff]; };
      block.columns_[i] = row(0) ^ std::rotl(row(1), 8) ^ std::rotl(row(2), 16) ^ std::rotl(row(3), 24) ^ key.columns_[i];
    }
    return block;
  }

 private:
  std::array<std::uint32_t, 4> columns_{};  // little-endian, as all of the protocol
};

}  // namespace florin::tigerbeetle
