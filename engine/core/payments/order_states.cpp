#include "core/payments/order_states.hpp"

#include <algorithm>
#include <cassert>

namespace florin::core {
namespace {

constexpr bool every_event_has_its_row() noexcept {
  for (std::size_t i = 0; i < kOrderStates.size(); ++i) {
    if (kOrderStates[i].event != static_cast<OrderEvent>(i)) return false;
  }
  return true;
}
static_assert(every_event_has_its_row());
static_assert(column_of(MoneyState{}) == 0 && column_of(MoneyState::kChargedBack) == 10);
static_assert(column_of(MoneyState::kCancelled) == column_of(MoneyState::kExpired) && column_of(MoneyState::kFailed) == 11);

bool before_authorised(MoneyState money) noexcept {
  return money == MoneyState::kCreated || money == MoneyState::kInReview || money == MoneyState::kUnknown;
}

bool funding_fits(Funding funding, const OrderHot& order) noexcept {
  const bool by_channel = order.has(OrderFlags::kChannelFunded);
  switch (funding) {
    case Funding::kAny: return true;
    case Funding::kWallet: return !by_channel;
    case Funding::kWalletOrBeforeAuthorised: return !by_channel || before_authorised(order.money);
    case Funding::kChannel: return by_channel;
  }
  return false;
}

PaymentResult cell_refusal(Cell cell, const OrderHot& order) noexcept {
  const bool refused = cell.next == Next::kRefuse || (cell.next == Next::kSameIfHeld && order.hold_open() == 0);
  return refused ? cell.code : PaymentResult::kDone;
}

/// The lower of two codes that both apply; kDone is none.
PaymentResult lower(PaymentResult a, PaymentResult b) noexcept {
  if (a == PaymentResult::kDone || b == PaymentResult::kDone) return std::max(a, b);
  return std::min(a, b);
}

}  // namespace

PaymentResult refusal_of(OrderEvent event, const OrderHot& order, By by) noexcept {
  const EventRow& row = row_of(event);
  const Funding funding = by == By::kCommand ? row.funding : Funding::kChannel;
  PaymentResult refusal = funding_fits(funding, order) ? PaymentResult::kDone : PaymentResult::kWrongFunding;
  // In `unknown` the cells say what an open attempt means; and an attempt that ends is the open one.
  const bool attempt_in_the_way = order.has(OrderFlags::kAttemptOpen) && order.money != MoneyState::kUnknown && by != By::kAttemptEnd;
  if (attempt_in_the_way) refusal = lower(refusal, row.with_attempt);
  refusal = lower(refusal, cell_refusal(cell_of(event, order.money), order));
  if (const FulfilmentRow* step = fulfilment_row_of(event)) {
    refusal = lower(refusal, step->codes[static_cast<std::size_t>(order.fulfilment)]);
  }
  return refusal;
}

MoneyState state_after(OrderEvent event, MoneyState from, const OrderHot& order, EventFacts facts) noexcept {
  switch (cell_of(event, from).next) {
    case Next::kRefuse: assert(false); return from;
    case Next::kSame:
    case Next::kSameIfHeld:
    case Next::kLate: return from;
    case Next::kRest: return rest_state(order);
    case Next::kCreated: return MoneyState::kCreated;
    case Next::kUnknown: return MoneyState::kUnknown;
    case Next::kCancelled: return MoneyState::kCancelled;
    case Next::kExpired: return MoneyState::kExpired;
    case Next::kRestOrReview: return facts.review ? MoneyState::kInReview : rest_state(order);
    case Next::kSameOrReview: return facts.review ? MoneyState::kInReview : from;
    case Next::kRestOrCreated: return order.has(OrderFlags::kChannelFunded) ? MoneyState::kCreated : rest_state(order);
    case Next::kSameOrFailed: return facts.final ? MoneyState::kFailed : from;
    case Next::kCreatedOrFailed: return facts.final ? MoneyState::kFailed : MoneyState::kCreated;
  }
  return from;
}

Fulfilment fulfilment_after(OrderEvent event, Fulfilment from) noexcept {
  const bool steps = fulfilment_row_of(event) != nullptr;
  return steps ? static_cast<Fulfilment>(static_cast<std::uint8_t>(from) + 1) : from;
}

}  // namespace florin::core
