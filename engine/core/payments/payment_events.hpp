#pragma once

#include <cstdint>

#include "core/payments/payment_tables.hpp"
#include "core/state_machine.hpp"

namespace florin::core {

/// Answers get_payment_events: lines of all stories, in order of sequence. `sequence`: of the newest event. Work: of the page, and a search in a segment.
void get_payment_events(const PaymentTables& tables, const Command& query, std::uint64_t sequence) noexcept;

}  // namespace florin::core
