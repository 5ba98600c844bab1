#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "backup/backup_folder.hpp"
#include "backup/pace.hpp"
#include "backup/segment_filler.hpp"
#include "backup/stage_folder.hpp"
#include "florin/status.hpp"

namespace florin::backup {

struct RestoreOptions {
  std::string from;  ///< folder of backups
  std::string to;    ///< missing or empty
  /// Nothing after this event. Batches are what a journal is made of and are restored whole or not at all: one that goes beyond is left out.
  std::uint64_t to_sequence = std::numeric_limits<std::uint64_t>::max();
};

/// A data folder being made from a backup. Everything is put together and verified in `<to>/restoring.tmp`, which can be looked at as any data
/// folder; publish() moves it to its place, the journal last. Without that it goes away with the object, or with the error; killed, it stays, there
/// is no journal in `<to>`, and the next restore begins again. One thread.
class Restoration {
 public:
  /// Copies, checking all digests and the chain. kUsage if `to` holds anything, or lies in the backup; kNotFound if the backup does not reach
  /// the sequence; kCorrupt names the file.
  static Result<Restoration> stage(const RestoreOptions& options, Pace& pace);

  /// The data folder that was put together.
  [[nodiscard]] std::string staged() const { return stage_.path(); }
  /// Its last event.
  [[nodiscard]] std::uint64_t sequence() const noexcept { return end_.sequence; }
  [[nodiscard]] const Manifest& manifest() const noexcept { return backup_.manifest; }

  /// Makes `to` the data folder, durably.
  Status publish();

 private:
  Restoration(BackupReading backup, const RestoreOptions& options)
      : backup_(std::move(backup)), to_(options.to), to_sequence_(options.to_sequence), stage_(options.to) {}

  Status check_reach() const;
  Status clear_stage();
  Status stage_journal(Pace& pace);
  /// The batches of a segment that goes beyond the sequence asked for.
  Status stage_beginning(const BackupFile& segment, Pace& pace);
  Status stage_derived(Pace& pace);
  /// Copies a file, whole and as the manifest says.
  Status stage_file(const BackupFile& file, Pace& pace);
  Status check_staged_journal() const;

  BackupReading backup_;
  std::string to_;
  std::uint64_t to_sequence_;
  StageFolder stage_;
  CopyEnd end_;
  std::vector<BackupFile> segments_;  ///< staged
};

}  // namespace florin::backup
