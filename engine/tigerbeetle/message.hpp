#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "florin/uint128.hpp"
#include "tigerbeetle/operations.hpp"

/// @file
/// Messages between TigerBeetle's clients and their server: a header of 256 bytes and a body. All integers little-endian. The first half of a
/// header is the same for all messages, the second half belongs to the command.
///
///   client                                     server
///     | ping_client                    --->      |
///     |    <---                  pong_client     |
///     | request register               --->      |
///     |    <---          reply: the session      |
///     | request n, one at a time       --->      |
///     |    <---   reply, or eviction: the end    |

namespace florin::tigerbeetle {

inline constexpr std::uint32_t kHeaderBytes = 256;
inline constexpr std::uint32_t kMessageBytesMax = 1U << 20;
inline constexpr std::uint32_t kMessageBodyBytesMax = kMessageBytesMax - kHeaderBytes;  ///< 1,048,320

/// What a message is, as far as clients send or understand it.
enum class Command : std::uint8_t {
  kPingClient = 3,
  kPongClient = 4,
  kRequest = 5,
  kReply = 8,
  kEviction = 18,
};

/// Why the server ends a session. The client that reads one gives up for good.
enum class EvictionReason : std::uint8_t {
  kNoSession = 1,
  kClientReleaseTooLow = 2,
  kClientReleaseTooHigh = 3,
  kInvalidRequestOperation = 4,
  kInvalidRequestBody = 5,
  kInvalidRequestBodySize = 6,
  kSessionTooLow = 7,
  kSessionReleaseMismatch = 8,
};

/// All of them, in the order of their numbers, which begin with 1.
inline constexpr std::array kEvictionReasons{
    EvictionReason::kNoSession,
    EvictionReason::kClientReleaseTooLow,
    EvictionReason::kClientReleaseTooHigh,
    EvictionReason::kInvalidRequestOperation,
    EvictionReason::kInvalidRequestBody,
    EvictionReason::kInvalidRequestBodySize,
    EvictionReason::kSessionTooLow,
    EvictionReason::kSessionReleaseMismatch,
};

constexpr const char* name_of(EvictionReason reason) noexcept {
  switch (reason) {
    case EvictionReason::kNoSession: return "no_session";
    case EvictionReason::kClientReleaseTooLow: return "client_release_too_low";
    case EvictionReason::kClientReleaseTooHigh: return "client_release_too_high";
    case EvictionReason::kInvalidRequestOperation: return "invalid_request_operation";
    case EvictionReason::kInvalidRequestBody: return "invalid_request_body";
    case EvictionReason::kInvalidRequestBodySize: return "invalid_request_body_size";
    case EvictionReason::kSessionTooLow: return "session_too_low";
    case EvictionReason::kSessionReleaseMismatch: return "session_release_mismatch";
  }
  return "unknown";
}

/// The version of a client, ordered as versions are.
struct Release {
  std::uint32_t value = 0;

