#pragma once

#include "core/queries/account_changes.hpp"

namespace florin::core {

/// What changes of an account, as it was right after one of its changes.
struct AccountState {
  Balances balances;
  std::uint16_t flags = 0;

  /// Takes a change back: the account as it was right before it. The view finds the hold of a post.
  void take_back(const AccountChange& done, HistoryView& view) noexcept;
  /// The opposite: from right before it to right after it.
  void carry_out(const AccountChange& change, HistoryView& view) noexcept;
};

/// A walk over the changes of one account, newest first, with its balances and flags right after the change in hand. They are those of
/// some later moment, taken back change by change, so that no copy is kept per transfer.
class AccountWalk {
 public:
  explicit AccountWalk(HistoryView& view) noexcept : view_(view), changes_(view) {}

  /// From here on this account; see AccountChanges::set_account().
  void set_account(std::uint32_t reference, const AccountHead* head, AccountChanges::Wanted wanted = AccountChanges::Wanted::kBalances,
                   const SoughtUserData* sought = nullptr) noexcept {
    changes_.set_account(reference, head, wanted, sought);
  }
  [[nodiscard]] const AccountChanges& changes() const noexcept { return changes_; }

  /// Begins at a place where the balances are known.
  void begin(const AccountChanges::Start& start) noexcept;
  /// Begins at the checkpoint nearest above a point, or at the newest change.
  void begin_above(const LedgerPoint& point) noexcept;
  /// Stands at the view: what came after it is taken back. Where the account has not changed since, no change is looked at, and there
  /// is no walking on.
  void stand_at_view() noexcept;

  [[nodiscard]] bool at_end() const noexcept { return changes_.at_end(); }
  [[nodiscard]] const AccountChange& change() const noexcept { return changes_.change(); }
  [[nodiscard]] const Balances& balances() const noexcept { return state_.balances; }
  [[nodiscard]] std::uint16_t flags() const noexcept { return state_.flags; }
  /// The account with its balances and flags of now.
  [[nodiscard]] Account account(Account fixed) const noexcept;

  /// Goes on to the change before.
  void step() noexcept {
    state_.take_back(change(), view_);
    changes_.next();
  }
  /// The same, but what the change did stays.
  void skip() noexcept { changes_.next(); }

 private:
  HistoryView& view_;
  AccountChanges changes_;
  AccountState state_;
};

}  // namespace florin::core
