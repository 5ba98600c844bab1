#pragma once

#include <cstdint>

#include "core/payments/payment_records.hpp"
#include "florin/uint128.hpp"

/// @file
/// What the state hash is made of where payments are concerned. Includes the hash function: for source files.

#ifndef XXH_INLINE_ALL
#define XXH_INLINE_ALL  // the library is built for the oldest processors; inlined it uses those we promise
#endif
#include <xxhash.h>

namespace florin::core {

/// Of a row with its table and its number, so that no two rows can be swapped.
template <typename Row>
u128 hash_row(std::uint32_t table, std::uint64_t number, const Row& row) noexcept {
  const XXH128_hash_t hash = XXH3_128bits_withSeed(&row, sizeof row, std::uint64_t{table} << 48 | number);
  return make_u128(hash.high64, hash.low64);
}

/// Of an order with its parts, wherever it is kept. No two orders have one id.
inline u128 hash_of(const OrderImage& order) noexcept {
  const XXH128_hash_t hash = XXH3_128bits(order.lines().data(), order.lines().size_bytes());
  return make_u128(hash.high64, hash.low64);
}

}  // namespace florin::core
