#include "core/queries/queries.hpp"

#include <algorithm>

#include "core/queries/event_scratch.hpp"

namespace florin::core {

Queries::Queries(const HistoryView& history, std::uint32_t records_max)
    : history_(history),
      records_max_(std::max(records_max, kQueryRecordsMin)),
      steps_without_mark_(std::min(records_max_ / 16, 256U)),
      events_(std::make_unique<EventScratch>()) {}

Queries::~Queries() = default;

void Queries::execute(const Command& command) noexcept {
  switch (command.operation) {
    case Operation::kGetAccountTransfers: account_transfers(command); break;
    case Operation::kGetAccountBalances: account_balances(command); break;
    case Operation::kQueryAccounts: query_accounts(command); break;
    case Operation::kQueryTransfers: query_transfers(command); break;
    case Operation::kGetChangeEvents: change_events(command); break;
    case Operation::kGetAccountsAt: accounts_at(command); break;
    case Operation::kGetTrialBalance: trial_balance(command); break;
    default: break;
  }
}

}  // namespace florin::core
