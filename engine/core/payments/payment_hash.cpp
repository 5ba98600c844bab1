#include "core/payments/payment_hash.hpp"

#define XXH_INLINE_ALL  // the library is built for the oldest processors; inlined it uses those we promise
#include <xxhash.h>

#include <array>
#include <cstring>

namespace florin::core {

/// The seed is in both steps: of names with one hash, which anybody could make without it, some hundred would fill the lines of a table.
std::uint64_t PaymentHash::of(Kind kind, std::span<const std::byte> bytes) const noexcept {
  const XXH128_hash_t hash = XXH3_128bits_withSeed(bytes.data(), bytes.size(), hash_(static_cast<std::uint8_t>(kind)));
  return hash_(make_u128(hash.high64, hash.low64));
}

std::uint64_t PaymentHash::key(u128 principal, u128 key) const noexcept {
  const u128 both[2] = {principal, key};
  return of(Kind::kKey, std::as_bytes(std::span(both)));
}

std::uint64_t PaymentHash::order(u128 id) const noexcept { return of(Kind::kOrder, std::as_bytes(std::span(&id, 1))); }

std::uint64_t PaymentHash::reference(u128 merchant, std::span<const std::uint8_t, 32> reference) const noexcept {
  std::array<std::byte, sizeof merchant + 32> bytes;
  std::memcpy(bytes.data(), &merchant, sizeof merchant);
  std::memcpy(bytes.data() + sizeof merchant, reference.data(), reference.size());
  return of(Kind::kReference, bytes);
}

std::uint64_t PaymentHash::story(StoryKind kind, u128 object) const noexcept {
  const u128 both[2] = {static_cast<std::uint8_t>(kind), object};
  return of(Kind::kStory, std::as_bytes(std::span(both)));
}

}  // namespace florin::core
