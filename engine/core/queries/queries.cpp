#include "core/queries/queries.hpp"

#include <algorithm>

#include "core/queries/event_scratch.hpp"

namespace florin::core {

Queries::Queries(const Tables& tables, const PaymentTables& payments, const Past* past, LedgerViews& views, RecentFilters& filters, std::uint32_t records_max)
    : records_max_(std::max(records_max, kQueryRecordsMin)),
      view_(tables, past, views),
      filters_(filters),
      walk_(view_),
      heads_(std::max(kAccountsAtMax, kQueryRowsMax)),
      names_(kEventsMax),
      events_(std::make_unique<EventScratch>()),
      payments_(payments, views) {}

Queries::~Queries() = default;

QueryReader::Moment Queries::execute(const Command& command, BatchBoundary& boundary) noexcept {
  switch (command.operation) {
    case Operation::kLookupTransfers: lookup_transfers(command, boundary); break;
    case Operation::kGetAccountTransfers: account_history<Transfer>(command, boundary); break;
    case Operation::kGetAccountBalances: account_history<AccountBalance>(command, boundary); break;
    case Operation::kQueryAccounts: query_accounts(command, boundary); break;
    case Operation::kQueryTransfers: query_transfers(command, boundary); break;
    case Operation::kGetChangeEvents: change_events(command, boundary); break;
    case Operation::kGetAccountsAt: accounts_at(command, boundary); break;
    case Operation::kGetMoment: get_moment(command, boundary); break;
    case Operation::kGetTrialBalance: trial_balance(command, boundary); break;
    default: return payments_.execute(command, boundary);
  }
  view_.close();
  return {view_.view().sequence, view_.view().timestamp};
}

}  // namespace florin::core
