#include "core/queries/account_walk.hpp"

#include "core/rules/transfer_rules.hpp"

namespace florin::core {

AccountWalk::AccountWalk(const HistoryView& history, std::uint32_t account) noexcept : history_(history) {
  const Account now = history.account(account);
  go_to({.account = account,
         .change = history.newest_change(account),
         .passed_transfers = history.transfers_end(),
         .passed_expiries = history.expiries_end(),
         .balances = {now.debits_pending, now.debits_posted, now.credits_pending, now.credits_posted},
         .flags = now.flags});
}

void AccountWalk::go_to(const Place& place) noexcept {
  place_ = place;
  if (place_.change != 0) change_ = history_.account_change(place_.account, place_.change);
}

void AccountWalk::step() noexcept {
  take_back();
  skip();
}

void AccountWalk::skip() noexcept {
  (change_.is_expiry ? place_.passed_expiries : place_.passed_transfers) = change_.timestamp;
  place_.change = change_.previous;
  if (place_.change != 0) change_ = history_.account_change(place_.account, place_.change);
}

void AccountWalk::take_back() noexcept {
  Balances& balances = place_.balances;
  const auto closes = [&](std::uint16_t flags) {
    return (flags & (change_.is_credit ? TransferFlags::kClosingCredit : TransferFlags::kClosingDebit)) != 0;
  };
  constexpr auto kOpen = static_cast<std::uint16_t>(~AccountFlags::kClosed);
  if (change_.is_expiry) {
    (change_.is_credit ? balances.credits_pending : balances.debits_pending) += change_.amount;
    if (closes(change_.flags)) place_.flags |= AccountFlags::kClosed;
    return;
  }
  const Transfer transfer{.amount = change_.amount, .flags = change_.flags};
  const Transfer pending{.amount = change_.pending_amount};
  (change_.is_credit ? undo_credit : undo_debit)(balances, transfer, &pending);
  // A closed account takes no transfer but the end of what closed it: so it was open before, and closed before that end.
  if (closes(change_.flags)) place_.flags &= kOpen;
  if ((change_.flags & TransferFlags::kVoidPendingTransfer) != 0 && closes(change_.pending_flags)) place_.flags |= AccountFlags::kClosed;
}

}  // namespace florin::core
