#pragma once

#include <cstdint>

#include "florin/status.hpp"
#include "florin/uint128.hpp"
#include "journal/segment_catalog.hpp"

/// @file
/// Proofs about a copy of a journal, from its bytes alone. The end of the last segment is set in the catalog.

namespace florin::backup {

/// Reads every batch. kCorrupt unless each is whole and follows the one before, and the last ends with `sequence` and has this checksum.
Status check_chain(const journal::SegmentCatalog& journal, std::uint64_t sequence, u128 batch_checksum);

/// kCorrupt unless the batch that ends with `sequence` is there and has this checksum.
Status check_in_chain(const journal::SegmentCatalog& journal, std::uint64_t sequence, u128 batch_checksum);

}  // namespace florin::backup
