#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "florin/frame.hpp"
#include "florin/uint128.hpp"

/// @file
/// Checksums and headers of the native protocol (docs/protocol.md). No state, callable from any thread.
///
/// A frame is sealed in two steps, because the header's checksum covers the body's: first the body, then the header.

namespace florin::protocol {

/// Who sent a frame: decides what its header may say.
enum class Direction : std::uint8_t { kRequest, kReply };

/// Why a frame cannot be accepted. All of these end the connection.
enum class FrameFault : std::uint8_t {
  kNone,
  kHeaderChecksum,
  kVersion,
  kSizeTooSmall,
  kSizeTooLarge,
  kDirection,      ///< a reply where a request belongs, or the other way round
  kReservedFlags,
  kReservedField,  ///< a field that must be zero is not
  kBodyChecksum,
};

/// One sentence for the body of a malformed_frame reply; names the field.
std::string_view text_of(FrameFault fault) noexcept;

/// What a reply with this code means to the client, for the body of replies that say nothing more precise.
std::string_view explanation_of(ReplyCode code) noexcept;

/// XXH3-128 of a body.
u128 checksum_of(std::span<const std::byte> body) noexcept;

/// Fields of a request's header that the caller chooses.
struct RequestFields {
  Operation operation = Operation::kPing;
  std::uint16_t flags = 0;       ///< RequestFlags
  std::uint64_t request = 0;     ///< the client's number, returned by the reply
  std::uint32_t timeout_ms = 0;  ///< 0 = no deadline
};

/// Fields of a reply's header that the caller chooses.
struct ReplyFields {
  Operation operation = Operation::kPing;
  std::uint16_t flags = 0;  ///< those of the request; kReplyFlag is added
  std::uint64_t request = 0;
  std::uint64_t sequence = 0;
  std::uint64_t timestamp = 0;
  ReplyCode code = ReplyCode::kOk;
  std::uint32_t count = 0;
};

/// The sealed header of a frame with this body. The body has at most kBodyBytesMax (request) or kReplyBytesMax -
/// kFrameHeaderBytes (reply) bytes.
FrameHeader make_request_header(const RequestFields& fields, std::span<const std::byte> body) noexcept;
FrameHeader make_reply_header(const ReplyFields& fields, std::span<const std::byte> body) noexcept;

/// Stores the body's checksum, then the header's. For callers that fill a header by hand.
void seal(FrameHeader& header, std::span<const std::byte> body) noexcept;

/// Checksum, size, version, direction and reserved bits of a header; kNone if it can be believed. An unknown operation is
/// not a fault: it gets a reply of its own.
FrameFault check_header(const FrameHeader& header, Direction direction) noexcept;

inline u128 body_checksum(const FrameHeader& header) noexcept {
  return make_u128(header.body_checksum_high, header.body_checksum_low);
}
inline std::uint32_t body_bytes(const FrameHeader& header) noexcept { return header.size - kFrameHeaderBytes; }
inline std::uint32_t timeout_ms(const FrameHeader& request) noexcept { return static_cast<std::uint32_t>(request.second); }
inline ReplyCode code_of(const FrameHeader& reply) noexcept { return static_cast<ReplyCode>(reply.third); }

}  // namespace florin::protocol
