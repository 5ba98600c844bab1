#pragma once

#include <cstdint>

#include "core/payments/payment_tables.hpp"
#include "core/state_machine.hpp"

namespace florin::core {

/// Answers get_payment_events: lines of all stories, in order of sequence. Work: of the page, and a search in each segment that it takes from.
void get_payment_events(const PaymentTables& tables, const Command& query) noexcept;

}  // namespace florin::core
