#pragma once

#include "model/reference_books.hpp"
#include "model/reference_ledger.hpp"

namespace florin::model {

/// create_order and pay.
PaymentOutcome make_order(Books& books, ReferenceLedger& ledger, const Issued& issued);

/// Every command, and every timer, on an order that is there.
PaymentOutcome change_order(Books& books, ReferenceLedger& ledger, const Issued& issued);

/// Amount of the pending transfer that stands for an order's hold.
u128 held_amount(const BookedOrder& order);

}  // namespace florin::model
