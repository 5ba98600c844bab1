#pragma once

#include <string>

#include "florin/order.hpp"
#include "florin/payment_command.hpp"
#include "florin/payment_result.hpp"

/// @file
/// The state machine of orders once more: the table of the page as its text, and the page's rules about it as `if`s.

namespace florin::model {

/// What the table says of a command, or timer, on an order in this state: "=", "R", a state, or a code.
std::string table_cell(CommandNumber event, MoneyState money);

/// Why the table refuses an event on an order as it is, its fulfilment and its funding included; kDone if it does not.
PaymentResult table_refusal(CommandNumber event, const OrderHot& order);

/// Money state after an event on an order that has its new sums already.
MoneyState table_state(CommandNumber event, MoneyState from, const OrderHot& order);

/// The rest rule.
MoneyState rest_rule(const OrderHot& order);

PublicState public_name(MoneyState money, Fulfilment fulfilment);

}  // namespace florin::model
