#pragma once

#include <cstdint>

#include "florin/sealed_segment.hpp"

namespace florin::core {

/// How the sealed segments of a ledger are stored.
struct StoredSegments {
  struct Form {
    std::uint64_t segments = 0;
    std::uint64_t bytes = 0;  ///< of their files

    void add(std::uint64_t file_bytes) noexcept {
      ++segments;
      bytes += file_bytes;
    }
  };
  Form sealed;    ///< whole, as they were sealed
  Form archived;  ///< whole, and packed
  Form dropped;   ///< what is left of them, packed or not
  CachedPages pages;  ///< of all these
};

}  // namespace florin::core
