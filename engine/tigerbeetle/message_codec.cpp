#include "tigerbeetle/message_codec.hpp"

#include "tigerbeetle/checksum.hpp"

template class florin::protocol::StreamReader<florin::tigerbeetle::MessageFormat>;

namespace florin::tigerbeetle {
namespace {

u128 header_checksum(const MessageHeader& header) noexcept {
  return checksum_of(std::as_bytes(std::span(&header, 1)).subspan(sizeof header.checksum));
}

MessageHeader answer_to(const MessageHeader& message, Command command) noexcept {
  MessageHeader header;
  header.cluster = message.cluster;
  header.view = message.view;  // The only one there is: clients begin with 0 and refuse to go back.
  header.release = message.release;
  header.command = command;
  return header;
}

}  // namespace

void seal(MessageHeader& header, std::span<const std::byte> body) noexcept {
  header.size = kHeaderBytes + static_cast<std::uint32_t>(body.size());
  header.checksum_body = checksum_of(body);
  header.checksum = header_checksum(header);
}

MessageHeader make_reply_header(const ReplyTo& to, std::span<const std::byte> body) noexcept {
  MessageHeader header = answer_to(to.request, Command::kReply);
  const auto request = fields_of<RequestFields>(to.request);
  ReplyFields fields;
  fields.request_checksum = to.request.checksum;
  fields.client = request.client;
  fields.op = to.op;
  fields.commit = to.op;
  fields.timestamp = to.timestamp;
  fields.request = request.request;
  fields.operation = request.operation;
  set_fields(header, fields);
  seal(header, body);
  // The client returns it as the parent of its next request: the checksum that the header has without it.
  fields.context = header.checksum;
  set_fields(header, fields);
  header.checksum = header_checksum(header);
  return header;
}

MessageHeader make_eviction(const MessageHeader& request, EvictionReason reason) noexcept {
  MessageHeader header = answer_to(request, Command::kEviction);
  EvictionFields fields;
  fields.client = request.command == Command::kPingClient ? fields_of<PingClientFields>(request).client
                                                          : fields_of<RequestFields>(request).client;
  fields.reason = reason;
  set_fields(header, fields);
  seal(header, {});
  return header;
}

MessageHeader make_pong(const MessageHeader& ping) noexcept {
  MessageHeader header = answer_to(ping, Command::kPongClient);
  PongClientFields fields;
  fields.ping_timestamp_monotonic = fields_of<PingClientFields>(ping).ping_timestamp_monotonic;
  set_fields(header, fields);
  seal(header, {});
  return header;
}

MessageFault MessageFormat::check_header(const Header& header) const noexcept {
  if (header.checksum != header_checksum(header)) return MessageFault::kHeaderChecksum;
  if (header.size < kHeaderBytes) return MessageFault::kSizeTooSmall;
  if (header.size > kMessageBytesMax) return MessageFault::kSizeTooLarge;
  if (header.cluster != cluster_) return MessageFault::kCluster;
  return MessageFault::kNone;
}

bool MessageFormat::fits(const Header& header, std::span<const std::byte> body) const noexcept {
  return header.checksum_body == checksum_of(body);
}

}  // namespace florin::tigerbeetle
