#include "listing_notes.hpp"

#include <fmt/format.h>

#include <cstdio>

#include "dropped_history.hpp"

namespace florin::tools {

void note_sequence(std::uint64_t sequence) {
  if (sequence != 0) fmt::print(stderr, "as of sequence {}\n", sequence);
}

void note_listing(const Listing& listing) {
  if (listing.first_sequence == listing.last_sequence) {
    note_sequence(listing.last_sequence);
  } else {
    fmt::print(stderr, "as of sequences {} to {}, page by page\n", listing.first_sequence, listing.last_sequence);
  }
  if (listing.dropped_before != 0) fmt::print(stderr, "{}: not listed\n", dropped_text(listing.dropped_before));
}

}  // namespace florin::tools
