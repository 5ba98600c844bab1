#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <vector>

#include "model/reference_ledger.hpp"
#include "support/engine_under_test.hpp"
#include "support/random.hpp"

namespace florin::test {

/// Requests that go where ledgers break: few accounts, the same ids again and again, retries with one field changed, chains that
/// break, balances near their limits and near 2^128, every flag set, holds that expire just now, history imported in and out of
/// order. Each seed has a temper of its own, so that seeds differ in kind and not only in detail.
///
/// The next request depends on the seed and on the ledger it is shown, nothing else: the same seed gives the same run.
/// Writer: one test thread.
class RandomWorkload {
 public:
  struct Options {
    bool large_requests = true;      ///< now and then one of 8,190 events
    bool post_balances = true;       ///< now and then ask for them
    bool pulses = true;              ///< expire holds when they are due; otherwise leave it to the caller
    bool drops = false;              ///< now and then drop some of the history, and send again what was dropped
    bool imported = true;            ///< history imported in between
    bool moments = true;             ///< ask which event had which timestamp; a ledger that was loaded from a snapshot knows only what came later
    std::uint32_t reads_percent = 20;
  };

  explicit RandomWorkload(std::uint64_t seed) : RandomWorkload(seed, Options()) {}
  RandomWorkload(std::uint64_t seed, Options options);

  /// A request that passes validate_body(), with a timestamp later than all before it. `ledger` is the state it will meet.
  TestRequest next(const model::ReferenceLedger& ledger);
  /// A look-up or a query.
  TestRequest next_read(const model::ReferenceLedger& ledger);

  /// Timestamp of the last write handed out.
  [[nodiscard]] std::uint64_t now() const { return now_; }
  /// Timestamps from now on are later than this: the ledger's own, where something else gave out times as well.
  void advance_to(std::uint64_t timestamp) { now_ = std::max(now_, timestamp); }

 private:
  /// Shares in percent, drawn once per seed.
  struct Temper {
    unsigned accounts = 0;       ///< of the writes, create_accounts
    unsigned invalid = 0;        ///< of the events, with a field spoilt
    unsigned retries = 0;        ///< of the events, one that was sent before
    unsigned limits = 0;         ///< of the accounts, with a limit
    unsigned huge = 0;           ///< of the amounts, near 2^128 or a balance
    unsigned imported = 0;       ///< of the requests
    unsigned post_or_void = 0;   ///< of the transfers
    unsigned pending = 0;        ///< of the other transfers
    unsigned timeouts = 0;       ///< of the pending transfers
    unsigned any_flags = 0;      ///< of the transfers, flags drawn blindly
    unsigned chains = 0;         ///< of the requests, with linked events
    unsigned closing = 0;        ///< of a thousand pending transfers, on each side
    unsigned large_steps = 0;    ///< of the requests, preceded by seconds
    std::uint64_t accounts_max = 2;
  };

  TestRequest next_accounts(const model::ReferenceLedger& ledger);
  TestRequest next_transfers(const model::ReferenceLedger& ledger);
  TestRequest next_lookup(const model::ReferenceLedger& ledger);
  TestRequest next_query(const model::ReferenceLedger& ledger);
  TestRequest next_account_query(const model::ReferenceLedger& ledger);
  TestRequest next_ledger_query(const model::ReferenceLedger& ledger);
  TestRequest next_events_query(const model::ReferenceLedger& ledger);
  TestRequest next_accounts_at(const model::ReferenceLedger& ledger);
  TestRequest next_moment(const model::ReferenceLedger& ledger);
  TestRequest next_trial_balance(const model::ReferenceLedger& ledger);
  std::uint64_t some_time(const model::ReferenceLedger& ledger);
  template <typename Filter>
  void narrow(Filter& filter, const model::ReferenceLedger& ledger);
  template <typename Filter>
  void narrow_to_transfers(Filter& filter, const model::ReferenceLedger& ledger);
  TestRequest next_drop(const model::ReferenceLedger& ledger);
  TestRequest next_pulse(const std::vector<u128>& due);

  Account random_account(const model::ReferenceLedger& ledger);
  Transfer random_transfer(const model::ReferenceLedger& ledger);
  Transfer random_ordinary(const model::ReferenceLedger& ledger);
  Transfer random_post_or_void(const model::ReferenceLedger& ledger);
  Account account_again();
  Transfer transfer_again(const model::ReferenceLedger& ledger);
  Transfer dropped_again(const model::ReferenceLedger& ledger);
  void change_field(Transfer& transfer);
  void spoil(Account& account);
  void spoil(Transfer& transfer);
  u128 random_amount(const model::ReferenceLedger& ledger, const Transfer& transfer);
  u128 new_id();
  u128 some_id();
  u128 account_id();
  u128 existing_account_id(const model::ReferenceLedger& ledger);
  void replace_account_id(const model::ReferenceLedger& ledger);
  u128 pending_id(const model::ReferenceLedger& ledger);

  std::size_t event_count();
  std::uint64_t advance(const model::ReferenceLedger& ledger, std::size_t events);
  std::uint16_t request_flags();
  template <typename Event>
  void link_events(std::vector<Event>& events);
  std::uint64_t imported_timestamp(std::uint64_t& cursor, std::uint64_t first, std::uint64_t last,
                                   const model::ReferenceLedger& ledger);

  const Options options_;
  Random random_;
  Temper temper_;
  std::uint64_t now_ = 0;
  std::uint64_t id_kind_ = 0;
  std::uint64_t first_id_ = 0;
  std::uint64_t last_id_ = 0;
  std::vector<u128> account_ids_;      ///< the accounts in use now; slowly replaced by others
  std::deque<Account> sent_accounts_;  ///< newest last, some hundreds
  std::deque<Transfer> sent_transfers_;
};

}  // namespace florin::test
