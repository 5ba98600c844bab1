#pragma once

#include <string>

#include "backup/manifest.hpp"
#include "florin/status.hpp"
#include "journal/segment_catalog.hpp"

/// @file
/// Snapshots and sealed segments follow from the journal. So a damaged one is no reason to have no backup: it is left out.

namespace florin::backup {

/// Reads every byte of a snapshot or sealed segment at `path` and checks it by its own checksums, that it is of this store, and that it
/// belongs to the chain of batches in `journal`. On ok `file` says where it ends.
Status check_derived(const std::string& path, u128 store_id, const journal::SegmentCatalog& journal, BackupFile& file);

/// The segments of `manifest` as they lie in `files`.
void add_segments(const Manifest& manifest, const std::string& files, journal::SegmentCatalog& catalog);

}  // namespace florin::backup
