#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "florin/status.hpp"
#include "journal/file.hpp"
#include "journal/lmdb_layout.hpp"

/// @file
/// Finds the batches of a segment file with pread alone: no map, no lock, no write, no trust in LMDB's trees. Used for
/// every file that this process did not write itself: after a crash, in copied folders, and for replay.

namespace florin::journal {

/// What the meta pages say.
struct SegmentMeta {
  bool readable = false;          ///< at least one meta page is sound
  bool all_sound = true;          ///< both are; a crash does not damage them
  std::uint64_t entries = 0;      ///< batches that are surely durable: the larger count of the sound meta pages
  std::uint64_t pages = 0;        ///< pages in use, at least
};

/// A meta page counts as sound if its constants, page size, and sums are; LMDB would believe anything with the right magic.
[[nodiscard]] bool is_sound(const MetaPage& meta, std::uint32_t page_number) noexcept;

Result<SegmentMeta> read_meta(const File& file);

/// Every page of the file where a batch with a good header checksum begins, ascending by sequence, then by page. Bodies are
/// not looked at. A page inside a batch already found is not considered.
Result<std::vector<ValuePlace>> find_batches(const File& file);

}  // namespace florin::journal
