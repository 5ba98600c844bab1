#include <algorithm>

#include "core/queries/event_scratch.hpp"
#include "core/queries/queries.hpp"

/// @file
/// get_change_events of one account: a walk over its changes, from some place above the page back to where it starts. The oldest events
/// that it finds are the page.

namespace florin::core {
namespace {

/// What the listing has: from two lower bounds on, as the end of a page gives them, up to a time.
struct Listing {
  std::uint64_t transfers_min;
  std::uint64_t expiries_min;
  std::uint64_t newest;
  /// There are transfers from before that were committed after expiries of the listing, because they were imported.
  bool is_overtaken;
  std::uint64_t transfers_until;  ///< transfers of the ledger that are not too late

  [[nodiscard]] bool starts_before(const AccountChange& change) const noexcept {
    return change.timestamp() >= (change.is_expiry ? expiries_min : transfers_min);
  }
  [[nodiscard]] bool has(const AccountChange& change) const noexcept { return starts_before(change) && change.timestamp() <= newest; }

  /// This change is from before the listing, and so is all that was committed before it. Before an expiry, and before a transfer that
  /// was not imported, everything is older.
  [[nodiscard]] bool is_behind(const AccountChange& change) const noexcept {
    if (starts_before(change)) return false;
    if (change.is_expiry) return change.timestamp() <= transfers_min;
    const bool is_imported = (change.flags() & TransferFlags::kImported) != 0;
    return !is_overtaken || (!is_imported && change.timestamp() <= expiries_min);
  }
  /// This change is too late, and so is all that was committed after it.
  [[nodiscard]] bool is_over(const AccountChange& change) const noexcept {
    if (change.timestamp() <= newest) return false;
    return !change.is_expiry || change.expiry.transfers_before >= transfers_until;
  }
};

}  // namespace

void Queries::account_events(const Command& command, ChangeEventsFilter& filter, BatchBoundary& boundary) noexcept {
  AccountHead& head = heads_.front();
  view_.open(boundary, [&] { view_.find_accounts(std::span(&filter.account_id, 1), std::span(&head, 1)); });
  if (was_dropped(command, filter)) return;
  begin_with_kept(filter);
  events_->count = 0;
  PageEnd end = page_end(0);
  if (head.reference != 0) {
    walk_.set_account(head.reference, &head);
    end = gather_account_events(filter);
  }
  Page<ChangeEvent> page(*command.reply, filter.limit);
  write_events(events_->count, page);
  page.finish(end);
}

/// Fills the scratch with the events of the page; returns the page's end. Every change of the account is an event, so that few more
/// than a page of them are looked at; but if none is of the listing (see Listing::is_overtaken) it goes further up.
PageEnd Queries::gather_account_events(const ChangeEventsFilter& filter) noexcept {
  constexpr std::uint32_t kStretchMin = 64;
  Listing listing{.transfers_min = std::max<std::uint64_t>(filter.timestamp_min, 1),
                  .expiries_min = std::max<std::uint64_t>(filter.expiries_timestamp_min, 1),
                  .newest = filter.timestamp_max == 0 ? kTimestampMax : filter.timestamp_max,
                  .is_overtaken = false,
                  .transfers_until = 0};
  LedgerPoint start{.transfers = view_.transfers_before(listing.transfers_min)};
  Expiry expiry;
  if (view_.expiries(listing.expiries_min, std::span(&expiry, 1)) == 1 && expiry.transfers_before < start.transfers) {
    listing.is_overtaken = true;
    start.transfers = expiry.transfers_before;
  }
  listing.transfers_until = view_.transfers_before(listing.newest + 1);

  EventScratch& scratch = *events_;
  const AccountChanges& changes = walk_.changes();
  const std::uint64_t bottom = changes.place_above(start);
  std::uint64_t found = 0;
  bool is_last = false;
  for (std::uint32_t stretch = std::max(filter.limit, kStretchMin); found == 0 && !is_last; stretch = next_stretch(stretch)) {
    const AccountChanges::Start top = changes.start_from(changes.place_higher(bottom, stretch));
    is_last = top.place >= changes.newest().place;
    for (walk_.begin(top); !walk_.at_end() && !listing.is_behind(walk_.change()); walk_.step()) {
      if (listing.is_over(walk_.change())) is_last = true;
      if (listing.has(walk_.change())) take_event(static_cast<std::uint32_t>(found++ % filter.limit));
    }
  }
  scratch.count = static_cast<std::uint32_t>(std::min<std::uint64_t>(found, filter.limit));
  std::rotate(scratch.events, scratch.events + (found > filter.limit ? found % filter.limit : 0), scratch.events + scratch.count);
  std::reverse(scratch.events, scratch.events + scratch.count);
  if (is_last && found <= filter.limit) return page_end(0);

  PageEnd end{.resume = listing.transfers_min, .resume_expiries = listing.expiries_min};
  for (std::uint32_t i = 0; i < scratch.count; ++i) {
    (scratch.events[i].is_expiry ? end.resume_expiries : end.resume) = scratch.events[i].timestamp + 1;
  }
  return end;
}

/// The change in hand. Of the other account nothing is known but what never changes: its balances would cost a walk of its own.
void Queries::take_event(std::uint32_t place) noexcept {
  const AccountChange& change = walk_.change();
  const std::uint64_t timestamp = change.timestamp();
  const std::uint32_t debit = change.is_expiry ? change.expiry.debit : change.row.record.debit;
  const std::uint32_t credit = change.is_expiry ? change.expiry.credit : change.row.record.credit;
  const bool is_imported = !change.is_expiry && (change.flags() & TransferFlags::kImported) != 0;
  EventScratch::Event& event = events_->events[place];
  event = {.timestamp = timestamp,
           .sequence = is_imported ? view_.sequence_of_imported(view_.transfers_before(timestamp + 1)) : view_.sequence_of(timestamp),
           .point = {},
           .transfer = change.is_expiry ? view_.pending_of(change.expiry) : change.row.name,
           .segment = 0,
           .is_expiry = change.is_expiry,
           .accounts = {{.reference = debit, .flags = 0, .balances = {}}, {.reference = credit, .flags = 0, .balances = {}}}};
  EventScratch::Account& own = event.accounts[change.is_credit ? 1 : 0];
  EventScratch::Account& other = event.accounts[change.is_credit ? 0 : 1];
  own.balances = walk_.balances();
  own.flags = walk_.flags();
  other.flags = view_.fixed_account(other.reference).flags & static_cast<std::uint16_t>(~AccountFlags::kClosed);
}

}  // namespace florin::core
