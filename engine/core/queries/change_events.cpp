#include <algorithm>
#include <cstring>

#include "core/queries/event_scratch.hpp"
#include "core/queries/queries.hpp"

/// @file
/// get_change_events: transfers and expiries in the order in which they were committed, with both accounts as they were then.
///
/// The balances of an event are found by a walk back from now, one for each account of the page however many of its events are on
/// it. When the work is done before all walks are, the page ends before the first event that lacks an account. The events of one
/// account: account_events.cpp.

namespace florin::core {
namespace {

constexpr std::size_t kPiece = 256;  // records looked up at a time

/// The next transfer, looked up ahead in pieces. Their numbers say which expiries come before them.
class TransferHead {
 public:
  TransferHead(const HistoryView& history, std::uint64_t from, std::uint64_t newest) noexcept
      : history_(history), from_(from), newest_(newest), number_(history.transfers_before(from)) {
    look();
  }
  [[nodiscard]] bool valid() const noexcept { return valid_; }
  [[nodiscard]] std::uint32_t reference() const noexcept { return found_[at_]; }
  [[nodiscard]] const TransferSummary& transfer() const noexcept { return transfer_; }
  /// How many transfers of the ledger were before it.
  [[nodiscard]] std::uint64_t number() const noexcept { return number_; }
  void next() noexcept {
    from_ = transfer_.timestamp + 1;
    ++at_;
    ++number_;
    look();
  }

 private:
  void look() noexcept {
    if (at_ == count_) {
      count_ = history_.transfers(HistoryView::Order::kAscending, from_, found_);
      at_ = 0;
    }
    valid_ = count_ != 0;
    if (!valid_) return;
    transfer_ = history_.transfer_summary(found_[at_]);
    valid_ = transfer_.timestamp <= newest_;
  }

  const HistoryView& history_;
  std::uint64_t from_;
  std::uint64_t newest_;
  std::uint64_t number_;
  std::uint32_t found_[kPiece];
  std::size_t at_ = 0;
  std::size_t count_ = 0;
  bool valid_ = false;
  TransferSummary transfer_;
};

/// The next expiry, likewise.
class ExpiryHead {
 public:
  ExpiryHead(const HistoryView& history, std::uint64_t from, std::uint64_t newest) noexcept : history_(history), from_(from), newest_(newest) {
    look();
  }
  [[nodiscard]] bool valid() const noexcept { return valid_; }
  [[nodiscard]] const ExpiryAt& expiry() const noexcept { return found_[at_]; }
  void next() noexcept {
    from_ = found_[at_].timestamp + 1;
    ++at_;
    look();
  }

 private:
  void look() noexcept {
    if (at_ == count_) {
      count_ = history_.expiries(from_, found_);
      at_ = 0;
    }
    valid_ = count_ != 0 && found_[at_].timestamp <= newest_;
  }

