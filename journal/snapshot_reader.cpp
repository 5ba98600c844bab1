#include "journal/snapshot_reader.hpp"

#include <fcntl.h>
#include <sys/mman.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "journal/page_window.hpp"
#include "record/checksum.hpp"

namespace florin::journal {
namespace {

template <typename Record>
bool is_sealed(const Record& record) noexcept {
  return record.checksum == record::checksum(std::as_bytes(std::span(&record, 1)).subspan(sizeof record.checksum));
}

template <typename Record>
Record record_at(std::span<const std::byte> value) noexcept {
  Record record;
  std::memcpy(&record, value.data(), sizeof record);
  return record;
}

}  // namespace

Status LmdbSnapshotReader::corrupt(std::uint64_t offset, const std::string& reason) const {
  std::string message = file_.path();
  if (offset != 0) message += ": offset " + std::to_string(offset);
  return {ErrorKind::kCorrupt, message + ": " + reason};
}

Result<std::unique_ptr<SnapshotReader>> LmdbSnapshotReader::open(const std::string& path, std::uint64_t sequence) {
  Result<File> file = File::open(path, O_RDONLY);
  if (!file) return file.error();
  std::unique_ptr<LmdbSnapshotReader> reader(new LmdbSnapshotReader(std::move(*file), sequence));
  if (Status status = reader->scan(); !status) return status;
  if (Status status = reader->check_complete(); !status) return status;
  if (Status status = reader->map(); !status) return status;
  return std::unique_ptr<SnapshotReader>(std::move(reader));
}

LmdbSnapshotReader::~LmdbSnapshotReader() {
  if (map_ != nullptr) ::munmap(const_cast<std::byte*>(map_), file_bytes_);
}

Status LmdbSnapshotReader::scan() {
  const Result<std::uint64_t> size = file_.size();
  if (!size) return size.error();
  file_bytes_ = *size;
  PageWindow window(file_, file_bytes_);
  for (std::uint64_t page = kMetaPages; page < file_bytes_ / kPageBytes + 1;) {
    const Result<std::uint64_t> pages = scan_page(window, page);
    if (!pages) return pages.error();
    page += *pages;
  }
  std::sort(chunks_.begin(), chunks_.end(), [](const Chunk& a, const Chunk& b) { return a.key < b.key; });
  return Status::ok();
}

Result<std::uint64_t> LmdbSnapshotReader::scan_page(PageWindow& window, std::uint64_t page) {
  const Result<std::span<const std::byte>> bytes = window.at(page, sizeof(PageHeader) + sizeof(SnapshotSummary));
  if (!bytes) return bytes.error();
  if (bytes->empty()) return std::uint64_t{1};
  const auto header = record_at<PageHeader>(*bytes);
  if (header.number != page || header.flags != PageHeader::kOverflow) return std::uint64_t{1};
  const std::span<const std::byte> value = bytes->subspan(sizeof header);
  const std::uint64_t offset = page * kPageBytes + sizeof header;
  if (const auto summary = record_at<SnapshotSummary>(value); summary.magic == kSummaryMagic && is_sealed(summary)) {
    if (has_summary_) return corrupt(offset, "a second summary");
    summary_ = summary;
    has_summary_ = true;
    return std::uint64_t{1};
  }
  const auto chunk = record_at<ChunkRecord>(value);
  if (chunk.magic != kChunkMagic || !is_sealed(chunk) || chunk.size > kChunkBytesMax) return std::uint64_t{1};
  if (chunk.sequence != sequence_) return corrupt(offset, "a chunk of another snapshot");
  const std::uint32_t pages = value_pages(chunk_value_bytes(chunk.size));
  if (offset + sizeof chunk + chunk.size > file_bytes_) return corrupt(offset, "the file ends inside a chunk");
  chunks_.push_back({key_of({chunk.table, chunk.chunk}), offset + sizeof chunk, chunk});
  return std::uint64_t{pages};
}

Status LmdbSnapshotReader::check_complete() {
  if (!has_summary_) return corrupt(0, "no summary: damaged or cut off");
  if (summary_.format_version != kSnapshotFormatVersion) return corrupt(0, "unknown format version");
  if (summary_.header.sequence != sequence_) return corrupt(0, "the snapshot of another sequence");
  std::vector<u128> checksums;
  std::uint64_t bytes = 0;
  for (const Chunk& chunk : chunks_) {
    checksums.push_back(chunk.record.checksum);
    bytes += chunk.record.size;
    keys_.push_back({chunk.record.table, chunk.record.chunk});
  }
  if (chunks_.size() != summary_.chunk_count || bytes != summary_.chunk_bytes) {
    return corrupt(0, "has " + std::to_string(chunks_.size()) + " whole chunks of " +
                          std::to_string(summary_.chunk_count));
  }
  if (record::checksum(std::as_bytes(std::span(checksums))) != summary_.chunks_checksum) {
    return corrupt(0, "the chunks are not those that were published");
  }
  return Status::ok();
}

Status LmdbSnapshotReader::map() {
  void* const map = ::mmap(nullptr, file_bytes_, PROT_READ, MAP_SHARED, file_.descriptor(), 0);
  if (map == MAP_FAILED) return io_error("map", file_.path(), errno);
  map_ = static_cast<const std::byte*>(map);
  return Status::ok();
}

Result<std::span<const std::byte>> LmdbSnapshotReader::read(ChunkKey key) const {
  const auto chunk = std::partition_point(chunks_.begin(), chunks_.end(),
                                          [key](const Chunk& candidate) { return candidate.key < key_of(key); });
  if (chunk == chunks_.end() || chunk->key != key_of(key)) {
    return Status(ErrorKind::kNotFound, file_.path() + ": no chunk " + std::to_string(key.table) + "." +
                                            std::to_string(key.chunk));
  }
  const std::span<const std::byte> bytes(map_ + chunk->offset, chunk->record.size);
  // Faults of the disk come back as an error here, where they would be a signal on touching the page.
  const std::uint64_t begin = chunk->offset / kPageBytes * kPageBytes;
  const std::uint64_t length = chunk->offset + chunk->record.size - begin;
  if (::madvise(const_cast<std::byte*>(map_) + begin, length, MADV_POPULATE_READ) != 0 && errno == EFAULT) {
    return corrupt(begin, "cannot be read from the disk");
  }
  if (record::checksum(bytes) != chunk->record.body_checksum) {
    return corrupt(chunk->offset, "checksum of chunk " + std::to_string(key.table) + "." + std::to_string(key.chunk));
  }
  return bytes;
}

}  // namespace florin::journal
