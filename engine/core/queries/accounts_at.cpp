#include <cstring>

#include "core/queries/queries.hpp"

/// @file
/// get_accounts_at: accounts as they were, each by a walk back from the checkpoint nearest above.

namespace florin::core {
namespace {

bool is_imported(const AccountChange& change) noexcept { return !change.is_expiry && (change.flags() & TransferFlags::kImported) != 0; }

}  // namespace

Queries::PastMoment Queries::moment_at(std::uint64_t timestamp) const noexcept {
  PastMoment moment{.point = {.transfers = view_.transfers_before(timestamp + 1), .timestamp = timestamp}};
  Expiry later;
  moment.overtaken = view_.expiries(timestamp + 1, std::span(&later, 1)) == 1 && later.transfers_before < moment.point.transfers;
  return moment;
}

void Queries::accounts_at(const Command& command, BatchBoundary& boundary) noexcept {
  AccountsAt at;
  std::memcpy(&at, command.body.data(), sizeof at);
  const std::span ids(reinterpret_cast<const u128*>(command.body.data() + sizeof at), (command.body.size() - sizeof at) / sizeof(u128));
  const std::uint64_t timestamp = at.timestamp == 0 ? kTimestampMax : at.timestamp;
  view_.open(boundary, [&] { view_.find_accounts(ids, heads_); });
  if (was_moment_dropped(at.timestamp, *command.reply)) return;
  const PastMoment moment = moment_at(timestamp);

  Page<Account> page(*command.reply, static_cast<std::uint32_t>(ids.size()));
  WorkBudget budget(records_max_);
  for (std::uint32_t i = 0; i < ids.size(); ++i) {
    if (!budget.spend()) {
      page.finish({.resume = i + 1});
      return;
    }
    const AccountHead& head = heads_[i];
    if (head.reference == 0) continue;
    const Account fixed = view_.fixed_account(head.reference);
    if (fixed.timestamp > timestamp) continue;
    walk_.set_account(head.reference, &head);
    if (at.timestamp == 0) {
      walk_.stand_at_view();
    } else {
      walk_to(moment, budget);
    }
    page.add(walk_.account(fixed));
  }
  page.finish({});
}

/// Takes back what happened after the moment. The head may be later than the view, and what was imported in between has earlier times.
void Queries::walk_to(const PastMoment& moment, WorkBudget& budget) noexcept {
  const std::uint64_t timestamp = moment.point.timestamp;
  const auto is_later = [&] { return walk_.change().timestamp() > timestamp || walk_.changes().is_after_view(walk_.changes().place()); };
  for (walk_.begin_above(moment.point); !walk_.at_end() && is_later(); walk_.step()) budget.spend();
  // Everything before a transfer that was not imported, or before an expiry, is older than that. Before one that was imported there
  // may still be expiries to take back.
  while (moment.overtaken && !walk_.at_end() && (walk_.change().timestamp() > timestamp || is_imported(walk_.change()))) {
    budget.spend();
    if (walk_.change().timestamp() > timestamp) {
      walk_.step();
    } else {
      walk_.skip();
    }
  }
}

}  // namespace florin::core
