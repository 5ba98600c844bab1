#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "backup/manifest.hpp"
#include "backup/pace.hpp"
#include "florin/status.hpp"

namespace florin::backup {

struct BackupOptions {
  std::string data;  ///< data folder, of a running server or not
  std::string to;    ///< folder of the backups of this store
  std::uint64_t segment_bytes = 1ULL << 30;
  std::string archive = {};  ///< where its archived segments lie; empty: where the data folder says
};

struct BackupReport {
  Manifest manifest;                   ///< the backup that is there now
  std::uint64_t previous_sequence = 0;  ///< of the backup before; 0: this was the first
  std::uint64_t files_new = 0;
  std::uint64_t bytes_new = 0;
  std::vector<std::string> notes;  ///< what was left out, and why
};

/// Makes the backup in `to` one of the store as it is now: consistent at one sequence, every byte verified as it is read and read back after
/// it was written. Only what is new is copied.
///
///   journal     batches behind the last backup's, into segments of their own: what was copied once is never copied again
///   snapshots   the newest that is not newer than the journal's copy; the one before stays too
///   history     the sealed segments that are there now and end within the journal's copy, archived or not: what was copied in one form is
///               not copied again in the other
///
/// Reads beside a running server, takes no lock of it, and writes nothing in its folder. Killed or failed at any moment, the backup before
/// stays as it was.
Result<BackupReport> take_backup(const BackupOptions& options, Pace& pace);

}  // namespace florin::backup
