#include "statement.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <vector>

#include "florin/feed.hpp"

namespace florin::tools {
namespace {

/// As they were right after everything up to this time; zeros before there was an account.
Result<Balances> balances_at(Client& client, u128 account_id, std::uint64_t timestamp) {
  if (timestamp == 0) return Balances();
  PageEnd end;
  do {
    const auto page = client.get_accounts_at(timestamp, std::span(&account_id, 1));
    if (!page) return page.error();
    for (const Account& then : page->rows) return Balances{then.debits_pending, then.debits_posted, then.credits_pending, then.credits_posted};
    end = page->end;
  } while (end.resume != 0);
  return Balances();
}

/// Amounts of the holds that the events of a page end: an event has only what was posted of them. Holds whose transfers were dropped are left out.
Result<std::map<u128, u128>> hold_amounts(Client& client, std::span<const ChangeEvent> events) {
  std::vector<u128> ids;
  for (const ChangeEvent& event : events) {
    if (event.type == ChangeEventType::kTwoPhasePosted || event.type == ChangeEventType::kTwoPhaseVoided) ids.push_back(event.transfer_pending_id);
  }
  std::map<u128, u128> amounts;
  if (ids.empty()) return amounts;
  const auto holds = client.lookup_transfers(ids);
  if (!holds) return holds.error();
  for (const Transfer& hold : holds->rows) {
    if (hold.ledger != 0) amounts[hold.id] = hold.amount;
  }
  return amounts;
}

/// By what the pending balance falls with an event. Should it rise, this is more than there was.
u128 fall_of_pending(const ChangeEvent& event, bool is_credit, const Balances& before) {
  return is_credit ? before.credits_pending - event.credit_account.balances.credits_pending
                   : before.debits_pending - event.debit_account.balances.debits_pending;
}

/// `before`: balances of the account right before the event.
StatementLine line_of(const ChangeEvent& event, u128 account_id, const std::map<u128, u128>& holds, const Balances& before) {
  StatementLine line{.event = event, .is_credit = event.credit_account.id == account_id, .balances = {}};
  const auto hold = [&] {
    const auto found = holds.find(event.transfer_pending_id);
    return found == holds.end() ? fall_of_pending(event, line.is_credit, before) : found->second;
  };
  switch (event.type) {
    case ChangeEventType::kSinglePhase: line.posted = event.transfer_amount; break;
    case ChangeEventType::kTwoPhasePending: line.held = event.transfer_amount; break;
    case ChangeEventType::kTwoPhasePosted:
      line.posted = event.transfer_amount;
      line.released = hold();
      break;
    case ChangeEventType::kTwoPhaseVoided: line.released = hold(); break;
    case ChangeEventType::kTwoPhaseExpired: line.released = event.transfer_amount; break;
  }
  return line;
}

/// False: the balances would leave their range.
bool apply(const StatementLine& line, Balances& balances) {
  u128& posted = line.is_credit ? balances.credits_posted : balances.debits_posted;
  u128& pending = line.is_credit ? balances.credits_pending : balances.debits_pending;
  if (add_overflows(posted, line.posted, posted) || add_overflows(pending, line.held, pending)) return false;
  if (line.released > pending) return false;
  pending -= line.released;
  return true;
}

Status does_not_add_up() {
  return {ErrorKind::kDiffers, "the opening balance and the lines do not make the closing balance; if history is being imported, ask again"};
}

/// Adds the lines of a page to `balances` and hands them on.
Status add_lines(Client& client, u128 account_id, std::span<const ChangeEvent> events, Balances& balances, StatementSink& sink) {
  const auto holds = hold_amounts(client, events);
  if (!holds) return holds.error();
  for (const ChangeEvent& event : events) {
    StatementLine line = line_of(event, account_id, *holds, balances);
    if (!apply(line, balances)) return does_not_add_up();
    line.balances = balances;
    if (auto status = sink.add(line); !status) return status;
  }
  return {};
}

}  // namespace

Status read_statement(Client& client, u128 account_id, StatementPeriod period, StatementSink& sink) {
  const auto account = client.lookup_accounts(std::span(&account_id, 1));
  if (!account) return account.error();
  if (account->rows.empty()) return {ErrorKind::kNotFound, fmt::format("there is no account {}", to_decimal(account_id))};
  const auto now = client.ping();
  if (!now) return now.error();
  period.from = std::max<std::uint64_t>(period.from, 1);
  period.to = std::min(period.to, now->timestamp);
  const std::uint64_t before = std::min(period.from - 1, now->timestamp);

  auto balances = balances_at(client, account_id, before);
  if (!balances) return balances.error();
  // The first page before anything is written: if its history was dropped, there is no statement, and not half of one.
  Feed feed(client, {.from = FeedCursor::at_timestamp(period.from), .account_id = account_id});
  feed.set_timestamp_max(period.to);
  auto events = period.from <= period.to ? feed.read() : Result<std::span<const ChangeEvent>>(std::span<const ChangeEvent>());
  if (!events) return events.error();
  if (auto status = sink.open(account->rows.front(), period, *balances); !status) return status;
  while (!events->empty()) {
    if (auto status = add_lines(client, account_id, *events, *balances, sink); !status) return status;
    events = feed.read();
    if (!events) return events.error();
  }
  const auto closing = balances_at(client, account_id, std::max(before, period.to));
  if (!closing) return closing.error();
  if (*closing != *balances) return does_not_add_up();
  return sink.close(period, *closing);
}

}  // namespace florin::tools
