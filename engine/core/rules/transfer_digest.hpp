#pragma once

#include <cstdint>

#include "florin/transfer.hpp"

/// @file
/// What is kept of a dropped transfer to know it again: a digest of the fields that a second use of its id is compared by.
///
/// XXH3-64 of the 128 bytes of the transfer without its timestamp, and without its amount if it was balancing: such a transfer was created with
/// less than was asked for. A post or void may leave out what its hold says, and nobody knows the hold any more. So its digest is two
/// of 32 bits: the low half of id, flags and pending_id, the high half of its amount.

namespace florin::core {

/// `transfer`: as it was stored.
[[nodiscard]] std::uint64_t transfer_digest(const Transfer& transfer) noexcept;

/// True if a transfer with this digest may be what `event` asks for.
[[nodiscard]] bool matches_digest(const Transfer& event, std::uint64_t digest) noexcept;

}  // namespace florin::core
