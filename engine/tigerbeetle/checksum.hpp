#pragma once

#include <cstddef>
#include <span>

#include "florin/uint128.hpp"

namespace florin::tigerbeetle {

/// The checksum of headers and bodies: AEGIS-128L over `data` as associated data, with key and nonce zero. Any thread.
u128 checksum_of(std::span<const std::byte> data) noexcept;

/// The processor has instructions for AES, and checksum_of() uses them. Without them it is right but about thirty times
/// slower: whoever starts to serve says so.
bool is_checksum_accelerated() noexcept;

// The two ways to compute it, for tests and measurements.

u128 checksum_in_plain_code(std::span<const std::byte> data) noexcept;
/// Only where is_checksum_accelerated().
u128 checksum_with_aes_instructions(std::span<const std::byte> data) noexcept;

}  // namespace florin::tigerbeetle
