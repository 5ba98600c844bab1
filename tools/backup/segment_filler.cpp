#include "backup/segment_filler.hpp"

#include "backup/chain_check.hpp"
#include "backup/file_copy.hpp"
#include "journal/segment_catalog.hpp"
#include "record/batch_record.hpp"

namespace florin::backup {
namespace {

/// A transaction is kept in memory until it is committed, and a server's journal waits for it if it is on the same disk.
constexpr std::uint64_t kTransactionBytes = 1U << 20;

}  // namespace

Status SegmentFiller::append(std::span<const std::byte> batch) {
  const record::BatchView view(batch);
  const BatchHeader& header = view.header();
  const bool follows = header.number == end_.number + 1 && header.first_sequence == end_.sequence + 1 && header.previous == end_.checksum;
  if (end_.number != 0 && !follows) {
    return {ErrorKind::kCorrupt, folder_ + ": sequence " + std::to_string(header.first_sequence) +
                                     ": the batch does not follow the one that ends with sequence " + std::to_string(end_.sequence)};
  }
  if (!writer_) {
    if (Status status = begin(header.first_sequence); !status) return status;
  }
  const BytesView piece{batch.data(), batch.size()};
  if (Status status = writer_->put(header.first_sequence, header.size, {&piece, 1}); !status) return status;
  end_ = {view.last_sequence(), header.number, header.checksum, header.timestamp};
  open_bytes_ += batch.size();
  if (writer_->used_bytes() >= segment_bytes_) return finish();
  return open_bytes_ < kTransactionBytes ? Status::ok() : commit();
}

Status SegmentFiller::begin(std::uint64_t first_sequence) {
  const std::string path = journal::segment_path(folder_, first_sequence) + ".tmp";
  auto writer = journal::LmdbWriter::create(path, segment_bytes_, journal::LmdbWriter::Order::kAscending);
  if (!writer) return writer.error();
  writer_ = std::move(*writer);
  first_sequence_ = first_sequence;
  return Status::ok();
}

Status SegmentFiller::commit() {
  open_bytes_ = 0;
  return writer_->has_open_transaction() ? writer_->commit() : Status::ok();
}

Status SegmentFiller::finish() {
  if (!writer_) return Status::ok();
  if (Status status = commit(); !status) return status;
  if (Status status = writer_->sync_meta(); !status) return status;
  if (Status status = writer_->trim(); !status) return status;
  const std::string path = writer_->path();
  writer_.reset();
  drop_cached(path);  // so that it is read back from the disk
  Result<BackupFile> segment = check(path);
  if (!segment) return segment.error();
  if (Status status = journal::rename_file(path, journal::segment_path(folder_, first_sequence_)); !status) return status;
  segments_.push_back(*segment);
  return Status::ok();
}

Result<BackupFile> SegmentFiller::check(const std::string& path) const {
  journal::SegmentCatalog catalog;
  catalog.add({first_sequence_, path});
  catalog.set_end(end_.sequence + 1);
  if (Status status = check_chain(catalog, end_.sequence, end_.checksum); !status) return status;
  drop_cached(path);
  Pace unpaced;  // the rate is for what is read from the store
  const Result<FileDigest> digest = digest_of(path, unpaced);
  if (!digest) return digest.error();
  return BackupFile{FileKind::kSegment, first_sequence_, digest->bytes, digest->digest, end_.sequence, end_.checksum};
}

}  // namespace florin::backup
