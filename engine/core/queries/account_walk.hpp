#pragma once

#include "core/queries/history_view.hpp"

namespace florin::core {

/// A walk over the changes of one account, newest first, with its balances and flags right after the change in hand. They are
/// those of now, taken back change by change, so that no copy is kept per transfer.
class AccountWalk {
 public:
  /// All that there is to a place on the way. What it says stays true for ever, because history only grows at the other end: the
  /// account's transfers from `passed_transfers` on, and its expiries from `passed_expiries` on, are those that are newer.
  struct Place {
    std::uint32_t account = 0;
    std::uint32_t change = 0;  ///< place of the change in hand
    std::uint64_t passed_transfers = 0;
    std::uint64_t passed_expiries = 0;
    Balances balances;
    std::uint16_t flags = 0;
  };

  /// Begins at the account's newest change.
  AccountWalk(const HistoryView& history, std::uint32_t account) noexcept;

  [[nodiscard]] bool at_end() const noexcept { return place_.change == 0; }
  [[nodiscard]] const AccountChange& change() const noexcept { return change_; }
  [[nodiscard]] const Balances& balances() const noexcept { return place_.balances; }
  [[nodiscard]] std::uint16_t flags() const noexcept { return place_.flags; }

  /// Goes on to the change before.
  void step() noexcept;
  /// The same, but what the change did stays.
  void skip() noexcept;

  [[nodiscard]] const Place& place() const noexcept { return place_; }
  void go_to(const Place& place) noexcept;

 private:
  void take_back() noexcept;

  const HistoryView& history_;
  Place place_;
  AccountChange change_;
};

}  // namespace florin::core
