#pragma once

#include <string>
#include <vector>

#include "model/reference_ledger.hpp"

namespace florin::test {

/// What must be true of a ledger between any two requests, each with a name:
///   debits_equal_credits      per ledger, posted and pending
///   pending_is_open_holds     an account's pending balances are the sums of its open holds
///   posted_is_transfers       an account's posted balances are the sums of what was moved
///   limits_hold               no account with a limit is beyond it
///   closed_has_reason         an account is closed because it was created so or by exactly one open hold
/// Returns one line for every one that is broken; empty is good.
std::vector<std::string> broken_invariants(const model::ReferenceLedger& ledger);

}  // namespace florin::test
