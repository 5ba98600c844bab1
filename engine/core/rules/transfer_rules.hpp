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

/// Changes of one side's balances by a transfer that was created (or, `expire_hold`, by the end of its time).
void apply_debit(Balances& balances, const Transfer& stored, const Transfer* pending) noexcept;
void apply_credit(Balances& balances, const Transfer& stored, const Transfer* pending) noexcept;
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
void undo_debit(Balances& balances, const Transfer& stored, const Transfer* pending) noexcept;
void undo_credit(Balances& balances, const Transfer& stored, const Transfer* pending) noexcept;

}  // namespace florin::core
