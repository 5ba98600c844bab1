#include "core/queries/account_walk.hpp"

#include "core/rules/transfer_rules.hpp"

namespace florin::core {

void AccountWalk::begin(const AccountChanges::Start& start) noexcept {
  balances_ = start.balances;
  flags_ = start.flags;
  changes_.go_to(start.place);
}

void AccountWalk::begin_above(const LedgerPoint& point) noexcept {
  AccountChanges::Start start;
  begin(changes_.checkpoint_above(point, start) ? start : changes_.newest());
}

void AccountWalk::stand_at_view() noexcept {
  balances_ = changes_.head().balances;
  flags_ = changes_.head().flags;
  if (!changes_.has_changed_since_view()) return;
  begin(changes_.newest());
  while (!at_end() && changes_.is_after_view(changes_.place())) step();
}

Account AccountWalk::account(Account fixed) const noexcept {
  fixed.debits_pending = balances_.debits_pending;
  fixed.debits_posted = balances_.debits_posted;
  fixed.credits_pending = balances_.credits_pending;
  fixed.credits_posted = balances_.credits_posted;
  fixed.flags = flags_;
  return fixed;
}

void AccountWalk::take_back() noexcept {
  const AccountChange& done = change();
  const auto closes = [&](std::uint16_t flags) {
    return (flags & (done.is_credit ? TransferFlags::kClosingCredit : TransferFlags::kClosingDebit)) != 0;
  };
  constexpr auto kOpen = static_cast<std::uint16_t>(~AccountFlags::kClosed);
  if (done.is_expiry) {
    (done.is_credit ? balances_.credits_pending : balances_.debits_pending) += done.expiry.amount;
    if (closes(done.expiry.flags)) flags_ |= AccountFlags::kClosed;
    return;
  }
  const std::uint16_t flags = done.row.record.flags;
  const Transfer transfer{.amount = done.row.amount(), .flags = flags};
  Transfer pending{.amount = transfer.amount};  // a void has the amount of its hold
  if ((flags & TransferFlags::kPostPendingTransfer) != 0) pending.amount = view_.hold_amount(done.row);
  (done.is_credit ? undo_credit : undo_debit)(balances_, transfer, &pending);
  // A closed account takes no transfer but the end of what closed it: so it was open before, and closed before that end.
  if (closes(flags)) flags_ &= kOpen;
  if ((flags & TransferFlags::kVoidPendingTransfer) != 0 && closes(static_cast<std::uint16_t>(done.row.extra.state))) flags_ |= AccountFlags::kClosed;
}

}  // namespace florin::core
