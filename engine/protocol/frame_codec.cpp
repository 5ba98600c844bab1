#include "protocol/frame_codec.hpp"

#include <bit>

// Inlined, so that the compiler's x86-64-v3 code is used instead of the library's baseline.
#define XXH_INLINE_ALL
#include <xxhash.h>

namespace florin::protocol {
namespace {

static_assert(std::endian::native == std::endian::little, "headers are used in place");

constexpr std::size_t kChecksumOffset = sizeof(FrameHeader::header_checksum);

/// XXH3-128 of nothing: pings and most replies to create_* have no body.
constexpr u128 kEmptyBodyChecksum = make_u128(0x99aa06d3014798d8ULL, 0x6001c324468d497fULL);

std::uint64_t header_checksum(const FrameHeader& header) noexcept {
  return XXH3_64bits(reinterpret_cast<const std::byte*>(&header) + kChecksumOffset, sizeof header - kChecksumOffset);
}

bool reserved_fields_are_zero(const FrameHeader& request) noexcept {
  return request.first == 0 && (request.second >> 32) == 0 && request.third == 0 && request.count == 0;
}

}  // namespace

std::string_view text_of(FrameFault fault) noexcept {
  switch (fault) {
    case FrameFault::kNone: return "no fault";
    case FrameFault::kHeaderChecksum: return "header_checksum does not match the header";
    case FrameFault::kVersion: return "version is not supported; this server speaks 1";
    case FrameFault::kSizeTooSmall: return "size is below the 64 bytes of a header";
    case FrameFault::kSizeTooLarge: return "size is above the largest frame";
    case FrameFault::kDirection: return "flags: bit 15 must be set in replies and clear in requests";
    case FrameFault::kReservedFlags: return "flags has reserved bits set";
    case FrameFault::kReservedField: return "key_id, namespace and the reserved fields must be zero";
    case FrameFault::kBodyChecksum: return "body_checksum does not match the body";
  }
  return "unknown fault";
}

std::string_view explanation_of(ReplyCode code) noexcept {
  switch (code) {
    case ReplyCode::kOk: return "ok";
    case ReplyCode::kMalformedFrame: return "the frame is malformed; the connection closes";
    case ReplyCode::kHelloRequired: return "the first frame must be hello; the connection closes";
    case ReplyCode::kPrincipalNotTrusted: return "the principal is not believed; the connection closes";
    case ReplyCode::kUnknownOperation: return "unknown operation";
    case ReplyCode::kMalformedBody: return "the body does not fit the operation";
    case ReplyCode::kInvalidFilter: return "the filter is invalid";
    case ReplyCode::kBusy: return "queues are full; nothing was sequenced, send again later";
    case ReplyCode::kDeadlineExceeded: return "the deadline passed before it was the turn of the request; nothing happened";
    case ReplyCode::kStopping: return "the server is stopping; nothing was sequenced";
    case ReplyCode::kOutOfMemory: return "over the memory budget; nothing was sequenced";
    case ReplyCode::kDiskFull: return "the disk is nearly full; nothing was sequenced, reads go on";
    case ReplyCode::kNotPermitted: return "not permitted on this server";
    case ReplyCode::kTooManyConnections: return "too many connections; this one closes";
    case ReplyCode::kInternal: return "the journal failed; the outcome is unknown, ask again with the same ids after recovery";
    case ReplyCode::kHistoryDropped: return "what is asked for was dropped";
  }
  return "unknown code";
}

u128 checksum_of(std::span<const std::byte> body) noexcept {
  if (body.empty()) return kEmptyBodyChecksum;
  const XXH128_hash_t hash = XXH3_128bits(body.data(), body.size());
  return make_u128(hash.high64, hash.low64);
}

void seal(FrameHeader& header, std::span<const std::byte> body) noexcept {
  const u128 checksum = checksum_of(body);
  header.body_checksum_low = low64(checksum);
  header.body_checksum_high = high64(checksum);
  header.size = kFrameHeaderBytes + static_cast<std::uint32_t>(body.size());
  header.header_checksum = header_checksum(header);
}

FrameHeader make_request_header(const RequestFields& fields, std::span<const std::byte> body) noexcept {
  FrameHeader header;
  header.operation = fields.operation;
  header.flags = fields.flags;
  header.request = fields.request;
  header.second = fields.timeout_ms;
  seal(header, body);
  return header;
}

FrameHeader make_reply_header(const ReplyFields& fields, std::span<const std::byte> body) noexcept {
  FrameHeader header;
  header.operation = fields.operation;
  header.flags = fields.flags | kReplyFlag;
  header.request = fields.request;
  header.first = fields.sequence;
  header.second = fields.timestamp;
  header.third = static_cast<std::uint32_t>(fields.code);
  header.count = fields.count;
  seal(header, body);
  return header;
}

FrameFault check_header(const FrameHeader& header, Direction direction) noexcept {
  if (header.header_checksum != header_checksum(header)) return FrameFault::kHeaderChecksum;
  if (header.version != kProtocolVersion) return FrameFault::kVersion;
  if (header.size < kFrameHeaderBytes) return FrameFault::kSizeTooSmall;
  const bool is_request = direction == Direction::kRequest;
  if (header.size > (is_request ? kRequestBytesMax : kReplyBytesMax)) return FrameFault::kSizeTooLarge;
  if (((header.flags & kReplyFlag) == 0) != is_request) return FrameFault::kDirection;
  if ((header.flags & ~(RequestFlags::kAll | kReplyFlag)) != 0) return FrameFault::kReservedFlags;
  if (is_request && !reserved_fields_are_zero(header)) return FrameFault::kReservedField;
  return FrameFault::kNone;
}

}  // namespace florin::protocol
