#pragma once

#include <initializer_list>

#include "model/reference_books.hpp"
#include "model/reference_ledger.hpp"

/// @file
/// Checks that several commands make.

namespace florin::model {

/// 1205, or 1224 and 1225.
void check_party(Codes& codes, const Books& books, u128 party);

/// 1206, or 1221 and 1223. `ledger_id`: the asset that the account has to be of.
void check_account(Codes& codes, const Books& books, const ReferenceLedger& ledger, u128 account, std::initializer_list<AccountRole> roles,
                   std::uint32_t ledger_id);

/// 1222, of an account that payments opened.
void check_owner(Codes& codes, const Books& books, u128 account, u128 owner);

/// 1224 and 1225 of the party that has this account, if there is one.
void check_party_of(Codes& codes, const Books& books, u128 account);

/// True for an active party of this kind: the principal of the platform's own people.
bool is_operator(const Books& books, u128 principal);

}  // namespace florin::model
