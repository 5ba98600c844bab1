#include "core/payments/fingerprint.hpp"

#define XXH_INLINE_ALL  // the library is built for the oldest processors; inlined it uses those we promise
#include <xxhash.h>

#include <bit>

#include "florin/payment_command.hpp"

namespace florin::core {

u128 fingerprint(std::span<const std::byte> command, std::uint64_t seed) noexcept {
  const auto covered = command.subspan(offsetof(PaymentCommand, id));
  const XXH128_hash_t hash = XXH3_128bits_withSeed(covered.data(), covered.size(), seed);
  return make_u128(hash.high64, hash.low64);
}

namespace {

constexpr unsigned kDigestBits = 6;
constexpr std::uint32_t kDigestMask = (1U << kDigestBits) - 1;
/// Where the groups begin, in the order in which they are named.
constexpr std::uint32_t kGroups[] = {offsetof(PaymentCommand, amount), offsetof(PaymentCommand, merchant), sizeof(PaymentCommand),
                                     offsetof(PaymentCommand, object_id)};

std::uint32_t bits_of(const FieldDigests& digests) noexcept { return digests[0] | std::uint32_t{digests[1]} << 8 | std::uint32_t{digests[2]} << 16; }

}  // namespace

FieldDigests digest_fields(std::span<const std::byte> command, std::uint64_t seed) noexcept {
  const auto digest = [&](std::size_t begin, std::size_t end) {
    return static_cast<std::uint32_t>(XXH3_64bits_withSeed(command.data() + begin, end - begin, seed)) & kDigestMask;
  };
  const std::uint32_t bits = digest(kGroups[0], kGroups[1]) | digest(kGroups[1], kGroups[3]) << kDigestBits |
                             digest(kGroups[2], command.size()) << 2 * kDigestBits | digest(kGroups[3], kGroups[2]) << 3 * kDigestBits;
  return {static_cast<std::uint8_t>(bits), static_cast<std::uint8_t>(bits >> 8), static_cast<std::uint8_t>(bits >> 16)};
}

std::uint32_t differing_fields(const FieldDigests& one, const FieldDigests& other) noexcept {
  const std::uint32_t different = bits_of(one) ^ bits_of(other);
  return different == 0 ? 0 : kGroups[static_cast<unsigned>(std::countr_zero(different)) / kDigestBits];
}

}  // namespace florin::core
