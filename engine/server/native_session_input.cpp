#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "core/state_machine.hpp"
#include "server/native_session.hpp"

/// @file
/// The receiving half of NativeSession.

namespace florin::server {
namespace {

/// Enough for one round: the sequencer should get what is there before more is read.
constexpr std::uint64_t kRoundBytesMax = 1U << 20;
constexpr std::uint64_t kNsPerMs = 1'000'000;
constexpr const char* kHelloFirst = "the first frame must be hello";
constexpr const char* kHelloForm = "hello must have 64 bytes, reserved bytes zero and no flags";

bool takes_post_balances(Operation operation) noexcept {
  return operation == Operation::kCreateAccounts || operation == Operation::kCreateTransfers;
}

}  // namespace

/// The rest of a large body goes straight to its place, followed by the next header alone, so that the next body can go to its place as well.
void NativeSession::receive() {
  do {
    const bool header_alone = !reader_.body_space().empty() || (expects_large_ && !reader_.holds_bytes());
    const Received received = receive_once(reader_, header_alone ? kFrameHeaderBytes : SessionContext::kScratchBytes);
    if (received == Received::kNothing) return;
    if (received == Received::kEnd) return on_end_of_input();
    if (!read_frames()) return;
  } while (has_large() && context_.gatherer.round_bytes() < kRoundBytesMax);
}

/// Takes frames until bytes are missing. False when the session stopped reading: paused, finishing or closed.
bool NativeSession::read_frames() {
  for (;;) {
    switch (reader_.next()) {
      case protocol::FrameReader::Event::kNeedMore:
        if (!reader_.holds_bytes()) {
          frame_since_ns_ = 0;
        } else if (frame_since_ns_ == 0) {
          frame_since_ns_ = arrived_ns_;
        }
        return true;
      case protocol::FrameReader::Event::kHeader:
        if (!take_large_header()) return false;
        break;
      case protocol::FrameReader::Event::kSkipped:
        refuse(skipped_code_, skipped_reason_);
        frame_since_ns_ = 0;
        break;
      case protocol::FrameReader::Event::kFrame:
        if (!take_frame()) return false;
        frame_since_ns_ = 0;
        break;
      case protocol::FrameReader::Event::kMalformed: finish_malformed(text_of(reader_.fault())); return false;
    }
  }
}

bool NativeSession::take_frame() {
  if (has_large()) return finish_large_request();
  return hello_done_ ? take_request() : take_hello();
}

bool NativeSession::take_hello() {
  const FrameHeader& header = reader_.header();
  if (header.operation != Operation::kHello) {
    finish_with(ReplyCode::kHelloRequired, kHelloFirst);
    return false;
  }
  Hello hello;
  const char* reason = "";
  bool is_sound = header.flags == 0 && core::validate_body(Operation::kHello, reader_.body(), reason) == ReplyCode::kOk;
  if (is_sound) {
    std::memcpy(&hello, reader_.body().data(), sizeof hello);
    is_sound = std::all_of(std::begin(hello.reserved), std::end(hello.reserved), [](std::uint8_t byte) { return byte == 0; });
  }
  if (!is_sound) {
    finish_with(ReplyCode::kMalformedBody, kHelloForm);
    return false;
  }
  if (!is_loopback_ && !context_.settings.trust_principals) {
    finish_with(ReplyCode::kPrincipalNotTrusted, "principals are believed off loopback only with --trust-principals");
    return false;
  }
  principal_ = hello.principal;
  client_ = hello.client;
  hello_done_ = true;
  HelloReply reply;
  reply.store_id = context_.identity.store_id;
  reply.partitions = context_.identity.partitions;
  reply.in_flight_max = context_.settings.in_flight_max;
  const std::span<const std::byte> body = std::as_bytes(std::span(&reply, 1));
  append_frame(protocol::make_reply_header(fields_of_last_header(), body), body);
  return true;
}

/// What the bytes alone say against a request. Of a large one only the size of the body is known yet; no operation whose
/// body must be looked at has a large one, so that it is refused for its size.
ReplyCode NativeSession::refusal(std::span<const std::byte> body, const char*& reason) const noexcept {
  const FrameHeader& header = reader_.header();
  if (context_.stopping) {
    reason = "the server is stopping; nothing was sequenced";
    return ReplyCode::kStopping;
  }
  if (header.operation == Operation::kHello) {
    reason = "hello was said already";
    return ReplyCode::kMalformedBody;
  }
  if ((header.flags & RequestFlags::kPostBalances) != 0 && !takes_post_balances(header.operation)) {
    reason = "flags: post_balances belongs to create_accounts and create_transfers";
    return ReplyCode::kMalformedBody;
  }
  return core::validate_body(header.operation, body, reason);
}

bool NativeSession::take_request() {
  if (!may_admit()) {
    pause(Pause::kReplies);
    return false;
  }
  const FrameHeader& header = reader_.header();
  const std::span<const std::byte> body = reader_.body();
  const char* reason = "";
  const ReplyCode code = refusal(body, reason);
  if (code != ReplyCode::kOk) {
    refuse(code, reason);
    return true;
  }
  const auto body_bytes = static_cast<std::uint32_t>(body.size());
  const std::uint32_t reply_bytes = core::reply_bytes_max(header.operation, header.flags, body);
  pipeline::Request* request = is_answered_beside(header.operation) ? context_.gatherer.add_query(handle_, body_bytes, reply_bytes)
                                                               : context_.gatherer.add(body_bytes, reply_bytes);
  if (request == nullptr) {
    pause(is_answered_beside(header.operation) ? Pause::kQueryBlock : Pause::kBlock);
    return false;
  }
  if (!body.empty()) std::memcpy(request->body, body.data(), body.size());
  submit_filled(*request);
  expects_large_ = false;
  return true;
}

/// A large frame is announced: finds a block for its body, or lets the body pass unread if it is refused anyway.
bool NativeSession::take_large_header() {
  const FrameHeader& header = reader_.header();
  if (!hello_done_) {
    // The same answer as if the frame had arrived at once.
    const bool is_hello = header.operation == Operation::kHello;
    finish_with(is_hello ? ReplyCode::kMalformedBody : ReplyCode::kHelloRequired, is_hello ? kHelloForm : kHelloFirst);
    return false;
  }
  if (!may_admit()) {
    pause(Pause::kReplies);
    return false;
  }
  const std::span<const std::byte> unread_body(static_cast<const std::byte*>(nullptr), protocol::body_bytes(header));
  skipped_code_ = refusal(unread_body, skipped_reason_);
  if (skipped_code_ != ReplyCode::kOk) {
    reader_.skip_body();
    return true;
  }
  const bool is_query = is_answered_beside(header.operation);
  if (!begin_large(is_query, protocol::body_bytes(header), core::reply_bytes_max(header.operation, header.flags, unread_body))) {
    pause(is_query ? Pause::kQueryBlock : Pause::kBlock);
    return false;
  }
  reader_.receive_body_into(large_request().body);
  return true;
}

bool NativeSession::finish_large_request() {
  submit_filled(large_request());
  submit_large();
  expects_large_ = true;
  return true;
}

/// Fills what the pipeline needs to know; the body is in place.
void NativeSession::submit_filled(pipeline::Request& request) noexcept {
  const FrameHeader& header = reader_.header();
  request.body_checksum = protocol::body_checksum(header);
  request.principal = principal_;
  request.client = client_;
  request.request = header.request;
  request.session = handle_;
  request.arrived_ns = arrived_ns_;
  const std::uint64_t timeout_ms = protocol::timeout_ms(header);
  request.deadline_ns = timeout_ms == 0 ? 0 : arrived_ns_ + timeout_ms * kNsPerMs;
  request.event_count = core::event_count(header.operation, header.flags, {request.body, request.body_bytes});
  request.operation = header.operation;
  request.protocol = Protocol::kNative;
  request.flags = header.flags;
  ++in_flight_;
  reserved_bytes_ += kFrameHeaderBytes + request.reply.capacity;
  IoCounters::add(context_.counters.requests_total, 1);
}

/// Every reply has its room before the request is taken, so that a peer that does not read can fill only its own share.
bool NativeSession::may_admit() const noexcept {
  return in_flight_ < context_.settings.in_flight_max &&
         reserved_bytes_ + output_bytes() < context_.settings.output_bytes_max;
}

void NativeSession::pause(Pause cause) {
  reader_.retain();
  pause_ = cause;
  frame_since_ns_ = 0;  // It is us who make the frame wait.
  if (cause != Pause::kReplies) wait_for_block(cause == Pause::kQueryBlock);
}

void NativeSession::read_on() {
  pause_ = Pause::kNone;
  reader_.feed({});
  if (read_frames() && reader_.holds_bytes()) frame_since_ns_ = context_.clock.steady_ns();
}

void NativeSession::on_end_of_input() {
  input_ended_ = true;
  if (reader_.holds_bytes()) {
    finish_malformed("the connection ended inside a frame");
  } else {
    finish();
  }
}

/// We said our last word: what still comes is thrown away until the peer closes too.
void NativeSession::discard_input() {
  for (int reads = 0; reads < 16; ++reads) {
    const ssize_t count = ::recv(socket_, context_.scratch.data(), context_.scratch.size(), MSG_DONTWAIT);
    if (count > 0) continue;
    if (count == 0 || (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR)) close();
    return;
  }
}

}  // namespace florin::server
