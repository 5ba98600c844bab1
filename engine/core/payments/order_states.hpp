#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "florin/attempt.hpp"
#include "florin/order.hpp"
#include "florin/payment_result.hpp"

/// @file
/// The state machine of orders, as data: one row per event, one column per money state. `florin states` prints this table, and
/// docs/payment-states.md is its output. Two steps, so that nothing changes before everything is known to be legal:
///
///   refusal_of(event, order)                    before: kDone, or why not (lowest code of all that this table knows)
///   state_after(event, from, order, facts)      after the order's sums have changed: its money state
///   fulfilment_after(event, from)               the same on the other axis

namespace florin::core {

/// What happens to an order. Attempts of kinds sale and authorise have rows of their own; those of other kinds start where their event is legal,
/// keep the state, and have their event's effect when they succeed (event_of()).
enum class OrderEvent : std::uint8_t {
  kCreate,
  kPay,
  kAuthorise,
  kIncrement,
  kDecrement,
  kExtend,
  kCapture,
  kCancel,
  kRefund,
  kFulfil,
  kComplete,
  kApprove,
  kReject,
  kDisputeOpen,
  kDisputeEvidence,
  kDisputeClose,
  kAttemptStart,
  kAttemptSucceeded,
  kAttemptFailed,
  kAttemptUnknown,
  kExpireOrder,
  kExpireHold,
  kAutoComplete,
};
inline constexpr std::size_t kOrderEvents = 23;

/// What an event does in a state.
enum class Next : std::uint8_t {
  kRefuse,           ///< answers the cell's code
  kSame,             ///< the state stays
  kRest,             ///< the rest rule
  kCreated,
  kUnknown,
  kCancelled,
  kExpired,
  kRestOrReview,     ///< the rest rule; in_review if a limit rule says so
  kSameOrReview,     ///< the state stays; in_review if a limit rule says so
  kRestOrCreated,    ///< the rest rule; created if a channel funds the order
  kSameOrFailed,     ///< the state stays; failed if the failure is final
  kCreatedOrFailed,  ///< created; failed if the failure is final
  kSameIfHeld,       ///< the state stays if something is held; else the cell's code
  kLate,             ///< the state stays, and the money goes to suspense
};

struct Cell {
  Next next = Next::kRefuse;
  PaymentResult code = PaymentResult::kDone;  ///< of kRefuse and kSameIfHeld

