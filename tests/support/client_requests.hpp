#pragma once

#include <cstdint>
#include <cstring>
#include <span>
#include <vector>

#include "florin/multi_batch.hpp"
#include "support/engine_under_test.hpp"

/// @file
/// Writes of clients that have sessions, as the journal holds them.

namespace florin::test {

/// Any function of the bytes will do.
inline u128 some_checksum(std::span<const std::byte> bytes) {
  u128 sum = make_u128(0x6c62272e07bb0142ULL, 0x62b821756295c58dULL);
  for (const std::byte byte : bytes) sum = (sum ^ static_cast<unsigned>(byte)) * make_u128(0x1000000, 0x13b);
  return sum;
}

inline TestRequest register_request(u128 client, std::uint64_t timestamp, const RegisterClient& body) {
  TestRequest request = make_request<RegisterClient>(Operation::kRegisterClient, std::span(&body, 1), timestamp);
  request.origin = {.body_checksum = some_checksum(request.body()), .client = client};
  return request;
}

/// A request of several batches.
template <typename Event>
TestRequest client_request(u128 client, std::uint64_t number, const std::vector<std::vector<Event>>& batches, std::uint64_t timestamp) {
  std::vector<std::byte> body;
  std::vector<std::uint16_t> trailer;
  for (const std::vector<Event>& batch : batches) {
    const auto bytes = std::as_bytes(std::span(batch));
    body.insert(body.end(), bytes.begin(), bytes.end());
    trailer.insert(trailer.begin(), static_cast<std::uint16_t>(batch.size()));
  }
  trailer.push_back(static_cast<std::uint16_t>(batches.size()));
  while (trailer.size() * 2 % kEventBytes != 0) trailer.insert(trailer.begin(), 0xFFFF);
  const auto bytes = std::as_bytes(std::span(trailer));
  body.insert(body.end(), bytes.begin(), bytes.end());
  constexpr bool kIsAccount = std::is_same_v<Event, Account>;
  TestRequest request = make_request<std::byte>(kIsAccount ? Operation::kCreateAccounts : Operation::kCreateTransfers, body, timestamp,
                                                RequestFlags::kMultiBatch);
  request.origin = {.body_checksum = some_checksum(request.body()), .client = client, .request = number};
  return request;
}

/// The answer to one of them.
struct ClientAnswer {
  core::ClientReply reply;
  std::vector<CreateReplyEntry> entries;

  explicit ClientAnswer(const model::ReplyBody& body) {
    std::memcpy(&reply, body.bytes.data(), sizeof reply);
    entries.resize((body.bytes.size() - sizeof reply) / sizeof(CreateReplyEntry));
    if (!entries.empty()) std::memcpy(entries.data(), body.bytes.data() + sizeof reply, entries.size() * sizeof(CreateReplyEntry));
  }
};

}  // namespace florin::test
