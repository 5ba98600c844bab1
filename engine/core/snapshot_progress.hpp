#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "core/client_sessions.hpp"
#include "core/past.hpp"
#include "core/snapshot_tables.hpp"
#include "core/state_hash.hpp"
#include "core/tables.hpp"
#include "florin/account.hpp"

namespace florin::core {

/// How far the running snapshot is. Rows of several partitions are merged by time: the file does not tell how many there were.
/// Accounts change and are copied as they were when it began, by the sequencing thread. Everything else only grows, so that it is
/// enough to remember how long it was, and another thread can read it.
/// Writer: the sequencing thread; of `rows`: who calls snapshot_rows(), when the accounts are complete.
struct SnapshotProgress {
  static constexpr std::size_t kTables = 5;  // by SnapshotTable, 0 unused
  using Positions = std::vector<std::array<std::uint64_t, kTables>>;  // by partition

  bool running = false;
  PastEnd past;    // what it builds on; nothing of that is in it
  DroppedHistory dropped;
  Positions size;  // rows when it began
  StateHashParts hash;

  Positions position;  // accounts emitted
  std::uint32_t account_chunk = 0;
  std::vector<Account> accounts;  // the chunk in hand
  std::uint32_t account_count = 0;
  struct Holds {
    std::uint32_t partition = 0;
    std::uint32_t place = 0;           // copied up to here
    std::uint32_t chunk = 0;
    std::vector<std::uint32_t> end;    // by partition: places when it began
    std::vector<Partition::Frozen> behind;  // by partition: what had left memory, or was being sealed
    std::vector<Transfer> transfers;   // the chunk in hand
    bool has_past = false;             // `past` is written
    bool has_dropped = false;          // `dropped` is
  };
  Holds holds;
  struct BatchEnds {
    std::size_t position = 0;
    std::size_t end = 0;
    std::uint32_t chunk = 0;
    std::vector<BatchEnd> rows;  // the chunk in hand
  };
  BatchEnds batch_ends;
  struct Sessions {
    ClientSessions::Frozen all;
    std::size_t next = 0;  // emitted up to here
    std::uint32_t chunk = 0;
    std::vector<ClientSession> rows;  // the chunk in hand
    std::vector<OutcomeRun> runs;
    u128 hash = 0;  // of those emitted
  };
  Sessions sessions;
  std::vector<std::vector<std::uint32_t>> places;  // by partition and ordinal - 1: place of the account; with one partition the ordinal

  struct Rows {
    std::uint32_t table = kSnapshotTransfers;
    std::uint32_t chunk = 0;
    Positions position;
    std::vector<std::byte> transfers;  // the chunk in hand
    std::vector<TransferExtra> extras;
    std::vector<SnapshotExpiry> expiries;
    std::vector<u128> failed_ids;
  };
  Rows rows;

  SnapshotProgress(const Tables& tables, const PastEnd& end);

  [[nodiscard]] std::uint32_t place_of(std::uint32_t partition, std::uint32_t ordinal) const noexcept {
    return places.empty() ? ordinal : places[partition][ordinal - 1];
  }

  /// Index of the partition whose next row of a table is the oldest, or tables.count() if there is none.
  template <typename TimeOf>
  [[nodiscard]] std::uint32_t oldest(const Tables& tables, std::uint32_t table, const Positions& at, TimeOf&& time_of) const {
    std::uint32_t best = tables.count();
    std::uint64_t best_time = 0;
    for (std::uint32_t p = 0; p < tables.count(); ++p) {
      if (at[p][table] == size[p][table]) continue;
      const std::uint64_t time = time_of(tables[p], at[p][table]);
      if (best == tables.count() || time < best_time) {
        best = p;
        best_time = time;
      }
    }
    return best;
  }
};

}  // namespace florin::core
