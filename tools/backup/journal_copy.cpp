#include "backup/journal_copy.hpp"

#include <fcntl.h>

#include <chrono>
#include <cstring>
#include <thread>

#include "journal/lmdb_snapshot_store.hpp"
#include "journal/segment_cursor.hpp"
#include "record/batch_record.hpp"

namespace florin::backup {
namespace {

using journal::SegmentCatalog;
using journal::SegmentCursor;

constexpr int kAttempts = 5;
constexpr std::chrono::milliseconds kPause{50};
constexpr std::uint64_t kDropBytes = 64U << 20;

/// One look at the journal, at the segments that are there now.
class Pass {
 public:
  Pass(const std::string& data, SegmentFiller& filler, Pace& pace) : data_(data), filler_(filler), pace_(pace) {}

  Status run() {
    if (Status status = catalog_.load(data_ + "/journal"); !status) return status;
    const auto segments = catalog_.list();
    if (segments.empty()) return {ErrorKind::kNotFound, data_ + ": has no journal"};
    newest_ = segments.back().first_sequence;
    if (Status status = open(); !status) return status;
    for (;;) {
      const auto batch = cursor_->next();
      if (!batch) return batch.error();
      if (batch->empty() || !is_durable()) break;
      if (Status status = filler_.append(*batch); !status) return status;
      read(batch->size());
    }
    drop_read_pages();
    return Status::ok();
  }

 private:
  /// Stands behind the batch that the copy ends with, or at the beginning.
  Status open() {
    const CopyEnd& end = filler_.end();
    const std::uint64_t oldest = catalog_.list().front().first_sequence;
    if (end.number != 0 && end.sequence + 1 < oldest) {
      return {ErrorKind::kNotFound, data_ + ": the oldest segment begins at sequence " + std::to_string(oldest) + ", the backup ends with " +
                                        std::to_string(end.sequence) + ": begin a new folder of backups"};
    }
    const bool has_link = end.number != 0 && end.sequence >= oldest;
    auto cursor = SegmentCursor::open(catalog_, has_link ? end.sequence : oldest);
    if (!cursor) return cursor.error();
    cursor_ = std::move(*cursor);
    return has_link ? check_link() : Status::ok();
  }

  Status check_link() {
    const CopyEnd& end = filler_.end();
    const auto batch = cursor_->next();
    if (!batch) return batch.error();
    if (!batch->empty() && record::BatchView(*batch).last_sequence() == end.sequence && cursor_->header().checksum == end.checksum) return {};
    return {ErrorKind::kDiffers, data_ + ": sequence " + std::to_string(end.sequence) +
                                     ": the store has another past than the backup, or ends before it: begin a new folder of backups"};
  }

  /// A segment that has a successor is complete.
  [[nodiscard]] bool is_durable() const noexcept { return cursor_->header().first_sequence < newest_ || cursor_->is_counted(); }

  void read(std::uint64_t bytes) {
    pace_.add(bytes);
    undropped_ += bytes;
    if (undropped_ >= kDropBytes) drop_read_pages();
  }

  /// What was read is of no use to anybody in the page cache. What the meta page counts has been flushed, so this makes nobody write.
  void drop_read_pages() {
    undropped_ = 0;
    const auto segment = catalog_.find(filler_.end().sequence);
    if (!segment) return;
    const auto file = journal::File::open(segment->path, O_RDONLY);
    if (!file) return;
    const auto meta = journal::read_meta(*file);
    if (!meta) return;
    (void)::posix_fadvise(file->descriptor(), 0, static_cast<off_t>(meta->pages * journal::kPageBytes), POSIX_FADV_DONTNEED);
  }

  const std::string& data_;
  SegmentFiller& filler_;
  Pace& pace_;
  SegmentCatalog catalog_;
  std::uint64_t newest_ = 0;  ///< first sequence of the last segment
  std::unique_ptr<SegmentCursor> cursor_;
  std::uint64_t undropped_ = 0;
};

bool may_pass(const Status& status) {
  return status.kind() == ErrorKind::kCorrupt || status.kind() == ErrorKind::kNotFound || status.kind() == ErrorKind::kDiffers;
}

/// The genesis record, if the batch begins with it.
Result<u128> store_id_in(std::span<const std::byte> batch, const std::string& data) {
  Genesis genesis;
  const auto first = *record::BatchView(batch).begin();
  if (first.header.operation != Operation::kGenesis || first.body.size() != sizeof genesis) {
    return Status(ErrorKind::kCorrupt, data + "/journal: sequence 1: the first record is not genesis");
  }
  std::memcpy(&genesis, first.body.data(), sizeof genesis);
  return genesis.store_id;
}

Result<u128> store_id_by_snapshot(const std::string& data) {
  const auto snapshots = journal::LmdbSnapshotStore::open_readonly(data);
  const auto listed = snapshots->list();
  if (!listed) return listed.error();
  Status why(ErrorKind::kNotFound, data + ": the journal does not begin with its first batch, and there is no snapshot");
  for (const std::uint64_t sequence : *listed) {
    const auto snapshot = snapshots->open(sequence);
    if (snapshot) return (*snapshot)->header().store_id;
    why = snapshot.error();
  }
  return why;
}

}  // namespace

Status copy_journal(const std::string& data, SegmentFiller& filler, Pace& pace) {
  Status status;
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    if (attempt != 0) std::this_thread::sleep_for(kPause);
    status = Pass(data, filler, pace).run();
    if (status || !may_pass(status)) break;
  }
  return status ? filler.finish() : status;
}

Result<u128> store_id_of(const std::string& data) {
  SegmentCatalog catalog;
  if (Status status = catalog.load(data + "/journal"); !status) return status;
  const auto segments = catalog.list();
  if (segments.empty()) return Status(ErrorKind::kNotFound, data + ": has no journal");
  if (segments.front().first_sequence != 1) return store_id_by_snapshot(data);
  auto cursor = SegmentCursor::open(catalog, 1);
  if (!cursor) return cursor.error();
  const auto batch = (*cursor)->next();
  if (!batch) return batch.error();
  if (batch->empty()) return Status(ErrorKind::kNotFound, data + ": nothing was written to the journal yet");
  return store_id_in(*batch, data);
}

}  // namespace florin::backup
