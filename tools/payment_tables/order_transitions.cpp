#include "payment_tables/order_transitions.hpp"

#include <set>

namespace florin::tools {
namespace {

using core::Next;
using core::OrderEvent;

/// Enough for a part of every sum to be left, or not.
constexpr std::uint32_t kUnits = 3;

void authorise_all(const OrderHot& before, std::vector<OrderHot>& after) {
  OrderHot held = before;
  held.authorised = kUnits;
  after.push_back(held);
  held.captured = kUnits;
  after.push_back(held);
}

void capture_any(const OrderHot& before, std::vector<OrderHot>& after) {
  for (u128 amount = 1; amount <= before.hold_open(); ++amount) {
    OrderHot captured = before;
    captured.captured += amount;
    after.push_back(captured);
    captured.released += captured.hold_open();
    after.push_back(captured);
  }
}

void release_all(const OrderHot& before, std::vector<OrderHot>& after) {
  OrderHot released = before;
  released.released += released.hold_open();
  after.push_back(released);
}

void refund_any(const OrderHot& before, std::vector<OrderHot>& after) {
  for (u128 amount = 1; amount <= before.refundable(); ++amount) {
    OrderHot refunded = before;
    refunded.refunded += amount;
    after.push_back(refunded);
  }
}

void dispute_any(const OrderHot& before, std::vector<OrderHot>& after) {
  OrderHot disputed = before;
  disputed.disputed = before.refundable();
  disputed.flags |= OrderFlags::kDisputeOpen;
  after.push_back(disputed);
}

void close_dispute_with_any(const OrderHot& before, std::vector<OrderHot>& after) {
  for (u128 lost = 0; lost <= before.disputed; ++lost) {
    OrderHot closed = before;
    closed.charged_back += lost;
    closed.disputed = 0;
    closed.flags = 0;
    after.push_back(closed);
  }
}

/// What the sums of an order may be after an event that the rest rule follows.
std::vector<OrderHot> effects(OrderEvent event, const OrderHot& before) {
  std::vector<OrderHot> after;
  switch (event) {
    case OrderEvent::kPay:
    case OrderEvent::kAuthorise:
    case OrderEvent::kApprove:
    case OrderEvent::kAttemptSucceeded: authorise_all(before, after); break;
    case OrderEvent::kCapture: capture_any(before, after); break;
    case OrderEvent::kCancel:
    case OrderEvent::kExpireHold: release_all(before, after); break;
    case OrderEvent::kRefund: refund_any(before, after); break;
    case OrderEvent::kDisputeOpen: dispute_any(before, after); break;
    case OrderEvent::kDisputeClose: close_dispute_with_any(before, after); break;
    default: break;  // the rest rule does not follow it
  }
  return after;
}

/// Every order of kUnits whose sums say that it is in this state; in the states that sums do not name, one of which nothing was asked yet.
std::vector<OrderHot> small_orders(MoneyState state) {
  std::vector<OrderHot> orders;
  if (state < MoneyState::kAuthorised || state > MoneyState::kChargedBack) return {OrderHot{}};
  for (std::uint32_t captured = 0; captured <= kUnits; ++captured) {
    for (std::uint32_t released = 0; released <= kUnits - captured; ++released) {
      for (std::uint32_t refunded = 0; refunded <= captured; ++refunded) {
        for (std::uint32_t charged_back = 0; charged_back <= captured - refunded; ++charged_back) {
          for (std::uint32_t disputed = 0; disputed <= captured - refunded - charged_back; ++disputed) {
            for (const std::uint16_t flags : {std::uint16_t{0}, OrderFlags::kDisputeOpen}) {
              if (captured == 0 && (released == kUnits || flags != 0)) continue;  // cancelled, or nothing to dispute
              if (disputed > 0 && flags == 0) continue;
              OrderHot order{.authorised = kUnits, .released = released, .captured = captured, .refunded = refunded};
              order.charged_back = charged_back;
              order.disputed = disputed;
              order.flags = flags;
              if (core::rest_state(order) == state) orders.push_back(order);
            }
          }
        }
      }
    }
  }
  return orders;
}

void add_cell(const core::EventRow& row, MoneyState from, std::set<Transition>& all) {
  const auto add = [&](MoneyState to) { all.insert({from, row.event, to}); };
  const core::Cell cell = core::cell_of(row.event, from);
  if (cell.next == Next::kRefuse) return;
  for (const OrderHot& before : small_orders(from)) {
    const bool rest = cell.next == Next::kRest || cell.next == Next::kRestOrReview || cell.next == Next::kRestOrCreated;
    const std::vector<OrderHot> after = rest ? effects(row.event, before) : std::vector<OrderHot>{before};
    for (OrderHot order : after) {
      for (const bool either : {false, true}) {
        order.flags = static_cast<std::uint16_t>(order.flags & ~OrderFlags::kChannelFunded);
        if (either) order.flags |= OrderFlags::kChannelFunded;
        add(core::state_after(row.event, from, order, {.review = either, .final = either}));
      }
    }
  }
}

}  // namespace

std::vector<Transition> order_transitions() {
  std::set<Transition> all;
  for (const core::EventRow& row : core::kOrderStates) {
    for (std::uint8_t state = 0; state <= static_cast<std::uint8_t>(MoneyState::kFailed); ++state) {
      add_cell(row, static_cast<MoneyState>(state), all);
    }
  }
  return {all.begin(), all.end()};
}

}  // namespace florin::tools
