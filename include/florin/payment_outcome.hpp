#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "florin/order.hpp"
#include "florin/payment_command.hpp"
#include "florin/payment_result.hpp"
#include "florin/uint128.hpp"

/// @file
/// What is left of a payment command: the outcome that its client gets, now and whenever it asks with the same key; the key's record; and the
/// line it adds to the story of its object, which is also its line in the change feed.

namespace florin {

/// The body of every reply, byte-identical in a replay (that it is one stands in the frame header). All amounts in minor units.
struct PaymentOutcome {
  std::uint64_t sequence = 0;   ///< of the command; key_reused, key_fenced: of the first use, or the fence
  std::uint64_t timestamp = 0;  ///< ns, likewise
  u128 object_id = 0;
  u128 amount = 0;              ///< moved
  u128 fee = 0;
  u128 hold_open = 0;           ///< of the order, afterwards
  u128 refundable = 0;          ///< of the order, afterwards
  std::uint32_t rule_id = 0;    ///< limit rule that decided; 0: none
  std::uint32_t rule_version = 0;
  std::uint64_t detail = 0;     ///< what it is depends on the code
  std::uint32_t version = 0;    ///< of the object
  PaymentResult code = PaymentResult::kDone;
  CommandNumber command{};
  MoneyState money{};           ///< 0: no order
  Fulfilment fulfilment = Fulfilment::kUnfulfilled;
  Verdict verdict = Verdict::kAllow;
  std::uint8_t legs = 0;        ///< transfers it wrote: engine_transfer_id(sequence, 0 .. legs - 1)
  std::uint8_t reserved[2] = {};

  friend bool operator==(const PaymentOutcome&, const PaymentOutcome&) = default;
};
static_assert(sizeof(PaymentOutcome) == 128 && offsetof(PaymentOutcome, object_id) == 16 && offsetof(PaymentOutcome, amount) == 32);
static_assert(offsetof(PaymentOutcome, fee) == 48 && offsetof(PaymentOutcome, hold_open) == 64 && offsetof(PaymentOutcome, refundable) == 80);
static_assert(offsetof(PaymentOutcome, rule_id) == 96 && offsetof(PaymentOutcome, rule_version) == 100);
static_assert(offsetof(PaymentOutcome, detail) == 104 && offsetof(PaymentOutcome, version) == 112 && offsetof(PaymentOutcome, code) == 116);
static_assert(offsetof(PaymentOutcome, command) == 120 && offsetof(PaymentOutcome, money) == 122);
static_assert(offsetof(PaymentOutcome, fulfilment) == 123 && offsetof(PaymentOutcome, verdict) == 124 && offsetof(PaymentOutcome, legs) == 125);
static_assert(std::is_trivially_copyable_v<PaymentOutcome> && std::has_unique_object_representations_v<PaymentOutcome>);

/// PaymentOutcome::detail of the codes 1240 to 1256: where the order was, and what was asked of it.
constexpr std::uint64_t state_detail(MoneyState money, Fulfilment fulfilment, CommandNumber command) noexcept {
  return std::uint64_t{static_cast<std::uint8_t>(money)} << 24 | std::uint64_t{static_cast<std::uint8_t>(fulfilment)} << 16 |
         static_cast<std::uint16_t>(command);
}

enum class KeyKind : std::uint8_t { kDone = 1, kFenced = 2 };

/// What is kept of a key, for ever. A key belongs to the principal that used it.
struct KeyRecord {
  u128 principal = 0;
  u128 key = 0;
  u128 fingerprint = 0;        ///< of the command, XXH3-128; fenced: 0
  std::uint64_t sequence = 0;  ///< of the command that used or fenced it
  PaymentResult code{};
  KeyKind kind = KeyKind::kDone;
  std::uint8_t field_digests[3] = {};  ///< of the command: what tells in which fields another one differs; of a group 0

