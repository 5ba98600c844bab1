#pragma once

#include <cstring>
#include <span>
#include <string>

#include "florin/journal.hpp"

namespace florin::journal {

/// Copies the header off the first piece of a batch; the first piece is at least that long.
inline BatchHeader header_of(std::span<const BytesView> pieces) noexcept {
  BatchHeader header;
  std::memcpy(&header, pieces.front().data, sizeof header);
  return header;
}

/// A writer's check of its caller: does the batch continue the journal behind `last` (number 0: an empty journal)?
/// Only promises between our own parts are checked here, checksums are not.
Status check_continues(const BatchHeader& last, std::span<const BytesView> pieces);

}  // namespace florin::journal
