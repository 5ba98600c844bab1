#include <algorithm>
#include <cstring>

#include "core/queries/filters.hpp"
#include "core/queries/queries.hpp"

/// @file
/// query_accounts and query_transfers: a scan in order of time. There is no index on what they ask for.

namespace florin::core {
namespace {

constexpr std::size_t kPiece = 256;  // records looked up at a time

/// Looks at one record after the other, until nothing is left within the bounds of time, the page is full or the work is done.
/// `read(order, from, found)` finds a piece, `get(reference)` reads a record, `take(record, reference)` puts it on the page if it
/// matches.
template <typename Row, typename Read, typename Get, typename Take>
PageEnd scan(const QueryFilter& filter, WorkBudget budget, const Page<Row>& page, Read&& read, Get&& get, Take&& take) noexcept {
  const bool reversed = (filter.flags & QueryFilterFlags::kReversed) != 0;
  const std::uint64_t newest = filter.timestamp_max == 0 ? kTimestampMax : filter.timestamp_max;
  std::uint64_t from = reversed ? newest : std::max<std::uint64_t>(filter.timestamp_min, 1);
  std::uint32_t found[kPiece];
  while (true) {
    const std::size_t count = read(reversed ? HistoryView::Order::kDescending : HistoryView::Order::kAscending, from, std::span(found));
    for (std::size_t i = 0; i < count; ++i) {
      const auto record = get(found[i]);
      if (record.timestamp < filter.timestamp_min || record.timestamp > newest) return {};
      if (page.full() || !budget.spend()) return {.resume = from};
      take(record, found[i]);
      from = reversed ? record.timestamp - 1 : record.timestamp + 1;
    }
    if (count < kPiece) return {};
  }
}

}  // namespace

void Queries::query_accounts(const Command& command) noexcept {
  QueryFilter filter;
  std::memcpy(&filter, command.body.data(), sizeof filter);
  Page<Account> page(*command.reply, std::min(filter.limit, kQueryRowsMax));
  page.finish(scan(
      filter, WorkBudget(records_max_), page,
      [&](auto order, std::uint64_t from, auto found) { return history_.accounts(order, from, found); },
      [&](std::uint32_t reference) { return history_.account(reference); },
      [&](const Account& account, std::uint32_t) {
        if (matches(filter, account)) page.add(account);
      }));
}

void Queries::query_transfers(const Command& command) noexcept {
  QueryFilter filter;
  std::memcpy(&filter, command.body.data(), sizeof filter);
  Page<Transfer> page(*command.reply, std::min(filter.limit, kQueryRowsMax));
  page.finish(scan(
      filter, WorkBudget(records_max_), page,
      [&](auto order, std::uint64_t from, auto found) { return history_.transfers(order, from, found); },
      [&](std::uint32_t reference) { return history_.transfer_summary(reference); },
      [&](const TransferSummary& summary, std::uint32_t reference) {
        if (!matches(filter, summary)) return;
        const Transfer transfer = history_.transfer(reference);
        if (filter.ledger == 0 || filter.ledger == transfer.ledger) page.add(transfer);
      }));
}

}  // namespace florin::core