  friend bool operator==(const KeyRecord&, const KeyRecord&) = default;
};
static_assert(sizeof(KeyRecord) == 64 && offsetof(KeyRecord, key) == 16 && offsetof(KeyRecord, fingerprint) == 32);
static_assert(offsetof(KeyRecord, sequence) == 48 && offsetof(KeyRecord, code) == 56 && offsetof(KeyRecord, kind) == 60);
static_assert(std::is_trivially_copyable_v<KeyRecord> && std::has_unique_object_representations_v<KeyRecord>);

/// One per command that changed an order, attempt, dispute, wallet or party. The order's sums are as of the event, in minor units. The story of
/// an object is the walk over `previous`; its legs are engine_transfer_id(sequence, 0 .. legs - 1).
struct StoryLine {
  u128 object_id = 0;
  u128 amount = 0;        ///< moved, or held
  u128 fee = 0;           ///< taken, or returned
  u128 authorised = 0;
  u128 released = 0;
  u128 captured = 0;
  u128 refunded = 0;
  u128 charged_back = 0;
  u128 disputed = 0;
  u128 other_id = 0;      ///< attempt, dispute or quote
  u128 principal = 0;
  std::uint64_t sequence = 0;
  std::uint64_t timestamp = 0;  ///< ns
  std::uint64_t previous = 0;   ///< sequence of the object's line before; 0: none
  std::uint64_t effective_time = 0;
  std::uint32_t ledger = 0;
  std::uint32_t version = 0;    ///< of the object, after the event
  std::uint32_t rule_id = 0;
  std::uint32_t rule_version = 0;
  std::uint32_t fee_schedule = 0;
  std::uint32_t fee_version = 0;
  std::uint32_t reason = 0;
  CommandNumber event{};
  MoneyState money_from{};      ///< 0: there was no order
  MoneyState money_to{};
  Fulfilment fulfilment = Fulfilment::kUnfulfilled;
  Verdict verdict = Verdict::kAllow;
  std::uint8_t legs = 0;
  PublicState public_state{};   ///< 0: no order
  // Of the line that created an order, else 0: its merchant and payer, by how many parties were registered up to each.
  std::uint32_t merchant_number = 0;
  std::uint32_t payer_number = 0;
  std::uint8_t reserved[4] = {};

  friend bool operator==(const StoryLine&, const StoryLine&) = default;
};
static_assert(sizeof(StoryLine) == 256 && offsetof(StoryLine, amount) == 16 && offsetof(StoryLine, fee) == 32);
static_assert(offsetof(StoryLine, authorised) == 48 && offsetof(StoryLine, released) == 64 && offsetof(StoryLine, captured) == 80);
static_assert(offsetof(StoryLine, refunded) == 96 && offsetof(StoryLine, charged_back) == 112 && offsetof(StoryLine, disputed) == 128);
static_assert(offsetof(StoryLine, other_id) == 144 && offsetof(StoryLine, principal) == 160 && offsetof(StoryLine, sequence) == 176);
static_assert(offsetof(StoryLine, timestamp) == 184 && offsetof(StoryLine, previous) == 192 && offsetof(StoryLine, effective_time) == 200);
static_assert(offsetof(StoryLine, ledger) == 208 && offsetof(StoryLine, version) == 212 && offsetof(StoryLine, rule_id) == 216);
static_assert(offsetof(StoryLine, rule_version) == 220 && offsetof(StoryLine, fee_schedule) == 224 && offsetof(StoryLine, fee_version) == 228);
static_assert(offsetof(StoryLine, reason) == 232 && offsetof(StoryLine, event) == 236 && offsetof(StoryLine, money_from) == 238);
static_assert(offsetof(StoryLine, money_to) == 239 && offsetof(StoryLine, fulfilment) == 240 && offsetof(StoryLine, verdict) == 241);
static_assert(offsetof(StoryLine, legs) == 242 && offsetof(StoryLine, public_state) == 243 && offsetof(StoryLine, merchant_number) == 244 && offsetof(StoryLine, reserved) == 252);
static_assert(std::is_trivially_copyable_v<StoryLine> && std::has_unique_object_representations_v<StoryLine>);

}  // namespace florin
