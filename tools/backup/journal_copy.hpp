#pragma once

#include <memory>
#include <string>

#include "backup/pace.hpp"
#include "backup/segment_filler.hpp"
#include "florin/status.hpp"

namespace florin::backup {

/// Copies the batches behind `filler.end()` from a data folder, whether a server writes to it or not, up to the last one that a meta page
/// counts: a meta page is written after the flush of what it counts, so all of these are durable, and what was acknowledged before
/// the call is among them. (After a power loss only the next start of a server says what of the rest counts.)
/// Each batch is verified and chained as it is read, the first one to the end of the copy: kDiffers if the store has another past than the copy
/// has, kNotFound if batches between are gone or there is no journal.
/// What looks like damage may be a server at work (a segment that was just begun, removed or is being written), so it is looked at again
/// before it is believed.
Status copy_journal(const std::string& data, SegmentFiller& filler, Pace& pace);

/// The store's id, from its first batch or, where that is gone, from a snapshot.
Result<u128> store_id_of(const std::string& data);

}  // namespace florin::backup
