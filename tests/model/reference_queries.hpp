#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "florin/frame.hpp"
#include "florin/query.hpp"
#include "model/reference_ledger.hpp"

/// @file
/// Queries in the slow and obvious way: every one looks at everything there is. They return all rows that match, in order; where
/// a page ends is not their business, so the limit of a filter means nothing here.

namespace florin::model {

/// Is the filter sound?
bool is_valid(const AccountFilter& filter);
bool is_valid(const QueryFilter& filter, bool of_accounts);
bool is_valid(const ChangeEventsFilter& filter);
bool is_valid(const AccountsAt& at);
bool is_valid(const Moment& moment);
bool is_valid(const TrialBalanceFilter& filter);

/// Was something dropped that the query asks for? Then the answer is an error with this text; empty: no.
std::string dropped_text(const ReferenceLedger& ledger, Operation operation, std::span<const std::byte> body);

std::vector<Transfer> account_transfers(const ReferenceLedger& ledger, const AccountFilter& filter);
/// The account's balances right after each matching transfer.
std::vector<AccountBalance> account_balances(const ReferenceLedger& ledger, const AccountFilter& filter);
std::vector<Account> query_accounts(const ReferenceLedger& ledger, const QueryFilter& filter);
std::vector<Transfer> query_transfers(const ReferenceLedger& ledger, const QueryFilter& filter);
std::vector<ChangeEvent> change_events(const ReferenceLedger& ledger, const ChangeEventsFilter& filter);
/// Found by adding up all that happened to an account until then, not by taking back what happened since.
std::vector<Account> accounts_at(const ReferenceLedger& ledger, std::uint64_t timestamp, std::span<const u128> ids);

/// At most one.
std::vector<Moment> moments(const ReferenceLedger& ledger, const Moment& asked);
/// The timestamp as of which a trial balance is: the one asked for, unless nothing has happened by then.
std::uint64_t moment_of(const ReferenceLedger& ledger, const TrialBalanceFilter& filter);
/// Sums of all accounts of the filter, modulo 2^128.
std::vector<TrialBalance> trial_balances(const ReferenceLedger& ledger, const TrialBalanceFilter& filter);

}  // namespace florin::model
