#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "florin/status.hpp"
#include "journal/file.hpp"

namespace florin::journal {

/// A new file of many MiB beside a journal that flushes: written past the page cache where the file system can, else flushed with each write,
/// so that no flush of the journal ever waits behind what had gathered there. Writer: one thread at a time.
class UncachedFile {
 public:
  /// While the disk has a write, a flush of the journal waits behind it, and with that the replies of a batch: so no write should be larger.
  static constexpr std::size_t kWriteBytes = 256U << 10;

  UncachedFile() = default;
  /// Of an older file of that name nothing is left.
  static Result<UncachedFile> create(const std::string& path);

  /// `bytes` begin a page of memory, and `offset` one of the file. What is no whole page at their end goes the usual way.
  Status write(std::span<const std::byte> bytes, std::uint64_t offset);
  /// The same file, for all else. A write through it should be of pages that write() has nothing to do with.
  [[nodiscard]] File& file() noexcept { return file_; }
  void close() noexcept;

 private:
  Status write_and_flush(std::span<const std::byte> bytes, std::uint64_t offset);

  File file_;
  File direct_;  ///< not open where the file system has no such thing
};

}  // namespace florin::journal
