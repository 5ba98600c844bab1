#pragma once

#include <cstdint>
#include <type_traits>

#include "journal/sealed_layout.hpp"

/// @file
/// Records of an archived segment's file, all little-endian (docs/history_format.md):
///
///     first page   SealedFirstPage with a magic of its own
///     kept         sections that stay as they are, each at a multiple of a page, as in a sealed file
///     packed       the blocks of all other sections, each packed on its own, one right behind the other
///     directory    ArchiveEntry for each section, then ArchiveBlock for each block, both in order of the file
///     footer       SealedFooter: the last bytes of the file
///
/// Kept sections are cut into blocks as in a sealed file, the others into smaller ones (BlockSource::kBlockBytes). Where a block ends the next
/// one begins, and the last ends with the directory; one that takes as many bytes as it has is not packed.

namespace florin::journal {

inline constexpr std::uint64_t kArchiveMagic = 0x48435241524C46ULL;  // "FLRARCH"

struct ArchiveEntry {
  std::uint32_t kind = 0;
  std::uint16_t is_kept = 0;
  std::uint16_t row_bytes = 1;  ///< of a packed section: its blocks are packed as columns of rows of so many bytes (columns.hpp)
  std::uint64_t bytes = 0;      ///< of the section
  std::uint64_t first_block = 0;

  [[nodiscard]] std::uint64_t block_bytes() const noexcept { return is_kept != 0 ? VerifiedBytes::kBlockBytes : BlockSource::kBlockBytes; }
  [[nodiscard]] std::uint64_t blocks() const noexcept { return (bytes + block_bytes() - 1) / block_bytes(); }
};
static_assert(sizeof(ArchiveEntry) == 24 && std::has_unique_object_representations_v<ArchiveEntry>);

struct ArchiveBlock {
  std::uint64_t checksum = 0;       ///< of the block as it is unpacked: the lower half of XXH3-128
  std::uint64_t file_checksum = 0;  ///< of what stands for it in the file, likewise
  std::uint64_t offset = 0;         ///< in the file
};
static_assert(sizeof(ArchiveBlock) == 24 && std::has_unique_object_representations_v<ArchiveBlock>);

}  // namespace florin::journal
