#pragma once

#include "core/payments/payment_view.hpp"
#include "core/state_machine.hpp"

namespace florin::core {

/// Answers get_payment_events: a page of the lines of all stories. Opens the view; a slice copies at most a page.
void get_payment_events(PaymentView& view, const Command& query, BatchBoundary& boundary) noexcept;

}  // namespace florin::core
