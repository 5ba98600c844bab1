#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "core/snapshot_tables.hpp"
#include "core/state_hash.hpp"
#include "core/tables.hpp"
#include "florin/account.hpp"

namespace florin::core {

/// How far the running snapshot is. Accounts are copied as they were when it began; everything else only grows, so that it is
/// enough to remember how long it was. Rows of several partitions are merged by time: the file does not tell how many there were.
struct SnapshotProgress {
  static constexpr std::size_t kTables = 5;  // by SnapshotTable, 0 unused

  bool running = false;
  std::uint32_t table = kSnapshotAccounts;
  std::uint32_t chunk = 0;
  std::vector<std::array<std::uint64_t, kTables>> size;      // by partition: rows when it began
  std::vector<std::array<std::uint64_t, kTables>> position;  // by partition: rows emitted
  StateHashParts hash;
  std::vector<Account> accounts;  // the chunk in hand
  std::vector<Transfer> transfers;
  std::vector<Expiry> expiries;
  std::vector<u128> failed_ids;

  explicit SnapshotProgress(const Tables& tables);

  /// Index of the partition whose next row of the current table is the oldest, or tables.count() if there is none.
  template <typename TimeOf>
  [[nodiscard]] std::uint32_t oldest(const Tables& tables, TimeOf&& time_of) const {
    std::uint32_t best = tables.count();
    std::uint64_t best_time = 0;
    for (std::uint32_t p = 0; p < tables.count(); ++p) {
      if (position[p][table] == size[p][table]) continue;
      const std::uint64_t time = time_of(tables[p], position[p][table]);
      if (best == tables.count() || time < best_time) {
        best = p;
        best_time = time;
      }
    }
    return best;
  }
};

}  // namespace florin::core
