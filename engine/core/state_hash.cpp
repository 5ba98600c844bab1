#include "core/state_hash.hpp"

#define XXH_INLINE_ALL  // the library is built for the oldest processors; inlined it uses those we promise
#include <xxhash.h>

namespace florin::core {

namespace {

template <typename Bytes>
u128 hash_of(const Bytes& bytes) noexcept {
  const XXH128_hash_t hash = XXH3_128bits(&bytes, sizeof bytes);
  return make_u128(hash.high64, hash.low64);
}

}  // namespace

u128 combine_state_hash(const StateHashParts& parts, const DroppedHistory& dropped, u128 sessions, u128 payments) noexcept {
  u128 all = hash_of(parts);
  if (dropped.timestamp != 0) {
    const struct {
      u128 all;
      DroppedHistory dropped;
    } both{all, dropped};
    static_assert(std::has_unique_object_representations_v<decltype(both)>);
    all = hash_of(both);
  }
  if (sessions != 0) {
    const u128 both[2] = {all, sessions};
    all = hash_of(both);
  }
  if (payments != 0) {
    const u128 tagged[3] = {all, payments, 1};  // not what as many sessions would make
    all = hash_of(tagged);
  }
  return all;
}

}  // namespace florin::core
