#include "backup/backup_check.hpp"

#include "backup/backup_folder.hpp"
#include "backup/chain_check.hpp"
#include "backup/derived_files.hpp"
#include "backup/file_copy.hpp"

namespace florin::backup {
namespace {

Status check_digest(const std::string& path, const BackupFile& file, Pace& pace) {
  const Result<FileDigest> found = digest_of(path, pace);
  if (!found) return as_named(found.error());
  return check_is(*found, file, path);
}

Status check_derived_file(const BackupReading& backup, const journal::SegmentCatalog& journal, const BackupFile& named) {
  BackupFile file = named;
  if (Status status = check_derived(backup.path_of(named), backup.manifest.store_id, journal, file); !status) return status;
  if (file == named) return Status::ok();
  return {ErrorKind::kCorrupt, backup.path_of(named) + ": ends elsewhere than the manifest says"};
}

}  // namespace

Result<Manifest> check_backup(const std::string& folder, Pace& pace) {
  Result<BackupReading> backup = BackupReading::open(folder);
  if (!backup) return backup.error();
  const Manifest& manifest = backup->manifest;
  for (const BackupFile& file : manifest.files) {
    if (Status status = check_digest(backup->path_of(file), file, pace); !status) return status;
  }
  journal::SegmentCatalog journal;
  add_segments(manifest, backup->files, journal);
  if (Status status = check_chain(journal, manifest.sequence, manifest.batch_checksum); !status) return status;
  for (const BackupFile& file : manifest.files) {
    if (file.kind == FileKind::kSegment) continue;
    if (Status status = check_derived_file(*backup, journal, file); !status) return status;
  }
  return std::move(backup->manifest);
}

}  // namespace florin::backup
