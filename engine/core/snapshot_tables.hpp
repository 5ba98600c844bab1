#pragma once

#include <cstdint>

namespace florin::core {

/// Tables of a snapshot. Rows are in order of time and do not depend on the number of partitions; what else is in memory
/// (index tables, postings, holds) follows from them.
enum SnapshotTable : std::uint32_t {
  kSnapshotAccounts = 1,   ///< Account, with its balances
  kSnapshotTransfers = 2,  ///< Transfer
  kSnapshotExpiries = 3,   ///< Expiry
  kSnapshotFailedIds = 4,  ///< u128
};

/// Rows of a chunk at most: 1 MiB of accounts or transfers.
inline constexpr std::uint64_t kSnapshotChunkRows = 8192;

}  // namespace florin::core
