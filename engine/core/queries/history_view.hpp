#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "core/records.hpp"
#include "florin/account.hpp"
#include "florin/transfer.hpp"

namespace florin::core {

/// What a filter asks about a transfer, without what only the accounts know: reading it touches no account.
struct TransferSummary {
  u128 amount = 0;
  u128 user_data_128 = 0;
  std::uint64_t user_data_64 = 0;
  std::uint64_t timestamp = 0;
  std::uint32_t user_data_32 = 0;
  std::uint32_t debit = 0;  ///< References to its accounts
  std::uint32_t credit = 0;
  std::uint16_t code = 0;
  std::uint16_t flags = 0;
  PendingStatus status = PendingStatus::kNone;  ///< of its hold, now
};

/// One change of one account: a transfer's creation, or the end of a hold's time.
struct AccountChange {
  std::uint32_t transfer = 0;  ///< Reference; of an expiry, the pending transfer
  std::uint32_t previous = 0;  ///< place of the account's change before; 0 = this was the first
  bool is_expiry = false;
  bool is_credit = false;      ///< the account is the transfer's credit account
  std::uint64_t timestamp = 0;  ///< of the transfer, or the expiry's own
  u128 amount = 0;              ///< of the transfer
  std::uint16_t flags = 0;      ///< of the transfer
  u128 pending_amount = 0;      ///< of a post or void: the amount and flags of its pending transfer
  std::uint16_t pending_flags = 0;
};

struct ExpiryAt {
  std::uint64_t timestamp = 0;         ///< the expiry's own
  std::uint64_t transfers_before = 0;  ///< as Expiry::transfers_before
  std::uint32_t pending = 0;           ///< Reference
};

/// The history of the ledger as queries see it, and all that they see of it. Accounts and transfers are named by References,
/// changes of an account by a place; what a name stands for never changes.
///
/// Lists are read a piece at a time, from a timestamp on: whoever implements this seeks once a piece and keeps nothing in between.
/// Readers: the thread that executes, while nobody writes.
class HistoryView {
 public:
  enum class Order : std::uint8_t { kAscending, kDescending };

  virtual ~HistoryView() = default;

  /// 0: no such account.
  [[nodiscard]] virtual std::uint32_t find_account(u128 id) const noexcept = 0;
  /// As it is now.
  [[nodiscard]] virtual Account account(std::uint32_t reference) const noexcept = 0;
  [[nodiscard]] virtual Transfer transfer(std::uint32_t reference) const noexcept = 0;
  [[nodiscard]] virtual TransferSummary transfer_summary(std::uint32_t reference) const noexcept = 0;

  /// Accounts in order of timestamp, from those with `from` on, at most found.size(). Returns how many; fewer than asked for: the
  /// end was reached.
  virtual std::size_t accounts(Order order, std::uint64_t from, std::span<std::uint32_t> found) const noexcept = 0;
  /// Transfers likewise. Their order of timestamps is the order in which they were committed.
  virtual std::size_t transfers(Order order, std::uint64_t from, std::span<std::uint32_t> found) const noexcept = 0;
  /// Expiries likewise, ascending by their own timestamps.
  virtual std::size_t expiries(std::uint64_t from, std::span<ExpiryAt> found) const noexcept = 0;
  /// Every transfer so far has an earlier timestamp than this, and none that comes later will.
  [[nodiscard]] virtual std::uint64_t transfers_end() const noexcept = 0;
  /// Expiries likewise; and not before transfers_end().
  [[nodiscard]] virtual std::uint64_t expiries_end() const noexcept = 0;
  /// How many transfers have a timestamp below this one.
  [[nodiscard]] virtual std::uint64_t transfers_before(std::uint64_t timestamp) const noexcept = 0;

  /// Place of the account's newest change; 0: it has none.
  [[nodiscard]] virtual std::uint32_t newest_change(std::uint32_t account) const noexcept = 0;
  [[nodiscard]] virtual AccountChange account_change(std::uint32_t account, std::uint32_t place) const noexcept = 0;
};

}  // namespace florin::core
