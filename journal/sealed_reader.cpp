#include "journal/sealed_reader.hpp"

#include <fcntl.h>
#include <sys/mman.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "record/checksum.hpp"

namespace florin::journal {
namespace {

template <typename Record>
bool is_sealed(const Record& record) noexcept {
  return record.checksum == record::checksum(std::as_bytes(std::span(&record, 1)).subspan(sizeof record.checksum));
}

}  // namespace

Status SealedFileReader::corrupt(const std::string& reason) const {
  return {ErrorKind::kCorrupt, file_.path() + ": " + reason};
}

Result<std::unique_ptr<SealedReader>> SealedFileReader::open(const std::string& path, std::uint64_t segment, u128 store_id) {
  Result<File> file = File::open(path, O_RDONLY);
  if (!file) return file.error();
  std::unique_ptr<SealedFileReader> reader(new SealedFileReader(std::move(*file)));
  const Result<std::uint64_t> size = reader->file_.size();
  if (!size) return size.error();
  reader->file_bytes_ = *size;
  u128 first_page_checksum = 0;
  SealedFooter footer;
  if (Status status = reader->read_first_page(first_page_checksum); !status) return status;
  if (Status status = reader->read_footer(footer); !status) return status;
  if (footer.first_page_checksum != first_page_checksum) return reader->corrupt("its end belongs to another file");
  if (reader->header_.store_id != store_id) return reader->corrupt("a sealed segment of another store");
  if (reader->header_.segment != segment) return reader->corrupt("another sealed segment than its name says");
  if (Status status = reader->read_directory(footer); !status) return status;
  if (Status status = reader->check_places(footer); !status) return status;
  if (Status status = reader->map(); !status) return status;
  return std::unique_ptr<SealedReader>(std::move(reader));
}

SealedFileReader::~SealedFileReader() {
  if (map_ != nullptr) ::munmap(const_cast<std::byte*>(map_), file_bytes_);
}

Status SealedFileReader::read(std::span<std::byte> bytes, std::uint64_t offset, const char* what) const {
  const Result<std::size_t> count = file_.read_at(bytes, offset);
  if (!count) return count.error();
  return *count == bytes.size() ? Status::ok() : corrupt(std::string("the file ends inside ") + what);
}

Status SealedFileReader::read_first_page(u128& checksum) {
  SealedFirstPage first;
  if (Status status = read(std::as_writable_bytes(std::span(&first, 1)), 0, "the first page"); !status) return status;
  if (first.magic != kSealedMagic || !is_sealed(first)) return corrupt("checksum of the first page");
  if (first.format_version != kSealedFormatVersion) {
    return corrupt("unknown format version " + std::to_string(first.format_version));
  }
  header_ = first.header;
  checksum = first.checksum;
  return Status::ok();
}

Status SealedFileReader::read_footer(SealedFooter& footer) const {
  if (file_bytes_ < kSealedPageBytes + sizeof footer) return corrupt("no footer: cut off");
  const std::uint64_t offset = file_bytes_ - sizeof footer;
  if (Status status = read(std::as_writable_bytes(std::span(&footer, 1)), offset, "the footer"); !status) return status;
  if (footer.magic != kFooterMagic || !is_sealed(footer)) return corrupt("no footer: damaged or cut off");
  if (footer.file_bytes != file_bytes_) {
    return corrupt("has " + std::to_string(file_bytes_) + " bytes of " + std::to_string(footer.file_bytes));
  }
  return Status::ok();
}

Status SealedFileReader::read_directory(const SealedFooter& footer) {
  // Compared before anything is allocated.
  const std::uint64_t bytes = footer.section_count * sizeof(SealedEntry) + footer.block_count * sizeof(u128);
  if (footer.block_count > file_bytes_ || bytes > file_bytes_ || footer.directory_offset + bytes + sizeof footer != file_bytes_) {
    return corrupt("lengths of the directory");
  }
  entries_.resize(footer.section_count);
  checksums_.resize(footer.block_count);
  const auto entries = std::as_writable_bytes(std::span(entries_));
  const auto checksums = std::as_writable_bytes(std::span(checksums_));
  if (Status status = read(entries, footer.directory_offset, "the directory"); !status) return status;
  if (Status status = read(checksums, footer.directory_offset + entries.size(), "the directory"); !status) return status;
  if (record::checksum(entries, checksums) != footer.directory_checksum) return corrupt("checksum of the directory");
  for (const SealedEntry& entry : entries_) sections_.push_back({entry.kind, entry.bytes});
  return Status::ok();
}

Status SealedFileReader::check_places(const SealedFooter& footer) const {
  std::uint64_t offset = kSealedPageBytes;
  std::uint64_t block = 0;
  for (const SealedEntry& entry : entries_) {
    if (entry.offset != offset || entry.first_block != block || entry.bytes > footer.directory_offset - offset) {
      return corrupt("place of section " + std::to_string(entry.kind));
    }
    offset += page_end(entry.bytes);
    block += blocks_of(entry.bytes);
  }
  if (offset != footer.directory_offset || block != footer.block_count) return corrupt("place of the directory");
  return Status::ok();
}

Status SealedFileReader::map() {
  void* const map = ::mmap(nullptr, file_bytes_, PROT_READ, MAP_SHARED, file_.descriptor(), 0);
  if (map == MAP_FAILED) return io_error("map", file_.path(), errno);
  map_ = static_cast<const std::byte*>(map);
  file_.close();
  // What is asked for lies anywhere; a block is read in one piece all the same, because verify_block() says so.
  ::madvise(map, file_bytes_, MADV_RANDOM);
  verified_ = std::make_unique<std::atomic<std::uint64_t>[]>(block_count() / 64 + 1);
  return Status::ok();
}

Result<VerifiedBytes> SealedFileReader::section(std::uint32_t kind) const {
  for (const SealedEntry& entry : entries_) {
    if (entry.kind != kind) continue;
    return VerifiedBytes({map_ + entry.offset, entry.bytes}, *this, verified_.get(), entry.first_block);
  }
  return Status(ErrorKind::kNotFound, file_.path() + ": no section " + std::to_string(kind));
}

Status SealedFileReader::verify_block(std::uint64_t block) const {
  const auto entry = std::partition_point(entries_.begin(), entries_.end(), [block](const SealedEntry& candidate) {
    return candidate.first_block + blocks_of(candidate.bytes) <= block;
  });
  const std::uint64_t begin = (block - entry->first_block) * VerifiedBytes::kBlockBytes;
  const std::uint64_t end = std::min(page_end(entry->bytes), begin + VerifiedBytes::kBlockBytes);
  const std::span<const std::byte> bytes(map_ + entry->offset + begin, end - begin);
  const auto damage = [&](const char* reason) {
    return corrupt("section " + std::to_string(entry->kind) + ": offset " + std::to_string(entry->offset + begin) + ": " + reason);
  };
  void* const pages = const_cast<std::byte*>(bytes.data());
  ::madvise(pages, bytes.size(), MADV_WILLNEED);
  // Faults of the disk come back as an error here, where they would be a signal on touching the page.
  if (::madvise(pages, bytes.size(), MADV_POPULATE_READ) != 0 && errno == EFAULT) return damage("cannot be read from the disk");
  if (record::checksum(bytes) != checksums_[block]) return damage("checksum of the block");
  verified_[block / 64].fetch_or(std::uint64_t{1} << (block % 64), std::memory_order_relaxed);
  return Status::ok();
}

Status SealedFileReader::verify_blocks(std::uint64_t first, std::uint64_t count) const {
  const std::uint64_t end = std::min(block_count(), first + std::min(count, block_count()));
  for (std::uint64_t block = first; block < end; ++block) {
    if (Status status = verify_block(block); !status) return status;
  }
  return Status::ok();
}

}  // namespace florin::journal
