#pragma once

#include "model/reference_books.hpp"
#include "model/reference_ledger.hpp"

namespace florin::model {

/// top_up, withdraw, transfer and convert: money that moves without an order, under an id of its own.
PaymentOutcome move_money(Books& books, ReferenceLedger& ledger, const Issued& issued);

/// `sold` at this rate, rounded half to even, is `bought`.
bool rate_fits(u128 sold, ConvertRate rate, u128 bought);

}  // namespace florin::model
