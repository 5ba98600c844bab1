#pragma once

#include <cstdint>

#include "pages.hpp"

/// @file
/// What an answer is of, on standard error: lines of JSON on standard output stay what programs expect.

namespace florin::tools {

/// "as of sequence 17". Nothing of 0.
void note_sequence(std::uint64_t sequence);

/// The same of a listing, whose pages are each of a sequence of their own; and that history was dropped, if rows may be lacking therefore.
void note_listing(const Listing& listing);

}  // namespace florin::tools
