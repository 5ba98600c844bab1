#pragma once

#include <string>

#include "backup/manifest.hpp"
#include "backup/pace.hpp"
#include "florin/status.hpp"

namespace florin::backup {

/// Reads every byte of the backup in `folder`: the manifest, the digest of each file it names, the chain of all batches from the first to the
/// last, the snapshots' and sealed segments' own checksums, and that they belong to this chain. kCorrupt names the file.
Result<Manifest> check_backup(const std::string& folder, Pace& pace);

}  // namespace florin::backup
