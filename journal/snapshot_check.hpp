#pragma once

#include "florin/snapshot.hpp"

namespace florin::journal {

/// Reads and checks every chunk of a snapshot, with all cores: a chunk is up to 16 MiB, and each stands for itself. Of several
/// faults the one of the first chunk is named. For `florin verify`; a server's snapshot is checked by whoever loads it.
Status check_chunks(const SnapshotReader& snapshot);

}  // namespace florin::journal
