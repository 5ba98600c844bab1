#pragma once

#include <vector>

#include "core/payments/order_states.hpp"

namespace florin::tools {

/// An event takes an order from one money state to another, or leaves it where it is.
struct Transition {
  MoneyState from;  ///< MoneyState{}: there was no order
  core::OrderEvent event;
  MoneyState to;

  friend auto operator<=>(const Transition&, const Transition&) = default;
};

/// All that can happen, by state, event and state. What the rest rule makes of an event is found by trying it on every order of a few units.
std::vector<Transition> order_transitions();

}  // namespace florin::tools
