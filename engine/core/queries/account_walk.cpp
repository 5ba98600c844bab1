#include "core/queries/account_walk.hpp"

#include "core/rules/transfer_rules.hpp"

namespace florin::core {
namespace {

constexpr auto kOpen = static_cast<std::uint16_t>(~AccountFlags::kClosed);

/// A transfer with these flags closes the account of the change.
bool closes(const AccountChange& change, std::uint16_t flags) noexcept {
  return (flags & (change.is_credit ? TransferFlags::kClosingCredit : TransferFlags::kClosingDebit)) != 0;
}

/// It is the void of a transfer that closed the account.
bool opens(const AccountChange& change) noexcept {
  return (change.flags() & TransferFlags::kVoidPendingTransfer) != 0 && closes(change, static_cast<std::uint16_t>(change.row.extra.state));
}

/// Of a post or void: what its hold had. A void has the amount of its hold.
u128 hold_amount(const AccountChange& change, HistoryView& view) noexcept {
  return (change.flags() & TransferFlags::kPostPendingTransfer) != 0 ? view.hold_amount(change.row) : change.row.amount();
}

}  // namespace

void AccountWalk::begin(const AccountChanges::Start& start) noexcept {
  state_ = {.balances = start.balances, .flags = start.flags};
  changes_.go_to(start.place);
}

void AccountWalk::begin_above(const LedgerPoint& point) noexcept {
  AccountChanges::Start start;
  begin(changes_.checkpoint_above(point, start) ? start : changes_.newest());
}

void AccountWalk::stand_at_view() noexcept {
  state_ = {.balances = changes_.head().balances, .flags = changes_.head().flags};
  if (!changes_.has_changed_since_view()) return;
  begin(changes_.newest());
  while (!at_end() && changes_.is_after_view(changes_.place())) step();
}

Account AccountWalk::account(Account fixed) const noexcept {
  fixed.debits_pending = state_.balances.debits_pending;
  fixed.debits_posted = state_.balances.debits_posted;
  fixed.credits_pending = state_.balances.credits_pending;
  fixed.credits_posted = state_.balances.credits_posted;
  fixed.flags = state_.flags;
  return fixed;
}

void AccountState::take_back(const AccountChange& done, HistoryView& view) noexcept {
  if (done.is_expiry) {
    (done.is_credit ? balances.credits_pending : balances.debits_pending) += done.expiry.amount;
    if (closes(done, done.expiry.flags)) flags |= AccountFlags::kClosed;
    return;
  }
  const Transfer transfer{.amount = done.row.amount(), .flags = done.row.record.flags};
  const Transfer pending{.amount = hold_amount(done, view)};
  (done.is_credit ? undo_credit : undo_debit)(balances, transfer, &pending);
  // A closed account takes no transfer but the end of what closed it: so it was open before, and closed before that end.
  if (closes(done, transfer.flags)) flags &= kOpen;
  if (opens(done)) flags |= AccountFlags::kClosed;
}

void AccountState::carry_out(const AccountChange& change, HistoryView& view) noexcept {
  if (change.is_expiry) {
    (change.is_credit ? balances.credits_pending : balances.debits_pending) -= change.expiry.amount;
    if (closes(change, change.expiry.flags)) flags &= kOpen;
    return;
  }
  const Transfer transfer{.amount = change.row.amount(), .flags = change.row.record.flags};
  const Transfer pending{.amount = hold_amount(change, view)};
  (change.is_credit ? apply_credit : apply_debit)(balances, transfer, &pending);
  if (closes(change, transfer.flags)) flags |= AccountFlags::kClosed;
  if (opens(change)) flags &= kOpen;
}

}  // namespace florin::core
