#include <cstring>

#include "server/native_session.hpp"

/// @file
/// The sending half of NativeSession.

namespace florin::server {
namespace {

/// Replies from this size on are sent from the block they lie in; smaller ones are collected.
constexpr std::size_t kLargeReplyBytes = 16 * 1024;

}  // namespace

void NativeSession::on_reply(pipeline::Request& request) {
  --in_flight_;
  reserved_bytes_ -= kFrameHeaderBytes + request.reply.capacity;
  if (is_closed()) return;
  const protocol::ReplyFields fields{.operation = request.operation,
                                     .flags = request.flags,
                                     .request = request.request,
                                     .sequence = request.sequence,
                                     .timestamp = request.timestamp,
                                     .code = request.reply.code,
                                     .count = request.reply.count};
  guarded([&] {
    if (request.reply.code != ReplyCode::kOk && request.reply.size == 0) {
      reply_error(fields, request.reply.code, protocol::explanation_of(request.reply.code));
      return;
    }
    std::size_t body_bytes = request.reply.size;
    if (request.reply.code == ReplyCode::kOk && (request.flags & RequestFlags::kLatencyReceipt) != 0) {
      std::memcpy(request.reply.data + body_bytes, &request.receipt, sizeof request.receipt);
      body_bytes += sizeof request.receipt;
    }
    const std::span<const std::byte> body(request.reply.data, body_bytes);
    const FrameHeader header = protocol::make_reply_header(fields, body);
    if (body_bytes >= kLargeReplyBytes) {
      send_from_block(header, request.reply.data, body_bytes);
    } else {
      append_frame(header, body);
    }
  });
}

protocol::ReplyFields NativeSession::fields_of_last_header() const noexcept {
  const FrameHeader& header = reader_.header();
  // Nothing in a header with a wrong checksum can be believed.
  if (reader_.fault() == protocol::FrameFault::kHeaderChecksum) return {.operation = Operation{}};
  return {.operation = header.operation,
          .flags = static_cast<std::uint16_t>(header.flags & RequestFlags::kAll),
          .request = header.request};
}

void NativeSession::reply_error(protocol::ReplyFields fields, ReplyCode code, std::string_view text) {
  fields.code = code;
  fields.count = 0;
  const std::span<const std::byte> body = std::as_bytes(std::span(text));
  append_frame(protocol::make_reply_header(fields, body), body);
}

void NativeSession::refuse(ReplyCode code, std::string_view text) {
  IoCounters::add(context_.counters.refused_total, 1);
  reply_error(fields_of_last_header(), code, text);
}

void NativeSession::finish_with(ReplyCode code, std::string_view text) {
  if (reader_.awaits_header()) {
    // No frame is at fault, or one whose number is unknown. The last header's request may be open: it gets its own reply.
    IoCounters::add(context_.counters.refused_total, 1);
    reply_error({.operation = Operation{}}, code, text);
  } else {
    refuse(code, text);
  }
  finish();
}

void NativeSession::finish_malformed(std::string_view text) {
  IoCounters::add(context_.counters.malformed_total, 1);
  finish_with(ReplyCode::kMalformedFrame, text);
}

void NativeSession::append_frame(const FrameHeader& header, std::span<const std::byte> body) {
  append(std::as_bytes(std::span(&header, 1)));
  append(body);
  IoCounters::add(context_.counters.replies_total, 1);
}

/// The header goes in front of the body, where the block keeps room for it, and both leave in one piece.
void NativeSession::send_from_block(const FrameHeader& header, std::byte* body, std::size_t body_bytes) {
  std::byte* frame = body - kFrameHeaderBytes;
  std::memcpy(frame, &header, kFrameHeaderBytes);
  IoCounters::add(context_.counters.replies_total, 1);
  send_now({frame, kFrameHeaderBytes + body_bytes});
}

}  // namespace florin::server
