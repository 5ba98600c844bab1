#include "core/payments/payment_hash.hpp"

#define XXH_INLINE_ALL  // the library is built for the oldest processors; inlined it uses those we promise
#include <xxhash.h>

#include <cstring>

namespace florin::core {
namespace {

constexpr std::uint64_t kKindStep = 0x9E3779B97F4A7C15ULL;

}  // namespace

/// The seed is in both steps: of names with one hash, which anybody could make without it, some hundred would fill the lines of a table.
std::uint64_t PaymentHash::record(std::span<const std::byte> bytes) const noexcept {
  const XXH128_hash_t hash = XXH3_128bits_withSeed(bytes.data(), bytes.size(), hash_(0));
  return hash_(make_u128(hash.high64, hash.low64));
}

/// Of halves that are hashes under the seed already. Every payment takes five of these, so they are made of the few multiplications of IdHash and not of
/// a hash for texts of any length.
std::uint64_t PaymentHash::of(Kind kind, std::uint64_t a, std::uint64_t b) const noexcept {
  return hash_(make_u128(a, b ^ (static_cast<std::uint64_t>(kind) * kKindStep)));
}

std::uint64_t PaymentHash::key(u128 principal, u128 key) const noexcept { return of(Kind::kKey, hash_(principal), hash_(key)); }

std::uint64_t PaymentHash::order(u128 id) const noexcept { return of(Kind::kOrder, hash_(id), 0); }

std::uint64_t PaymentHash::reference(u128 merchant, std::span<const std::uint8_t, 32> reference) const noexcept {
  u128 halves[2];
  static_assert(sizeof halves == reference.size());
  std::memcpy(halves, reference.data(), sizeof halves);
  return of(Kind::kReference, hash_(merchant), hash_(make_u128(hash_(halves[0]), hash_(halves[1]))));
}

CommandHashes PaymentHash::command(const PaymentCommand& command, u128 principal) const noexcept {
  CommandHashes hashes;
  hashes.key = key(principal, command.key);
  hashes.order.id = order(command.id);
  if (!makes_an_order(command.command)) return hashes;
  hashes.order.reference = reference(command.merchant, command.reference);
  hashes.merchant = number(command.merchant);
  hashes.payer = number(command.payer);
  hashes.payer_account = number(command.payer_account);
  hashes.owner_account = number(command.owner_account);
  return hashes;
}

std::uint64_t PaymentHash::story(StoryKind kind, u128 object) const noexcept {
  return of(Kind::kStory, hash_(object), static_cast<std::uint8_t>(kind));
}

}  // namespace florin::core
