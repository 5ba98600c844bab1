#pragma once

#include <cstdint>
#include <type_traits>

namespace florin::core {

/// What of the ledger's history was dropped by command: transfers and expiries before a time. All zero: nothing.
///
/// Whether something is dropped follows from its timestamp and from this alone, never from what happens to be in memory, or in a file, still:
/// so outcomes and answers are the same in every life of the ledger. Files shrink some time later, and nobody can tell when.
struct DroppedHistory {
  std::uint64_t timestamp = 0;        ///< what came before it is dropped
  std::uint64_t transfers = 0;        ///< so many, the first ones of the ledger
  std::uint64_t newest_transfer = 0;  ///< timestamp of the newest of them
  std::uint64_t newest_expiry = 0;    ///< and of the newest expiry
  std::uint64_t reserved[2] = {};

  [[nodiscard]] bool has(std::uint64_t its_timestamp) const noexcept { return its_timestamp < timestamp; }
};
static_assert(sizeof(DroppedHistory) == 48 && std::has_unique_object_representations_v<DroppedHistory>);

}  // namespace florin::core
