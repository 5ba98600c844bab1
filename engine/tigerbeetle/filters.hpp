#pragma once

#include <cstddef>
#include <span>

#include "florin/frame.hpp"

/// @file
/// Filters as clients send them. Each is the beginning of florin's own of that name, which has more fields where the peer has reserved bytes,
/// or behind them; so it is read as one, and where florin has more there must be zeros.

namespace florin::tigerbeetle {

/// Whether a filter can match at all; to one that cannot the answer is nothing. `filter` is one element of a request that asks for `native`.
bool is_sound(Operation native, std::span<const std::byte> filter) noexcept;

}  // namespace florin::tigerbeetle
