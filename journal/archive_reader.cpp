#include "journal/archive_reader.hpp"

#include <fcntl.h>
#include <sys/mman.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "journal/aligned_buffer.hpp"
#include "journal/block_codec.hpp"
#include "journal/sealed_ends.hpp"
#include "record/checksum.hpp"

namespace florin::journal {
namespace {

constexpr std::uint64_t kRatioMax = VerifiedBytes::kBlockBytes;  // no packed block is empty
constexpr std::uint64_t kAskedBytes = 64U << 10;

}  // namespace

Result<std::unique_ptr<SealedReader>> ArchiveFileReader::open(const std::string& path, std::uint64_t segment, u128 store_id,
                                                              std::shared_ptr<BlockCache> cache, std::shared_ptr<PageCache> pages) {
  Result<File> file = File::open(path, O_RDONLY);
  if (!file) return file.error();
  std::unique_ptr<ArchiveFileReader> reader(new ArchiveFileReader(std::move(*file), std::move(cache)));
  const Result<SealedEnds> ends = read_ends(reader->file_, kArchiveMagic, segment, store_id);
  if (!ends) return ends.error();
  reader->header_ = ends->header;
  reader->file_bytes_ = ends->footer.file_bytes;
  reader->directory_offset_ = ends->footer.directory_offset;
  if (Status status = reader->read_directory(ends->footer); !status) return status;
  if (Status status = reader->check_places(); !status) return status;
  if (Status status = reader->map(std::move(pages)); !status) return status;
  return std::unique_ptr<SealedReader>(std::move(reader));
}

ArchiveFileReader::~ArchiveFileReader() {
  cached_.reset();
  if (map_ != nullptr) ::munmap(const_cast<std::byte*>(map_), file_bytes_);
}

Status ArchiveFileReader::read_directory(const SealedFooter& footer) {
  if (!is_directory_sound(footer, sizeof(ArchiveEntry), sizeof(ArchiveBlock))) return corrupt(file_, "lengths of the directory");
  entries_.resize(footer.section_count);
  blocks_.resize(footer.block_count);
  const auto entries = std::as_writable_bytes(std::span(entries_));
  const auto blocks = std::as_writable_bytes(std::span(blocks_));
  if (Status status = journal::read_directory(file_, footer, entries, blocks); !status) return status;
  for (const ArchiveEntry& entry : entries_) sections_.push_back({entry.kind, entry.bytes});
  return Status::ok();
}

Status ArchiveFileReader::check_places() const {
  std::uint64_t offset = kSealedPageBytes;
  std::uint64_t block = 0;
  bool has_packed = false;
  for (const ArchiveEntry& entry : entries_) {
    const auto misplaced = [&] { return corrupt(file_, "place of section " + std::to_string(entry.kind)); };
    has_packed |= entry.is_kept == 0;
    const bool is_kept = entry.is_kept != 0;
    if ((is_kept && has_packed) || entry.first_block != block || entry.bytes > directory_offset_ * kRatioMax) return misplaced();
    if (entry.row_bytes == 0 || entry.blocks() > blocks_.size() - block) return misplaced();
    for (const std::uint64_t end = block + entry.blocks(); block < end; ++block) {
      const std::uint64_t next = end_of(block);
      if (blocks_[block].offset != offset || next <= offset || next - offset > bytes_of(entry, block)) return misplaced();
      if (is_kept && next - offset != bytes_of(entry, block)) return misplaced();
      offset = next;
    }
  }
  if (offset != directory_offset_ || block != blocks_.size()) return corrupt(file_, "place of the directory");
  return Status::ok();
}

Status ArchiveFileReader::map(std::shared_ptr<PageCache> pages) {
  void* const map = ::mmap(nullptr, file_bytes_, PROT_READ, MAP_SHARED, file_.descriptor(), 0);
  if (map == MAP_FAILED) return io_error("map", file_.path(), errno);
  map_ = static_cast<const std::byte*>(map);
  file_.close();
  ::madvise(map, file_bytes_, MADV_RANDOM);
  const std::size_t verified_words = blocks_.size() / 64 + 1;
  const std::size_t asked_words = file_bytes_ / kAskedBytes / 64 + 1;
  verified_ = std::make_unique<std::atomic<std::uint64_t>[]>(verified_words);
  asked_ = std::make_unique<std::atomic<std::uint64_t>[]>(asked_words);
  hints_ = std::make_unique<BlockCache::Hint[]>(blocks_.size());
  if (pages) {
    cached_ = std::make_unique<PageCache::File>(
        std::move(pages), file_.path(), std::span(map_, file_bytes_),
        std::vector{PageCache::Marks(verified_.get(), verified_words), PageCache::Marks(asked_.get(), asked_words)});
  }
  return Status::ok();
}

const ArchiveEntry& ArchiveFileReader::entry_of(std::uint64_t block) const noexcept {
  return *std::partition_point(entries_.begin(), entries_.end(), [block](const ArchiveEntry& candidate) {
    return candidate.first_block + candidate.blocks() <= block;
  });
}

std::uint64_t ArchiveFileReader::bytes_of(const ArchiveEntry& entry, std::uint64_t block) noexcept {
  const std::uint64_t begin = (block - entry.first_block) * entry.block_bytes();
  return std::min(page_end(entry.bytes) - begin, entry.block_bytes());
}

std::uint64_t ArchiveFileReader::end_of(std::uint64_t block) const noexcept {
  return block + 1 < blocks_.size() ? blocks_[block + 1].offset : directory_offset_;
}

Status ArchiveFileReader::damage(std::uint64_t block, const char* reason) const {
  return corrupt(file_, "section " + std::to_string(entry_of(block).kind) + ": offset " + std::to_string(blocks_[block].offset) + ": " + reason);
}

Result<VerifiedBytes> ArchiveFileReader::section(std::uint32_t kind) const {
  for (const ArchiveEntry& entry : entries_) {
    if (entry.kind != kind) continue;
    if (entry.is_kept == 0) return VerifiedBytes(entry.bytes, *this, entry.first_block);
    const std::uint64_t offset = entry.bytes == 0 ? kSealedPageBytes : blocks_[entry.first_block].offset;
    return VerifiedBytes({map_ + offset, entry.bytes}, *this, verified_.get(), entry.first_block);
  }
  return Status(ErrorKind::kNotFound, file_.path() + ": no section " + std::to_string(kind));
}

void ArchiveFileReader::ask_disk(std::uint64_t offset) const noexcept {
  const std::uint64_t place = offset / kAskedBytes;
  const std::uint64_t bit = std::uint64_t{1} << (place % 64);
  if ((asked_[place / 64].load(std::memory_order_relaxed) & bit) != 0) return;
  const bool is_new = (asked_[place / 64].fetch_or(bit, std::memory_order_relaxed) & bit) == 0;
  const std::uint64_t begin = place * kAskedBytes;
  const std::uint64_t bytes = std::min(kAskedBytes, file_bytes_ - begin);
  ::madvise(const_cast<std::byte*>(map_ + begin), bytes, MADV_WILLNEED);
  if (is_new && cached_) cached_->came_in(bytes);
}

Status ArchiveFileReader::load(std::uint64_t block, std::span<const std::byte>& stored) const {
  const std::uint64_t begin = blocks_[block].offset;
  const std::uint64_t first_page = begin / kSealedPageBytes * kSealedPageBytes;
  void* const pages = const_cast<std::byte*>(map_ + first_page);
  const std::uint64_t bytes = page_end(end_of(block)) - first_page;
  ask_disk(begin);
  ask_disk(end_of(block) - 1);
  // Faults of the disk come back as an error here, where they would be a signal on touching the page.
  if (::madvise(pages, bytes, MADV_POPULATE_READ) != 0 && errno == EFAULT) return damage(block, "cannot be read from the disk");
  stored = {map_ + begin, end_of(block) - begin};
  return low64(record::checksum(stored)) == blocks_[block].file_checksum ? Status::ok() : damage(block, "checksum of the block");
}

Status ArchiveFileReader::verify_block(std::uint64_t block) const {
  std::span<const std::byte> stored;
  if (Status status = load(block, stored); !status) return status;
  verified_[block / 64].fetch_or(std::uint64_t{1} << (block % 64), std::memory_order_relaxed);
  return Status::ok();
}

Status ArchiveFileReader::unpack(std::uint64_t block, std::span<std::byte> room) const {
  std::span<const std::byte> stored;
  if (Status status = load(block, stored); !status) return status;
  const ArchiveEntry& entry = entry_of(block);
  const std::span<std::byte> bytes = room.first(bytes_of(entry, block));
  if (stored.size() == bytes.size()) {
    std::memcpy(bytes.data(), stored.data(), bytes.size());
  } else if (!unpack_block(stored, entry.row_bytes, bytes)) {
    return damage(block, "cannot be unpacked");
  }
  return low64(record::checksum(bytes)) == blocks_[block].checksum ? Status::ok() : damage(block, "checksum of the unpacked block");
}

Status ArchiveFileReader::read_block(std::uint64_t block, std::uint64_t offset, std::span<std::byte> bytes) const {
  const std::uint64_t key = BlockCache::key_of(number_, static_cast<std::uint32_t>(block));
  return cache_->read(key, hints_[block], offset, bytes, [&](std::span<std::byte> room) { return unpack(block, room); });
}

Status ArchiveFileReader::verify_blocks(std::uint64_t first, std::uint64_t count) const {
  AlignedBuffer room(BlockSource::kBlockBytes);
  const std::uint64_t end = std::min(block_count(), first + std::min(count, block_count()));
  for (std::uint64_t block = first; block < end; ++block) {
    const bool is_kept = entry_of(block).is_kept != 0;
    if (Status status = is_kept ? verify_block(block) : unpack(block, room.bytes()); !status) return status;
  }
  return Status::ok();
}

}  // namespace florin::journal
