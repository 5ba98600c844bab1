#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <span>
#include <tuple>
#include <vector>

#include "florin/account.hpp"
#include "florin/query.hpp"
#include "florin/status_codes.hpp"
#include "florin/transfer.hpp"
#include "florin/uint128.hpp"

/// @file
/// The slow, obvious twin of the engine's ledger, written from the rules and from nothing else.

namespace florin::model {

/// State of a pending transfer.
enum class HoldStatus : std::uint8_t { kPending = 1, kPosted = 2, kVoided = 3, kExpired = 4 };

struct Hold {
  HoldStatus status = HoldStatus::kPending;
  std::uint64_t expires_at = 0;  ///< ns; 0 = never
};

/// What happened to two accounts, as of that moment. One for every transfer and every expiry.
struct LedgerEvent {
  bool is_expiry = false;
  std::uint64_t timestamp = 0;  ///< of the transfer, or the expiry's own
  u128 transfer_id = 0;         ///< of the transfer, or the pending transfer that expired
  Account debit_account;        ///< right after the event
  Account credit_account;       ///< right after the event
  std::uint64_t sequence = 0;   ///< of the event; of an imported transfer, the last of its request
};

/// Outcome of one event of create_accounts or create_transfers.
struct EventOutcome {
  CreateResult result;
  Balances debit;   ///< of the debit account right after the event (create_accounts: of the account); zeros if there is none
  Balances credit;  ///< of the credit account right after the event; zeros if there is none
};

/// Accounts, transfers, holds and the memory of failed ids in ordered maps; one loop per request; every rule is an `if` in the
/// documented order. Nothing here is fast, and nothing is shared with engine/core but the record layouts.
///
/// Writer and reader: one test thread. Grows for ever.
class ReferenceLedger {
 public:
  /// `timestamp` is that of the request's last event; event i of n has timestamp - n + 1 + i.
  std::vector<EventOutcome> create_accounts(std::span<const Account> events, std::uint64_t timestamp);
  std::vector<EventOutcome> create_transfers(std::span<const Transfer> events, std::uint64_t timestamp);

  /// Expires the listed holds, in order, each at a timestamp of its own. Ids that are no open hold, or are not due yet at
  /// that time, are passed over.
  void pulse(std::span<const u128> ids, std::uint64_t timestamp);
  /// Forgets what came before a time, but for who knows an id, and how holds ended.
  DroppedHistoryReply drop_history(const DropHistory& asked, std::uint64_t timestamp);
  /// The first event of all. Whoever leaves it out gets one at timestamp 1.
  void genesis(std::uint64_t timestamp) { moments_ = {{.sequence = 1, .timestamp = timestamp}}; }
  /// Events that have their sequences and times, and nothing else happens to them: registrations, and writes that are not executed.
  void pass_over(std::size_t events, std::uint64_t timestamp) {
    record_moments(events, timestamp);
    sequence_ += events;
  }

  // Payments. They check what they write, and nothing of it may be refused here; its ids and times are those that no request can give.
  /// The next event is one of payments: it owns kPaymentNanoseconds sequences, and as much time, which ends at this timestamp.
  void begin_payment_event(std::uint64_t timestamp);
  void open_account(const Account& account);
  /// By the rules of all transfers, but that accounts and pending transfers of the engine may be named, and nothing is taken from a pending
  /// transfer that is left out here.
  CreateTransferStatus write_leg(const Transfer& leg);
  /// A member of a group of payments. One that fails leaves no trace, not even of its id, once the group is taken back.
  CreateResult create_in_group(const Account& event, std::uint64_t timestamp);
  CreateResult create_in_group(const Transfer& event, std::uint64_t timestamp);
  void begin_group();
  void end_group();
  void take_back_group();
  /// Of the last event.
  [[nodiscard]] std::uint64_t sequence() const { return sequence_; }

  /// Ids of open holds with expires_at <= now, ordered by (expires_at, timestamp), at most `ids_max`.
  [[nodiscard]] std::vector<u128> due_expiries(std::uint64_t now, std::size_t ids_max) const;
  /// When the next hold expires; 2^64 - 1 if none will.
  [[nodiscard]] std::uint64_t next_expiry() const;

  /// Found objects only, in the order of the request; what is asked for twice is returned twice.
  [[nodiscard]] std::vector<Account> lookup_accounts(std::span<const u128> ids) const;
  [[nodiscard]] std::vector<Transfer> lookup_transfers(std::span<const u128> ids) const;

