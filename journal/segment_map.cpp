#include "journal/segment_map.hpp"

#include <sys/mman.h>

#include <algorithm>
#include <utility>

#include "journal/lmdb_layout.hpp"

namespace florin::journal {
namespace {

/// Pages are asked for in runs of this many bytes: few calls, and what is still to be read from the disk comes in long pieces.
constexpr std::uint64_t kRunBytes = 2U << 20;
/// What lies further back is unmapped (it stays in the page cache): page tables and the process's size stay small.
constexpr std::uint64_t kKeptBytes = 64U << 20;
constexpr int kPopulateRead = 22;  // MADV_POPULATE_READ, since Linux 5.14: an error instead of SIGBUS

constexpr std::uint64_t page_begin(std::uint64_t offset) noexcept { return offset / kPageBytes * kPageBytes; }

}  // namespace

SegmentMap::SegmentMap(const File& file, std::uint64_t bytes) noexcept {
  if (bytes == 0) return;
  void* const begin = ::mmap(nullptr, bytes, PROT_READ, MAP_SHARED, file.descriptor(), 0);
  if (begin == MAP_FAILED) return;
  data_ = static_cast<std::byte*>(begin);
  bytes_ = bytes;
}

SegmentMap::~SegmentMap() {
  if (data_ != nullptr) ::munmap(data_, bytes_);
}

SegmentMap::SegmentMap(SegmentMap&& other) noexcept { *this = std::move(other); }

SegmentMap& SegmentMap::operator=(SegmentMap&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(bytes_, other.bytes_);
  std::swap(populated_begin_, other.populated_begin_);
  std::swap(populated_end_, other.populated_end_);
  return *this;
}

std::span<const std::byte> SegmentMap::at(std::uint64_t offset, std::size_t count) noexcept {
  if (count > bytes_ || offset > bytes_ - count) return {};
  if (offset < populated_begin_ || offset > populated_end_) populated_begin_ = populated_end_ = page_begin(offset);
  if (offset + count > populated_end_ && !populate(offset + count)) return {};
  return {data_ + offset, count};
}

bool SegmentMap::populate(std::uint64_t end) noexcept {
  // A run ahead if it can be had; else just what was asked for, which may end before the place that cannot be read.
  for (const std::uint64_t wanted : {std::min(bytes_, page_begin(end) + kRunBytes), end}) {
    if (::madvise(data_ + populated_end_, wanted - populated_end_, kPopulateRead) != 0) continue;
    populated_end_ = page_begin(wanted + kPageBytes - 1);
    if (populated_end_ - populated_begin_ > 2 * kKeptBytes) {
      const std::uint64_t kept = page_begin(populated_end_ - kKeptBytes);
      ::madvise(data_ + populated_begin_, kept - populated_begin_, MADV_DONTNEED);
      populated_begin_ = kept;
    }
    return true;
  }
  return false;
}

}  // namespace florin::journal
