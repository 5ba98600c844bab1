#pragma once

#include <cstddef>
#include <span>

#include "protocol/frame_codec.hpp"
#include "protocol/stream_reader.hpp"

namespace florin::protocol {

/// The frames of the native protocol, in one direction.
class NativeFormat {
 public:
  using Header = FrameHeader;
  using Fault = FrameFault;

  NativeFormat(Direction direction) noexcept : direction_(direction) {}  // NOLINT: all there is to say

  [[nodiscard]] Fault check_header(const Header& header) const noexcept { return protocol::check_header(header, direction_); }
  [[nodiscard]] bool fits(const Header& header, std::span<const std::byte> body) const noexcept {
    return checksum_of(body) == body_checksum(header);
  }

 private:
  Direction direction_;
};

using FrameReader = StreamReader<NativeFormat>;
extern template class StreamReader<NativeFormat>;

}  // namespace florin::protocol
