#pragma once

#include <string>

/// @file
/// The store whose files are committed as journal_v1.mdb and snapshot_v1.mdb.

namespace florin::test {

/// Where the files of the store lie in its folder.
inline constexpr const char* kGoldenJournalFile = "/journal/00000000000000000001.mdb";
inline constexpr const char* kGoldenSnapshotFile = "/snapshots/00000000000000000024.mdb";
/// Snapshot after this event, end of the journal after that one.
inline constexpr unsigned kGoldenSnapshotSequence = 24;
inline constexpr unsigned kGoldenLastSequence = 27;
inline constexpr unsigned kGoldenBatches = 8;

/// Writes the store into `folder` with the real pipeline, journal and snapshot store, stepped on this thread, with fixed ids and
/// a clock of its own: the same batches and chunks every time. `partitions` must not matter. Failures are test failures.
void write_golden_store(const std::string& folder, unsigned partitions);

}  // namespace florin::test
