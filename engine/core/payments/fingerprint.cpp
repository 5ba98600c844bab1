#include "core/payments/fingerprint.hpp"

#define XXH_INLINE_ALL  // the library is built for the oldest processors; inlined it uses those we promise
#include <xxhash.h>

#include <algorithm>

#include "florin/payment_command.hpp"

namespace florin::core {

u128 fingerprint(std::span<const std::byte> command, std::uint64_t seed) noexcept {
  const auto covered = command.subspan(offsetof(PaymentCommand, id));
  const XXH128_hash_t hash = XXH3_128bits_withSeed(covered.data(), covered.size(), seed);
  return make_u128(hash.high64, hash.low64);
}

std::size_t first_difference(std::span<const std::byte> one, std::span<const std::byte> other) noexcept {
  const auto shorter = static_cast<std::ptrdiff_t>(std::min(one.size(), other.size()));
  const auto start = static_cast<std::ptrdiff_t>(offsetof(PaymentCommand, id));
  return static_cast<std::size_t>(std::mismatch(one.begin() + start, one.begin() + shorter, other.begin() + start).first - one.begin());
}

}  // namespace florin::core
