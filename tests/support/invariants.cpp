#include "support/invariants.hpp"

#include <map>

namespace florin::test {
namespace {

using model::HoldStatus;
using model::ReferenceLedger;

std::map<u128, Balances> balances_from_transfers(const ReferenceLedger& ledger) {
  std::map<u128, Balances> balances;
  for (const auto& [id, transfer] : ledger.transfers()) {
    Balances& debit = balances[transfer.debit_account_id];
    Balances& credit = balances[transfer.credit_account_id];
    if ((transfer.flags & TransferFlags::kPending) != 0) {
      if (ledger.holds().at(id).status != HoldStatus::kPending) continue;
      debit.debits_pending += transfer.amount;
      credit.credits_pending += transfer.amount;
    } else if ((transfer.flags & TransferFlags::kVoidPendingTransfer) == 0) {
      debit.debits_posted += transfer.amount;
      credit.credits_posted += transfer.amount;
    }
  }
  return balances;
}

std::map<u128, int> closing_holds(const ReferenceLedger& ledger) {
  std::map<u128, int> count;
  for (const auto& [id, hold] : ledger.holds()) {
    if (hold.status != HoldStatus::kPending) continue;
    const Transfer& transfer = ledger.transfers().at(id);
    if ((transfer.flags & TransferFlags::kClosingDebit) != 0) ++count[transfer.debit_account_id];
    if ((transfer.flags & TransferFlags::kClosingCredit) != 0) ++count[transfer.credit_account_id];
  }
  return count;
}

}  // namespace

std::vector<std::string> broken_invariants(const ReferenceLedger& ledger) {
  std::vector<std::string> broken;
  std::map<std::uint32_t, Balances> totals;
  std::map<u128, Balances> expected = balances_from_transfers(ledger);
  std::map<u128, int> closing = closing_holds(ledger);

  for (const auto& [id, account] : ledger.accounts()) {
    const std::string name = "account " + to_decimal(id);
    Balances& total = totals[account.ledger];
    total.debits_pending += account.debits_pending;
    total.debits_posted += account.debits_posted;
    total.credits_pending += account.credits_pending;
    total.credits_posted += account.credits_posted;

    const Balances& sums = expected[id];
    if (account.debits_pending != sums.debits_pending || account.credits_pending != sums.credits_pending) {
      broken.push_back("pending_is_open_holds: " + name);
    }
    if (account.debits_posted != sums.debits_posted || account.credits_posted != sums.credits_posted) {
      broken.push_back("posted_is_transfers: " + name);
    }
    const bool debits_limited = (account.flags & AccountFlags::kDebitsMustNotExceedCredits) != 0;
    const bool credits_limited = (account.flags & AccountFlags::kCreditsMustNotExceedDebits) != 0;
    if ((debits_limited && account.debits_pending + account.debits_posted > account.credits_posted) ||
        (credits_limited && account.credits_pending + account.credits_posted > account.debits_posted)) {
      broken.push_back("limits_hold: " + name);
    }
    const bool closed = (account.flags & AccountFlags::kClosed) != 0;
    if (closing[id] > 1 || (closing[id] == 1 && !closed)) broken.push_back("closed_has_reason: " + name);
  }
  // Sums may wrap, but on both sides alike.
  for (const auto& [number, total] : totals) {
    if (total.debits_pending != total.credits_pending || total.debits_posted != total.credits_posted) {
      broken.push_back("debits_equal_credits: ledger " + std::to_string(number));
    }
  }
  return broken;
}

}  // namespace florin::test
