#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <type_traits>

#include "florin/uint128.hpp"

/// @file
/// The order: one amount that a payer owes to the owner and the parts, its hold, and what became of it. Two records of 256 bytes: what nearly
/// every command reads and changes, and what is rarely asked for; and a block for the parts of an order that is split.
///
/// A hold is a set of fields of its order, mirrored on the ledger by exactly one open pending transfer. All amounts are u128 in minor units of
/// the order's asset, all times u64 ns of record time, durations u32 seconds.

namespace florin {

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wshadow"  // g++ 12 says that a scoped enumerator hides florin::kCreated, if that is declared before
/// Where the money of an order is. docs/payment-states.md says which command leads from where to where.
enum class MoneyState : std::uint8_t {
  kCreated = 1,
  kInReview = 2,
  kUnknown = 3,            ///< a channel was asked for the money, and nobody knows what it did
  kAuthorised = 4,
  kPartiallyCaptured = 5,  ///< something captured, something held
  kCaptured = 6,
  kPartiallyRefunded = 7,
  kRefunded = 8,
  kDisputed = 9,
  kChargedBack = 10,       ///< a dispute was lost, in whole or in part
  kCancelled = 11,
  kExpired = 12,
  kFailed = 13,
};
#pragma GCC diagnostic pop

constexpr std::string_view name_of(MoneyState state) noexcept {
  switch (state) {
    case MoneyState::kCreated: return "created";
    case MoneyState::kInReview: return "in_review";
    case MoneyState::kUnknown: return "unknown";
    case MoneyState::kAuthorised: return "authorised";
    case MoneyState::kPartiallyCaptured: return "partially_captured";
    case MoneyState::kCaptured: return "captured";
    case MoneyState::kPartiallyRefunded: return "partially_refunded";
    case MoneyState::kRefunded: return "refunded";
    case MoneyState::kDisputed: return "disputed";
    case MoneyState::kChargedBack: return "charged_back";
    case MoneyState::kCancelled: return "cancelled";
    case MoneyState::kExpired: return "expired";
    case MoneyState::kFailed: return "failed";
  }
  return "none";
}

/// Where the goods of an order are: an axis of its own, so that what was shipped can be refunded.
enum class Fulfilment : std::uint8_t { kUnfulfilled = 0, kFulfilled = 1, kCompleted = 2 };

constexpr std::string_view name_of(Fulfilment fulfilment) noexcept {
  switch (fulfilment) {
    case Fulfilment::kUnfulfilled: return "unfulfilled";
    case Fulfilment::kFulfilled: return "fulfilled";
    case Fulfilment::kCompleted: return "completed";
  }
  return "unknown";
}

/// What the limits say.
enum class Verdict : std::uint8_t { kAllow = 0, kReview = 1, kDeny = 2 };

/// Both axes in one word, for people who buy.
enum class PublicState : std::uint8_t { kPendingPayment = 1, kPaid = 2, kShipped = 3, kCompleted = 4, kCancelled = 5 };

constexpr std::string_view name_of(PublicState state) noexcept {
  switch (state) {
    case PublicState::kPendingPayment: return "pending payment";
    case PublicState::kPaid: return "paid";
    case PublicState::kShipped: return "shipped";
    case PublicState::kCompleted: return "completed";
    case PublicState::kCancelled: return "cancelled";
  }
  return "unknown";
}

/// Bits of OrderHot::flags.
struct OrderFlags {
  static constexpr std::uint16_t kAutomatic = 1U << 0;      ///< captured when it is authorised
  static constexpr std::uint16_t kChannelFunded = 1U << 1;  ///< paid by way of a channel: money moves by attempts alone
  static constexpr std::uint16_t kSplit = 1U << 2;          ///< has parts
  static constexpr std::uint16_t kAttemptOpen = 1U << 3;
  static constexpr std::uint16_t kDisputeOpen = 1U << 4;
  static constexpr std::uint16_t kReviewed = 1U << 5;       ///< somebody approved it
};

struct OrderHot {
  u128 id = 0;
  u128 payer_account = 0;
  u128 owner_account = 0;  ///< a payable: gets what the parts and the fee leave
  u128 authorised = 0;     ///< in all, increments included
  u128 released = 0;       ///< of it: given back uncaptured
  u128 captured = 0;       ///< of it
  u128 refunded = 0;       ///< of what was captured
  u128 charged_back = 0;   ///< of what was captured: lost in disputes
  u128 disputed = 0;       ///< of what was captured: in the open dispute
  u128 fee_taken = 0;
  u128 fee_returned = 0;
  std::uint64_t hold_sequence = 0;     ///< of the command that wrote the open hold; 0: none
  std::uint64_t authorised_at = 0;
  std::uint64_t order_expires_at = 0;  ///< 0: never
  std::uint64_t hold_expires_at = 0;   ///< the capture deadline as well
  std::uint64_t changed = 0;           ///< sequence of the newest change
  std::uint32_t version = 0;           ///< 1, 2, 3 ... with each change
  std::uint32_t ledger = 0;
  std::uint32_t fee_schedule = 0;      ///< 0: no fee
  std::uint32_t fee_version = 0;
  std::uint16_t captures = 0;
  std::uint16_t refunds = 0;
  std::uint16_t tolerance_bps = 0;     ///< by how much of the hold a final capture may exceed it
  std::uint16_t flags = 0;             ///< OrderFlags
  MoneyState money = MoneyState::kCreated;
  Fulfilment fulfilment = Fulfilment::kUnfulfilled;
  Verdict verdict = Verdict::kAllow;
  std::uint8_t parts = 0;
  std::uint8_t hold_leg = 0;           ///< which leg of `hold_sequence` the open hold is
  std::uint8_t disputes = 0;           ///< opened so far
  std::uint16_t attempts = 0;          ///< started so far
  std::uint64_t reserved = 0;

