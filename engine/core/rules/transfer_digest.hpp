#pragma once

#include <cstdint>
#include <optional>
#include <type_traits>

#include "florin/transfer.hpp"

/// @file
/// What is kept of a dropped transfer to know it again: digests of the fields that a second use of its id is compared by.
///
/// XXH3-64 of the 128 bytes of the transfer without its timestamp, and without its amount if it was balancing: such a transfer was created with
/// less than was asked for. A post or void may leave out what its hold says, and nobody knows the hold any more: what it leaves out fits, and what it
/// gives has to be what was stored. So each of its fields has a digest of its own.

namespace florin::core {

struct TransferDigest {
  /// Of what a post or void has from its hold unless it gives it: as it was stored. 32 bits of each; what has no more is kept as it is.
  struct Inherited {
    std::uint32_t debit_account_id = 0;
    std::uint32_t credit_account_id = 0;
    std::uint32_t ledger = 0;
    std::uint32_t code = 0;
    std::uint32_t user_data_128 = 0;
    std::uint32_t user_data_64 = 0;
    std::uint32_t user_data_32 = 0;
    friend bool operator==(const Inherited&, const Inherited&) = default;
  };
  static_assert(sizeof(Inherited) == 28 && std::has_unique_object_representations_v<Inherited>);

  /// Of the whole transfer; of a post or void two halves: the low one of id, flags and pending_id, the high one of its amount.
  std::uint64_t value = 0;
  std::optional<Inherited> inherited = std::nullopt;  ///< of a post or void
  friend bool operator==(const TransferDigest&, const TransferDigest&) = default;
};

/// `transfer`: as it was stored.
[[nodiscard]] TransferDigest transfer_digest(const Transfer& transfer) noexcept;

/// True if a transfer with this digest may be what `event` asks for.
[[nodiscard]] bool matches_digest(const Transfer& event, const TransferDigest& digest) noexcept;

}  // namespace florin::core
