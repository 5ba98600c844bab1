#include <algorithm>
#include <cstring>

#include "core/queries/filters.hpp"
#include "core/queries/queries.hpp"

/// @file
/// get_account_transfers and get_account_balances: a walk over the account's changes.

namespace florin::core {
template <>
Transfer Queries::row_at(const AccountWalk& walk) const noexcept {
  return history_.transfer(walk.change().transfer);
}

template <>
AccountBalance Queries::row_at(const AccountWalk& walk) const noexcept {
  const Balances& balances = walk.balances();
  return {.debits_pending = balances.debits_pending,
          .debits_posted = balances.debits_posted,
          .credits_pending = balances.credits_pending,
          .credits_posted = balances.credits_posted,
          .timestamp = walk.change().timestamp};
}

void Queries::leave_mark(const AccountWalk& walk, std::uint32_t steps) noexcept {
  if (steps >= steps_without_mark_) marks_.leave(walk.place());
}

/// Every quarter of what one request may walk: then an ascending page finds a mark not far above it.
void Queries::leave_mark_on_the_way(const AccountWalk& walk, std::uint32_t steps) noexcept {
  if (steps % (records_max_ / 4) == 0) marks_.leave(walk.place());
}

template <typename Row>
void Queries::account_history(const Command& command) noexcept {
  AccountFilter filter;
  std::memcpy(&filter, command.body.data(), sizeof filter);
  filter.limit = std::min(filter.limit, kQueryRowsMax);
  const std::uint32_t account = history_.find_account(filter.account_id);
  // TigerBeetle's protocol has balances only of accounts that asked for them when they were created.
  const bool wants_flag = std::is_same_v<Row, AccountBalance> && command.protocol == Protocol::kTigerBeetle;
  const bool visible = account != 0 && (!wants_flag || (history_.account(account).flags & AccountFlags::kHistory) != 0);
  if (!visible) {
    Page<Row>(*command.reply, filter.limit).finish({});
  } else if ((filter.flags & AccountFilterFlags::kReversed) != 0) {
    account_history_descending<Row>(filter, account, *command.reply);
  } else {
    account_history_ascending<Row>(filter, account, *command.reply);
  }
}

template <typename Row>
void Queries::account_history_descending(const AccountFilter& filter, std::uint32_t account, ReplyArea& reply) noexcept {
  const std::uint64_t newest = filter.timestamp_max == 0 ? kTimestampMax : filter.timestamp_max;
  Page<Row> page(reply, filter.limit);
  WorkBudget budget(records_max_);
  AccountWalk walk(history_, account);
  if (filter.timestamp_max != 0) {
    if (const auto* mark = marks_.find(account, [&](const auto& place) { return place.passed_transfers > newest; })) walk.go_to(*mark);
  }
  std::uint32_t steps = 0;
  bool complete = false;
  while (!page.full() && budget.spend()) {
    complete = walk.at_end() || (!walk.change().is_expiry && walk.change().timestamp < filter.timestamp_min);
    if (complete) break;
    const AccountChange& change = walk.change();
    if (!change.is_expiry && change.timestamp <= newest &&
        matches(filter, history_.transfer_summary(change.transfer), change.is_credit)) {
      page.add(row_at<Row>(walk));
    }
    walk.step();
    leave_mark_on_the_way(walk, ++steps);
  }
  leave_mark(walk, steps);
  const std::uint64_t next = std::min(newest, walk.place().passed_transfers - 1);
  complete = complete || walk.at_end() || next == 0 || next < filter.timestamp_min;
  page.finish({.resume = complete ? 0 : next});
}

/// The walk leads away from where the page ends, so it begins at the mark nearest above the page, and the page ends there at the
/// latest. Without marks it begins at the newest change; if that is too far away, it leaves a mark where it got and the page is
/// empty: asking again goes on from there.
template <typename Row>
void Queries::account_history_ascending(const AccountFilter& filter, std::uint32_t account, ReplyArea& reply) noexcept {
  const std::uint64_t oldest = std::max<std::uint64_t>(filter.timestamp_min, 1);
  const std::uint64_t newest = filter.timestamp_max == 0 ? kTimestampMax : filter.timestamp_max;
  BackwardPage<Row> page(reply, filter.limit);
  WorkBudget budget(records_max_);
  AccountWalk walk(history_, account);
  const auto* mark = marks_.find(account, [&](const auto& place) { return place.passed_transfers > oldest; });
  if (mark != nullptr) walk.go_to(*mark);
  const std::uint64_t above = mark == nullptr ? 0 : walk.place().passed_transfers;

  for (std::uint32_t steps = 0; !walk.at_end();) {
    const AccountChange& change = walk.change();
    if (!change.is_expiry && change.timestamp < oldest) break;
    if (!budget.spend()) {
      leave_mark(walk, steps);
      Page<Row>(reply, filter.limit).finish({.resume = oldest});
      return;
    }
    if (!change.is_expiry && change.timestamp <= newest &&
        matches(filter, history_.transfer_summary(change.transfer), change.is_credit)) {
      page.add(row_at<Row>(walk));
    }
    walk.step();
    leave_mark_on_the_way(walk, ++steps);
  }
  page.finish({.resume = page.next() != 0 ? page.next() : above <= newest ? above : 0});
}

void Queries::account_transfers(const Command& command) noexcept { account_history<Transfer>(command); }
void Queries::account_balances(const Command& command) noexcept { account_history<AccountBalance>(command); }

}  // namespace florin::core
