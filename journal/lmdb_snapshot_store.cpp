#include "journal/lmdb_snapshot_store.hpp"

#include "journal/file.hpp"
#include "journal/segment_catalog.hpp"
#include "journal/snapshot_reader.hpp"
#include "journal/snapshot_writer.hpp"

namespace florin::journal {

Result<std::unique_ptr<LmdbSnapshotStore>> LmdbSnapshotStore::open(const std::string& folder) {
  std::unique_ptr<LmdbSnapshotStore> store(new LmdbSnapshotStore(folder + "/snapshots", true));
  if (Status status = create_folders(store->folder_); !status) return status;
  if (Status status = remove_temporary_files(store->folder_); !status) return status;
  return store;
}

std::unique_ptr<LmdbSnapshotStore> LmdbSnapshotStore::open_readonly(const std::string& folder) {
  return std::unique_ptr<LmdbSnapshotStore>(new LmdbSnapshotStore(folder + "/snapshots", false));
}

Result<std::unique_ptr<SnapshotWriter>> LmdbSnapshotStore::create(std::uint64_t sequence) {
  if (!is_writable_) return Status(ErrorKind::kUsage, "the snapshots were opened for reading only");
  return LmdbSnapshotWriter::create(segment_path(folder_, sequence), sequence);
}

Result<std::vector<std::uint64_t>> LmdbSnapshotStore::list() const {
  SegmentCatalog files;  // snapshots are named as segments are
  if (Status status = files.load(folder_); !status) return status;
  std::vector<std::uint64_t> sequences;
  for (const SegmentName& name : files.list()) sequences.insert(sequences.begin(), name.first_sequence);
  return sequences;
}

Result<std::unique_ptr<SnapshotReader>> LmdbSnapshotStore::open(std::uint64_t sequence) const {
  return LmdbSnapshotReader::open(segment_path(folder_, sequence), sequence);
}

Status LmdbSnapshotStore::remove(std::uint64_t sequence) {
  if (!is_writable_) return {ErrorKind::kUsage, "the snapshots were opened for reading only"};
  if (Status status = remove_file(segment_path(folder_, sequence)); !status) return status;
  return sync_folder(folder_);
}

Status keep_newest(SnapshotStore& store, std::size_t count) {
  const Result<std::vector<std::uint64_t>> sequences = store.list();
  if (!sequences) return sequences.error();
  for (std::size_t i = count; i < sequences->size(); ++i) {
    if (Status status = store.remove((*sequences)[i]); !status) return status;
  }
  return Status::ok();
}

}  // namespace florin::journal
