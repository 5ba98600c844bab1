#include "backup/restore.hpp"

#include <algorithm>
#include <filesystem>

#include "backup/chain_check.hpp"
#include "backup/derived_files.hpp"
#include "backup/file_copy.hpp"
#include "journal/segment_cursor.hpp"
#include "record/batch_record.hpp"

namespace florin::backup {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kSegmentBytesMax = 1ULL << 40;  // a segment that is cut stays one segment

/// What publish() had moved already when it was killed: the journal comes last.
bool is_unfinished(const std::string& to) { return fs::exists(to + "/restoring.tmp") && !fs::exists(to + "/journal"); }

/// Empty but for what a killed restore left.
Status check_target(const std::string& to) {
  std::error_code error;
  if (!fs::exists(to)) return Status::ok();
  for (const auto& entry : fs::directory_iterator(to, error)) {
    const std::string name = entry.path().filename();
    if (name == "restoring.tmp" || name == "lost+found") continue;
    if (is_unfinished(to) && (name == "history" || name == "snapshots")) continue;
    return {ErrorKind::kUsage, to + ": is not empty: it holds " + name};
  }
  return error ? journal::io_error("list", to, error.value()) : Status::ok();
}

}  // namespace

Result<Restoration> Restoration::stage(const RestoreOptions& options, Pace& pace) {
  if (Status status = check_apart(options.from, options.to, "backups and the folder to restore to"); !status) return status;
  if (Status status = check_target(options.to); !status) return status;
  Result<BackupReading> backup = BackupReading::open(options.from);
  if (!backup) return backup.error();
  Restoration restoration(std::move(*backup), options);
  if (Status status = restoration.check_reach(); !status) return status;
  if (Status status = restoration.clear_stage(); !status) return status;
  if (Status status = restoration.stage_journal(pace); !status) return status;
  if (Status status = restoration.check_staged_journal(); !status) return status;
  if (Status status = restoration.stage_derived(pace); !status) return status;
  return restoration;
}

Status Restoration::check_reach() const {
  const bool is_beyond = to_sequence_ != std::numeric_limits<std::uint64_t>::max() && to_sequence_ > manifest().sequence;
  if (!is_beyond && to_sequence_ >= manifest().first_sequence) return Status::ok();
  return {ErrorKind::kNotFound, "sequence " + std::to_string(to_sequence_) + " is not in the backup, which reaches from " +
                                    std::to_string(manifest().first_sequence) + " to " + std::to_string(manifest().sequence)};
}

Status Restoration::clear_stage() {
  std::error_code error;
  if (is_unfinished(to_)) {
    for (const std::string name : {"history", "snapshots"}) {
      fs::remove_all(to_ + "/" + name, error);
      if (error) return journal::io_error("remove", to_ + "/" + name, error.value());
    }
  }
  return stage_.create();
}

Status Restoration::stage_journal(Pace& pace) {
  for (const BackupFile& segment : manifest().files_of(FileKind::kSegment)) {
    if (segment.number > to_sequence_) break;
    if (segment.last_sequence > to_sequence_) return stage_beginning(segment, pace);
    if (Status status = stage_file(segment, pace); !status) return status;
    segments_.push_back(segment);
    end_.sequence = segment.last_sequence;
    end_.checksum = segment.batch_checksum;
  }
  return Status::ok();
}

Status Restoration::stage_beginning(const BackupFile& segment, Pace& pace) {
  const std::string path = backup_.path_of(segment);
  const Result<FileDigest> digest = digest_of(path, pace);
  if (!digest) return as_named(digest.error());
  if (Status status = check_is(*digest, segment, path); !status) return status;
  journal::SegmentCatalog source;
  source.add({segment.number, path});
  source.set_end(segment.last_sequence + 1);
  auto cursor = journal::SegmentCursor::open(source, segment.number);
  if (!cursor) return cursor.error();
  SegmentFiller filler(staged() + "/journal", kSegmentBytesMax, {});
  for (;;) {
    const auto batch = (*cursor)->next();
    if (!batch) return batch.error();
    if (batch->empty() || record::BatchView(*batch).last_sequence() > to_sequence_) break;
    if (Status status = filler.append(*batch); !status) return status;
  }
  if (Status status = filler.finish(); !status) return status;
  if (filler.segments().empty()) return Status::ok();  // its first batch goes beyond already
  segments_.push_back(filler.segments().front());
  end_ = filler.end();
  return Status::ok();
}

Status Restoration::check_staged_journal() const {
  if (segments_.empty()) {
    return {ErrorKind::kNotFound, "no whole batch of the backup ends at or before sequence " + std::to_string(to_sequence_)};
  }
  journal::SegmentCatalog staged_journal;
  for (const BackupFile& segment : segments_) staged_journal.add({segment.number, staged() + "/" + segment.path()});
  staged_journal.set_end(end_.sequence + 1);
  return check_chain(staged_journal, end_.sequence, end_.checksum);
}

Status Restoration::stage_derived(Pace& pace) {
  std::vector<BackupFile> snapshots = manifest().files_of(FileKind::kSnapshot);
  std::erase_if(snapshots, [this](const BackupFile& file) { return file.last_sequence > end_.sequence; });
  if (!snapshots.empty()) {
    const auto newest = std::max_element(snapshots.begin(), snapshots.end(), [](const BackupFile& a, const BackupFile& b) {
      return a.number < b.number;
    });
    if (Status status = stage_file(*newest, pace); !status) return status;
  } else if (manifest().first_sequence != 1) {
    return {ErrorKind::kNotFound, "the backup begins at sequence " + std::to_string(manifest().first_sequence) + ", and no snapshot in it is of " +
                                      std::to_string(end_.sequence) + " or before"};
  }
  // Archived ones as they are: a data folder may have them among its sealed ones.
  for (const FileKind kind : {FileKind::kSealed, FileKind::kArchived}) {
    for (const BackupFile& sealed : manifest().files_of(kind)) {
      if (sealed.last_sequence > end_.sequence) continue;
      if (Status status = stage_file(sealed, pace); !status) return status;
    }
  }
  return Status::ok();
}

Status Restoration::stage_file(const BackupFile& file, Pace& pace) {
  const std::string path = backup_.path_of(file);
  const Result<journal::File> source = open_to_copy(path);
  if (!source) return as_named(source.error());
  const Result<FileDigest> copied = copy_file(*source, staged() + "/" + file.path(), pace);
  if (!copied) return copied.error();
  return check_is(*copied, file, path);
}

Status Restoration::publish() {
  if (Status status = sync_data_folders(staged()); !status) return status;
  stage_.leave();  // if what follows fails, the next restore sees by it that this one was not finished
  // The journal last: what a server takes for a store is then whole.
  for (const std::string name : {"history", "snapshots", "journal"}) {
    if (Status status = journal::rename_file(staged() + "/" + name, to_ + "/" + name); !status) return status;
    if (Status status = journal::sync_folder(to_); !status) return status;
  }
  if (Status status = stage_.remove(); !status) return status;
  return journal::sync_folder(to_);
}

}  // namespace florin::backup
