#include <algorithm>
#include <cstring>

#include "core/queries/filters.hpp"
#include "core/queries/queries.hpp"
#include "core/queries/status_sieve.hpp"

/// @file
/// query_accounts and query_transfers: a scan in order of time. There is no index on what they ask for. And lookup_transfers.

namespace florin::core {
namespace {

constexpr std::size_t kPiece = 256;  // records looked up at a time

/// Looks at one record after the other, until nothing is left within the bounds of time, the page is full or the work is done.
/// `read(order, from, found)` finds a piece of records, `is_full()` says that no more are wanted, `take(record)` takes one.
/// Returns where to go on; 0: nothing is left.
template <typename Record, typename Read, typename TimeOf, typename IsFull, typename Take>
std::uint64_t scan(const QueryFilter& filter, WorkBudget budget, Read&& read, TimeOf&& time_of, IsFull&& is_full, Take&& take) noexcept {
  const bool reversed = (filter.flags & QueryFilterFlags::kReversed) != 0;
  const std::uint64_t newest = filter.timestamp_max == 0 ? kTimestampMax : filter.timestamp_max;
  std::uint64_t from = reversed ? newest : std::max<std::uint64_t>(filter.timestamp_min, 1);
  Record found[kPiece];
  while (true) {
    const std::size_t count = read(reversed ? HistoryView::Order::kDescending : HistoryView::Order::kAscending, from, std::span<Record>(found));
    for (std::size_t i = 0; i < count; ++i) {
      const std::uint64_t timestamp = time_of(found[i]);
      if (timestamp < filter.timestamp_min || timestamp > newest) return 0;
      if (is_full() || !budget.spend()) return from;
      take(found[i]);
      from = reversed ? timestamp - 1 : timestamp + 1;
    }
    if (count < kPiece) return 0;
  }
}

}  // namespace

/// What of an account never changes decides whether it matches; then the balances are copied, and what came after the view taken back.
void Queries::query_accounts(const Command& command, BatchBoundary& boundary) noexcept {
  QueryFilter filter;
  std::memcpy(&filter, command.body.data(), sizeof filter);
  const std::uint32_t limit = std::min(filter.limit, kQueryRowsMax);
  view_.open(boundary, [] {});
  struct Record {
    std::uint32_t reference;
    Account fixed;
  };
  std::uint32_t references[kPiece];
  std::size_t matching = 0;
  const std::uint64_t resume = scan<Record>(
      filter, WorkBudget(records_max_),
      [&](auto order, std::uint64_t from, auto found) {
        const std::size_t count = view_.accounts(order, from, std::span(references, found.size()));
        for (std::size_t i = 0; i < count; ++i) found[i] = {references[i], view_.fixed_account(references[i])};
        return count;
      },
      [](const Record& record) { return record.fixed.timestamp; }, [&] { return matching == limit; },
      [&](const Record& record) {
        if (matches(filter, record.fixed)) heads_[matching++] = {.reference = record.reference, .balances = {}};
      });
  const auto heads = std::span(heads_).first(matching);
  view_.take_heads(heads);
  Page<Account> page(*command.reply, limit);
  for (const AccountHead& head : heads) {
    walk_.set_account(head.reference, &head);
    walk_.stand_at_view();
    page.add(walk_.account(view_.fixed_account(head.reference)));
  }
  page.finish({.resume = resume});
}

void Queries::query_transfers(const Command& command, BatchBoundary& boundary) noexcept {
  QueryFilter filter;
  std::memcpy(&filter, command.body.data(), sizeof filter);
  view_.open(boundary, [] {});
  if (was_dropped(filter.timestamp_min, filter.timestamp_max, *command.reply)) return;
  filter.timestamp_min = std::max(filter.timestamp_min, view_.view().dropped.timestamp);
  Page<Transfer> page(*command.reply, std::min(filter.limit, kQueryRowsMax));
  StatusSieve<Transfer> sieve(view_, filter.pending_statuses);
  const auto put = [&](const Transfer& transfer) { page.add(transfer); };
  TransferName names[kPiece];
  const std::uint64_t resume = scan<HistoryRow>(
      filter, WorkBudget(records_max_),
      [&](auto order, std::uint64_t from, auto found) {
        const std::size_t count = view_.transfers(order, from, std::span(names, found.size()));
        view_.rows(std::span(names, count), found);
        return count;
      },
      [](const HistoryRow& row) { return row.record.timestamp; }, [&] { return page.full(); },
      [&](const HistoryRow& row) {
        if (matches(filter, row) && (filter.ledger == 0 || filter.ledger == view_.ledger_of(row))) sieve.add(row, view_.whole(row), put);
      });
  sieve.flush(put);
  page.finish(page_end(page.next() != 0 ? page.next() : resume));
}

void Queries::lookup_transfers(const Command& command, BatchBoundary& boundary) noexcept {
  const std::span ids(reinterpret_cast<const u128*>(command.body.data()), command.body.size() / sizeof(u128));
  view_.open(boundary, [] {});
  const std::size_t found = view_.find_transfers(ids, names_);
  ReplyArea& reply = *command.reply;
  HistoryRow rows[kPiece];
  for (std::size_t base = 0; base < found; base += kPiece) {
    const std::size_t count = std::min(kPiece, found - base);
    view_.rows(std::span(names_).subspan(base, count), rows);
    for (std::size_t i = 0; i < count; ++i) view_.prefetch_accounts(rows[i]);
    std::optional<Transfer> dropped[kPiece];
    look_up_dropped(std::span(rows).first(count), dropped);
    for (std::size_t i = 0; i < count; ++i) {
      const Transfer transfer = dropped[i] ? *dropped[i] : view_.whole(rows[i]);
      std::memcpy(reply.data + reply.size, &transfer, sizeof transfer);
      reply.size += static_cast<std::uint32_t>(sizeof transfer);
      ++reply.count;
    }
  }
}

/// What is told of those of these transfers that were dropped: id and timestamp, or all as long as the hold is open.
void Queries::look_up_dropped(std::span<const HistoryRow> rows, std::span<std::optional<Transfer>> found) noexcept {
  u128 ids[kPiece];
  std::uint32_t places[kPiece];
  std::optional<Transfer> open[kPiece];
  std::size_t count = 0;
  for (std::uint32_t i = 0; i < rows.size(); ++i) {
    if (!view_.view().dropped.has(rows[i].record.timestamp)) continue;
    ids[count] = rows[i].record.id;
    places[count++] = i;
  }
  if (count == 0) return;
  view_.find_open_holds(std::span(ids, count), open);
  for (std::size_t i = 0; i < count; ++i) {
    const TransferRecord& record = rows[places[i]].record;
    found[places[i]] = open[i] ? *open[i] : Transfer{.id = record.id, .timestamp = record.timestamp};
  }
}

}  // namespace florin::core
