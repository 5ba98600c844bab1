#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <type_traits>

#include "florin/uint128.hpp"

/// @file
/// florin's native protocol: a TCP stream of frames, each a 64-byte header and a body. docs/protocol.md is the
/// specification with byte offsets and test vectors; this header is the same in C++. All integers little-endian.
///
///   client                                   server
///     | hello {principal, client}      --->    |
///     |    <---   hello reply {limits, store}  |
///     | create_transfers, lookup, ...  --->    |   many in flight; replies in any order, matched by `request`
///     |    <---   reply, code 0 or an error    |

namespace florin {

inline constexpr std::uint8_t kProtocolVersion = 1;
inline constexpr std::uint32_t kFrameHeaderBytes = 64;
inline constexpr std::uint32_t kEventBytes = 128;
inline constexpr std::uint32_t kEventsMax = 8190;                        ///< events in a request
inline constexpr std::uint32_t kBodyBytesMax = kEventsMax * kEventBytes;  ///< 1,048,320
inline constexpr std::uint32_t kRequestBytesMax = kFrameHeaderBytes + kBodyBytesMax;
/// Largest reply: results and post-balances of 8,190 events, and a receipt.
inline constexpr std::uint32_t kReplyBytesMax = kFrameHeaderBytes + kEventsMax * (16 + 128) + 64;
/// JSON text of a reply to `status`, at most.
inline constexpr std::uint32_t kStatusBytesMax = 4096;

/// What a frame asks for. A reply repeats the operation of its request.
enum class Operation : std::uint8_t {
  kHello = 1,
  kPing = 2,
  kStatus = 3,            ///< body of the reply: JSON text
  kCreateAccounts = 16,
  kCreateTransfers = 17,
  kLookupAccounts = 18,   ///< body: ids, 16 bytes each
  kLookupTransfers = 19,
  kGetAccountTransfers = 20,  ///< body: one AccountFilter
  kGetAccountBalances = 21,
  kQueryAccounts = 22,    ///< body: one QueryFilter
  kQueryTransfers = 23,
  kGetChangeEvents = 24,  ///< body: one ChangeEventsFilter
  kGetAccountsAt = 25,    ///< body: one AccountsAt, then ids, 16 bytes each
  kGetMoment = 26,        ///< body: one Moment with one field given
  kGetTrialBalance = 27,  ///< body: one TrialBalanceFilter
  kSnapshot = 32,         ///< take a snapshot; the reply leaves when it is published
  kClockAdvance = 33,     ///< body: u64 ns; only with --test-clock
  kDropHistory = 34,      ///< body: one DropHistory
  kPayments = 48,         ///< body: one PaymentsHeader, then commands (payment_command.hpp)
  kLookupOrders = 49,     ///< body: ids, 16 bytes each, at most kOrdersMax
  kFindOrder = 50,        ///< body: one OrderReference
  kLookupKey = 51,        ///< body: one key, 16 bytes
  kGetStory = 52,         ///< body: one StoryFilter
  kQueryOrders = 53,      ///< body: one OrderFilter (payment_query.hpp)
  kGetPaymentEvents = 54,  ///< body: one PaymentEventsFilter
  kLookupParties = 55,     ///< body: ids, 16 bytes each, at most kPartiesMax (party_query.hpp)
  kFindParty = 56,         ///< body: one PartyName
  kGetCredentials = 57,    ///< body: one CredentialFilter
  kVerifyCredential = 58,  ///< body: one PasswordProof
  kPulse = 64,            ///< journal only: expiry of holds; body: ids, 16 bytes each
  kGenesis = 65,          ///< journal only: the first record; body: Genesis
  kRegisterClient = 66,   ///< journal only: a client of TigerBeetle's protocol begins a session; body: RegisterClient
  kPaymentTimers = 67,    ///< journal only: timers of orders; body: PaymentTimers (batch.hpp)
};

constexpr std::string_view name_of(Operation operation) noexcept {
  switch (operation) {
    case Operation::kHello: return "hello";
    case Operation::kPing: return "ping";
    case Operation::kStatus: return "status";
    case Operation::kCreateAccounts: return "create_accounts";
    case Operation::kCreateTransfers: return "create_transfers";
    case Operation::kLookupAccounts: return "lookup_accounts";
    case Operation::kLookupTransfers: return "lookup_transfers";
    case Operation::kGetAccountTransfers: return "get_account_transfers";
    case Operation::kGetAccountBalances: return "get_account_balances";
    case Operation::kQueryAccounts: return "query_accounts";
    case Operation::kQueryTransfers: return "query_transfers";
    case Operation::kGetChangeEvents: return "get_change_events";
    case Operation::kGetAccountsAt: return "get_accounts_at";
    case Operation::kGetMoment: return "get_moment";
    case Operation::kGetTrialBalance: return "get_trial_balance";
    case Operation::kSnapshot: return "snapshot";
    case Operation::kClockAdvance: return "clock_advance";
    case Operation::kDropHistory: return "drop_history";
    case Operation::kPayments: return "payments";
    case Operation::kLookupOrders: return "lookup_orders";
    case Operation::kFindOrder: return "find_order";
    case Operation::kLookupKey: return "lookup_key";
    case Operation::kGetStory: return "get_story";
    case Operation::kQueryOrders: return "query_orders";
    case Operation::kGetPaymentEvents: return "get_payment_events";
    case Operation::kLookupParties: return "lookup_parties";
    case Operation::kFindParty: return "find_party";
    case Operation::kGetCredentials: return "get_credentials";
    case Operation::kVerifyCredential: return "verify_credential";
    case Operation::kPulse: return "pulse";
    case Operation::kGenesis: return "genesis";
    case Operation::kRegisterClient: return "register_client";
    case Operation::kPaymentTimers: return "payment_timers";
  }
  return "unknown";
}

/// Reads of history.
constexpr bool is_history_read(Operation operation) noexcept {
  return operation >= Operation::kLookupTransfers && operation <= Operation::kGetTrialBalance;
}

/// True for operations that take sequences and are journalled.
constexpr bool is_write(Operation operation) noexcept {
  return operation == Operation::kCreateAccounts || operation == Operation::kCreateTransfers ||
         operation == Operation::kDropHistory || operation == Operation::kPulse || operation == Operation::kGenesis ||
         operation == Operation::kRegisterClient || operation == Operation::kPayments || operation == Operation::kPaymentTimers;
}

/// Reads of payments.
constexpr bool is_payment_read(Operation operation) noexcept {
  return operation >= Operation::kLookupOrders && operation <= Operation::kVerifyCredential;
}

/// Reads that are answered beside execution, connections in turn.
constexpr bool is_answered_beside(Operation operation) noexcept { return is_history_read(operation) || is_payment_read(operation); }

/// True for reads whose ok reply ends with a PageEnd behind its rows.
constexpr bool is_query(Operation operation) noexcept {
  return operation >= Operation::kGetAccountTransfers && operation <= Operation::kGetTrialBalance;
}

/// Bits of FrameHeader::flags in a request. Other bits must be zero.
struct RequestFlags {
  static constexpr std::uint16_t kPostBalances = 1U << 0;    ///< reply carries both accounts' balances after each transfer
  static constexpr std::uint16_t kLatencyReceipt = 1U << 1;  ///< reply carries a LatencyReceipt
  static constexpr std::uint16_t kAll = (1U << 2) - 1;
  /// Journal only, of TigerBeetle's protocol: the body is a multi-batch (multi_batch.hpp), not events alone.
  static constexpr std::uint16_t kMultiBatch = 1U << 8;
};
/// Bit of FrameHeader::flags that every reply carries.
inline constexpr std::uint16_t kReplyFlag = 1U << 15;

/// FrameHeader::code of a reply. Every error leaves the state unchanged unless its comment says otherwise.
enum class ReplyCode : std::uint32_t {
  kOk = 0,
  kMalformedFrame = 1,       ///< bad checksum, size, version or reserved bits; the connection closes after it
  kHelloRequired = 2,        ///< the first frame must be hello; the connection closes
  kPrincipalNotTrusted = 3,  ///< principals are believed off loopback only with --trust-principals; closes
  kUnknownOperation = 4,
  kMalformedBody = 5,        ///< body size is no multiple of the element, too many elements, reserved bytes not zero
  kInvalidFilter = 6,        ///< body: text naming the field
  kBusy = 7,                 ///< queues are full, there is no room beside others, or it was asked too often; nothing was sequenced; send again later
  kDeadlineExceeded = 8,     ///< the deadline passed before the request was sequenced, or a query's turn came; nothing happened
  kStopping = 9,             ///< the server drains; nothing was sequenced
  kOutOfMemory = 10,         ///< over the memory budget; nothing was sequenced
  kDiskFull = 11,            ///< below the head-room of the disk; nothing was sequenced; reads go on
  kNotPermitted = 12,        ///< not on this server (clock_advance without --test-clock)
  kTooManyConnections = 13,  ///< the connection closes
  kInternal = 14,            ///< outcome unknown: the journal failed; ask again after recovery with the same ids
  kHistoryDropped = 15,      ///< what is asked for was dropped; body: text with the time from which history is kept
};

constexpr std::string_view name_of(ReplyCode code) noexcept {
  switch (code) {
    case ReplyCode::kOk: return "ok";
    case ReplyCode::kMalformedFrame: return "malformed_frame";
    case ReplyCode::kHelloRequired: return "hello_required";
    case ReplyCode::kPrincipalNotTrusted: return "principal_not_trusted";
    case ReplyCode::kUnknownOperation: return "unknown_operation";
    case ReplyCode::kMalformedBody: return "malformed_body";
    case ReplyCode::kInvalidFilter: return "invalid_filter";
    case ReplyCode::kBusy: return "busy";
    case ReplyCode::kDeadlineExceeded: return "deadline_exceeded";
    case ReplyCode::kStopping: return "stopping";
    case ReplyCode::kOutOfMemory: return "out_of_memory";
    case ReplyCode::kDiskFull: return "disk_full";
    case ReplyCode::kNotPermitted: return "not_permitted";
    case ReplyCode::kTooManyConnections: return "too_many_connections";
    case ReplyCode::kInternal: return "internal";
    case ReplyCode::kHistoryDropped: return "history_dropped";
  }
  return "unknown";
}

/// The header of every frame, 64 bytes. `first`, `second` and `third` have a meaning per direction:
///
///   offset  request                           reply
///   0   u64 header_checksum                   the same: XXH3-64 of bytes 8..63
///   8  u128 body_checksum                     the same: XXH3-128 of the body
///   24  u32 size, header included             the same
///   28   u8 version = 1                       the same
///   29   u8 operation                         that of the request
///   30  u16 flags (RequestFlags)              kReplyFlag | flags of the request
///   32  u64 request: the client's number      that of the request
///   40  u64 key_id: acting key, 0 for now     sequence: last event's (writes), newest seen (reads)
///   48  u64 timeout_ms (u32), 0 (u32)         timestamp of the last event, ns; reads: newest seen
///   56  u32 namespace, 0 for now              code (ReplyCode)
///   60  u32 0                                 count: entries of the first section of the body
struct FrameHeader {
  std::uint64_t header_checksum = 0;
  std::uint64_t body_checksum_low = 0;
  std::uint64_t body_checksum_high = 0;
  std::uint32_t size = kFrameHeaderBytes;
  std::uint8_t version = kProtocolVersion;
  Operation operation = Operation::kPing;
  std::uint16_t flags = 0;
  std::uint64_t request = 0;
  std::uint64_t first = 0;   ///< key_id | sequence
  std::uint64_t second = 0;  ///< timeout_ms | timestamp
  std::uint32_t third = 0;   ///< namespace | code
  std::uint32_t count = 0;   ///< 0 | count
};
static_assert(sizeof(FrameHeader) == kFrameHeaderBytes && std::is_trivially_copyable_v<FrameHeader>);
static_assert(offsetof(FrameHeader, size) == 24 && offsetof(FrameHeader, operation) == 29);
static_assert(offsetof(FrameHeader, request) == 32 && offsetof(FrameHeader, first) == 40);
static_assert(offsetof(FrameHeader, second) == 48 && offsetof(FrameHeader, third) == 56);
static_assert(std::has_unique_object_representations_v<FrameHeader>);

/// Body of the first request of a connection, 64 bytes.
struct Hello {
  u128 principal = 0;  ///< who acts; believed until keys exist
  u128 client = 0;     ///< this client object, random; recorded with every request
  std::uint8_t reserved[32] = {};
};
static_assert(sizeof(Hello) == 64);

/// Body of its reply, 64 bytes.
struct HelloReply {
  u128 store_id = 0;  ///< random, made with the store
  std::uint32_t events_max = kEventsMax;
  std::uint32_t in_flight_max = 0;  ///< requests a connection may have open; more are not read until replies leave
  std::uint32_t partitions = 0;
  std::uint32_t reserved0 = 0;
  std::uint8_t reserved[32] = {};
};
static_assert(sizeof(HelloReply) == 64);

/// One entry of the reply to create_accounts and create_transfers. Only events whose outcome is not "created at its own
/// time" are listed, in order of index: event i of n of a request with timestamp T that is not listed was created at
/// T - n + i + 1. So an imported event is listed unless its timestamp is that very one.
struct CreateReplyEntry {
  std::uint32_t index = 0;
  std::uint32_t status = 0;     ///< CreateAccountStatus or CreateTransferStatus
  std::uint64_t timestamp = 0;  ///< as CreateResult::timestamp
};
static_assert(sizeof(CreateReplyEntry) == 16 && std::has_unique_object_representations_v<CreateReplyEntry>);

/// How the commands of a `payments` request belong together.
enum class PaymentsMode : std::uint8_t {
  kIndependent = 0,  ///< each by itself, in order
  kStopOnFirst = 1,  ///< after the first that is refused the rest answers `skipped`
  kGroup = 2,        ///< all of them or none, under one key
};

/// Begins the body of `payments`. Behind it lie the commands, each with its parts. Its reply: a PaymentOutcome for each, then a byte of
/// PaymentReplyFlags for each, padded with zeros to 16 bytes.
struct PaymentsHeader {
  u128 group_key = 0;  ///< of a group; those of its members are 0 then
  PaymentsMode mode = PaymentsMode::kIndependent;
  std::uint8_t reserved[15] = {};
};
static_assert(sizeof(PaymentsHeader) == 32 && offsetof(PaymentsHeader, mode) == 16);
static_assert(std::has_unique_object_representations_v<PaymentsHeader>);

struct PaymentReplyFlags {
  static constexpr std::uint8_t kReplayed = 1U << 0;  ///< the key was known, and this is what was answered then
};

/// An order by its merchant's name for it. Its reply, and that of lookup_orders: of each order found OrderHot and OrderCold, and, if it has
/// parts, SplitHeader and SplitParts.
struct OrderReference {
  u128 merchant = 0;
  std::uint8_t reference[32] = {};
  std::uint8_t reserved[16] = {};
};
static_assert(sizeof(OrderReference) == 64 && std::has_unique_object_representations_v<OrderReference>);
inline constexpr std::uint32_t kOrdersMax = 512;  ///< in a request

/// Whose story: objects of different kinds may have one id.
enum class StoryOf : std::uint8_t {
  kAny = 0,  ///< the first of the others that there is, in their order
  kOrder = 1,
  kParty = 2,
  kMovement = 3,  ///< top_up, withdraw, transfer, convert
  kAccount = 4,   ///< one that payments opened
};

/// Which lines of an object's story; the reply is the StoryLines. The next page comes after the sequence of the last one, either way.
struct StoryFilter {
  u128 object = 0;
  std::uint64_t after = 0;   ///< a sequence, be there a line with it or not: the page has higher ones, newest first: lower ones; 0: no bound
  std::uint32_t limit = 0;   ///< 1 to kStoryLinesMax
  std::uint16_t flags = 0;   ///< StoryFilterFlags
  StoryOf kind = StoryOf::kAny;
  std::uint8_t reserved = 0;
};
static_assert(sizeof(StoryFilter) == 32 && std::has_unique_object_representations_v<StoryFilter>);
struct StoryFilterFlags {
  static constexpr std::uint16_t kReversed = 1U << 0;  ///< newest first
  static constexpr std::uint16_t kAll = (1U << 1) - 1;
};
inline constexpr std::uint32_t kStoryLinesMax = 1024;

/// With RequestFlags::kPostBalances, one per event after the entries, in order: Balances of the debit account, then of the
/// credit account (of create_accounts: the account, then zeros), right after the event; zeros if the event has no such account.
inline constexpr std::uint32_t kPostBalancesBytes = 128;

/// With RequestFlags::kLatencyReceipt, the last 32 bytes of the reply's body. All in ns.
struct LatencyReceipt {
  std::uint64_t queue_ns = 0;    ///< frame complete -> sequenced
  std::uint64_t execute_ns = 0;  ///< sequenced -> applied
  std::uint64_t durable_ns = 0;  ///< sequenced -> durable
  std::uint64_t reserved = 0;
};
static_assert(sizeof(LatencyReceipt) == 32);

}  // namespace florin
