#pragma once

#include "core/payments/payment_tables.hpp"
#include "core/state_machine.hpp"

namespace florin::core {

/// Answers query_orders: orders in the order of their creation, of one party or of all. What is in segments is found by party; in memory all lines are
/// looked through, by 8 bytes each. Work: of a page, a search in each segment between the page's bounds, and the memory of what is not sealed.
void query_orders(const PaymentTables& tables, const Command& query) noexcept;

}  // namespace florin::core
