#pragma once

#include <cstddef>
#include <cstring>
#include <span>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "protocol/frame_codec.hpp"

namespace florin::protocol::fuzz {

/// Recomputes the checksums of a stream of frames, as far as sizes lead; a body that is cut off keeps its own. No mutation gets
/// past a checksum, so without this a fuzzer sees little but checksum faults.
inline void mend_frames(std::span<std::byte> stream) {
  while (stream.size() >= kFrameHeaderBytes) {
    FrameHeader header;
    std::memcpy(&header, stream.data(), sizeof header);
    const bool is_whole = header.size >= sizeof header && header.size <= stream.size();
    if (is_whole) {
      seal(header, stream.subspan(sizeof header, header.size - sizeof header));
    } else {
      header.header_checksum = XXH3_64bits(reinterpret_cast<const std::byte*>(&header) + sizeof header.header_checksum,
                                           sizeof header - sizeof header.header_checksum);
    }
    std::memcpy(stream.data(), &header, sizeof header);
    if (!is_whole) return;
    stream = stream.subspan(header.size);
  }
}

}  // namespace florin::protocol::fuzz
