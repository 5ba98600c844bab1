#pragma once

#include "core/payments/found_orders.hpp"
#include "core/payments/payment_view.hpp"
#include "core/state_machine.hpp"

namespace florin::core {

/// Orders whose state is looked at for one page, whether they fit or not; if every order fits, the page's limit.
inline constexpr std::uint32_t kOrdersPerPage = 256;
/// Lines that a page passes by on the way to them: in segments, some ten nanoseconds each, beside execution; in memory, by 8 bytes each, while writes wait.
inline constexpr std::uint32_t kSealedLinesPerPage = 8192;
inline constexpr std::uint32_t kMemoryLinesPerPage = 65'536;

/// Answers query_orders: orders in the order of their creation, of one party or of all. In segments they are found by party; in memory all lines are looked
/// through. Opens the view; at most two slices: of kMemoryLinesPerPage lines and kOrdersPerPage orders, and one that only takes the view, or as many.
void query_orders(PaymentView& view, FoundOrders& orders, const Command& query, BatchBoundary& boundary) noexcept;

}  // namespace florin::core
