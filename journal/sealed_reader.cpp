#include "journal/sealed_reader.hpp"

#include <fcntl.h>
#include <sys/mman.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "journal/sealed_ends.hpp"
#include "record/checksum.hpp"

namespace florin::journal {

Result<std::unique_ptr<SealedReader>> SealedFileReader::open(const std::string& path, std::uint64_t segment, u128 store_id,
                                                             std::shared_ptr<PageCache> cache) {
  Result<File> file = File::open(path, O_RDONLY);
  if (!file) return file.error();
  std::unique_ptr<SealedFileReader> reader(new SealedFileReader(std::move(*file)));
  const Result<SealedEnds> ends = read_ends(reader->file_, kSealedMagic, segment, store_id);
  if (!ends) return ends.error();
  reader->header_ = ends->header;
  reader->file_bytes_ = ends->footer.file_bytes;
  if (Status status = reader->read_directory(ends->footer); !status) return status;
  if (Status status = reader->check_places(ends->footer); !status) return status;
  if (Status status = reader->map(std::move(cache)); !status) return status;
  return std::unique_ptr<SealedReader>(std::move(reader));
}

SealedFileReader::~SealedFileReader() {
  cached_.reset();
  if (map_ != nullptr) ::munmap(const_cast<std::byte*>(map_), file_bytes_);
}

Status SealedFileReader::read_directory(const SealedFooter& footer) {
  if (!is_directory_sound(footer, sizeof(SealedEntry), sizeof(u128))) return corrupt(file_, "lengths of the directory");
  entries_.resize(footer.section_count);
  checksums_.resize(footer.block_count);
  const auto entries = std::as_writable_bytes(std::span(entries_));
  const auto checksums = std::as_writable_bytes(std::span(checksums_));
  if (Status status = journal::read_directory(file_, footer, entries, checksums); !status) return status;
  for (const SealedEntry& entry : entries_) sections_.push_back({entry.kind, entry.bytes});
  return Status::ok();
}

Status SealedFileReader::check_places(const SealedFooter& footer) const {
  std::uint64_t offset = kSealedPageBytes;
  std::uint64_t block = 0;
  for (const SealedEntry& entry : entries_) {
    if (entry.offset != offset || entry.first_block != block || entry.bytes > footer.directory_offset - offset) {
      return corrupt(file_, "place of section " + std::to_string(entry.kind));
    }
    offset += page_end(entry.bytes);
    block += blocks_of(entry.bytes);
  }
  if (offset != footer.directory_offset || block != footer.block_count) return corrupt(file_, "place of the directory");
  return Status::ok();
}

Status SealedFileReader::map(std::shared_ptr<PageCache> cache) {
  void* const map = ::mmap(nullptr, file_bytes_, PROT_READ, MAP_SHARED, file_.descriptor(), 0);
  if (map == MAP_FAILED) return io_error("map", file_.path(), errno);
  map_ = static_cast<const std::byte*>(map);
  file_.close();
  // What is asked for lies anywhere; a block is read in one piece all the same, because verify_block() says so.
  ::madvise(map, file_bytes_, MADV_RANDOM);
  const std::size_t words = block_count() / 64 + 1;
  verified_ = std::make_unique<std::atomic<std::uint64_t>[]>(words);
  if (cache) {
    cached_ = std::make_unique<PageCache::File>(std::move(cache), file_.path(), std::span(map_, file_bytes_),
                                                std::vector{PageCache::Marks(verified_.get(), words)});
  }
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
    return corrupt(file_, "section " + std::to_string(entry->kind) + ": offset " + std::to_string(entry->offset + begin) + ": " + reason);
  };
  void* const pages = const_cast<std::byte*>(bytes.data());
  ::madvise(pages, bytes.size(), MADV_WILLNEED);
  // Faults of the disk come back as an error here, where they would be a signal on touching the page.
  if (::madvise(pages, bytes.size(), MADV_POPULATE_READ) != 0 && errno == EFAULT) return damage("cannot be read from the disk");
  if (record::checksum(bytes) != checksums_[block]) return damage("checksum of the block");
  const std::uint64_t bit = std::uint64_t{1} << (block % 64);
  const bool is_new = (verified_[block / 64].fetch_or(bit, std::memory_order_relaxed) & bit) == 0;
  if (is_new && cached_) cached_->came_in(bytes.size());
  return Status::ok();
}

void SealedFileReader::read_ahead(std::span<const std::byte> block) const noexcept {
  ::madvise(const_cast<std::byte*>(block.data()), block.size(), MADV_WILLNEED);
}

Status SealedFileReader::verify_blocks(std::uint64_t first, std::uint64_t count) const {
  const std::uint64_t end = std::min(block_count(), first + std::min(count, block_count()));
  for (std::uint64_t block = first; block < end; ++block) {
    if (Status status = verify_block(block); !status) return status;
  }
  return Status::ok();
}

}  // namespace florin::journal
