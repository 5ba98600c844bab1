#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

/// @file
/// What the fuzzers and the corpus test call. Each takes any bytes and must neither crash nor read out of bounds; broken
/// promises abort.

namespace florin::journal::fuzz {

/// The bytes as one batch: verified, and walked if good.
void batch(std::span<const std::uint8_t> input);
/// The bytes as the only segment file of a copied journal: examined and read to its end.
void segment(std::span<const std::uint8_t> input);
/// The bytes as a snapshot file: opened, and all chunks read.
void snapshot(std::span<const std::uint8_t> input);

}  // namespace florin::journal::fuzz
