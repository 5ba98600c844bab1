#pragma once

#include <cstdint>
#include <optional>

#include "core/records.hpp"
#include "core/rules/transfer_digest.hpp"
#include "florin/status_codes.hpp"
#include "florin/transfer.hpp"

namespace florin::core {

/// What the tables know that the decision on a transfer needs. Pointers are null where there is nothing; with several
/// partitions they point to copies that the owners published.
struct TransferFacts {
  const Transfer* existing = nullptr;          ///< the transfer that has this id already
  std::optional<TransferDigest> existing_digest = std::nullopt;  ///< if nothing but id and timestamp are known of that: its digest
  const Transfer* existing_pending = nullptr;  ///< if that is a post or void: its pending transfer
  bool id_failed = false;                      ///< this id failed before, for ever
  const Transfer* pending = nullptr;           ///< post and void: the transfer named by pending_id
  PendingStatus pending_status = PendingStatus::kNone;
  const AccountRecord* debit = nullptr;        ///< the accounts; of post and void: those of the pending transfer
  const AccountRecord* credit = nullptr;
  std::uint64_t now = 0;                        ///< time of the event's place in the order, also if it is imported
  std::uint64_t newest_transfer_timestamp = 0;  ///< imported only
  bool timestamp_of_account = false;            ///< imported only: an account has this very timestamp
  std::uint64_t history_begins = 0;             ///< DroppedHistory::timestamp: what is older may not be looked at, be it there or not
};

/// Checks of ledger-model section 5 from reserved_flag on, in order; on `created`, `stored` is the record to keep. Pure.
/// `timestamp`: the time the event will have (its own, if imported).
CreateTransferStatus decide_transfer(const Transfer& event, std::uint64_t timestamp, const TransferFacts& facts,
                                     Transfer& stored) noexcept;

/// The record to keep of an event that was created with this amount. `pending`: of a post or void, its pending transfer.
Transfer stored_transfer(const Transfer& event, std::uint64_t timestamp, u128 amount, const Transfer* pending) noexcept;

/// What a transfer adds to the sums of one side of an account. Unsigned arithmetic wraps, and the rules made sure that the results fit.
struct SumChange {
  u128 pending = 0;
  u128 posted = 0;
};
/// `pending_amount`: of a post or void, that of its pending transfer.
constexpr SumChange change_of(std::uint16_t flags, u128 amount, u128 pending_amount) noexcept {
  if ((flags & TransferFlags::kPending) != 0) return {.pending = amount};
  if ((flags & TransferFlags::kPostPendingTransfer) != 0) return {.pending = u128{0} - pending_amount, .posted = amount};
  if ((flags & TransferFlags::kVoidPendingTransfer) != 0) return {.pending = u128{0} - pending_amount};
  return {.posted = amount};
}
constexpr SumChange change_of(const Transfer& stored, const Transfer* pending) noexcept {
  return change_of(stored.flags, stored.amount, pending == nullptr ? 0 : pending->amount);
}

/// Changes of one side's balances by a transfer that was created.
inline void add_to_debits(Balances& balances, const SumChange& change) noexcept {
  balances.debits_pending += change.pending;
  balances.debits_posted += change.posted;
}
inline void add_to_credits(Balances& balances, const SumChange& change) noexcept {
  balances.credits_pending += change.pending;
  balances.credits_posted += change.posted;
}
inline void apply_debit(Balances& balances, const Transfer& stored, const Transfer* pending) noexcept { add_to_debits(balances, change_of(stored, pending)); }
inline void apply_credit(Balances& balances, const Transfer& stored, const Transfer* pending) noexcept { add_to_credits(balances, change_of(stored, pending)); }
inline void apply_to_debit(AccountRecord& account, const Transfer& stored, const Transfer* pending) noexcept {
  Balances balances = account.balances();
  apply_debit(balances, stored, pending);
  account.set_balances(balances);
}
inline void apply_to_credit(AccountRecord& account, const Transfer& stored, const Transfer* pending) noexcept {
  Balances balances = account.balances();
  apply_credit(balances, stored, pending);
  account.set_balances(balances);
}
/// The opposite, for walking back in time.
inline void undo_debit(Balances& balances, const Transfer& stored, const Transfer* pending) noexcept {
  const SumChange change = change_of(stored, pending);
  add_to_debits(balances, {.pending = u128{0} - change.pending, .posted = u128{0} - change.posted});
}
inline void undo_credit(Balances& balances, const Transfer& stored, const Transfer* pending) noexcept {
  const SumChange change = change_of(stored, pending);
  add_to_credits(balances, {.pending = u128{0} - change.pending, .posted = u128{0} - change.posted});
}

}  // namespace florin::core
