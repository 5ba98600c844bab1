#pragma once

#include <cstdint>

#include "core/dropped_history.hpp"
#include "florin/uint128.hpp"

namespace florin::core {

/// What the state hash is made of. The sums do not depend on order, so neither on the number of partitions; the chain of
/// outcome digests covers ids and history.
struct StateHashParts {
  u128 accounts = 0;  ///< sum of the hashes of all accounts
  u128 holds = 0;     ///< sum of the hashes of all open holds
  u128 outcomes = 0;  ///< running chain of outcome digests
  std::uint64_t sequence = 0;
  std::uint64_t timestamp = 0;
};
static_assert(sizeof(StateHashParts) == 64);

/// As long as nothing was dropped, that counts for nothing, and so do `sessions` and `payments`, the sums of the hashes of all sessions and of all
/// objects of payments, while there are none.
u128 combine_state_hash(const StateHashParts& parts, const DroppedHistory& dropped = {}, u128 sessions = 0, u128 payments = 0) noexcept;

}  // namespace florin::core
