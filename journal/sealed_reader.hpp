#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "florin/sealed_segment.hpp"
#include "journal/file.hpp"
#include "journal/page_cache.hpp"
#include "journal/sealed_layout.hpp"

namespace florin::journal {

/// Reads a published sealed segment. open() reads first page, footer and directory with pread and checks every length against
/// the file; only then is the file mapped. A block is asked for with MADV_POPULATE_READ before it is looked at, so that a place
/// that cannot be read is an error and no fault, and its checksum is compared once.
/// Readers: many threads at once. Limits: a block whose pages left the page cache is checked again only if it was the PageCache that had them forgotten, and a
/// disk that no longer gives them, or somebody who cuts the file, gets the process killed.
class SealedFileReader final : public SealedReader, private BlockVerifier {
 public:
  /// `cache`: counts what is read, and may have it forgotten; nullptr: nobody does.
  static Result<std::unique_ptr<SealedReader>> open(const std::string& path, std::uint64_t segment, u128 store_id,
                                                    std::shared_ptr<PageCache> cache = nullptr);
  ~SealedFileReader() override;

  [[nodiscard]] const SealedHeader& header() const noexcept override { return header_; }
  [[nodiscard]] const std::vector<SealedSection>& sections() const noexcept override { return sections_; }
  [[nodiscard]] std::uint64_t file_bytes() const noexcept override { return file_bytes_; }
  [[nodiscard]] bool is_archived() const noexcept override { return false; }
  [[nodiscard]] Result<VerifiedBytes> section(std::uint32_t kind) const override;
  [[nodiscard]] std::uint64_t block_count() const noexcept override { return checksums_.size(); }
  [[nodiscard]] Status verify_blocks(std::uint64_t first, std::uint64_t count) const override;

 private:
  explicit SealedFileReader(File file) : file_(std::move(file)) {}
  Status read_directory(const SealedFooter& footer);
  /// Sections follow each other without a gap, and the directory follows them.
  Status check_places(const SealedFooter& footer) const;
  Status map(std::shared_ptr<PageCache> cache);
  Status verify_block(std::uint64_t block) const override;
  void read_ahead(std::span<const std::byte> block) const noexcept override;

  File file_;  ///< open until it is mapped: a long history has more files than a process may have open
  std::uint64_t file_bytes_ = 0;
  SealedHeader header_;
  std::vector<SealedEntry> entries_;
  std::vector<SealedSection> sections_;
  std::vector<u128> checksums_;  ///< of all blocks
  const std::byte* map_ = nullptr;
  std::unique_ptr<std::atomic<std::uint64_t>[]> verified_;  ///< a bit a block; set by any thread, cleared by the page cache's
  std::unique_ptr<PageCache::File> cached_;                 ///< null: without a page cache
};

}  // namespace florin::journal
