#pragma once

#include <cstddef>
#include <span>

#include "florin/uint128.hpp"

namespace florin::record {

/// XXH3-128 (seed 0) of a run of bytes, as every checksum of the journal, the snapshots and the frames' bodies.
[[nodiscard]] u128 checksum(std::span<const std::byte> bytes) noexcept;

/// The same of `first` followed by `second`, which need not lie together.
[[nodiscard]] u128 checksum(std::span<const std::byte> first, std::span<const std::byte> second) noexcept;

}  // namespace florin::record