  friend constexpr bool operator==(const Cell&, const Cell&) = default;
};

/// Whose orders an event is for; others answer wrong_funding.
enum class Funding : std::uint8_t {
  kAny,
  kWallet,                    ///< orders that no channel funds
  kWalletOrBeforeAuthorised,  ///< these, and any order in created, in_review and unknown
  kChannel,                   ///< orders that a channel funds
};

/// Columns of the table: no order, then the money states by number, of which cancelled, expired and failed are one column.
inline constexpr std::size_t kStateColumns = 12;
/// `money`: MoneyState{} if there is no order.
constexpr std::size_t column_of(MoneyState money) noexcept {
  const auto number = static_cast<std::size_t>(money);
  return number < kStateColumns ? number : kStateColumns - 1;
}

struct EventRow {
  OrderEvent event;
  std::string_view name;
  Funding funding;
  PaymentResult with_attempt;  ///< what it answers while an attempt is open, but in `unknown`; kDone: what the cell says
  std::array<Cell, kStateColumns> cells;
};

/// The table.
inline constexpr std::array<EventRow, kOrderEvents> kOrderStates = [] {
  using E = OrderEvent;
  // As short as they have to be for a row to be a line. A code is named by what follows its leading 1.
  constexpr Cell same{Next::kSame}, rest{Next::kRest}, late{Next::kLate}, cr{Next::kCreated}, un{Next::kUnknown}, cn{Next::kCancelled};
  constexpr Cell ex{Next::kExpired}, rest_rv{Next::kRestOrReview}, same_rv{Next::kSameOrReview}, rest_cr{Next::kRestOrCreated};
  constexpr Cell same_fa{Next::kSameOrFailed}, cr_fa{Next::kCreatedOrFailed};
  constexpr Cell c003{Next::kRefuse, PaymentResult::kStaleTimer}, held_003{Next::kSameIfHeld, PaymentResult::kStaleTimer};
  constexpr Cell c200{Next::kRefuse, PaymentResult::kOrderExists}, c204{Next::kRefuse, PaymentResult::kOrderNotFound};
  constexpr Cell c242{Next::kRefuse, PaymentResult::kNotAuthorised}, c243{Next::kRefuse, PaymentResult::kAlreadyAuthorised};
  constexpr Cell c244{Next::kRefuse, PaymentResult::kAlreadyCaptured}, c245{Next::kRefuse, PaymentResult::kNothingCaptured};
  constexpr Cell c246{Next::kRefuse, PaymentResult::kOrderInReview}, c247{Next::kRefuse, PaymentResult::kNotInReview};
  constexpr Cell c248{Next::kRefuse, PaymentResult::kOutcomeUnknown}, c250{Next::kRefuse, PaymentResult::kNoDispute};
  constexpr Cell c249{Next::kRefuse, PaymentResult::kDisputeOpen}, held_249{Next::kSameIfHeld, PaymentResult::kDisputeOpen};
  constexpr Cell c251{Next::kRefuse, PaymentResult::kOrderClosed}, c252{Next::kRefuse, PaymentResult::kMoneyReturned};
  constexpr Cell c253{Next::kRefuse, PaymentResult::kNotFulfilled}, c256{Next::kRefuse, PaymentResult::kAttemptEnded};
  constexpr PaymentResult open = PaymentResult::kAttemptOpen, stale = PaymentResult::kStaleTimer, cell = PaymentResult::kDone;
  constexpr Funding any = Funding::kAny, wallet = Funding::kWallet, early = Funding::kWalletOrBeforeAuthorised, channel = Funding::kChannel;
  // clang-format off
  return std::array<EventRow, kOrderEvents>{{
    //                                                           -        CR       RV       UN     AU    PC    CA    PR    RE    DI        CB    CN EX FA
    {E::kCreate,           "create",            any,     cell,  {cr,      c200,    c200,    c200,  c200, c200, c200, c200, c200, c200,     c200, c200}},
    {E::kPay,              "pay",               wallet,  cell,  {rest_rv, c200,    c200,    c200,  c200, c200, c200, c200, c200, c200,     c200, c200}},
    {E::kAuthorise,        "authorise",         wallet,  open,  {c204,    rest_rv, c246,    c248,  c243, c243, c244, c244, c252, c249,     c252, c251}},
    {E::kIncrement,        "increment",         wallet,  open,  {c204,    c242,    c246,    c248,  same, same, c244, c244, c252, c249,     c252, c251}},
    {E::kDecrement,        "decrement",         wallet,  open,  {c204,    c242,    c246,    c248,  same, same, c244, c244, c252, c249,     c252, c251}},
    {E::kExtend,           "extend",            any,     cell,  {c204,    same,    same,    c248,  same, same, c244, c244, c252, c249,     c252, c251}},
    {E::kCapture,          "capture",           wallet,  open,  {c204,    c242,    c246,    c248,  rest, rest, c244, c244, c252, c249,     c252, c251}},
    {E::kCancel,           "cancel",            early,   open,  {c204,    cn,      cn,      c248,  cn,   rest, c244, c244, c252, held_249, c252, c251}},
    {E::kRefund,           "refund",            wallet,  open,  {c204,    c245,    c245,    c248,  c245, rest, rest, rest, c252, same,     rest, c251}},
    {E::kFulfil,           "fulfil",            any,     cell,  {c204,    c245,    c245,    c248,  c245, same, same, same, c252, c249,     c252, c251}},
    {E::kComplete,         "complete",          any,     cell,  {c204,    c253,    c253,    c253,  c253, same, same, same, same, same,     same, c251}},
    {E::kApprove,          "approve",           any,     open,  {c204,    c247,    rest_cr, c247,  c247, c247, c247, c247, c247, c247,     c247, c247}},
    {E::kReject,           "reject",            any,     open,  {c204,    c247,    cn,      c247,  c247, c247, c247, c247, c247, c247,     c247, c247}},
    {E::kDisputeOpen,      "dispute_open",      any,     cell,  {c204,    c245,    c245,    c248,  c245, rest, rest, rest, rest, c249,     rest, c251}},
    {E::kDisputeEvidence,  "dispute_evidence",  any,     cell,  {c204,    c250,    c250,    c250,  c250, c250, c250, c250, c250, same,     c250, c250}},
    {E::kDisputeClose,     "dispute_close",     any,     cell,  {c204,    c250,    c250,    c250,  c250, c250, c250, c250, c250, rest,     c250, c250}},
    {E::kAttemptStart,     "attempt_start",     channel, open,  {c204,    same_rv, c246,    c248,  c243, c243, c244, c244, c252, c249,     c252, c251}},
    {E::kAttemptSucceeded, "attempt succeeded", any,     cell,  {c204,    rest,    late,    rest,  late, late, late, late, late, late,     late, late}},
    {E::kAttemptFailed,    "attempt failed",    any,     cell,  {c204,    same_fa, c256,    cr_fa, c256, c256, c256, c256, c256, c256,     c256, c256}},
    {E::kAttemptUnknown,   "attempt unknown",   any,     cell,  {c204,    un,      c256,    same,  c256, c256, c256, c256, c256, c256,     c256, c256}},
    {E::kExpireOrder,      "expire_order",      any,     stale, {c003,    ex,      ex,      c003,  c003, c003, c003, c003, c003, c003,     c003, c003}},
    {E::kExpireHold,       "expire_hold",       any,     stale, {c003,    c003,    ex,      c003,  ex,   rest, c003, c003, c003, held_003, c003, c003}},
    {E::kAutoComplete,     "auto_complete",     any,     cell,  {c003,    c003,    c003,    c003,  c003, same, same, same, same, c003,     same, c003}},
  }};
  // clang-format on
}();

/// The fulfilment axis: what the events that move along it do, where the table above lets them. kDone: one step on.
struct FulfilmentRow {
  OrderEvent event;
  std::array<PaymentResult, 3> codes;  ///< by Fulfilment
};
inline constexpr std::array<FulfilmentRow, 3> kFulfilmentStates = {{
    {OrderEvent::kFulfil, {PaymentResult::kDone, PaymentResult::kAlreadyFulfilled, PaymentResult::kAlreadyCompleted}},
    {OrderEvent::kComplete, {PaymentResult::kNotFulfilled, PaymentResult::kDone, PaymentResult::kAlreadyCompleted}},
    {OrderEvent::kAutoComplete, {PaymentResult::kStaleTimer, PaymentResult::kDone, PaymentResult::kStaleTimer}},
}};

constexpr const EventRow& row_of(OrderEvent event) noexcept { return kOrderStates[static_cast<std::size_t>(event)]; }
/// `money`: MoneyState{} if there is no order.
constexpr Cell cell_of(OrderEvent event, MoneyState money) noexcept { return row_of(event).cells[column_of(money)]; }
constexpr const FulfilmentRow* fulfilment_row_of(OrderEvent event) noexcept {
  for (const FulfilmentRow& row : kFulfilmentStates) {
    if (row.event == event) return &row;
  }
  return nullptr;
}

/// Whose legality and effect an attempt of this kind has. Sales and authorisations have rows of their own; payouts and top-ups no order.
constexpr OrderEvent event_of(AttemptKind kind) noexcept {
  switch (kind) {
    case AttemptKind::kIncrement: return OrderEvent::kIncrement;
    case AttemptKind::kCapture: return OrderEvent::kCapture;
    case AttemptKind::kCancel: return OrderEvent::kCancel;
    case AttemptKind::kRefund: return OrderEvent::kRefund;
    case AttemptKind::kSale:
    case AttemptKind::kAuthorise:
    case AttemptKind::kPayout:
    case AttemptKind::kTopUp: break;
  }
  return OrderEvent::kAttemptStart;
}

/// What the amounts say where an order is: the state after every effect but those that the table names.
constexpr MoneyState rest_state(const OrderHot& order) noexcept {
  if (order.has(OrderFlags::kDisputeOpen)) return MoneyState::kDisputed;
  if (order.hold_open() > 0) return order.captured == 0 ? MoneyState::kAuthorised : MoneyState::kPartiallyCaptured;
  if (order.charged_back > 0) return MoneyState::kChargedBack;
  if (order.refunded == order.captured) return MoneyState::kRefunded;
  return order.refunded > 0 ? MoneyState::kPartiallyRefunded : MoneyState::kCaptured;
}

constexpr PublicState public_state(MoneyState money, Fulfilment fulfilment) noexcept {
  switch (money) {
    case MoneyState::kCreated:
    case MoneyState::kInReview:
    case MoneyState::kUnknown:
    case MoneyState::kAuthorised: return PublicState::kPendingPayment;
    case MoneyState::kCancelled:
    case MoneyState::kExpired:
    case MoneyState::kFailed: return PublicState::kCancelled;
    case MoneyState::kRefunded:
      if (fulfilment == Fulfilment::kUnfulfilled) return PublicState::kCancelled;
      break;
    case MoneyState::kPartiallyCaptured:
    case MoneyState::kCaptured:
    case MoneyState::kPartiallyRefunded:
    case MoneyState::kDisputed:
    case MoneyState::kChargedBack: break;
  }
  if (fulfilment == Fulfilment::kUnfulfilled) return PublicState::kPaid;
  return fulfilment == Fulfilment::kFulfilled ? PublicState::kShipped : PublicState::kCompleted;
}

/// What else the table has to know of an event.
struct EventFacts {
  bool review = false;  ///< a limit rule says so
  bool final = false;   ///< of a failed attempt: it ends the order
};

/// Who does it: a command by itself, or a call to a channel that begins or has ended.
enum class By : std::uint8_t { kCommand, kAttemptStart, kAttemptEnd };

/// Why the event is not legal for this order as it is, or kDone.
[[nodiscard]] PaymentResult refusal_of(OrderEvent event, const OrderHot& order, By by = By::kCommand) noexcept;

/// Money state of an order after an event that was legal in `from`. `order`: as the event leaves it, all but its state.
[[nodiscard]] MoneyState state_after(OrderEvent event, MoneyState from, const OrderHot& order, EventFacts facts = {}) noexcept;

/// Fulfilment after an event that was legal in `from`.
[[nodiscard]] Fulfilment fulfilment_after(OrderEvent event, Fulfilment from) noexcept;

}  // namespace florin::core
