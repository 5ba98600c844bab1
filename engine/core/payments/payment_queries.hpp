#pragma once

#include "core/payments/payment_tables.hpp"
#include "core/state_machine.hpp"

namespace florin::core {

/// Answers a read of payments: is_payment_read() is true for its operation. Bounded work.
void answer_payment_query(const PaymentTables& tables, const Command& query) noexcept;

/// Bytes of an order with its parts at most, as look-ups answer it.
inline constexpr std::uint32_t kOrderRowBytesMax = sizeof(OrderHot) + sizeof(OrderCold) + sizeof(SplitHeader) + kPartsMax * sizeof(SplitPart);

}  // namespace florin::core
