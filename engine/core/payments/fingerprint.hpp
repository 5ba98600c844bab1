#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "florin/uint128.hpp"

/// @file
/// How a second use of a key is told from a retry: by a fingerprint of what the command says. Layouts are fixed and unused bytes zero, so equal
/// meaning is equal bytes. It is made with a secret of the store, so that nobody can make two commands that have one.

namespace florin::core {

/// XXH3-128 of everything behind the key. `command`: its 256 bytes and its parts, or the body of a group.
[[nodiscard]] u128 fingerprint(std::span<const std::byte> command, std::uint64_t seed) noexcept;

/// The first byte in which two commands differ, or the length of the shorter one: what key_reused tells. Keys are not looked at.
[[nodiscard]] std::size_t first_difference(std::span<const std::byte> one, std::span<const std::byte> other) noexcept;

}  // namespace florin::core