  const HistoryView& history_;
  std::uint64_t from_;
  std::uint64_t newest_;
  ExpiryAt found_[kPiece];
  std::size_t at_ = 0;
  std::size_t count_ = 0;
  bool valid_ = false;
};

ChangeEventType type_of(std::uint16_t flags, bool is_expiry) noexcept {
  if (is_expiry) return ChangeEventType::kTwoPhaseExpired;
  if ((flags & TransferFlags::kPending) != 0) return ChangeEventType::kTwoPhasePending;
  if ((flags & TransferFlags::kPostPendingTransfer) != 0) return ChangeEventType::kTwoPhasePosted;
  if ((flags & TransferFlags::kVoidPendingTransfer) != 0) return ChangeEventType::kTwoPhaseVoided;
  return ChangeEventType::kSinglePhase;
}

}  // namespace

void Queries::change_events(const Command& command) noexcept {
  ChangeEventsFilter filter;
  std::memcpy(&filter, command.body.data(), sizeof filter);
  if (filter.expiries_timestamp_min == 0) filter.expiries_timestamp_min = filter.timestamp_min;
  if (filter.account_id != 0) {
    filter.limit = std::min(filter.limit, kChangeEventsMax);
    account_events(filter, *command.reply);
    return;
  }
  // An account may be in all events of the page, and the walk over them must leave something of the work for the way there.
  filter.limit = std::min({filter.limit, kChangeEventsMax, records_max_ / 8});
  const bool has_more = gather_events(filter);
  const std::uint32_t complete = fill_accounts();

  Page<ChangeEvent> page(*command.reply, filter.limit);
  PageEnd end{.resume = std::max<std::uint64_t>(filter.timestamp_min, 1),
              .resume_expiries = std::max<std::uint64_t>(filter.expiries_timestamp_min, 1)};
  for (std::uint32_t i = 0; i < complete; ++i) {
    const EventScratch::Event& event = events_->events[i];
    (event.is_expiry ? end.resume_expiries : end.resume) = event.timestamp + 1;
    page.add(event_row(i));
  }
  page.finish(has_more || complete < events_->count ? end : PageEnd{});
}

/// True: there are more events than the page has room for.
bool Queries::gather_events(const ChangeEventsFilter& filter) noexcept {
  const std::uint64_t newest = filter.timestamp_max == 0 ? kTimestampMax : filter.timestamp_max;
  TransferHead transfers(history_, filter.timestamp_min, newest);
  ExpiryHead expiries(history_, filter.expiries_timestamp_min, newest);
  std::uint32_t& count = events_->count;
  for (count = 0; count < filter.limit && (transfers.valid() || expiries.valid()); ++count) {
    EventScratch::Event& event = events_->events[count];
    event.is_expiry = expiries.valid() && (!transfers.valid() || expiries.expiry().transfers_before <= transfers.number());
    event.transfer = event.is_expiry ? expiries.expiry().pending : transfers.reference();
    event.timestamp = event.is_expiry ? expiries.expiry().timestamp : transfers.transfer().timestamp;
    const TransferSummary transfer = event.is_expiry ? history_.transfer_summary(event.transfer) : transfers.transfer();
    event.accounts[0].reference = transfer.debit;
    event.accounts[1].reference = transfer.credit;
    if (event.is_expiry) {
      expiries.next();
    } else {
      transfers.next();
    }
  }
  return transfers.valid() || expiries.valid();
}

/// Returns how many events, from the first on, have their accounts.
std::uint32_t Queries::fill_accounts() noexcept {
  using Side = EventScratch::Side;
  using Walk = EventScratch::Walk;
  EventScratch& scratch = *events_;
  std::uint32_t sides = 0;
  for (std::uint32_t i = 0; i < scratch.count; ++i) {
    for (std::uint32_t side = 0; side < 2; ++side) scratch.sides[sides++] = {scratch.events[i].accounts[side].reference, i, side};
  }
  std::sort(scratch.sides, scratch.sides + sides,
            [](const Side& a, const Side& b) { return a.account != b.account ? a.account < b.account : a.event > b.event; });
  std::uint32_t walks = 0;
  for (std::uint32_t begin = 0, end = 0; begin < sides; begin = end) {
    while (end < sides && scratch.sides[end].account == scratch.sides[begin].account) ++end;
    scratch.walks[walks++] = {scratch.sides[end - 1].event, begin, end};
  }
  // In the order in which the page needs them, so that what is done when the work ends is its beginning.
  std::sort(scratch.walks, scratch.walks + walks, [](const Walk& a, const Walk& b) {
    return a.first_event != b.first_event ? a.first_event < b.first_event : a.begin < b.begin;
  });
  WorkBudget budget(records_max_);
  for (std::uint32_t i = 0; i < walks; ++i) {
    if (!fill_account(scratch.walks[i].begin, scratch.walks[i].end, budget)) return scratch.walks[i].first_event;
  }
  return scratch.count;
}

/// One account's part in all its events of the page. False: too far away for now, and a mark was left.
bool Queries::fill_account(std::uint32_t begin, std::uint32_t end, WorkBudget& budget) noexcept {
  AccountWalk walk(history_, events_->sides[begin].account);
  for (std::uint32_t i = begin; i < end; ++i) {
    EventScratch::Event& event = events_->events[events_->sides[i].event];
    std::uint32_t steps = 0;
    while (walk.change().transfer != event.transfer || walk.change().is_expiry != event.is_expiry) {
      if (!budget.spend()) {
        marks_.leave(walk.place());
        return false;
      }
      walk.step();
      if (++steps != steps_without_mark_) continue;
      const auto* mark = marks_.find(walk.place().account, [&](const auto& place) {
        return (event.is_expiry ? place.passed_expiries : place.passed_transfers) > event.timestamp && place.change < walk.place().change;
      });
      if (mark != nullptr) walk.go_to(*mark);
    }
    leave_mark(walk, steps);
    EventScratch::Account& account = event.accounts[events_->sides[i].side];
    account.balances = walk.balances();
    account.flags = walk.flags();
  }
  return true;
}

ChangeEvent Queries::event_row(std::uint32_t number) const noexcept {
  const EventScratch::Event& event = events_->events[number];
  const Transfer transfer = history_.transfer(event.transfer);
  const Account debit = history_.account(event.accounts[0].reference);
  const Account credit = history_.account(event.accounts[1].reference);
  const auto account_then = [](const Account& account, const EventScratch::Account& then) -> ChangeEventAccount {
    return {.id = account.id,
            .balances = then.balances,
            .user_data_128 = account.user_data_128,
            .user_data_64 = account.user_data_64,
            .user_data_32 = account.user_data_32,
            .code = account.code,
            .flags = then.flags};
  };
  return {.transfer_id = transfer.id,
          .transfer_amount = transfer.amount,
          .transfer_pending_id = transfer.pending_id,
          .transfer_user_data_128 = transfer.user_data_128,
          .transfer_user_data_64 = transfer.user_data_64,
          .transfer_user_data_32 = transfer.user_data_32,
          .transfer_timeout = transfer.timeout,
          .transfer_code = transfer.code,
          .transfer_flags = transfer.flags,
          .ledger = transfer.ledger,
          .type = type_of(transfer.flags, event.is_expiry),
          .debit_account = account_then(debit, event.accounts[0]),
          .credit_account = account_then(credit, event.accounts[1]),
          .timestamp = event.timestamp,
          .transfer_timestamp = transfer.timestamp,
          .debit_account_timestamp = debit.timestamp,
          .credit_account_timestamp = credit.timestamp};
}

}  // namespace florin::core
