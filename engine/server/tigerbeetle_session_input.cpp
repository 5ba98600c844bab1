#include <algorithm>
#include <cstring>

#include "core/state_machine.hpp"
#include "florin/multi_batch.hpp"
#include "protocol/frame_codec.hpp"
#include "server/tigerbeetle_session.hpp"

/// @file
/// The receiving half of TigerBeetleSession.

namespace florin::server {

using tigerbeetle::Command;
using tigerbeetle::EvictionReason;
using tigerbeetle::Judgement;
using tigerbeetle::MessageReader;
using tigerbeetle::OperationCode;
using tigerbeetle::OperationTraits;
using tigerbeetle::RequestFields;
using tigerbeetle::ResultForm;
using tigerbeetle::Treatment;

namespace {

/// Enough for one round: the sequencer should get what is there before more is read.
constexpr std::uint64_t kRoundBytesMax = 1U << 20;

/// What a request becomes in florin.
struct Translation {
  Operation operation = Operation::kLookupAccounts;
  std::uint16_t flags = 0;
  std::uint32_t body_bytes = 0;   ///< of the body as it arrived: those that florin is to see
  std::uint32_t event_count = 0;  ///< of a write
  std::uint32_t reply_bytes = 0;  ///< room for the answer, in either form
};

/// `body` may be one that is still to arrive, if `is_read` says so: then for the worst that it can hold.
Translation translate(OperationCode operation, std::span<const std::byte> body, bool is_read) noexcept {
  if (operation == OperationCode::kRegister) {
    return {.operation = Operation::kRegisterClient, .body_bytes = sizeof(RegisterClient), .event_count = 1, .reply_bytes = core::client_reply_bytes_max(1)};
  }
  const OperationTraits* traits = tigerbeetle::traits_of(operation);
  if (traits == nullptr) return {};  // noop: a look-up of nothing
  const auto body_bytes = static_cast<std::uint32_t>(body.size());
  std::uint32_t elements = body_bytes / traits->element_bytes;
  std::uint32_t batches = body_bytes / sizeof(std::uint16_t);
  if (is_read && traits->is_batched) {
    const MultiBatch parsed = *MultiBatch::parse(body, traits->element_bytes);
    elements = parsed.elements();
    batches = parsed.batches();
  }
  Translation translation{.operation = traits->native};
  if (traits->form == ResultForm::kRows) {
    translation.body_bytes = elements * traits->element_bytes;
    const std::uint64_t bytes = std::uint64_t{elements} * traits->result_bytes + trailer_bytes(batches, traits->result_bytes);
    translation.reply_bytes = static_cast<std::uint32_t>(std::min<std::uint64_t>(bytes, tigerbeetle::kMessageBodyBytesMax));
  } else if (elements == 0) {
    translation.operation = Operation::kLookupAccounts;  // nothing is written, so nothing is recorded
  } else {
    translation.flags = traits->is_batched ? RequestFlags::kMultiBatch : std::uint16_t{0};
    translation.body_bytes = body_bytes;
    translation.event_count = elements;
    translation.reply_bytes = core::client_reply_bytes_max(elements);
  }
  return translation;
}

/// A request with filters, which become queries.
bool asks(const OperationTraits* traits) noexcept { return traits != nullptr && !traits->takes_many; }

}  // namespace

void TigerBeetleSession::receive() {
  do {
    const Received received = receive_once(reader_, SessionContext::kScratchBytes);
    if (received == Received::kNothing) return;
    if (received == Received::kEnd) return close();
    if (!read_messages()) return;
  } while (has_large() && context_.gatherer.round_bytes() < kRoundBytesMax);
}

/// Takes messages until bytes are missing. False when the session stopped reading.
bool TigerBeetleSession::read_messages() {
  for (;;) {
    switch (reader_.next()) {
      case MessageReader::Event::kNeedMore:
        if (!reader_.holds_bytes()) {
          message_since_ns_ = 0;
        } else if (message_since_ns_ == 0) {
          message_since_ns_ = arrived_ns_;
        }
        return true;
      case MessageReader::Event::kHeader:
        silent_since_ns_ = 0;
        if (!take_large_header()) return false;
        break;
      case MessageReader::Event::kSkipped: message_since_ns_ = 0; break;
      case MessageReader::Event::kFrame:
        silent_since_ns_ = 0;
        if (!take_message()) return false;
        message_since_ns_ = 0;
        break;
      case MessageReader::Event::kMalformed:
        IoCounters::add(context_.counters.malformed_total, 1);
        close();
        return false;
    }
  }
}

/// The message is served or its sender evicted; otherwise it is passed over.
bool TigerBeetleSession::is_worth_reading() const noexcept {
  return tigerbeetle::judge(reader_.header()).treatment == Treatment::kServe && !is_under_way() && !context_.stopping;
}

bool TigerBeetleSession::take_message() {
  if (has_large()) {
    finish_large_request();
    return true;
  }
  if (!may_admit()) {
    pause(Pause::kReplies);
    return false;
  }
  const tigerbeetle::MessageHeader& header = reader_.header();
  const Judgement judgement = tigerbeetle::judge(header);
  if (judgement.treatment == Treatment::kEvict) evict(header, judgement.reason);
  if (judgement.treatment != Treatment::kServe) return true;
  if (header.command == Command::kPingClient) {
    send(tigerbeetle::make_pong(header), {});
    return true;
  }
  return !is_worth_reading() || take_request();
}

bool TigerBeetleSession::take_request() {
  const tigerbeetle::MessageHeader& header = reader_.header();
  const OperationCode operation = tigerbeetle::fields_of<RequestFields>(header).operation;
  const std::span<const std::byte> body = reader_.body();
  const Judgement judgement = tigerbeetle::judge_body(operation, body);
  if (judgement.treatment == Treatment::kEvict) {
    evict(header, judgement.reason);
    return true;
  }
  if (const OperationTraits* traits = tigerbeetle::traits_of(operation); asks(traits)) {
    begin_query(*traits, body);
    return true;
  }
  const Translation translation = translate(operation, body, true);
  const auto room = std::max(static_cast<std::uint32_t>(body.size()), translation.body_bytes);
  const bool is_query = is_history_read(translation.operation);
  pipeline::Request* request = is_query ? context_.gatherer.add_query(handle_, room, translation.reply_bytes)
                                        : context_.gatherer.add(room, translation.reply_bytes);
  if (request == nullptr) {
    pause(is_query ? Pause::kQueryBlock : Pause::kBlock);
    return false;
  }
  if (!body.empty()) std::memcpy(request->body, body.data(), body.size());
  submit_filled(*request);
  return true;
}

/// A large message is announced: finds a block for its body, or lets it pass unread.
bool TigerBeetleSession::take_large_header() {
  if (!may_admit()) {
    pause(Pause::kReplies);
    return false;
  }
  const tigerbeetle::MessageHeader& header = reader_.header();
  const OperationCode operation = tigerbeetle::fields_of<RequestFields>(header).operation;
  const Judgement judgement = tigerbeetle::judge(header);
  if (judgement.treatment == Treatment::kEvict) evict(header, judgement.reason);
  const OperationTraits* traits = tigerbeetle::traits_of(operation);
  if (!is_worth_reading() || traits == nullptr) {
    reader_.skip_body();
    return true;
  }
  const std::span<const std::byte> unread(static_cast<const std::byte*>(nullptr), tigerbeetle::body_bytes(header));
  const Translation worst = asks(traits) ? Translation{} : translate(operation, unread, false);  // of filters nothing but the body is kept there
  const bool is_query = is_history_read(worst.operation);
  if (!begin_large(is_query, tigerbeetle::body_bytes(header), worst.reply_bytes)) {
    pause(is_query ? Pause::kQueryBlock : Pause::kBlock);
    return false;
  }
  reader_.receive_body_into(large_request().body);
  return true;
}

void TigerBeetleSession::finish_large_request() {
  const OperationCode operation = tigerbeetle::fields_of<RequestFields>(reader_.header()).operation;
  const Judgement judgement = tigerbeetle::judge_body(operation, reader_.body());
  if (judgement.treatment == Treatment::kEvict) {
    evict(reader_.header(), judgement.reason);
    return abandon_large();
  }
  if (const OperationTraits* traits = tigerbeetle::traits_of(operation); asks(traits)) {
    begin_query(*traits, reader_.body());
    return abandon_large();
  }
  submit_filled(large_request());
  submit_large();
}

void TigerBeetleSession::begin(const tigerbeetle::MessageHeader& header) noexcept {
  request_header_ = header;
  IoCounters::add(context_.counters.requests_total, 1);
}

/// Fills what the pipeline needs to know; the body as it arrived is in place.
void TigerBeetleSession::submit_filled(pipeline::Request& request) noexcept {
  begin(reader_.header());
  const auto fields = tigerbeetle::fields_of<RequestFields>(request_header_);
  const Translation translation = translate(fields.operation, reader_.body(), true);
  if (translation.operation == Operation::kRegisterClient) {
    const RegisterClient body{.release = request_header_.release.value, .sessions_max = context_.settings.tigerbeetle.sessions_max};
    std::memcpy(request.body, &body, sizeof body);
  }
  request.body_bytes = translation.body_bytes;
  request.body_checksum = protocol::checksum_of({request.body, request.body_bytes});
  request.request = fields.request;
  request.event_count = translation.event_count;
  request.operation = translation.operation;
  request.flags = translation.flags;
  fill_origin(request);
}

/// Who sent the request under way; counts one more of those that it is made of.
void TigerBeetleSession::fill_origin(pipeline::Request& request) noexcept {
  const auto fields = tigerbeetle::fields_of<RequestFields>(request_header_);
  request.client = fields.client;
  request.client_session = fields.session;
  request.client_release = request_header_.release.value;
  request.session = handle_;
  request.arrived_ns = arrived_ns_;
  request.protocol = Protocol::kTigerBeetle;
  ++requests_under_way_;
}

void TigerBeetleSession::pause(Pause cause) {
  reader_.retain();
  pause_ = cause;
  message_since_ns_ = 0;  // It is us who make the message wait.
  if (cause != Pause::kReplies) wait_for_block(cause == Pause::kQueryBlock);
}

void TigerBeetleSession::read_on() {
  pause_ = Pause::kNone;
  reader_.feed({});
  if (read_messages() && reader_.holds_bytes()) message_since_ns_ = context_.clock.steady_ns();
}

}  // namespace florin::server
