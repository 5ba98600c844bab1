#include "journal/snapshot_writer.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "journal/file.hpp"
#include "journal/snapshot_layout.hpp"
#include "record/checksum.hpp"

namespace florin::journal {
namespace {

/// Address space only; the file grows as it is written.
constexpr std::uint64_t kFileBytesMax = 1ULL << 38;
// Small, so that a flush of the journal waits behind little.
constexpr std::uint64_t kTransactionBytes = 2ULL << 20;
constexpr std::uint64_t kAllocateStepBytes = 64ULL << 20;
constexpr std::array<std::byte, kSnapshotValueBytesMin> kZeros{};

template <typename Record>
u128 checksum_of(const Record& record) noexcept {
  return record::checksum(std::as_bytes(std::span(&record, 1)).subspan(sizeof record.checksum));
}

std::string temporary(const std::string& path) { return path + ".tmp"; }

std::string folder_of(const std::string& path) { return path.substr(0, path.find_last_of('/')); }

}  // namespace

Result<std::unique_ptr<SnapshotWriter>> LmdbSnapshotWriter::create(std::string path, std::uint64_t sequence) {
  std::unique_ptr<LmdbSnapshotWriter> writer(new LmdbSnapshotWriter(std::move(path), sequence));
  Result<std::unique_ptr<LmdbWriter>> file =
      LmdbWriter::create(temporary(writer->path_), kFileBytesMax, LmdbWriter::Order::kAny);
  if (!file) return file.error();
  writer->file_ = std::move(*file);
  return std::unique_ptr<SnapshotWriter>(std::move(writer));
}

LmdbSnapshotWriter::~LmdbSnapshotWriter() {
  file_.reset();
  if (!is_published_) (void)remove_file(temporary(path_));
}

Status LmdbSnapshotWriter::fail(Status status) {
  health_ = std::move(status);
  return health_;
}

Status LmdbSnapshotWriter::put(ChunkKey key, std::span<const std::byte> bytes) {
  if (!health_) return health_;
  if (bytes.size() > kChunkBytesMax || key_of(key) == kSummaryKey) {
    return fail({ErrorKind::kInternal, path_ + ": chunk too large, or its key is reserved"});
  }
  ChunkRecord record;
  record.body_checksum = record::checksum(bytes);
  record.sequence = sequence_;
  record.table = key.table;
  record.chunk = key.chunk;
  record.size = bytes.size();
  record.checksum = checksum_of(record);
  const std::uint32_t size = chunk_value_bytes(bytes.size());
  const std::array<BytesView, 3> pieces{BytesView{&record, sizeof record}, BytesView{bytes.data(), bytes.size()},
                                        BytesView{kZeros.data(), size - sizeof record - bytes.size()}};
  if (Status status = file_->put(key_of(key), size, pieces); !status) return fail(std::move(status));
  chunks_.push_back({key_of(key), record.checksum});
  chunk_bytes_ += bytes.size();
  open_bytes_ += size;
  return open_bytes_ < kTransactionBytes ? Status::ok() : commit();
}

Status LmdbSnapshotWriter::commit() {
  const std::uint64_t end = file_->used_bytes() + kPageBytes;
  if (end > file_->allocated_bytes()) {
    const std::uint64_t steps = end / kAllocateStepBytes + (file_->allocated_bytes() == 0 ? 0 : 1);
    if (Status status = file_->preallocate(std::max(end, steps * kAllocateStepBytes)); !status) return fail(std::move(status));
  }
  if (Status status = file_->commit(); !status) return fail(std::move(status));
  open_bytes_ = 0;
  // A snapshot is not read again soon, and the page cache has better uses.
  file_->drop_cache(uncached_to_, file_->used_bytes());
  uncached_to_ = file_->used_bytes() / kPageBytes * kPageBytes;
  return Status::ok();
}

Status LmdbSnapshotWriter::publish(const SnapshotHeader& header) {
  if (!health_) return health_;
  if (header.sequence != sequence_) return fail({ErrorKind::kInternal, path_ + ": header of another snapshot"});
  std::sort(chunks_.begin(), chunks_.end(), [](const Chunk& a, const Chunk& b) { return a.key < b.key; });
  std::vector<u128> checksums;
  checksums.reserve(chunks_.size());
  for (const Chunk& chunk : chunks_) checksums.push_back(chunk.checksum);
  SnapshotSummary summary;
  summary.chunks_checksum = record::checksum(std::as_bytes(std::span(checksums)));
  summary.chunk_count = chunks_.size();
  summary.chunk_bytes = chunk_bytes_;
  summary.header = header;
  summary.checksum = checksum_of(summary);
  const std::array<BytesView, 2> pieces{BytesView{&summary, sizeof summary},
                                        BytesView{kZeros.data(), kSnapshotValueBytesMin - sizeof summary}};
  if (Status status = file_->put(kSummaryKey, kSnapshotValueBytesMin, pieces); !status) return fail(std::move(status));
  if (Status status = commit(); !status) return status;
  if (Status status = file_->trim(); !status) return fail(std::move(status));
  if (Status status = file_->sync_meta(); !status) return fail(std::move(status));
  if (Status status = rename_file(temporary(path_), path_); !status) return fail(std::move(status));
  is_published_ = true;
  if (Status status = sync_folder(folder_of(path_)); !status) return fail(std::move(status));
  return Status::ok();
}

}  // namespace florin::journal
