#include "tigerbeetle/checksum.hpp"

#include "tigerbeetle/aegis.hpp"
#include "tigerbeetle/portable_block.hpp"

namespace florin::tigerbeetle {
namespace {

/// Of nothing: half of the messages have no body.
constexpr u128 kEmptyChecksum = make_u128(0x49f174618255402dULL, 0xe6e7e3c40d60cc83ULL);

}  // namespace

bool is_checksum_accelerated() noexcept {
  static const bool is_there = __builtin_cpu_supports("aes") != 0;
  return is_there;
}

u128 checksum_of(std::span<const std::byte> data) noexcept {
  if (data.empty()) return kEmptyChecksum;
  return is_checksum_accelerated() ? checksum_with_aes_instructions(data) : checksum_in_plain_code(data);
}

u128 checksum_in_plain_code(std::span<const std::byte> data) noexcept {
  Aegis128L<PortableBlock> aegis(PortableBlock::of(0, 0), PortableBlock::of(0, 0));
  aegis.absorb(data);
  const PortableBlock tag = aegis.finish(8 * data.size(), 0);
  return make_u128(tag.high(), tag.low());
}

}  // namespace florin::tigerbeetle
