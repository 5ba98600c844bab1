#include <algorithm>
#include <cstring>

#include "core/queries/filters.hpp"
#include "core/queries/queries.hpp"
#include "core/queries/status_sieve.hpp"

/// @file
/// get_account_transfers and get_account_balances: a walk over the account's changes.

namespace florin::core {
namespace {

template <typename Row>
constexpr bool kWantsBalances = std::is_same_v<Row, AccountBalance>;

template <typename Row>
void go_on(AccountWalk& walk) noexcept {
  if constexpr (kWantsBalances<Row>) {
    walk.step();
  } else {
    walk.skip();
  }
}

}  // namespace

template <>
Transfer Queries::row_at() const noexcept {
  return view_.whole(walk_.change().row);
}

template <>
AccountBalance Queries::row_at() const noexcept {
  const Balances& balances = walk_.balances();
  return {.debits_pending = balances.debits_pending,
          .debits_posted = balances.debits_posted,
          .credits_pending = balances.credits_pending,
          .credits_posted = balances.credits_posted,
          .timestamp = walk_.change().timestamp()};
}

template <typename Row>
void Queries::account_history(const Command& command, BatchBoundary& boundary) noexcept {
  AccountFilter filter;
  std::memcpy(&filter, command.body.data(), sizeof filter);
  filter.limit = std::min(filter.limit, kQueryRowsMax);
  AccountHead& head = heads_.front();
  view_.open(boundary, [&] { view_.find_accounts(std::span(&filter.account_id, 1), std::span(&head, 1)); });
  if (was_dropped(command, filter.timestamp_min, filter.timestamp_max)) return;
  filter.timestamp_min = std::max(filter.timestamp_min, view_.view().dropped.timestamp);
  // TigerBeetle's protocol has balances only of accounts that asked for them when they were created.
  const bool wants_flag = kWantsBalances<Row> && command.protocol == Protocol::kTigerBeetle;
  const bool is_empty = filter.timestamp_max != 0 && filter.timestamp_min > filter.timestamp_max;  // before history begins, where nothing was
  const bool visible = head.reference != 0 && !is_empty && (!wants_flag || (head.flags & AccountFlags::kHistory) != 0);
  if (!visible) {
    Page<Row>(*command.reply, filter.limit).finish(page_end(0));
    return;
  }
  const SoughtUserData sought(user_data_of(filter), view_.tables().hash());
  if constexpr (kWantsBalances<Row>) {
    walk_.set_account(head.reference, &head, AccountChanges::Wanted::kFields);  // each change is taken back, whatever it is
  } else {
    walk_.set_account(head.reference, &head, AccountChanges::Wanted::kTransfers, sought.fields().empty() ? nullptr : &sought);
  }
  if ((filter.flags & AccountFilterFlags::kReversed) != 0) {
    account_history_descending<Row>(filter, *command.reply);
  } else {
    account_history_ascending<Row>(filter, *command.reply);
  }
}

template <typename Row>
void Queries::account_history_descending(const AccountFilter& filter, ReplyArea& reply) noexcept {
  const std::uint64_t newest = filter.timestamp_max == 0 ? kTimestampMax : filter.timestamp_max;
  Page<Row> page(reply, filter.limit);
  StatusSieve<Row> sieve(view_, filter.pending_statuses);
  WorkBudget budget(records_max_);
  const auto take = [&](const Row& row) { page.add(row); };
  if (filter.timestamp_max == 0) {
    walk_.begin(walk_.changes().newest());
  } else if (const LedgerPoint point{.transfers = view_.transfers_before(newest + 1)}; kWantsBalances<Row>) {
    walk_.begin_above(point);
  } else {
    walk_.begin({.place = walk_.changes().place_above(point), .flags = 0, .balances = {}});
  }
  // Timestamp of the last transfer looked at that is old enough. The way to the first of them, a batch at most, is not of the budget: or
  // a page might be used up before it begins.
  std::uint64_t last = 0;
  bool complete = false;
  while (!walk_.at_end() && !page.full() && (last == 0 || budget.spend())) {
    const AccountChange& change = walk_.change();
    if (!change.is_expiry) {
      const std::uint64_t timestamp = change.timestamp();
      complete = timestamp < filter.timestamp_min;
      if (complete) break;
      if (timestamp <= newest) {
        last = timestamp;
        if (matches(filter, change.row, change.is_credit)) sieve.add(change.row, row_at<Row>(), take);
      }
    }
    go_on<Row>(walk_);
  }
  sieve.flush(take);
  const std::uint64_t next = page.next() != 0 ? page.next() : last == 0 ? 0 : last - 1;
  if (page.next() == 0) complete = complete || walk_.at_end() || next == 0 || next < filter.timestamp_min;
  page.finish(page_end(complete && page.next() == 0 ? 0 : next));
}

/// Changes are linked from newer to older, and the page begins with the oldest: so it is read in stretches, each backwards, from some
/// place above that a checkpoint or a segment's postings give. They grow, so that a rare value does not take many.
template <typename Row>
void Queries::account_history_ascending(const AccountFilter& filter, ReplyArea& reply) noexcept {
  constexpr std::uint32_t kStretchMin = 64;
  const std::uint64_t oldest = std::max<std::uint64_t>(filter.timestamp_min, 1);
  const std::uint64_t newest = filter.timestamp_max == 0 ? kTimestampMax : filter.timestamp_max;
  BackwardPage<Row> page(reply, filter.limit);
  StatusSieve<Row> sieve(view_, filter.pending_statuses);
  WorkBudget budget(records_max_);
  const auto take = [&](const Row& row) { page.add(row); };
  const AccountChanges& changes = walk_.changes();
  const std::uint64_t all = changes.newest().place;
  std::uint64_t top = changes.place_above({.transfers = view_.transfers_before(oldest)});
  std::uint64_t below = 0;       // the stretch before ended there
  std::uint64_t above = oldest;  // all transfers with earlier timestamps were looked at
  bool complete = false;
  for (std::uint32_t stretch = std::max(filter.limit, kStretchMin);; stretch = next_stretch(stretch)) {
    top = changes.place_higher(top, std::clamp(budget.left(), 1U, stretch));
    AccountChanges::Start start{.place = top, .flags = 0, .balances = {}};
    if (kWantsBalances<Row>) start = changes.start_from(top);
    top = start.place;
    std::uint64_t last = 0;
    for (walk_.begin(start); !walk_.at_end() && walk_.change().place > below; go_on<Row>(walk_)) {
      const AccountChange& change = walk_.change();
      budget.spend();
      if (change.is_expiry) continue;
      const std::uint64_t timestamp = change.timestamp();
      if (timestamp < oldest) break;
      last = std::max(last, timestamp);
      if (timestamp <= newest && matches(filter, change.row, change.is_credit)) sieve.add(change.row, row_at<Row>(), take);
    }
    sieve.flush(take);
    page.end_stretch();
    if (last != 0) above = last + 1;
    complete = page.next() == 0 && (top >= all || above > newest);
    if (complete || page.next() != 0 || page.full() || (budget.left() == 0 && above > oldest)) break;
    below = top;
  }
  page.finish(page_end(complete ? 0 : page.next() != 0 ? page.next() : above));
}

template void Queries::account_history<Transfer>(const Command&, BatchBoundary&) noexcept;
template void Queries::account_history<AccountBalance>(const Command&, BatchBoundary&) noexcept;

}  // namespace florin::core
