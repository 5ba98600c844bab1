#include "journal/segment_scanner.hpp"

#include <algorithm>
#include <cstring>
#include <tuple>

#include "journal/page_window.hpp"
#include "record/batch_record.hpp"

namespace florin::journal {
namespace {

bool may_begin_batch(const PageHeader& page, const BatchHeader& header, std::uint64_t number) noexcept {
  return page.number == number && page.flags == PageHeader::kOverflow && !record::check_header(header) &&
         page.pages == value_pages(header.size);
}

/// The batch that begins at `page`, or one of size 0.
Result<ValuePlace> batch_at(PageWindow& window, std::uint64_t page) {
  constexpr std::size_t kHeaderBytes = sizeof(PageHeader) + sizeof(BatchHeader);
  Result<std::span<const std::byte>> bytes = window.at(page, kHeaderBytes);
  if (!bytes) return bytes.error();
  if (bytes->empty()) return ValuePlace{};
  PageHeader page_header;
  BatchHeader header;
  std::memcpy(&page_header, bytes->data(), sizeof page_header);
  std::memcpy(&header, bytes->data() + sizeof page_header, sizeof header);
  if (!may_begin_batch(page_header, header, page)) return ValuePlace{};
  const std::size_t request_bytes = header.request_count * sizeof(RequestHeader);
  bytes = window.at(page, kHeaderBytes + request_bytes);
  if (!bytes) return bytes.error();
  if (bytes->empty()) return ValuePlace{};
  const auto* requests = reinterpret_cast<const RequestHeader*>(bytes->data() + kHeaderBytes);
  if (record::header_checksum(header, {requests, header.request_count}) != header.checksum) return ValuePlace{};
  return ValuePlace{header.first_sequence, static_cast<std::uint32_t>(page), header.size};
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
    if (*read < bytes.size() || !is_sound(meta, number)) {
      result.all_sound = false;
      continue;
    }
    result.readable = true;
    result.entries = std::max(result.entries, meta.main_tree.entries);
    result.pages = std::max(result.pages, meta.last_page + 1);
  }
  return result;
}

Result<std::vector<ValuePlace>> find_batches(const File& file) {
  const Result<std::uint64_t> size = file.size();
  if (!size) return size.error();
  std::vector<ValuePlace> places;
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
    const Result<ValuePlace> place = batch_at(window, page);
    if (!place) return place.error();
    const bool whole = place->size != 0 && place->offset() + place->size <= *size;
    if (whole) places.push_back(*place);
    page += whole ? value_pages(place->size) : 1;
  }
  std::sort(places.begin(), places.end(), [](const ValuePlace& a, const ValuePlace& b) {
    return std::tie(a.key, a.page) < std::tie(b.key, b.page);
  });
  return places;
}

}  // namespace florin::journal
