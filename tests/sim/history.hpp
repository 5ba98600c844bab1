#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "core/state_machine.hpp"
#include "journal/memory_journal.hpp"
#include "model/expected_reply.hpp"
#include "model/reference_ledger.hpp"
#include "model/reference_payments.hpp"
#include "model/reference_sessions.hpp"
#include "pipeline/request_block.hpp"
#include "support/engine_under_test.hpp"

namespace florin::sim {

/// Who acts in every request.
inline constexpr u128 kPrincipal = 1;

/// What clients sent and were told, over all lives of a node, and whether the disk bears it out:
///
///   acknowledged writes    are on the disk, once, at the sequence and time they were told, and their reply is the model's
///   writes sent again      by clients with sessions are on the disk as often as they were taken in, and all have the first one's reply
///   refused requests       are not on the disk
///   writes without answer  are on the disk once or not at all
///   reads                  saw the state after exactly the sequence they name
///   pulses                 expired holds that were due and open, none of them early
///   timers of orders       were due, none of them early
///
/// The order of requests is the disk's: check() reads what is new there, runs it through the reference models of ledger and payments, and through a
/// state machine of its own that never crashes.
/// Writer: one test thread.
class History {
 public:
  explicit History(std::unique_ptr<core::StateMachine> never_crashed) : never_crashed_(std::move(never_crashed)) {}
  History(const History&) = delete;
  History& operator=(const History&) = delete;

  /// A client sends a request; returns its number: that of the request itself, or, of a client with a session, which has numbers of its own, the
  /// handle that the pipeline gives back.
  std::uint64_t sent(const test::TestRequest& request);
  /// It was answered. `outcome_unknown`: with an error that says so.
  void answered(const pipeline::Request& request, bool outcome_unknown);

  /// Reads what is new on the disk and judges every answer so far. Call it when nothing is in flight any more.
  void check(const journal::MemoryDisk& disk);

  [[nodiscard]] std::size_t unanswered_count() const;
  /// Writes whose fate was unknown to their client at the last check(): it may send them again. Handed out once.
  std::vector<test::TestRequest> take_unknown_writes() { return std::move(unknown_writes_); }

  [[nodiscard]] const model::ReferenceLedger& ledger() const { return ledger_; }
  /// When the next hold or the next timer of an order is due; ~0: never.
  [[nodiscard]] std::uint64_t next_expiry() const;
  [[nodiscard]] const core::StateMachine& never_crashed() const { return *never_crashed_; }
  [[nodiscard]] std::uint64_t sequence() const { return sequence_; }

  struct Counts {
    std::uint64_t acknowledged = 0;
    std::uint64_t refused = 0;
    std::uint64_t unknown_kept = 0;
    std::uint64_t unknown_lost = 0;
    std::uint64_t reads = 0;
    std::uint64_t expiries = 0;
    std::uint64_t repeated = 0;  ///< writes of clients with sessions that were executed before
    std::uint64_t payments_done = 0;
    std::uint64_t payments_replayed = 0;
    std::uint64_t groups = 0;
    std::uint64_t timers = 0;    ///< of orders
    std::uint64_t payment_reads = 0;
  };
  [[nodiscard]] const Counts& counts() const { return counts_; }

 private:
  enum class State { kSent, kAcknowledged, kRefused, kUnknown };
  struct Attempt {
    test::TestRequest request;
    State state = State::kSent;
    std::uint64_t sequence = 0;
    std::uint64_t timestamp = 0;
    model::ReplyBody reply;
    bool is_on_disk = false;
  };

  void check_batch(std::span<const std::byte> batch);
  [[nodiscard]] Attempt* take_attempt(const RequestHeader& header, std::span<const std::byte> body);
  void check_write(const RequestHeader& header, std::span<const std::byte> body);
  void check_payments(const RequestHeader& header, std::span<const std::byte> body);
  void check_timers(const RequestHeader& header, std::span<const std::byte> body);
  void check_client_write(const RequestHeader& header, const core::Command& command);
  [[nodiscard]] Attempt* attempt_of_client(const RequestHeader& header);
  void expect_acknowledged(const Attempt& attempt, const RequestHeader& header, const model::ReplyBody& expected) const;
  void check_reads_at(std::uint64_t sequence);
  void check_pulse(std::span<const std::byte> body, std::uint64_t timestamp);
  void settle_attempts();

  std::unique_ptr<core::StateMachine> never_crashed_;
  model::ReferenceLedger ledger_;
  model::ReferencePayments payments_{ledger_};
  model::ReferenceSessions sessions_;
  std::size_t batches_checked_ = 0;
  std::uint64_t sequence_ = 0;
  std::uint64_t timestamp_ = 0;
  std::uint64_t next_number_ = 1;
  std::map<std::uint64_t, Attempt> attempts_;  ///< by number; since the last check()
  std::vector<test::TestRequest> unknown_writes_;
  Counts counts_;
};

}  // namespace florin::sim
