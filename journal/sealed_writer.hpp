#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "florin/sealed_segment.hpp"
#include "journal/sealed_layout.hpp"
#include "journal/uncached_file.hpp"
#include "journal/write_behind.hpp"

namespace florin::journal {

/// Writes the file of a sealed segment under `.tmp`: sections gather in a buffer of some MiB, which is hashed while it is in the
/// caches, and written behind the caller's back past the page cache where the file system can, else flushed piece by piece, so that the
/// journal's own flushes never wait behind hundreds of MiB.
/// publish() writes the end and the first page, flushes, renames and flushes the folder. Unpublished, the file is removed
/// with the writer, or by the next start. Writer: one thread.
class SealedFileWriter final : public SealedWriter {
 public:
  static Result<std::unique_ptr<SealedWriter>> create(std::string path, std::uint64_t segment);
  ~SealedFileWriter() override;

  Status begin_section(std::uint32_t kind) override;
  Status append(std::span<const std::byte> bytes) override;
  Status publish(const SealedHeader& header) override;

 private:
  SealedFileWriter(std::string path, std::uint64_t segment);
  /// Ends the block under way: pads it to a page, hashes it, and writes the buffer if no further block fits into it.
  Status end_block();
  Status end_section();
  Status write_buffer();
  Status allocate(std::uint64_t end);
  Status fail(Status status);

  const std::string path_;
  const std::uint64_t segment_;
  UncachedFile file_;
  Status health_;
  bool is_published_ = false;
  std::vector<SealedEntry> entries_;
  std::vector<u128> checksums_;       ///< of all blocks
  WriteBehind behind_;                ///< its thread alone writes to the file until finish()
  std::uint64_t buffer_offset_ = 0;   ///< in the file
  std::size_t block_begin_ = 0;       ///< in the buffer
  std::size_t buffer_end_ = 0;        ///< bytes filled, the block under way included
  std::uint64_t allocated_bytes_ = 0;
};

}  // namespace florin::journal