  /// What is held of the order's amount; with a fee on top the pending transfer is larger by that (core/payments/fees.hpp).
  [[nodiscard]] constexpr u128 hold_open() const noexcept { return authorised - captured - released; }
  /// What a refund may take.
  [[nodiscard]] constexpr u128 refundable() const noexcept { return captured - refunded - charged_back - disputed; }
  [[nodiscard]] constexpr bool has(std::uint16_t flag) const noexcept { return (flags & flag) != 0; }

  friend bool operator==(const OrderHot&, const OrderHot&) = default;
};
static_assert(sizeof(OrderHot) == 256 && offsetof(OrderHot, payer_account) == 16 && offsetof(OrderHot, owner_account) == 32);
static_assert(offsetof(OrderHot, authorised) == 48 && offsetof(OrderHot, released) == 64 && offsetof(OrderHot, captured) == 80);
static_assert(offsetof(OrderHot, refunded) == 96 && offsetof(OrderHot, charged_back) == 112 && offsetof(OrderHot, disputed) == 128);
static_assert(offsetof(OrderHot, fee_taken) == 144 && offsetof(OrderHot, fee_returned) == 160 && offsetof(OrderHot, hold_sequence) == 176);
static_assert(offsetof(OrderHot, authorised_at) == 184 && offsetof(OrderHot, order_expires_at) == 192);
static_assert(offsetof(OrderHot, hold_expires_at) == 200 && offsetof(OrderHot, changed) == 208 && offsetof(OrderHot, version) == 216);
static_assert(offsetof(OrderHot, ledger) == 220 && offsetof(OrderHot, fee_schedule) == 224 && offsetof(OrderHot, fee_version) == 228);
static_assert(offsetof(OrderHot, captures) == 232 && offsetof(OrderHot, refunds) == 234 && offsetof(OrderHot, tolerance_bps) == 236);
static_assert(offsetof(OrderHot, flags) == 238 && offsetof(OrderHot, money) == 240 && offsetof(OrderHot, fulfilment) == 241);
static_assert(offsetof(OrderHot, verdict) == 242 && offsetof(OrderHot, parts) == 243 && offsetof(OrderHot, hold_leg) == 244);
static_assert(offsetof(OrderHot, disputes) == 245 && offsetof(OrderHot, attempts) == 246 && offsetof(OrderHot, reserved) == 248);
static_assert(std::is_trivially_copyable_v<OrderHot> && std::has_unique_object_representations_v<OrderHot>);

struct OrderCold {
  u128 merchant = 0;
  u128 payer = 0;
  std::uint8_t reference[32] = {};  ///< the merchant's; unique with it
  u128 user_data_128 = 0;
  std::uint64_t user_data_64 = 0;
  std::uint32_t user_data_32 = 0;
  std::uint32_t rule_id = 0;  ///< the limit rule that decided `verdict`
  std::uint32_t rule_version = 0;
  std::uint32_t auto_complete_s = 0;  ///< from fulfilled to completed by itself; 0: never
  std::uint64_t created = 0;          ///< sequence
  std::uint64_t created_at = 0;
  std::uint64_t effective_time = 0;   ///< the client's business time: stored, never used
  u128 amount = 0;                    ///< ordered
  u128 open_attempt = 0;              ///< 0: none
  u128 open_dispute = 0;              ///< 0: none
  u128 principal = 0;                 ///< who created it
  std::uint64_t auto_complete_at = 0;
  std::uint64_t last_event = 0;       ///< sequence of the newest line of its story
  std::uint32_t hold_s = 0;           ///< how long a hold stands from its authorisation on
  std::uint8_t reserved[44] = {};

