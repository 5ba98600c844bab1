#pragma once

#include <cstddef>
#include <cstring>
#include <span>
#include <vector>

#include "protocol/frame_codec.hpp"

namespace florin::protocol::test {

using Bytes = std::vector<std::byte>;

inline Bytes bytes_of(std::size_t count, unsigned seed = 7) {
  Bytes bytes(count);
  for (std::size_t i = 0; i < count; ++i) bytes[i] = static_cast<std::byte>((i * 131 + seed) & 255);
  return bytes;
}

inline Bytes joined(const FrameHeader& header, std::span<const std::byte> body) {
  Bytes frame(kFrameHeaderBytes + body.size());
  std::memcpy(frame.data(), &header, kFrameHeaderBytes);
  if (!body.empty()) std::memcpy(frame.data() + kFrameHeaderBytes, body.data(), body.size());
  return frame;
}

inline Bytes request_frame(std::uint64_t request, std::span<const std::byte> body,
                           Operation operation = Operation::kCreateTransfers) {
  return joined(make_request_header({.operation = operation, .request = request, .timeout_ms = 250}, body), body);
}

inline void append(Bytes& stream, const Bytes& more) { stream.insert(stream.end(), more.begin(), more.end()); }

}  // namespace florin::protocol::test
