#pragma once

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <span>

#include "journal/aligned_buffer.hpp"
#include "journal/file.hpp"
#include "journal/lmdb_layout.hpp"

namespace florin::journal {

/// Looks at a file page by page, front to back, through a window that moves when needed. One thread.
class PageWindow {
 public:
  PageWindow(const File& file, std::uint64_t file_bytes) : file_(file), file_bytes_(file_bytes), buffer_(kWindowBytes) {}

  /// `count` bytes from the start of `page` on, or an empty span at the end of the file.
  Result<std::span<const std::byte>> at(std::uint64_t page, std::size_t count) {
    const std::uint64_t offset = page * kPageBytes;
    if (offset + count > file_bytes_) return std::span<const std::byte>{};
    if (offset < begin_ || offset + count > end_) {
      if (Status status = load(offset, count); !status) return status;
      if (offset + count > end_) return std::span<const std::byte>{};
    }
    return std::span<const std::byte>(buffer_.bytes()).subspan(offset - begin_, count);
  }

  /// First page at or after `page` that may hold data: preallocated space that was never written is skipped unread.
  std::uint64_t next_data_page(std::uint64_t page) const noexcept {
    const auto offset = static_cast<off_t>(page * kPageBytes);
    const off_t data = ::lseek(file_.descriptor(), offset, SEEK_DATA);
    if (data < 0) return errno == ENXIO ? (file_bytes_ + kPageBytes - 1) / kPageBytes : page;
    return static_cast<std::uint64_t>(data) / kPageBytes;
  }

  [[nodiscard]] bool holds(std::uint64_t page) const noexcept {
    return page * kPageBytes >= begin_ && page * kPageBytes < end_;
  }

 private:
  static constexpr std::size_t kWindowBytes = 64U << 10;

  Status load(std::uint64_t offset, std::size_t count) {
    buffer_.resize(std::max(kWindowBytes, count));
    const Result<std::size_t> read = file_.read_at(buffer_.bytes(), offset);
    if (!read) return read.error();
    begin_ = offset;
    end_ = offset + *read;
    return Status::ok();
  }

  const File& file_;
  std::uint64_t file_bytes_;
  AlignedBuffer buffer_;
  std::uint64_t begin_ = 0;
  std::uint64_t end_ = 0;
};

}  // namespace florin::journal
