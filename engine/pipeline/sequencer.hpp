#pragma once

#include <atomic>
#include <bitset>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "core/state_machine.hpp"
#include "florin/journal.hpp"
#include "observe/counter.hpp"
#include "pipeline/batch_ring.hpp"
#include "pipeline/block_port.hpp"
#include "pipeline/memory_shortage.hpp"
#include "pipeline/password_attempts.hpp"
#include "pipeline/snapshot_driver.hpp"
#include "runtime/clock.hpp"

namespace florin::pipeline {

/// Cuts batches: takes what has arrived from all ports in turn, refuses what cannot be done before a sequence is spent on
/// it, and gives everything else its place in the order and its time. The only reader of the clock (for time that enters
/// the order) and the only one that assigns sequences.
/// Writer: the holder of the core token. stop() and the counters: any thread.
class Sequencer {
 public:
  /// Continues after the state machine's last event. `hands_queries_on`: they are the query stage's, no commands.
  Sequencer(BatchRing& ring, const Ports& ports, core::StateMachine& state_machine, const Journal& journal,
            SnapshotDriver& snapshots, const runtime::Clock& clock, bool hands_queries_on);

  /// The next batch carries `genesis` first. Once, on an empty store, before anything is submitted.
  void inject_genesis(const Genesis& genesis) noexcept { genesis_ = genesis; }

  /// Cuts and publishes one batch, or returns nullptr: nothing arrived and nothing is due, every slot is in flight, or the state
  /// machine must wait.
  Batch* cut() noexcept;
  /// The last cut() found that the state machine must wait: call the core when that may be over. Any thread.
  [[nodiscard]] bool is_waiting() const noexcept { return is_waiting_.load(std::memory_order_acquire); }

  /// Would cut() find something? Any thread; exact when nobody else submits.
  [[nodiscard]] bool has_work() const noexcept;
  [[nodiscard]] bool has_submitted() const noexcept;

  /// From now on everything is refused with `stopping`. Any thread.
  void stop() noexcept { stopping_.store(true, std::memory_order_release); }
  [[nodiscard]] bool is_stopping() const noexcept { return stopping_.load(std::memory_order_acquire); }

  /// When the next hold expires or the next timer is due, as of the last batch; 2^64 - 1 if none will. Any thread.
  [[nodiscard]] std::uint64_t next_expiry() const noexcept { return next_expiry_.load(std::memory_order_acquire); }
  /// After a batch was executed: learns the next expiry; returns true if it moved closer (whoever waits for it must know).
  bool update_next_expiry() noexcept;

  struct Counters {
    observe::Counter batches;
    observe::Counter requests;
    observe::Counter events;
    observe::Counter pulses;
    observe::Counter waits;  ///< how often the state machine had to wait for what leaves memory
  };
  [[nodiscard]] const Counters& counters() const noexcept { return counters_; }
  [[nodiscard]] MemoryShortage& shortage() noexcept { return shortage_; }
  [[nodiscard]] const MemoryShortage& shortage() const noexcept { return shortage_; }

 private:
  /// Room in memory and journal is asked for once for a whole batch; only if that is refused, for each request.
  enum class Room { kTogether, kOneByOne };

  bool must_wait() noexcept;
  bool collect_blocks(Batch& batch) noexcept;
  bool fill(Batch& batch, Room room) noexcept;
  void begin_batch(Batch& batch) noexcept;
  void add_own_commands(Batch& batch) noexcept;
  void add_pulse(Batch& batch) noexcept;
  void add_timers(Batch& batch) noexcept;
  void add_command(Batch& batch, Request* origin, const core::Command& command) noexcept;
  void add_request(Batch& batch, RequestBlock& block, Request& request) noexcept;
  void add_service(Batch& batch, RequestBlock& block, Request& request) noexcept;
  static void set_query_blocks_apart(Batch& batch) noexcept;
  [[nodiscard]] bool hands_on(const Request& request) const noexcept;
  [[nodiscard]] bool has_queries(RequestBlock& block) const noexcept;
  [[nodiscard]] ReplyCode refusal_of(Request& request) noexcept;
  [[nodiscard]] ReplyCode refusal_of_client(Request& request) noexcept;
  [[nodiscard]] ReplyCode refusal_of_read(const Request& request) noexcept;
  [[nodiscard]] ReplyCode refusal_of_write(const Request& request) noexcept;
  [[nodiscard]] bool fits(const core::PaymentRoom& room) const noexcept;
  [[nodiscard]] core::PaymentRoom room_of(const Request& request, const core::PaymentRoom& before) const noexcept;
  [[nodiscard]] ReplyCode refusal_of_payments(const Request& request, const core::PaymentRoom& room) const noexcept;
  [[nodiscard]] bool reserve(std::uint32_t accounts, std::uint32_t transfers, const core::PaymentRoom& payments) noexcept;
  [[nodiscard]] std::uint64_t unwritten_bytes() noexcept;
  [[nodiscard]] bool is_pulse_due(std::uint64_t now_ns) const noexcept;
  [[nodiscard]] std::uint64_t now_utc_ns() const noexcept;

  BatchRing& ring_;
  const Ports& ports_;
  core::StateMachine& state_machine_;
  const Journal& journal_;
  SnapshotDriver& snapshots_;
  const runtime::Clock& clock_;
  const bool hands_queries_on_;

  static constexpr std::size_t kRegistering = 8192;
  static std::size_t place_of(u128 client) noexcept { return ((low64(client) ^ high64(client)) * 0x9E3779B97F4A7C15ULL) >> 51; }

  // Writer.
  std::optional<Genesis> genesis_;
  PasswordAttempts password_attempts_;
  std::uint64_t last_sequence_;
  std::uint64_t last_timestamp_;
  std::uint64_t last_work_;
  std::size_t next_port_ = 0;
  // Of the batch being filled.
  Room room_ = Room::kTogether;
  bool fits_together_ = true;  // payments, as far as was seen
  bool journal_has_room_ = true;
  std::uint64_t unwritten_bytes_ = 0;
  std::uint64_t utc_ns_ = 0;
  std::uint64_t steady_ns_ = 0;
  std::uint64_t sequence_ = 0;
  std::uint64_t timestamp_ = 0;
  std::uint64_t work_ = 0;
  std::uint64_t record_bytes_ = 0;
  std::uint32_t accounts_ = 0;
  std::uint32_t transfers_ = 0;
  core::PaymentRoom payments_;
  std::uint32_t registrations_ = 0;
  std::bitset<kRegistering> registering_;  ///< of clients that register in it, by a few bits of their names

  // Shared.
  std::atomic<bool> stopping_{false};
  std::atomic<bool> is_waiting_{false};
  std::atomic<bool> is_held_up_{false};  // as of the last must_wait(): expiries would need room that nothing makes
  std::atomic<std::uint64_t> next_expiry_;
  std::uint64_t timers_again_ns_ = 0;  // no earlier than this, by the clock
  Counters counters_;
  MemoryShortage shortage_;
};

}  // namespace florin::pipeline
