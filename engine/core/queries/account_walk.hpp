#pragma once

#include "core/queries/account_changes.hpp"

namespace florin::core {

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
  [[nodiscard]] const Balances& balances() const noexcept { return balances_; }
  [[nodiscard]] std::uint16_t flags() const noexcept { return flags_; }
  /// The account with its balances and flags of now.
  [[nodiscard]] Account account(Account fixed) const noexcept;

  /// Goes on to the change before.
  void step() noexcept {
    take_back();
    changes_.next();
  }
  /// The same, but what the change did stays.
  void skip() noexcept { changes_.next(); }

 private:
  void take_back() noexcept;

  HistoryView& view_;
  AccountChanges changes_;
  std::uint16_t flags_ = 0;
  Balances balances_;
};

}  // namespace florin::core
