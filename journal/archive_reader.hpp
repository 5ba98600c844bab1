#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "florin/sealed_segment.hpp"
#include "journal/archive_layout.hpp"
#include "journal/block_cache.hpp"
#include "journal/file.hpp"
#include "journal/page_cache.hpp"

namespace florin::journal {

/// Reads an archived segment. Opened as a sealed one: lengths and places are checked with pread before the file is mapped. Kept sections are
/// read in place and checked once; the others are read through the cache, and a block is checked whenever it is unpacked, before as it
/// stands in the file, so that the library never sees what it did not write, and after.
/// Readers: many threads at once. Limits: those of SealedFileReader.
class ArchiveFileReader final : public SealedReader, private BlockVerifier, private BlockSource {
 public:
  static Result<std::unique_ptr<SealedReader>> open(const std::string& path, std::uint64_t segment, u128 store_id,
                                                    std::shared_ptr<BlockCache> cache, std::shared_ptr<PageCache> pages = nullptr);
  ~ArchiveFileReader() override;

  [[nodiscard]] const SealedHeader& header() const noexcept override { return header_; }
  [[nodiscard]] const std::vector<SealedSection>& sections() const noexcept override { return sections_; }
  [[nodiscard]] std::uint64_t file_bytes() const noexcept override { return file_bytes_; }
  [[nodiscard]] bool is_archived() const noexcept override { return true; }
  [[nodiscard]] Result<VerifiedBytes> section(std::uint32_t kind) const override;
  [[nodiscard]] std::uint64_t block_count() const noexcept override { return blocks_.size(); }
  /// Past the cache.
  [[nodiscard]] Status verify_blocks(std::uint64_t first, std::uint64_t count) const override;

 private:
  ArchiveFileReader(File file, std::shared_ptr<BlockCache> cache) : file_(std::move(file)), cache_(std::move(cache)), number_(cache_->new_file()) {}
  Status read_directory(const SealedFooter& footer);
  /// Kept sections lie as in a sealed file, and packed blocks behind them, one after the other up to the directory.
  Status check_places() const;
  Status map(std::shared_ptr<PageCache> pages);
  Status verify_block(std::uint64_t block) const override;
  Status read_block(std::uint64_t block, std::uint64_t offset, std::span<std::byte> bytes) const override;
  /// Unpacks a block to the beginning of `room`.
  Status unpack(std::uint64_t block, std::span<std::byte> room) const;
  /// What stands for a block in the file, asked for and checked.
  Status load(std::uint64_t block, std::span<const std::byte>& stored) const;
  /// Asks the disk for what lies around an offset, the first time: blocks are much smaller than what a disk gives at once.
  void ask_disk(std::uint64_t offset) const noexcept;
  [[nodiscard]] const ArchiveEntry& entry_of(std::uint64_t block) const noexcept;
  [[nodiscard]] static std::uint64_t bytes_of(const ArchiveEntry& entry, std::uint64_t block) noexcept;
  [[nodiscard]] std::uint64_t end_of(std::uint64_t block) const noexcept;
  [[nodiscard]] Status damage(std::uint64_t block, const char* reason) const;

  File file_;  ///< open until it is mapped
  const std::shared_ptr<BlockCache> cache_;
  const std::uint32_t number_;  ///< in the cache
  std::uint64_t file_bytes_ = 0;
  std::uint64_t directory_offset_ = 0;
  SealedHeader header_;
  std::vector<ArchiveEntry> entries_;
  std::vector<SealedSection> sections_;
  std::vector<ArchiveBlock> blocks_;
  const std::byte* map_ = nullptr;
  std::unique_ptr<std::atomic<std::uint64_t>[]> verified_;  ///< a bit a block, of kept ones; set by any thread, cleared by the page cache's
  std::unique_ptr<std::atomic<std::uint64_t>[]> asked_;     ///< a bit for each kAskedBytes of the file, likewise
  std::unique_ptr<BlockCache::Hint[]> hints_;               ///< of packed blocks; any thread
  std::unique_ptr<PageCache::File> cached_;                 ///< null: without a page cache
};

}  // namespace florin::journal
