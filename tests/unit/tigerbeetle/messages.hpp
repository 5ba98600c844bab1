#pragma once

#include <cstddef>
#include <cstring>
#include <span>
#include <vector>

#include "tigerbeetle/message_codec.hpp"

/// @file
/// Messages as clients send them.

namespace florin::tigerbeetle::test {

using Bytes = std::vector<std::byte>;

inline constexpr u128 kCluster = 7;
inline constexpr u128 kClient = make_u128(0xFEDCBA9876543210ULL, 0x0123456789ABCDEFULL);
inline constexpr Release kRelease = Release::of(0, 17, 9);

inline Bytes joined(const MessageHeader& header, std::span<const std::byte> body) {
  Bytes message(kHeaderBytes + body.size());
  std::memcpy(message.data(), &header, kHeaderBytes);
  if (!body.empty()) std::memcpy(message.data() + kHeaderBytes, body.data(), body.size());
  return message;
}

inline MessageHeader request_header(const RequestFields& fields, std::span<const std::byte> body) {
  MessageHeader header;
  header.cluster = kCluster;
  header.release = kRelease;
  header.command = Command::kRequest;
  set_fields(header, fields);
  seal(header, body);
  return header;
}

inline RequestFields request_fields(OperationCode operation, std::uint32_t request = 1, std::uint64_t session = 5) {
  RequestFields fields;
  fields.client = kClient;
  fields.session = session;
  fields.request = request;
  fields.operation = operation;
  return fields;
}

inline MessageHeader register_header() {
  static constexpr RegisterRequest kBody{};
  return request_header(request_fields(OperationCode::kRegister, 0, 0), std::as_bytes(std::span(&kBody, 1)));
}

inline MessageHeader ping_header() {
  MessageHeader header;
  header.cluster = kCluster;
  header.release = kRelease;
  header.command = Command::kPingClient;
  PingClientFields fields;
  fields.client = kClient;
  fields.ping_timestamp_monotonic = 99;
  fields.session = 5;
  set_fields(header, fields);
  seal(header, {});
  return header;
}

/// A body of batches with so many elements each; element i of all has its bytes set to i + 1.
inline Bytes multi_batch(std::uint32_t element_bytes, const std::vector<unsigned>& batches) {
  Bytes body;
  unsigned element = 0;
  std::vector<std::uint16_t> trailer;
  for (const unsigned count : batches) {
    for (unsigned i = 0; i < count; ++i) body.insert(body.end(), element_bytes, static_cast<std::byte>(++element));
    trailer.insert(trailer.begin(), static_cast<std::uint16_t>(count));
  }
  trailer.push_back(static_cast<std::uint16_t>(batches.size()));
  while (trailer.size() * 2 % element_bytes != 0) trailer.insert(trailer.begin(), 0xFFFF);
  const auto bytes = std::as_bytes(std::span(trailer));
  body.insert(body.end(), bytes.begin(), bytes.end());
  return body;
}

}  // namespace florin::tigerbeetle::test
