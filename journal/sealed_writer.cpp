#include "journal/sealed_writer.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "journal/sealed_ends.hpp"
#include "record/checksum.hpp"

namespace florin::journal {
namespace {

constexpr std::size_t kBufferBytes = 4U << 20;
/// Where the builder has to wait for the disk, the core soon waits for the builder, and that takes longer.
constexpr WriteBehind::Pieces kPieces{.usual_bytes = UncachedFile::kWriteBytes, .late_bytes = 2U << 20};
/// A file that grows by itself costs many times as much in the kernel (docs/journal_format.md).
constexpr std::uint64_t kAllocateStepBytes = 64ULL << 20;

std::string temporary(const std::string& path) { return path + ".tmp"; }

std::string folder_of(const std::string& path) { return path.substr(0, path.find_last_of('/')); }

}  // namespace

SealedFileWriter::SealedFileWriter(std::string path, std::uint64_t segment)
    : path_(std::move(path)),
      segment_(segment),
      behind_(kBufferBytes, kPieces, [this](std::span<const std::byte> bytes, std::uint64_t offset) { return file_.write(bytes, offset); }),
      buffer_offset_(kSealedPageBytes) {}

SealedFileWriter::~SealedFileWriter() {
  (void)behind_.finish();
  file_.close();
  if (!is_published_) (void)remove_file(temporary(path_));
}

Result<std::unique_ptr<SealedWriter>> SealedFileWriter::create(std::string path, std::uint64_t segment) {
  std::unique_ptr<SealedFileWriter> writer(new SealedFileWriter(std::move(path), segment));
  Result<UncachedFile> file = UncachedFile::create(temporary(writer->path_));
  if (!file) return file.error();
  writer->file_ = std::move(*file);
  return std::unique_ptr<SealedWriter>(std::move(writer));
}

Status SealedFileWriter::fail(Status status) {
  health_ = std::move(status);
  return health_;
}

Status SealedFileWriter::begin_section(std::uint32_t kind) {
  if (!health_) return health_;
  const auto same = [kind](const SealedEntry& entry) { return entry.kind == kind; };
  if (std::any_of(entries_.begin(), entries_.end(), same)) {
    return fail({ErrorKind::kInternal, path_ + ": a second section of kind " + std::to_string(kind)});
  }
  if (Status status = end_section(); !status) return status;
  entries_.push_back({.kind = kind, .offset = buffer_offset_ + buffer_end_, .first_block = checksums_.size()});
  return Status::ok();
}

Status SealedFileWriter::append(std::span<const std::byte> bytes) {
  if (!health_) return health_;
  if (entries_.empty()) return fail({ErrorKind::kInternal, path_ + ": bytes before the first section"});
  entries_.back().bytes += bytes.size();
  while (!bytes.empty()) {
    const std::size_t room = block_begin_ + VerifiedBytes::kBlockBytes - buffer_end_;
    const std::size_t count = std::min(room, bytes.size());
    std::memcpy(behind_.buffer().data() + buffer_end_, bytes.data(), count);
    buffer_end_ += count;
    bytes = bytes.subspan(count);
    if (count != room) break;
    if (Status status = end_block(); !status) return status;
  }
  return Status::ok();
}

Status SealedFileWriter::end_block() {
  const std::size_t end = page_end(buffer_end_);
  std::memset(behind_.buffer().data() + buffer_end_, 0, end - buffer_end_);
  checksums_.push_back(record::checksum(behind_.buffer().subspan(block_begin_, end - block_begin_)));
  block_begin_ = buffer_end_ = end;
  return end + VerifiedBytes::kBlockBytes <= kBufferBytes ? Status::ok() : write_buffer();
}

Status SealedFileWriter::end_section() { return buffer_end_ == block_begin_ ? Status::ok() : end_block(); }

Status SealedFileWriter::write_buffer() {
  if (Status status = allocate(buffer_offset_ + buffer_end_); !status) return fail(std::move(status));
  if (Status status = behind_.give(buffer_end_, buffer_offset_); !status) return fail(std::move(status));
  buffer_offset_ += buffer_end_;
  block_begin_ = buffer_end_ = 0;
  return Status::ok();
}

Status SealedFileWriter::allocate(std::uint64_t end) {
  if (end <= allocated_bytes_) return Status::ok();
  const std::uint64_t wanted = end + std::min(end, kAllocateStepBytes);  // small files take little
  if (::fallocate(file_.file().descriptor(), 0, 0, static_cast<off_t>(wanted)) != 0) {
    if (errno == EOPNOTSUPP) return Status::ok();  // a file system that cannot grows the file as it is written
    return io_error("allocate", file_.file().path(), errno);
  }
  allocated_bytes_ = wanted;
  return Status::ok();
}

Status SealedFileWriter::publish(const SealedHeader& header) {
  if (!health_) return health_;
  if (header.segment != segment_) return fail({ErrorKind::kInternal, path_ + ": header of another segment"});
  if (Status status = end_section(); !status) return status;
  if (buffer_end_ != 0) {
    if (Status status = write_buffer(); !status) return status;
  }
  if (Status status = behind_.finish(); !status) return fail(std::move(status));
  const SealedDirectory directory{.entries = std::as_bytes(std::span(entries_)),
                                  .blocks = std::as_bytes(std::span(checksums_)),
                                  .section_count = static_cast<std::uint32_t>(entries_.size()),
                                  .block_count = checksums_.size()};
  if (Status status = write_ends(file_.file(), buffer_offset_, kSealedMagic, header, directory); !status) return fail(std::move(status));
  if (Status status = file_.file().sync_data(); !status) return fail(std::move(status));
  if (Status status = rename_file(temporary(path_), path_); !status) return fail(std::move(status));
  is_published_ = true;
  if (Status status = sync_folder(folder_of(path_)); !status) return fail(std::move(status));
  return Status::ok();
}

}  // namespace florin::journal
