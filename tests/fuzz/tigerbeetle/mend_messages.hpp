#pragma once

#include <cstddef>
#include <cstring>
#include <span>

#include "tigerbeetle/checksum.hpp"
#include "tigerbeetle/message_codec.hpp"

namespace florin::tigerbeetle::fuzz {

/// Recomputes the checksums of a stream of messages, as far as sizes lead; a body that is cut off keeps its own. No mutation gets
/// past a checksum, so without this a fuzzer sees little but checksum faults.
inline void mend_messages(std::span<std::byte> stream) {
  while (stream.size() >= kHeaderBytes) {
    MessageHeader header;
    std::memcpy(&header, stream.data(), sizeof header);
    const bool is_whole = header.size >= sizeof header && header.size <= stream.size();
    if (is_whole) {
      seal(header, stream.subspan(sizeof header, header.size - sizeof header));
    } else {
      header.checksum = checksum_of(std::as_bytes(std::span(&header, 1)).subspan(sizeof header.checksum));
    }
    std::memcpy(stream.data(), &header, sizeof header);
    if (!is_whole) return;
    stream = stream.subspan(header.size);
  }
}

}  // namespace florin::tigerbeetle::fuzz
