#include "journal/segment_scanner.hpp"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <tuple>

#include "journal/aligned_buffer.hpp"
#include "record/batch_record.hpp"

namespace florin::journal {
namespace {

/// Reads a file in windows, front to back; `at()` of a page beyond the window moves it.
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

bool may_begin_batch(const PageHeader& page, const BatchHeader& header, std::uint64_t number) noexcept {
  return page.number == number && page.flags == PageHeader::kOverflow && !record::check_header(header) &&
         page.pages == value_pages(header.size);
}

/// The batch that begins at `page`, or one of size 0.
Result<BatchPlace> batch_at(PageWindow& window, std::uint64_t page) {
  constexpr std::size_t kHeaderBytes = sizeof(PageHeader) + sizeof(BatchHeader);
  Result<std::span<const std::byte>> bytes = window.at(page, kHeaderBytes);
  if (!bytes) return bytes.error();
  if (bytes->empty()) return BatchPlace{};
  PageHeader page_header;
  BatchHeader header;
  std::memcpy(&page_header, bytes->data(), sizeof page_header);
  std::memcpy(&header, bytes->data() + sizeof page_header, sizeof header);
  if (!may_begin_batch(page_header, header, page)) return BatchPlace{};
  const std::size_t request_bytes = header.request_count * sizeof(RequestHeader);
  bytes = window.at(page, kHeaderBytes + request_bytes);
  if (!bytes) return bytes.error();
  if (bytes->empty()) return BatchPlace{};
  const auto* requests = reinterpret_cast<const RequestHeader*>(bytes->data() + kHeaderBytes);
  if (record::header_checksum(header, {requests, header.request_count}) != header.checksum) return BatchPlace{};
  return BatchPlace{header.first_sequence, static_cast<std::uint32_t>(page), header.size};
}

}  // namespace

bool is_sound(const MetaPage& meta, std::uint32_t page_number) noexcept {
  const bool constants = meta.magic == MetaPage::kMagic && meta.version == MetaPage::kDataVersion &&
                         meta.page.number == page_number && meta.page.flags == PageHeader::kMeta &&
                         meta.free_tree.pad == kPageBytes;
  // Every batch takes a page at least, so a count above the pages is a flipped bit.
  const bool sums = meta.map_bytes % kPageBytes == 0 && meta.last_page >= kMetaPages - 1 &&
                    meta.last_page < meta.map_bytes / kPageBytes && meta.main_tree.entries <= meta.last_page &&
                    meta.main_tree.depth < 32 && (meta.main_tree.entries == 0) == (meta.main_tree.depth == 0);
  // LMDB writes transaction N into page N mod 2; both pages of a new file hold transaction 0.
  const bool turn = meta.transaction == 0 || meta.transaction % kMetaPages == page_number;
  return constants && sums && turn;
}

Result<SegmentMeta> read_meta(const File& file) {
  SegmentMeta result;
  for (std::uint32_t number = 0; number < kMetaPages; ++number) {
    MetaPage meta;
    const auto bytes = std::as_writable_bytes(std::span(&meta, 1));
    const Result<std::size_t> read = file.read_at(bytes, std::uint64_t{number} * kPageBytes);
    if (!read) return read.error();
    if (*read < bytes.size() || !is_sound(meta, number)) continue;
    result.readable = true;
    result.entries = std::max(result.entries, meta.main_tree.entries);
    result.pages = std::max(result.pages, meta.last_page + 1);
  }
  return result;
}

Result<std::vector<BatchPlace>> find_batches(const File& file) {
  const Result<std::uint64_t> size = file.size();
  if (!size) return size.error();
  std::vector<BatchPlace> places;
  PageWindow window(file, *size);
  const std::uint64_t page_count = std::min<std::uint64_t>(*size / kPageBytes + 1, ~std::uint32_t{0});
  for (std::uint64_t page = kMetaPages; page < page_count;) {
    if (!window.holds(page)) {
      const std::uint64_t data = window.next_data_page(page);
      if (data > page) {
        page = data;
        continue;
      }
    }
    const Result<BatchPlace> place = batch_at(window, page);
    if (!place) return place.error();
    const bool whole = place->size != 0 && place->offset() + place->size <= *size;
    if (whole) places.push_back(*place);
    page += whole ? value_pages(place->size) : 1;
  }
  std::sort(places.begin(), places.end(), [](const BatchPlace& a, const BatchPlace& b) {
    return std::tie(a.first_sequence, a.page) < std::tie(b.first_sequence, b.page);
  });
  return places;
}

}  // namespace florin::journal
