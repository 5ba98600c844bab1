#pragma once

#include <cstdint>
#include <string>

#include "florin/batch.hpp"
#include "florin/status.hpp"
#include "journal/segment_catalog.hpp"

namespace florin::journal {

/// What a look at a journal's segments found.
struct JournalState {
  bool is_empty = true;          ///< no batch at all
  BatchHeader last;              ///< of the newest batch, unless empty
  std::uint64_t end_sequence = 1;  ///< the next batch's first sequence
  /// Batches from here on are whole and chained, but no meta page counts them: the commit that wrote them did not get as
  /// far. 0 if there are none. The owner copies them into a segment of their own before it goes on.
  std::uint64_t adopted_sequence = 0;
  std::uint64_t adopted_bytes = 0;
  std::string note;              ///< what was odd but no damage, for the log; empty mostly
};

/// Checks the segments of `catalog` without changing a file, and sets the catalog's end: the newest segment is read and
/// verified whole; the others must adjoin by the number of their first batches and the counts of their meta pages, and are
/// verified whole if these disagree. kCorrupt names file, sequence, offset and reason.
///
/// `is_copy`: the folder may have been copied while a server wrote, segment after segment; then a segment may fall short
/// of its successor without damage, and the journal ends there.
Result<JournalState> examine(SegmentCatalog& catalog, bool is_copy);

}  // namespace florin::journal
