#pragma once

#include <array>
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

/// Six bits of each group of fields that key_reused can name: the amount, merchant to owner_account, the parts, and the rest from object_id on.
using FieldDigests = std::array<std::uint8_t, 3>;
[[nodiscard]] FieldDigests digest_fields(std::span<const std::byte> command, std::uint64_t seed) noexcept;

/// Where in a command the first of these groups begins that is not the same; 0: none is known to differ. What is named does differ; a group before it
/// may too, one time in 64.
[[nodiscard]] std::uint32_t differing_fields(const FieldDigests& one, const FieldDigests& other) noexcept;

}  // namespace florin::core
