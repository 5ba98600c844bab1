#include <algorithm>

#include "core/queries/event_scratch.hpp"
#include "core/queries/queries.hpp"

/// @file
/// get_change_events of one account: a walk over its changes, from the newest back to where the page starts. The oldest events that
/// it finds are the page. Where a walk over a long history begins and ends: see account_history.cpp.

namespace florin::core {
namespace {

/// Where the listing starts: two lower bounds, as the end of a page gives them.
struct Start {
  std::uint64_t transfers;
  std::uint64_t expiries;
  /// There are transfers from before that were committed after expiries of the listing, because they were imported.
  bool is_overtaken;

  [[nodiscard]] bool has(const AccountChange& change) const noexcept { return change.timestamp >= (change.is_expiry ? expiries : transfers); }

  /// This change is not of the listing, and none that was committed before it is. Before an expiry, and before a transfer that was
  /// not imported, everything is older.
  [[nodiscard]] bool is_behind(const AccountChange& change) const noexcept {
    if (has(change)) return false;
    if (change.is_expiry) return change.timestamp <= transfers;
    const bool is_imported = (change.flags & TransferFlags::kImported) != 0;
    return !is_overtaken || (!is_imported && change.timestamp <= expiries);
  }

  /// A walk may begin here: everything newer comes behind the page.
  [[nodiscard]] bool is_below(const AccountWalk::Place& place) const noexcept {
    if (place.passed_transfers < transfers || place.passed_expiries < expiries) return false;
    return place.passed_transfers > transfers || place.passed_expiries > expiries;
  }
};

}  // namespace

void Queries::account_events(const ChangeEventsFilter& filter, ReplyArea& reply) noexcept {
  events_->count = 0;
  const std::uint32_t account = history_.find_account(filter.account_id);
  const PageEnd end = account == 0 ? PageEnd{} : gather_account_events(filter, account);
  Page<ChangeEvent> page(reply, filter.limit);
  for (std::uint32_t i = 0; i < events_->count; ++i) page.add(event_row(i));
  page.finish(end);
}

/// Fills the scratch with the events of the page; returns the page's end.
PageEnd Queries::gather_account_events(const ChangeEventsFilter& filter, std::uint32_t account) noexcept {
  const std::uint64_t newest = filter.timestamp_max == 0 ? kTimestampMax : filter.timestamp_max;
  Start start{.transfers = std::max<std::uint64_t>(filter.timestamp_min, 1),
              .expiries = std::max<std::uint64_t>(filter.expiries_timestamp_min, 1),
              .is_overtaken = false};
  ExpiryAt expiry;
  start.is_overtaken = history_.expiries(start.expiries, std::span(&expiry, 1)) == 1 &&
                       expiry.transfers_before < history_.transfers_before(start.transfers);
  AccountWalk walk(history_, account);
  const auto* mark = marks_.find(account, [&](const auto& place) { return start.is_below(place); });
  if (mark != nullptr) walk.go_to(*mark);
  const PageEnd above{.resume = walk.place().passed_transfers, .resume_expiries = walk.place().passed_expiries};

  EventScratch& scratch = *events_;
  std::uint64_t found = 0;
  WorkBudget budget(records_max_);
  for (std::uint32_t steps = 0; !walk.at_end() && !start.is_behind(walk.change()); leave_mark_on_the_way(walk, ++steps)) {
    if (!budget.spend()) {
      leave_mark(walk, steps);
      return {.resume = start.transfers, .resume_expiries = start.expiries};
    }
    const AccountChange& change = walk.change();
    if (start.has(change) && change.timestamp <= newest) take_event(walk, static_cast<std::uint32_t>(found++ % filter.limit));
    walk.step();
  }
  scratch.count = static_cast<std::uint32_t>(std::min<std::uint64_t>(found, filter.limit));
  std::rotate(scratch.events, scratch.events + (found > filter.limit ? found % filter.limit : 0), scratch.events + scratch.count);
  std::reverse(scratch.events, scratch.events + scratch.count);

  if (found > filter.limit) {
    PageEnd end{.resume = start.transfers, .resume_expiries = start.expiries};
    for (std::uint32_t i = 0; i < scratch.count; ++i) {
      (scratch.events[i].is_expiry ? end.resume_expiries : end.resume) = scratch.events[i].timestamp + 1;
    }
    return end;
  }
  const bool is_last = mark == nullptr || (above.resume > newest && above.resume_expiries > newest);
  return is_last ? PageEnd{} : above;
}

/// The change in hand. Of the other account nothing is known but what never changes: its balances would cost a walk of its own.
void Queries::take_event(const AccountWalk& walk, std::uint32_t place) noexcept {
  const AccountChange& change = walk.change();
  const TransferSummary transfer = history_.transfer_summary(change.transfer);
  EventScratch::Account debit{.reference = transfer.debit, .flags = 0, .balances = {}};
  EventScratch::Account credit{.reference = transfer.credit, .flags = 0, .balances = {}};
  EventScratch::Account& own = change.is_credit ? credit : debit;
  EventScratch::Account& other = change.is_credit ? debit : credit;
  own.balances = walk.balances();
  own.flags = walk.flags();
  other.flags = history_.account(other.reference).flags & static_cast<std::uint16_t>(~AccountFlags::kClosed);
  events_->events[place] = {
      .timestamp = change.timestamp, .transfer = change.transfer, .is_expiry = change.is_expiry, .accounts = {debit, credit}};
}

}  // namespace florin::core
