#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "florin/frame.hpp"
#include "florin/payment_command.hpp"
#include "florin/uint128.hpp"

/// @file
/// The journal's record: one batch, encoded once and never changed.
///
///   BatchHeader | RequestHeader x request_count | bodies, each padded with zeros to 16 bytes | zeros up to `size`
///
/// `checksum` covers the header (from byte 16) and the request headers; these carry the checksum of each body, which the
/// session verified when the frame arrived. So every byte is covered, and hashed once on the way in.
/// `previous` is the checksum of the batch before: a chain.

namespace florin {

inline constexpr std::uint64_t kBatchMagic = 0x4843544142524C46ULL;  // "FLRBATCH"
inline constexpr std::uint16_t kBatchFormatVersion = 1;
inline constexpr std::uint16_t kRulesVersion = 1;
/// Bytes of a batch at most, headers and all. A single request of 8,190 events fits, and so do several.
inline constexpr std::uint32_t kBatchBytesMax = 4U << 20;
/// A batch is padded to this, so that LMDB always gives it pages of its own (values above about half a page), where a
/// scanner finds it without the B-tree.
inline constexpr std::uint32_t kBatchBytesMin = 2560;
inline constexpr std::uint32_t kBodyAlignment = 16;

struct BatchHeader {
  u128 checksum = 0;   ///< XXH3-128 of bytes 16 .. end of the request headers
  u128 previous = 0;   ///< checksum of the batch before; 0 for genesis
  std::uint64_t magic = kBatchMagic;
  std::uint16_t format_version = kBatchFormatVersion;
  std::uint16_t rules_version = kRulesVersion;  ///< the rules that executed it
  std::uint32_t size = 0;                       ///< bytes, padding included
  std::uint64_t first_sequence = 0;
  std::uint32_t event_count = 0;  ///< sequences it owns: [first_sequence, first_sequence + event_count)
  std::uint32_t request_count = 0;
  std::uint64_t timestamp = 0;    ///< of its last event, ns since 1970 UTC
  std::uint64_t number = 0;       ///< 1, 2, 3 ...
  std::uint64_t outcome_sequence = 0;  ///< last sequence that outcome_digest covers; of an earlier batch
  std::uint64_t epoch = 0;             ///< room for replication
  u128 outcome_digest = 0;             ///< running chain of outcome digests through outcome_sequence
  std::uint64_t node = 0;              ///< room for replication
  std::uint64_t reserved = 0;
};
static_assert(sizeof(BatchHeader) == 128 && offsetof(BatchHeader, first_sequence) == 48);
static_assert(offsetof(BatchHeader, timestamp) == 64 && offsetof(BatchHeader, outcome_digest) == 96);
static_assert(std::is_trivially_copyable_v<BatchHeader> && std::has_unique_object_representations_v<BatchHeader>);

/// Which protocol a request came in by: decides how its body is decoded.
enum class Protocol : std::uint8_t { kInternal = 0, kNative = 1, kTigerBeetle = 2 };

struct RequestHeader {
  u128 body_checksum = 0;       ///< XXH3-128 of the body as it arrived
  u128 principal = 0;
  u128 client = 0;
  std::uint64_t request = 0;    ///< the client's number
  std::uint64_t key_id = 0;     ///< acting key, 0 for now
  std::uint64_t timestamp = 0;  ///< of its last event
  std::uint64_t first_sequence = 0;
  std::uint32_t body_bytes = 0;
  std::uint32_t event_count = 0;
  Operation operation = Operation::kCreateTransfers;
  Protocol protocol = Protocol::kNative;
  std::uint16_t flags = 0;
  std::uint32_t name_space = 0;  ///< 0 for now
};
static_assert(sizeof(RequestHeader) == 96 && offsetof(RequestHeader, timestamp) == 64);
static_assert(offsetof(RequestHeader, operation) == 88);
static_assert(std::is_trivially_copyable_v<RequestHeader> && std::has_unique_object_representations_v<RequestHeader>);

constexpr std::uint32_t padded_body_bytes(std::uint32_t body_bytes) noexcept {
  return (body_bytes + kBodyAlignment - 1) & ~(kBodyAlignment - 1);
}

/// Sessions of clients at the same time, whatever a server's setting.
inline constexpr std::uint32_t kClientSessionsMax = 16'384;

/// Body of the record with which a client of TigerBeetle's protocol begins a session. Who it is stands in RequestHeader::client; the
/// record's sequence becomes the number of the session.
struct RegisterClient {
  std::uint32_t release = 0;       ///< of the client's library
  std::uint32_t sessions_max = 0;  ///< the server's setting at that time: others are evicted so that there are no more
  std::uint32_t outcome_runs_max = 0;  ///< the room for outcomes from now on: core/client_sessions.hpp
  std::uint32_t reserved = 0;
  u128 evicted = 0;  ///< a client that goes first, if one has to, and before it in turn all get another one; 0, or not enough: those whose turn it is
};
static_assert(sizeof(RegisterClient) == 32 && offsetof(RegisterClient, evicted) == 16);
static_assert(std::has_unique_object_representations_v<RegisterClient>);

/// One of the body of a record with which the engine itself lets the timers of orders run; each owns the sequences of a command.
struct PaymentTimer {
  u128 id = 0;            ///< of the order
  std::uint64_t due = 0;  ///< ns
  CommandNumber command{};
  std::uint8_t reserved[6] = {};

  friend bool operator==(const PaymentTimer&, const PaymentTimer&) = default;
};
static_assert(sizeof(PaymentTimer) == 32 && offsetof(PaymentTimer, due) == 16 && offsetof(PaymentTimer, command) == 24);
static_assert(std::has_unique_object_representations_v<PaymentTimer>);
/// In one record at most.
inline constexpr std::uint32_t kPaymentTimersMax = 1024;

/// Body of the genesis record (sequence 1).
struct Genesis {
  u128 store_id = 0;        ///< random
  u128 hash_seed = 0;       ///< random; keys the tables' hash, never an outcome
  std::uint64_t cluster = 0;
  std::uint32_t format_version = 1;
  std::uint32_t reserved = 0;
};
static_assert(sizeof(Genesis) == 48 && std::has_unique_object_representations_v<Genesis>);

}  // namespace florin
