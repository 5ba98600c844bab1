#pragma once

#include <cstddef>
#include <cstdint>

#include "florin/batch.hpp"

/// @file
/// What of LMDB's file layout (0.9, data version 1, 64-bit little-endian) is read without LMDB: the header of a page and
/// the two meta pages. LMDB itself checks neither lengths nor checksums and maps what it is given, so doubtful files are
/// judged and read with pread by these structs. See docs/journal_format.md.

namespace florin::journal {

inline constexpr std::uint32_t kPageBytes = 4096;

/// Begins every page. A value larger than about half a page lies behind the header of an overflow page of its own and
/// runs on over `pages` pages without further headers.
struct PageHeader {
  static constexpr std::uint16_t kOverflow = 0x04;
  static constexpr std::uint16_t kMeta = 0x08;

  std::uint64_t number = 0;
  std::uint16_t pad = 0;
  std::uint16_t flags = 0;
  std::uint32_t pages = 0;  ///< overflow pages only
};
static_assert(sizeof(PageHeader) == 16 && offsetof(PageHeader, flags) == 10 && offsetof(PageHeader, pages) == 12);

/// A tree inside a meta page.
struct TreeRecord {
  std::uint32_t pad = 0;  ///< of the first tree: bytes of a page
  std::uint16_t flags = 0;
  std::uint16_t depth = 0;
  std::uint64_t branch_pages = 0;
  std::uint64_t leaf_pages = 0;
  std::uint64_t overflow_pages = 0;
  std::uint64_t entries = 0;
  std::uint64_t root = 0;
};
static_assert(sizeof(TreeRecord) == 48);

/// Pages 0 and 1, written in turn.
struct MetaPage {
  static constexpr std::uint32_t kMagic = 0xBEEFC0DE;
  static constexpr std::uint32_t kDataVersion = 1;

  PageHeader page;
  std::uint32_t magic = 0;
  std::uint32_t version = 0;
  std::uint64_t address = 0;
  std::uint64_t map_bytes = 0;
  TreeRecord free_tree;
  TreeRecord main_tree;
  std::uint64_t last_page = 0;
  std::uint64_t transaction = 0;
};
static_assert(sizeof(MetaPage) == 152 && offsetof(MetaPage, main_tree) == 88 && offsetof(MetaPage, transaction) == 144);

inline constexpr std::uint32_t kMetaPages = 2;

/// Overflow pages of a value.
constexpr std::uint32_t value_pages(std::uint64_t value_bytes) noexcept {
  return static_cast<std::uint32_t>((sizeof(PageHeader) + value_bytes + kPageBytes - 1) / kPageBytes);
}

/// Values above this get overflow pages of their own (at least two keys must fit into a page).
inline constexpr std::uint32_t kValueBytesInTreeMax = (((kPageBytes - sizeof(PageHeader)) / 2) & ~1U) - 2;
static_assert(kBatchBytesMin > kValueBytesInTreeMax, "a batch would lie inside a tree page, where no scan finds it");

/// Where a value lies in its file.
struct ValuePlace {
  std::uint64_t key = 0;   ///< of a batch: its first sequence
  std::uint32_t page = 0;  ///< the value begins sizeof(PageHeader) behind it
  std::uint32_t size = 0;  ///< bytes of the value

  [[nodiscard]] std::uint64_t offset() const noexcept { return std::uint64_t{page} * kPageBytes + sizeof(PageHeader); }
  friend bool operator==(const ValuePlace&, const ValuePlace&) = default;
};

}  // namespace florin::journal
