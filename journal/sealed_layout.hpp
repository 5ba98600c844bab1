#pragma once

#include <cstdint>
#include <type_traits>

#include "florin/sealed_segment.hpp"

/// @file
/// Records of a sealed segment's file, all little-endian (docs/history_format.md):
///
///     first page   SealedFirstPage
///     section ...  each at a multiple of a page, the rest of its last page zeros
///     directory    at a multiple of a page: SealedEntry for each section, then the checksums of all blocks, u128 each
///     footer       SealedFooter, right behind the directory: the last bytes of the file
///
/// A block is 64 KiB of a section, counted from the section's beginning; its last block ends with the last page, zeros included.
/// So every byte of the file is covered by the checksum of a block, of the first page, of the directory or of the footer.

namespace florin::journal {

inline constexpr std::uint64_t kSealedMagic = 0x444C4153524C46ULL;   // "FLRSALD"
inline constexpr std::uint64_t kFooterMagic = 0x444E4553524C46ULL;   // "FLRSEND"
inline constexpr std::uint32_t kSealedFormatVersion = 1;
inline constexpr std::uint64_t kSealedPageBytes = 4096;

struct SealedFirstPage {
  u128 checksum = 0;  ///< XXH3-128 of the rest of the page
  std::uint64_t magic = kSealedMagic;
  std::uint32_t format_version = kSealedFormatVersion;
  std::uint32_t reserved = 0;
  SealedHeader header;
  std::uint8_t zeros[kSealedPageBytes - 128] = {};
};
static_assert(sizeof(SealedFirstPage) == kSealedPageBytes && std::has_unique_object_representations_v<SealedFirstPage>);

struct SealedEntry {
  std::uint32_t kind = 0;
  std::uint32_t reserved = 0;
  std::uint64_t offset = 0;  ///< in the file
  std::uint64_t bytes = 0;
  std::uint64_t first_block = 0;  ///< number of its first block in the file
};
static_assert(sizeof(SealedEntry) == 32 && std::has_unique_object_representations_v<SealedEntry>);

struct SealedFooter {
  u128 checksum = 0;             ///< XXH3-128 of the rest of this record
  u128 first_page_checksum = 0;  ///< SealedFirstPage::checksum: the end belongs to this beginning
  u128 directory_checksum = 0;   ///< XXH3-128 of the directory
  std::uint64_t directory_offset = 0;
  std::uint64_t file_bytes = 0;
  std::uint64_t block_count = 0;
  std::uint32_t section_count = 0;
  std::uint32_t reserved = 0;
  std::uint64_t reserved_64 = 0;
  std::uint64_t magic = kFooterMagic;
};
static_assert(sizeof(SealedFooter) == 96 && std::has_unique_object_representations_v<SealedFooter>);

constexpr std::uint64_t page_end(std::uint64_t bytes) noexcept {
  return (bytes + kSealedPageBytes - 1) / kSealedPageBytes * kSealedPageBytes;
}
constexpr std::uint64_t blocks_of(std::uint64_t section_bytes) noexcept {
  return (section_bytes + VerifiedBytes::kBlockBytes - 1) / VerifiedBytes::kBlockBytes;
}

}  // namespace florin::journal
