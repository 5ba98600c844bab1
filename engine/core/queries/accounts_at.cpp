#include <cstring>

#include "core/queries/queries.hpp"

/// @file
/// get_accounts_at: accounts as they were, each by a walk back from now.

namespace florin::core {
namespace {

bool is_imported(const AccountChange& change) noexcept { return !change.is_expiry && (change.flags & TransferFlags::kImported) != 0; }

}  // namespace

Queries::Moment Queries::moment_at(std::uint64_t timestamp) const noexcept {
  Moment moment{.timestamp = timestamp, .transfers_until = history_.transfers_before(timestamp + 1)};
  ExpiryAt later;
  moment.overtaken = history_.expiries(timestamp + 1, std::span(&later, 1)) == 1 && later.transfers_before < moment.transfers_until;
  return moment;
}

void Queries::accounts_at(const Command& command) noexcept {
  AccountsAt at;
  std::memcpy(&at, command.body.data(), sizeof at);
  const auto* ids = reinterpret_cast<const u128*>(command.body.data() + sizeof at);
  const auto count = static_cast<std::uint32_t>((command.body.size() - sizeof at) / sizeof(u128));
  const Moment moment = moment_at(at.timestamp == 0 ? kTimestampMax : at.timestamp);

  Page<Account> page(*command.reply, count);
  WorkBudget budget(records_max_);
  for (std::uint32_t i = 0; i < count; ++i) {
    if (!budget.spend()) {
      page.finish({.resume = i + 1});
      return;
    }
    const std::uint32_t reference = history_.find_account(ids[i]);
    if (reference == 0) continue;
    Account account = history_.account(reference);
    if (account.timestamp > moment.timestamp) continue;
    if (!account_at(moment, reference, account, budget)) {
      page.finish({.resume = i + 1});
      return;
    }
    page.add(account);
  }
  page.finish({});
}

/// Takes back what happened after `timestamp`. False: too far away for now, and a mark was left.
bool Queries::account_at(const Moment& moment, std::uint32_t reference, Account& account, WorkBudget& budget) noexcept {
  const std::uint64_t timestamp = moment.timestamp;
  AccountWalk walk(history_, reference);
  std::uint32_t steps = 0;
  while (!walk.at_end() && walk.change().timestamp > timestamp) {
    if (!budget.spend()) {
      marks_.leave(walk.place());
      return false;
    }
    walk.step();
    if (++steps != steps_without_mark_) continue;
    const auto* mark = marks_.find(reference, [&](const auto& place) {
      if (place.change >= walk.place().change || place.passed_expiries <= timestamp) return false;
      return place.passed_transfers > timestamp || history_.transfers_before(place.passed_transfers) == moment.transfers_until;
    });
    if (mark != nullptr) walk.go_to(*mark);
  }
  leave_mark(walk, steps);

  // Everything before a transfer that was not imported, or before an expiry, is older than that. Before one that was imported there
  // may still be expiries to take back. This goes beyond the budget, because no mark could say what was taken back; it is rare.
  while (moment.overtaken && !walk.at_end() && (walk.change().timestamp > timestamp || is_imported(walk.change()))) {
    if (walk.change().timestamp > timestamp) {
      walk.step();
    } else {
      walk.skip();
    }
  }
  account.debits_pending = walk.balances().debits_pending;
  account.debits_posted = walk.balances().debits_posted;
  account.credits_pending = walk.balances().credits_pending;
  account.credits_posted = walk.balances().credits_posted;
  account.flags = walk.flags();
  return true;
}

}  // namespace florin::core
