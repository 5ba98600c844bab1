#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "florin/sealed_segment.hpp"
#include "journal/file.hpp"
#include "journal/sealed_layout.hpp"

/// @file
/// What the file of a segment begins and ends with, archived or not: first page, directory and footer. They say what it is of, and that
/// it is whole.

namespace florin::journal {

struct SealedEnds {
  SealedHeader header;
  SealedFooter footer;
};

/// Reads first page and footer with pread. kCorrupt if the file is cut, longer than it was, damaged, or of another kind, store or number.
Result<SealedEnds> read_ends(const File& file, std::uint64_t magic, std::uint64_t segment, u128 store_id);
/// Of the first page alone.
Result<SealedHeader> read_header(const File& file, std::uint64_t magic);
/// Fills both halves of the directory, which have as many bytes as the footer's counts stand for: see is_directory_sound().
Status read_directory(const File& file, const SealedFooter& footer, std::span<std::byte> entries, std::span<std::byte> blocks);
/// The directory lies in front of the footer. Asked before anything is allocated.
bool is_directory_sound(const SealedFooter& footer, std::uint64_t entry_bytes, std::uint64_t block_bytes) noexcept;

/// Fills `bytes` from `offset`; a file that ends before is damaged.
Status read_all(const File& file, std::span<std::byte> bytes, std::uint64_t offset, const char* what);
[[nodiscard]] Status corrupt(const File& file, const std::string& reason);

/// A directory as it is written.
struct SealedDirectory {
  std::span<const std::byte> entries;
  std::span<const std::byte> blocks;
  std::uint32_t section_count = 0;
  std::uint64_t block_count = 0;
};
/// Writes directory and footer at `offset`, cuts the file behind them, and writes the first page.
Status write_ends(File& file, std::uint64_t offset, std::uint64_t magic, const SealedHeader& header, const SealedDirectory& directory);

}  // namespace florin::journal
