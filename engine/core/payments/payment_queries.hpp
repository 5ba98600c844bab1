#pragma once

#include "core/payments/payment_tables.hpp"
#include "core/state_machine.hpp"

namespace florin::core {

/// Answers a read of payments: is_payment_read() is true for its operation. Bounded work, but for a story after a sequence
/// that none of its lines has: it is looked through from its end.
void answer_payment_query(const PaymentTables& tables, const Command& query) noexcept;

/// Bytes of an order with its parts at most, as look-ups answer it.
inline constexpr std::uint32_t kOrderRowBytesMax = sizeof(OrderHot) + sizeof(OrderCold) + sizeof(SplitHeader) + kPartsMax * sizeof(SplitPart);

}  // namespace florin::core