  // The whole state, for invariants and workload generators.
  [[nodiscard]] const std::map<u128, Account>& accounts() const { return accounts_; }
  [[nodiscard]] const std::map<u128, Transfer>& transfers() const { return transfers_; }
  [[nodiscard]] const std::map<u128, Hold>& holds() const { return holds_; }
  [[nodiscard]] const std::set<u128>& failed_ids() const { return failed_ids_; }
  [[nodiscard]] const std::vector<LedgerEvent>& events() const { return events_; }
  /// What came before is dropped; 0: nothing is.
  [[nodiscard]] std::uint64_t history_begins() const { return history_begins_; }
  [[nodiscard]] bool is_dropped(std::uint64_t timestamp) const { return timestamp < history_begins_; }
  /// Of every event of every write, done or refused.
  [[nodiscard]] const std::vector<Moment>& moments() const { return moments_; }

 private:
  struct ImportedCodes;
  /// Status of one event and the timestamp its result carries.
  struct Verdict {
    std::uint32_t status = 0;
    std::uint64_t timestamp = 0;
  };

  template <typename Event, typename CreateOne, typename BalancesAfter>
  std::vector<EventOutcome> run_request(std::span<const Event> events, std::uint64_t timestamp, const ImportedCodes& codes,
                                        CreateOne create_one, BalancesAfter balances_after);

  Verdict create_account(const Account& event, std::uint64_t event_timestamp);
  CreateAccountStatus check_account(const Account& event) const;

  Verdict create_transfer(const Transfer& event, std::uint64_t event_timestamp);
  CreateTransferStatus create_ordinary(const Transfer& event, std::uint64_t event_timestamp);
  CreateTransferStatus create_post_or_void(const Transfer& event, std::uint64_t event_timestamp);
  CreateTransferStatus check_existing(const Transfer& event, const Transfer& existing) const;
  CreateTransferStatus check_existing_post_or_void(const Transfer& event, const Transfer& existing) const;
  CreateTransferStatus check_dropped(const Transfer& event, const Transfer& existing) const;
  [[nodiscard]] bool transfer_time_regresses(std::uint64_t timestamp) const;
  void balances_after_transfer(const Transfer& event, std::uint32_t status, EventOutcome& outcome) const;
  void expire(u128 pending_id, std::uint64_t timestamp);

  [[nodiscard]] bool is_max_or_reserved_id(u128 id) const;
  [[nodiscard]] const Account* find_account(u128 id) const;
  [[nodiscard]] const Transfer* find_transfer(u128 id) const;

  // Every change goes through these, and each leaves behind how to take it back.
  void insert_account(const Account& account);
  void update_account(const Account& account);
  void insert_transfer(const Transfer& transfer);
  void insert_hold(u128 pending_id, const Hold& hold);
  void end_hold(u128 pending_id, HoldStatus status);
  void record_moments(std::size_t events, std::uint64_t timestamp);
  void record_event(bool is_expiry, std::uint64_t timestamp, const Transfer& transfer);
  void roll_back();

  std::map<u128, Account> accounts_;
  std::map<u128, Transfer> transfers_;
  std::map<std::uint64_t, u128> account_at_;   ///< timestamp -> account
  std::map<std::uint64_t, u128> transfer_at_;  ///< timestamp -> transfer
  std::map<u128, Hold> holds_;                 ///< every pending transfer there ever was
  std::set<std::tuple<std::uint64_t, std::uint64_t, u128>> timers_;  ///< open holds: expires_at, timestamp, id
  std::set<u128> failed_ids_;                                        ///< never rolled back
  std::vector<LedgerEvent> events_;
  std::uint64_t history_begins_ = 0;
  std::uint64_t sequence_ = 1;        ///< of the last request's last event; genesis is the first
  std::uint64_t event_sequence_ = 0;  ///< that the event in hand shows
  std::uint64_t payment_timestamp_ = 0;  ///< of the payment command in hand
  std::vector<Moment> moments_ = {{.sequence = 1, .timestamp = 1}};
  std::vector<std::function<void()>> undo_;        ///< of the open chain, or of the open group
  bool in_group_ = false;
  bool engine_writes_ = false;                     ///< a leg, and no request
  std::set<u128> failed_ids_before_group_;
};

}  // namespace florin::model
