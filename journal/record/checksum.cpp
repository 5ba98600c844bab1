#include "record/checksum.hpp"

// Inlined so that it is compiled for the processors florin promises, not for the oldest one the library's package knows.
#define XXH_INLINE_ALL
#include <xxhash.h>

namespace florin::record {

u128 checksum(std::span<const std::byte> bytes) noexcept {
  const XXH128_hash_t hash = XXH3_128bits(bytes.data(), bytes.size());
  return make_u128(hash.high64, hash.low64);
}

u128 checksum(std::span<const std::byte> first, std::span<const std::byte> second) noexcept {
  // One-shot hashing is several times faster on short input; callers often have both runs side by side.
  if (second.empty()) return checksum(first);
  if (first.data() + first.size() == second.data()) return checksum({first.data(), first.size() + second.size()});
  XXH3_state_t state;
  XXH3_128bits_reset(&state);
  XXH3_128bits_update(&state, first.data(), first.size());
  XXH3_128bits_update(&state, second.data(), second.size());
  const XXH128_hash_t hash = XXH3_128bits_digest(&state);
  return make_u128(hash.high64, hash.low64);
}

struct ChecksumStream::State {
  XXH3_state_t hash;
};

ChecksumStream::ChecksumStream() : state_(std::make_unique<State>()) { XXH3_128bits_reset(&state_->hash); }
ChecksumStream::~ChecksumStream() = default;

void ChecksumStream::add(std::span<const std::byte> bytes) noexcept { XXH3_128bits_update(&state_->hash, bytes.data(), bytes.size()); }

u128 ChecksumStream::value() const noexcept {
  const XXH128_hash_t hash = XXH3_128bits_digest(&state_->hash);
  return make_u128(hash.high64, hash.low64);
}

}  // namespace florin::record