  static constexpr Release of(std::uint16_t major, std::uint8_t minor, std::uint8_t patch) noexcept {
    return {std::uint32_t{major} << 16 | std::uint32_t{minor} << 8 | patch};
  }
  friend constexpr auto operator<=>(const Release&, const Release&) = default;
};
static_assert(Release::of(0, 17, 9).value == 0x1109);

/// The oldest release whose clients are served, as by the peer itself.
inline constexpr Release kReleaseMin = Release::of(0, 16, 4);

struct MessageHeader {
  u128 checksum = 0;  ///< of the other 240 bytes
  u128 checksum_padding = 0;
  u128 checksum_body = 0;
  u128 checksum_body_padding = 0;
  u128 nonce_reserved = 0;
  u128 cluster = 0;        ///< each side drops what is not of its own
  std::uint32_t size = 0;  ///< of the message, header included
  std::uint32_t epoch = 0;
  std::uint32_t view = 0;
  Release release;
  std::uint16_t protocol = 0;
  Command command = Command::kRequest;
  std::uint8_t replica = 0;
  std::array<std::uint8_t, 12> reserved_frame{};
  std::array<std::byte, 128> fields{};  ///< of the command: RequestFields and so on
};
static_assert(sizeof(MessageHeader) == kHeaderBytes && alignof(MessageHeader) == 16);
static_assert(offsetof(MessageHeader, checksum_body) == 32 && offsetof(MessageHeader, cluster) == 80);
static_assert(offsetof(MessageHeader, size) == 96 && offsetof(MessageHeader, view) == 104);
static_assert(offsetof(MessageHeader, release) == 108 && offsetof(MessageHeader, protocol) == 112);
static_assert(offsetof(MessageHeader, command) == 114 && offsetof(MessageHeader, replica) == 115);
static_assert(offsetof(MessageHeader, reserved_frame) == 116 && offsetof(MessageHeader, fields) == 128);
static_assert(std::is_trivially_copyable_v<MessageHeader> && std::has_unique_object_representations_v<MessageHeader>);

// The second halves of headers. Offsets are those in the half: 128 less than in the header.

struct PingClientFields {
  u128 client = 0;
  std::uint64_t ping_timestamp_monotonic = 0;
  std::uint64_t session = 0;  ///< 0 before release 0.17.6
  std::array<std::uint8_t, 96> reserved{};
};
static_assert(sizeof(PingClientFields) == 128 && offsetof(PingClientFields, session) == 24);

struct PongClientFields {
  std::uint64_t ping_timestamp_monotonic = 0;  ///< that of the ping
  std::array<std::uint8_t, 120> reserved{};
};
static_assert(sizeof(PongClientFields) == 128);

struct RequestFields {
  u128 parent = 0;  ///< context of the reply before
  u128 parent_padding = 0;
  u128 client = 0;
  std::uint64_t session = 0;
  std::uint64_t timestamp = 0;
  std::uint32_t request = 0;  ///< 0 registers; then 1, 2, 3 ...
  OperationCode operation = OperationCode::kRegister;
  std::array<std::uint8_t, 3> operation_padding{};
  std::uint32_t previous_request_latency = 0;
  std::array<std::uint8_t, 52> reserved{};
};
static_assert(sizeof(RequestFields) == 128 && offsetof(RequestFields, client) == 32 && offsetof(RequestFields, session) == 48);
static_assert(offsetof(RequestFields, request) == 64 && offsetof(RequestFields, operation) == 68);
static_assert(offsetof(RequestFields, previous_request_latency) == 72 && offsetof(RequestFields, reserved) == 76);

struct ReplyFields {
  u128 request_checksum = 0;  ///< of the request's header
  u128 request_checksum_padding = 0;
  u128 context = 0;
  u128 context_padding = 0;
  u128 client = 0;
  std::uint64_t op = 0;      ///< above 0; of the reply to register: the session
  std::uint64_t commit = 0;  ///< the same
  std::uint64_t timestamp = 0;
  std::uint32_t request = 0;
  OperationCode operation = OperationCode::kRegister;
  std::array<std::uint8_t, 19> reserved{};
};
static_assert(sizeof(ReplyFields) == 128 && offsetof(ReplyFields, context) == 32 && offsetof(ReplyFields, client) == 64);
static_assert(offsetof(ReplyFields, op) == 80 && offsetof(ReplyFields, commit) == 88 && offsetof(ReplyFields, timestamp) == 96);
static_assert(offsetof(ReplyFields, request) == 104 && offsetof(ReplyFields, operation) == 108);

struct EvictionFields {
  u128 client = 0;
  std::array<std::uint8_t, 111> reserved{};
  EvictionReason reason = EvictionReason::kNoSession;
};
static_assert(sizeof(EvictionFields) == 128 && offsetof(EvictionFields, reason) == 127);

static_assert(std::has_unique_object_representations_v<PingClientFields> && std::has_unique_object_representations_v<PongClientFields>);
static_assert(std::has_unique_object_representations_v<RequestFields> && std::has_unique_object_representations_v<ReplyFields>);
static_assert(std::has_unique_object_representations_v<EvictionFields>);

template <typename Fields>
Fields fields_of(const MessageHeader& header) noexcept {
  return std::bit_cast<Fields>(header.fields);
}
template <typename Fields>
void set_fields(MessageHeader& header, const Fields& fields) noexcept {
  header.fields = std::bit_cast<std::array<std::byte, 128>>(fields);
}

/// Body of the request that registers a client.
struct RegisterRequest {
  std::uint32_t batch_size_limit = 0;
  std::array<std::uint8_t, 252> reserved{};
};
static_assert(sizeof(RegisterRequest) == 256);

/// Body of its reply.
struct RegisterResult {
  std::uint32_t batch_size_limit = kMessageBodyBytesMax;  ///< bytes of a request's body at most
  std::array<std::uint8_t, 60> reserved{};
};
static_assert(sizeof(RegisterResult) == 64);

}  // namespace florin::tigerbeetle
