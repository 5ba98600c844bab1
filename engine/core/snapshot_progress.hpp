#pragma once

#include <cstdint>
#include <vector>

#include "core/snapshot_tables.hpp"
#include "core/state_hash.hpp"
#include "florin/account.hpp"

namespace florin::core {

/// How far the running snapshot is. Accounts are copied as they were when it began; everything else only grows, so that it is
/// enough to remember how long it was.
struct SnapshotProgress {
  bool running = false;
  std::uint32_t table = 0;
  std::uint32_t chunk = 0;
  std::uint64_t position = 0;
  std::uint64_t accounts = 0;
  std::uint64_t transfers = 0;
  std::uint64_t expiries = 0;
  std::uint64_t failed_ids = 0;
  StateHashParts hash;
  std::vector<Account> rows;

  void next_table() noexcept {
    ++table;
    chunk = 0;
    position = 0;
  }
};

}  // namespace florin::core
