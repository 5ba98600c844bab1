#include "backup/derived_files.hpp"

#include "backup/chain_check.hpp"
#include "journal/archive_reader.hpp"
#include "journal/sealed_reader.hpp"
#include "journal/snapshot_reader.hpp"

namespace florin::backup {
namespace {

/// One chunk after the other: whoever takes a backup leaves the other cores to the server.
Status check_snapshot(const std::string& path, u128 store_id, BackupFile& file) {
  const auto snapshot = journal::LmdbSnapshotReader::open(path, file.number);
  if (!snapshot) return snapshot.error();
  if ((*snapshot)->header().store_id != store_id) return {ErrorKind::kCorrupt, path + ": a snapshot of another store"};
  for (const ChunkKey& key : (*snapshot)->chunks()) {
    if (const auto chunk = (*snapshot)->read(key); !chunk) return chunk.error();
  }
  file.last_sequence = file.number;
  file.batch_checksum = (*snapshot)->header().batch_checksum;
  return Status::ok();
}

Result<std::unique_ptr<SealedReader>> open_sealed(const std::string& path, u128 store_id, const BackupFile& file) {
  if (file.kind == FileKind::kSealed) return journal::SealedFileReader::open(path, file.number, store_id);
  return journal::ArchiveFileReader::open(path, file.number, store_id, std::make_shared<journal::BlockCache>(0));
}

Status check_sealed(const std::string& path, u128 store_id, BackupFile& file) {
  const auto sealed = open_sealed(path, store_id, file);
  if (!sealed) return sealed.error();
  if (Status status = (*sealed)->verify(); !status) return status;
  file.last_sequence = (*sealed)->header().last_sequence;
  file.batch_checksum = (*sealed)->header().batch_checksum;
  return Status::ok();
}

}  // namespace

Status check_derived(const std::string& path, u128 store_id, const journal::SegmentCatalog& journal, BackupFile& file) {
  Status status = file.kind == FileKind::kSnapshot ? check_snapshot(path, store_id, file) : check_sealed(path, store_id, file);
  if (!status) return status;
  const auto segments = journal.list();
  // A journal without its beginning is entered by a snapshot that ends right before it.
  if (!segments.empty() && file.last_sequence + 1 == segments.front().first_sequence) return Status::ok();
  return check_in_chain(journal, file.last_sequence, file.batch_checksum).with_context(path);
}

void add_segments(const Manifest& manifest, const std::string& files, journal::SegmentCatalog& catalog) {
  for (const BackupFile& file : manifest.files_of(FileKind::kSegment)) catalog.add({file.number, files + "/" + file.path()});
  catalog.set_end(manifest.sequence + 1);
}

}  // namespace florin::backup
