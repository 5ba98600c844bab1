#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "core/state_machine.hpp"
#include "protocol/create_reply.hpp"

/// @file
/// Input: operation, flags, event count (2 bytes), entry count (2 bytes), then a body. The body is judged as that of a request
/// and parsed as that of a create reply; what is accepted must be consistent.

namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

void judge_request(florin::Operation operation, std::uint16_t flags, std::span<const std::byte> body) {
  const char* reason = nullptr;
  const florin::ReplyCode code = florin::core::validate_body(operation, body, reason);
  if (code != florin::ReplyCode::kOk) {
    require(reason != nullptr && std::strlen(reason) > 0);
    return;
  }
  require(florin::core::event_count(operation, body.size()) <= florin::kEventsMax);
  require(florin::core::reply_bytes_max(operation, flags, body) <= florin::kReplyBytesMax - florin::kFrameHeaderBytes);
}

void parse_reply(std::uint16_t flags, std::uint32_t event_count, std::uint32_t entry_count, std::span<const std::byte> body) {
  florin::FrameHeader header;
  header.flags = flags | florin::kReplyFlag;
  header.count = entry_count;
  header.second = 1'000'000;
  florin::protocol::CreateReplyView view;
  if (!florin::protocol::parse_create_reply(header, body, event_count, view)) return;
  require(view.entries.size() + view.post_balances.size() + view.receipt.size() == body.size());
  std::vector<florin::CreateResult> results(event_count);
  florin::protocol::expand_results(header.second, view.entries, results);
}

}  // namespace

extern "C" int FLORIN_FUZZ_TARGET(const std::uint8_t* data, std::size_t size);
extern "C" int FLORIN_FUZZ_TARGET(const std::uint8_t* data, std::size_t size) {
  constexpr std::size_t kPrefix = 6;
  if (size < kPrefix) return 0;
  // A copy, so that reading past its end is seen.
  const std::vector<std::byte> body(reinterpret_cast<const std::byte*>(data) + kPrefix, reinterpret_cast<const std::byte*>(data) + size);
  const auto flags = static_cast<std::uint16_t>(data[1] & florin::RequestFlags::kAll);
  judge_request(static_cast<florin::Operation>(data[0]), flags, body);
  const auto number = [&](std::size_t at) { return static_cast<std::uint32_t>(data[at] | (data[at + 1] << 8)); };
  parse_reply(flags, number(2) % (florin::kEventsMax + 1), number(4), body);
  return 0;
}
