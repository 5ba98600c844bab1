#include <algorithm>
#include <cstring>

#include "core/queries/filters.hpp"
#include "core/queries/queries.hpp"
#include "core/queries/status_sieve.hpp"
#include "core/queries/user_data_search.hpp"

/// @file
/// query_accounts and query_transfers: a scan in order of time, or a search if transfers with some user data are asked for. Of all else that may be
/// asked there is no index. And lookup_transfers.

namespace florin::core {
namespace {

constexpr std::size_t kPiece = 256;  // records looked up at a time

bool is_reversed(const QueryFilter& filter) noexcept { return (filter.flags & QueryFilterFlags::kReversed) != 0; }
HistoryView::Order order_of(const QueryFilter& filter) noexcept {
  return is_reversed(filter) ? HistoryView::Order::kDescending : HistoryView::Order::kAscending;
}
// The bounds of time.
std::uint64_t oldest_of(const QueryFilter& filter) noexcept { return std::max<std::uint64_t>(filter.timestamp_min, 1); }
std::uint64_t newest_of(const QueryFilter& filter) noexcept { return filter.timestamp_max == 0 ? kTimestampMax : filter.timestamp_max; }

/// Looks at one record after the other, until nothing is left within the bounds of time, the page is full or the work is done.
/// `read(order, from, found)` finds a piece of records, `is_full()` says that no more are wanted, `take(record)` takes one.
/// Returns where to go on; 0: nothing is left.
template <typename Record, typename Read, typename TimeOf, typename IsFull, typename Take>
std::uint64_t scan(const QueryFilter& filter, WorkBudget budget, Read&& read, TimeOf&& time_of, IsFull&& is_full, Take&& take) noexcept {
  const bool reversed = is_reversed(filter);
  const std::uint64_t newest = newest_of(filter);
  std::uint64_t from = reversed ? newest : oldest_of(filter);
  Record found[kPiece];
  while (true) {
    const std::size_t count = read(order_of(filter), from, std::span<Record>(found));
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
  if (was_dropped(command, filter.timestamp_min, filter.timestamp_max)) return;
  filter.timestamp_min = std::max(filter.timestamp_min, view_.view().dropped.timestamp);
  Page<Transfer> page(*command.reply, std::min(filter.limit, kQueryRowsMax));
  if (oldest_of(filter) > newest_of(filter)) return page.finish(page_end(0));  // it ends before history begins, and nothing was there
  StatusSieve<Transfer> sieve(view_, filter.pending_statuses);
  const auto put = [&](const Transfer& transfer) { page.add(transfer); };
  const auto is_full = [&] { return page.full(); };
  const auto take = [&](const HistoryRow& row) {
    if (matches(filter, row) && (filter.ledger == 0 || filter.ledger == view_.ledger_of(row))) sieve.add(row, view_.whole(row), put);
  };
  std::uint64_t resume = 0;
  if (const SoughtUserData sought(user_data_of(filter), view_.tables().hash()); !sought.fields().empty()) {
    resume = search_transfers(filter, sought, is_full, take);
  } else {
    TransferName names[kPiece];
    resume = scan<HistoryRow>(
        filter, WorkBudget(records_max_),
        [&](auto order, std::uint64_t from, auto found) {
          const std::size_t count = view_.transfers(order, from, std::span(names, found.size()));
          view_.rows(std::span(names, count), found);
          return count;
        },
        [](const HistoryRow& row) { return row.record.timestamp; }, is_full, take);
  }
  sieve.flush(put);
  page.finish(page_end(page.next() != 0 ? page.next() : resume));
}

/// As scan(), but only transfers with the user data that is asked for are taken.
template <typename IsFull, typename Take>
std::uint64_t Queries::search_transfers(const QueryFilter& filter, const SoughtUserData& sought, IsFull&& is_full, Take&& take) {
  UserDataSearch search(view_, filters_, sought, order_of(filter), oldest_of(filter), newest_of(filter), WorkBudget(records_max_));
  while (const auto name = search.next()) {
    const HistoryRow row = view_.row(*name);
    take(row);
    if (!is_full()) continue;
    const std::uint64_t timestamp = row.record.timestamp;
    const bool was_last = timestamp == (is_reversed(filter) ? oldest_of(filter) : newest_of(filter));
    return was_last ? 0 : is_reversed(filter) ? timestamp - 1 : timestamp + 1;
  }
  return search.resume();
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
