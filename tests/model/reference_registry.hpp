#pragma once

#include "model/reference_books.hpp"
#include "model/reference_ledger.hpp"

/// @file
/// Who and what there is: parties, their credentials and accounts, assets, fee schedules, lists.

namespace florin::model {

PaymentOutcome register_party(Books& books, const Issued& issued);
PaymentOutcome set_party_status(Books& books, const Issued& issued);
PaymentOutcome set_credential(Books& books, const Issued& issued);
PaymentOutcome open_account(Books& books, ReferenceLedger& ledger, const Issued& issued);
PaymentOutcome declare_asset(Books& books, ReferenceLedger& ledger, const Issued& issued);
PaymentOutcome set_fee_schedule(Books& books, const ReferenceLedger& ledger, const Issued& issued);

}  // namespace florin::model
