#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "florin/sealed_segment.hpp"
#include "journal/aligned_buffer.hpp"
#include "journal/archive_layout.hpp"
#include "journal/block_codec.hpp"
#include "journal/uncached_file.hpp"

namespace florin::journal {

/// What becomes of a section, by its kind.
using FormOf = std::function<SectionForm(std::uint32_t kind)>;

/// Writes the file of an archived segment from a sealed one, a piece at a time, so that whoever does it can do other things in between.
/// Every block of the source is checked on the way. Written as `.tmp`, flushed, renamed, and the folder flushed; unpublished, the
/// file is removed with the writer. Writer: one thread.
class ArchiveWriter {
 public:
  /// Higher ones take more time to unpack and little less room ("Old segments are packed in blocks" in docs/design_notes.md).
  static constexpr int kLevel = -1;

  static Result<std::unique_ptr<ArchiveWriter>> create(std::string path, std::unique_ptr<SealedReader> source, const FormOf& form_of);
  ~ArchiveWriter();

  /// Packs about a MiB; true: that was the last one, and the file is durable and has its name. A failure is final.
  Result<bool> step();

 private:
  ArchiveWriter(std::string path, std::unique_ptr<SealedReader> source);
  Status add_block();
  Status put(std::span<const std::byte> bytes);
  Status write_buffer();
  Status publish();

  const std::string path_;
  const std::unique_ptr<SealedReader> source_;
  UncachedFile file_;
  bool is_published_ = false;
  std::vector<ArchiveEntry> entries_;  ///< of all sections
  std::vector<ArchiveBlock> blocks_;   ///< of those written so far
  BlockPacker packer_;
  AlignedBuffer block_;
  AlignedBuffer packed_;
  AlignedBuffer buffer_;             ///< a write, and what of the last block goes beyond it
  std::uint64_t buffer_offset_ = 0;  ///< in the file
  std::size_t buffer_end_ = 0;
  // What comes next.
  std::size_t section_ = 0;
  std::uint64_t section_offset_ = 0;
  std::uint64_t bytes_read_ = 0;  ///< of all sections
};

}  // namespace florin::journal
