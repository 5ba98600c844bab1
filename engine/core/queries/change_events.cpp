#include <algorithm>
#include <cstring>

#include "core/queries/event_scratch.hpp"
#include "core/queries/queries.hpp"

/// @file
/// get_change_events: transfers and expiries in the order in which they were committed, with both accounts as they were then.
///
/// The accounts of an event are found by walking back: event_walks.cpp. When the work is done before all walks are, the page ends before the
/// first event that lacks an account. The events of one account: account_events.cpp.

namespace florin::core {
namespace {

constexpr std::size_t kPiece = 256;  // records looked up at a time

/// The next transfer, looked up ahead in pieces. Their numbers say which expiries come before them.
class TransferHead {
 public:
  TransferHead(const HistoryView& view, std::uint64_t from, std::uint64_t newest) noexcept
      : view_(view), from_(from), newest_(newest), number_(view.transfers_before(from)) {
    look();
  }
  [[nodiscard]] bool valid() const noexcept { return valid_; }
  [[nodiscard]] const HistoryRow& row() const noexcept { return rows_[at_]; }
  /// How many transfers of the ledger were before it.
  [[nodiscard]] std::uint64_t number() const noexcept { return number_; }
  void next() noexcept {
    from_ = row().record.timestamp + 1;
    ++at_;
    ++number_;
    look();
  }

 private:
  void look() noexcept {
    if (at_ == count_) {
      TransferName names[kPiece];
      count_ = view_.transfers(HistoryView::Order::kAscending, from_, names);
      view_.rows(std::span(names, count_), rows_);
      at_ = 0;
    }
    valid_ = count_ != 0 && row().record.timestamp <= newest_;
  }

  const HistoryView& view_;
  std::uint64_t from_;
  std::uint64_t newest_;
  std::uint64_t number_;
  HistoryRow rows_[kPiece];
  std::size_t at_ = 0;
  std::size_t count_ = 0;
  bool valid_ = false;
};

/// The next expiry, likewise.
class ExpiryHead {
 public:
  ExpiryHead(const HistoryView& view, std::uint64_t from, std::uint64_t newest) noexcept : view_(view), from_(from), newest_(newest) { look(); }
  [[nodiscard]] bool valid() const noexcept { return valid_; }
  [[nodiscard]] const Expiry& expiry() const noexcept { return found_[at_]; }
  void next() noexcept {
    from_ = found_[at_].timestamp + 1;
    ++at_;
    look();
  }

 private:
  void look() noexcept {
    if (at_ == count_) {
      count_ = view_.expiries(from_, found_);
      at_ = 0;
    }
    valid_ = count_ != 0 && found_[at_].timestamp <= newest_;
  }

  const HistoryView& view_;
  std::uint64_t from_;
  std::uint64_t newest_;
  Expiry found_[kPiece];
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

void Queries::change_events(const Command& command, BatchBoundary& boundary) noexcept {
  ChangeEventsFilter filter;
  std::memcpy(&filter, command.body.data(), sizeof filter);
  if (filter.expiries_timestamp_min == 0) filter.expiries_timestamp_min = filter.timestamp_min;
  if (filter.account_id != 0) {
    filter.limit = std::min(filter.limit, kChangeEventsMax);
    account_events(command, filter, boundary);
    return;
  }
  // An account may be in all events of the page, and the walk over them must leave something of the work for the way there.
  filter.limit = std::min({filter.limit, kChangeEventsMax, records_max_ / 8});
  view_.open(boundary, [] {});
  if (was_dropped(command, filter)) return;
  begin_with_kept(filter);
  const bool has_more = gather_events(filter);
  const std::uint32_t complete = fill_accounts();

  Page<ChangeEvent> page(*command.reply, filter.limit);
  PageEnd end{.resume = std::max<std::uint64_t>(filter.timestamp_min, 1),
              .resume_expiries = std::max<std::uint64_t>(filter.expiries_timestamp_min, 1)};
  for (std::uint32_t i = 0; i < complete; ++i) {
    const EventScratch::Event& event = events_->events[i];
    (event.is_expiry ? end.resume_expiries : end.resume) = event.timestamp + 1;
  }
  write_events(complete, page);
  page.finish(has_more || complete < events_->count ? end : page_end(0));
}

/// True: there are more events than the page has room for.
bool Queries::gather_events(const ChangeEventsFilter& filter) noexcept {
  const std::uint64_t newest = filter.timestamp_max == 0 ? kTimestampMax : filter.timestamp_max;
  TransferHead transfers(view_, filter.timestamp_min, newest);
  ExpiryHead expiries(view_, filter.expiries_timestamp_min, newest);
  std::uint32_t& count = events_->count;
  for (count = 0; count < filter.limit && (transfers.valid() || expiries.valid()); ++count) {
    EventScratch::Event& event = events_->events[count];
    event.is_expiry = expiries.valid() && (!transfers.valid() || expiries.expiry().transfers_before <= transfers.number());
    if (event.is_expiry) {
      const Expiry& expiry = expiries.expiry();
      event.timestamp = expiry.timestamp;
      event.sequence = view_.sequence_of(expiry.timestamp);
      event.point = {.transfers = expiry.transfers_before, .timestamp = expiry.timestamp};
      event.transfer = view_.pending_of(expiry);
      event.accounts[0].reference = expiry.debit;
      event.accounts[1].reference = expiry.credit;
      expiries.next();
    } else {
      const HistoryRow& row = transfers.row();
      const bool is_imported = (row.record.flags & TransferFlags::kImported) != 0;
      event.timestamp = row.record.timestamp;
      event.sequence = is_imported ? view_.sequence_of_imported(transfers.number() + 1) : view_.sequence_of(event.timestamp);
      event.point = {.transfers = transfers.number() + 1, .timestamp = 0};
      event.transfer = row.name;
      event.accounts[0].reference = row.record.debit;
      event.accounts[1].reference = row.record.credit;
      transfers.next();
    }
  }
  return transfers.valid() || expiries.valid();
}

void Queries::write_events(std::uint32_t count, Page<ChangeEvent>& page) const noexcept {
  const auto account_then = [](const Account& account, const EventScratch::Account& then) -> ChangeEventAccount {
    return {.id = account.id,
            .balances = then.balances,
            .user_data_128 = account.user_data_128,
            .user_data_64 = account.user_data_64,
            .user_data_32 = account.user_data_32,
            .code = account.code,
            .flags = then.flags};
  };
  constexpr std::uint32_t kAhead = 16;
  for (std::uint32_t i = 0; i < count + kAhead; ++i) {
    if (i < count) {
      if (!events_->events[i].is_expiry) view_.prefetch(events_->events[i].transfer);
      for (const EventScratch::Account& account : events_->events[i].accounts) view_.prefetch_fixed_account(account.reference);
    }
    if (i < kAhead) continue;
    const EventScratch::Event& event = events_->events[i - kAhead];
    const Transfer transfer = event.is_expiry ? view_.expired_transfer(event.timestamp) : view_.whole(view_.row(event.transfer));
    const Account debit = view_.fixed_account(event.accounts[0].reference);
    const Account credit = view_.fixed_account(event.accounts[1].reference);
    page.add({.transfer_id = transfer.id,
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
              .sequence = event.sequence,
              .debit_account = account_then(debit, event.accounts[0]),
              .credit_account = account_then(credit, event.accounts[1]),
              .timestamp = event.timestamp,
              .transfer_timestamp = transfer.timestamp,
              .debit_account_timestamp = debit.timestamp,
              .credit_account_timestamp = credit.timestamp});
  }
}

}  // namespace florin::core
