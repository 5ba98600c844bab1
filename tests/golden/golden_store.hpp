#pragma once

#include <cstdint>
#include <ostream>
#include <string>

/// @file
/// The stores whose files are committed.

namespace florin::test {

/// A store that the real pipeline, journal and snapshot store write, stepped on the calling thread, with fixed ids and a clock of its own: the same
/// batches and chunks every time.
struct GoldenStore {
  const char* name;                ///< of its files: journal_<name>.mdb, snapshot_<name>.mdb
  std::uint64_t snapshot_sequence;  ///< snapshot after this event
  std::uint64_t last_sequence;      ///< end of the journal
  std::uint64_t batches;
  std::uint64_t chunks;             ///< of the snapshot
  const char* hash_at_snapshot;
  const char* hash_at_end;
  const char* digest_at_end;
  /// Writes it into `folder`. `partitions` must not matter. Failures are test failures.
  void (*write)(const std::string& folder, unsigned partitions);
};

inline void PrintTo(const GoldenStore& store, std::ostream* out) { *out << store.name; }

/// Accounts and transfers of all kinds.
void write_ledger_store(const std::string& folder, unsigned partitions);
/// Sessions of TigerBeetle's clients, and their writes.
void write_sessions_store(const std::string& folder, unsigned partitions);

}  // namespace florin::test
