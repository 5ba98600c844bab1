#include "core/state_hash.hpp"

#define XXH_INLINE_ALL  // the library is built for the oldest processors; inlined it uses those we promise
#include <xxhash.h>

namespace florin::core {

u128 combine_state_hash(const StateHashParts& parts) noexcept {
  const XXH128_hash_t hash = XXH3_128bits(&parts, sizeof parts);
  return make_u128(hash.high64, hash.low64);
}

}  // namespace florin::core