  friend bool operator==(const OrderCold&, const OrderCold&) = default;
};
static_assert(sizeof(OrderCold) == 256 && offsetof(OrderCold, payer) == 16 && offsetof(OrderCold, reference) == 32);
static_assert(offsetof(OrderCold, user_data_128) == 64 && offsetof(OrderCold, user_data_64) == 80);
static_assert(offsetof(OrderCold, user_data_32) == 88 && offsetof(OrderCold, rule_id) == 92 && offsetof(OrderCold, rule_version) == 96);
static_assert(offsetof(OrderCold, auto_complete_s) == 100 && offsetof(OrderCold, created) == 104 && offsetof(OrderCold, created_at) == 112);
static_assert(offsetof(OrderCold, effective_time) == 120 && offsetof(OrderCold, amount) == 128 && offsetof(OrderCold, open_attempt) == 144);
static_assert(offsetof(OrderCold, open_dispute) == 160 && offsetof(OrderCold, principal) == 176);
static_assert(offsetof(OrderCold, auto_complete_at) == 192 && offsetof(OrderCold, last_event) == 200 && offsetof(OrderCold, hold_s) == 208);
static_assert(std::is_trivially_copyable_v<OrderCold> && std::has_unique_object_representations_v<OrderCold>);

/// Parts of an order at most, its owner not counted.
inline constexpr std::uint32_t kPartsMax = 15;

/// Before the parts of a split order. The owner is not listed: it has what the parts and the fee leave.
struct SplitHeader {
  u128 order = 0;
  std::uint16_t count = 0;  ///< parts that follow
  std::uint8_t reserved0[6] = {};
  std::uint16_t bps[kPartsMax] = {};  ///< of what is captured net of the fee
  std::uint8_t reserved[10] = {};

  friend bool operator==(const SplitHeader&, const SplitHeader&) = default;
};
static_assert(sizeof(SplitHeader) == 64 && offsetof(SplitHeader, count) == 16 && offsetof(SplitHeader, bps) == 24);
static_assert(offsetof(SplitHeader, reserved) == 54);
static_assert(std::is_trivially_copyable_v<SplitHeader> && std::has_unique_object_representations_v<SplitHeader>);

struct SplitPart {
  u128 account = 0;
  u128 captured = 0;
  u128 returned = 0;  ///< of it: refunded or lost in disputes
  u128 disputed = 0;  ///< of it: in the open dispute

  friend bool operator==(const SplitPart&, const SplitPart&) = default;
};
static_assert(sizeof(SplitPart) == 64 && offsetof(SplitPart, captured) == 16 && offsetof(SplitPart, returned) == 32);
static_assert(offsetof(SplitPart, disputed) == 48);
static_assert(std::is_trivially_copyable_v<SplitPart> && std::has_unique_object_representations_v<SplitPart>);

}  // namespace florin
