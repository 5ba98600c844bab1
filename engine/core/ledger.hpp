#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include "core/client_sessions.hpp"
#include "core/event_writer.hpp"
#include "core/generation_plan.hpp"
#include "core/outcome.hpp"
#include "core/past.hpp"
#include "core/payments/payments.hpp"
#include "core/phase_runner.hpp"
#include "core/queries/queries.hpp"
#include "core/rules/transfer_rules.hpp"
#include "core/snapshot_progress.hpp"
#include "core/state_machine.hpp"
#include "core/tables.hpp"
#include "core/transfer_window.hpp"

namespace florin::core {

struct LedgerOptions {
  std::uint64_t memory_budget_bytes = std::uint64_t{8} << 30;  ///< of all tables together; room for work is refused above it
  std::uint32_t partitions = 1;
  /// Takes in what leaves memory, and knows it from then on; nullptr: all of it stays.
  std::shared_ptr<Past> past = nullptr;
  std::uint64_t generation_entries = 0;  ///< so many transfers leave together, between two batches; 0: see GenerationPlan
  /// Clients of TigerBeetle's protocol are served: what their sessions need at most counts from the beginning, not only from the first one on.
  bool serves_clients = false;
  std::uint64_t prefault_bytes = 0;  ///< table memory taken from the system at once, not as it is needed
  std::uint32_t query_records_max = kQueryRecordsMax;  ///< see Queries
  std::uint32_t filter_block = kFilterBlock;           ///< transfers that one filter speaks for, of those in memory
};

/// The state machine. With one partition the calling thread does everything, no hop and no wait anywhere; with several, it leads
/// their threads through the PhaseRunner where the work can be shared (transfer_window.hpp) and does the rest alone while they
/// stand still.
///
/// With one partition a request of transfers is executed in groups of 32, each in three passes: hash ids and ask for the index lines, read these and
/// ask for the records, then decide and apply in order. So every cache miss of a group is under way before the first is needed
/// (limits.md 1c: two to three times a plain loop). The common transfer takes a straight path with one predicted-false
/// branch; everything else goes through rules/.
class Ledger final : public StateMachine {
 public:
  /// `runner`: who does the partitions' shares of a phase when there are several; nullptr: the calling thread, in turn.
  explicit Ledger(const LedgerOptions& options, std::unique_ptr<PhaseRunner> runner = nullptr);
  ~Ledger() override;

  void execute(std::span<const Command> batch) override;
  std::unique_ptr<QueryReader> make_query_reader() override;
  bool make_hints(const Command& command, std::span<TransferHint> hints) const noexcept override;
  bool reserve(std::uint32_t accounts, std::uint32_t transfers) override { return reserve_payments(accounts, transfers, {}); }
  bool reserve_payments(std::uint32_t accounts, std::uint32_t transfers, const PaymentRoom& payments) override;
  bool reserve_again(std::uint32_t accounts, std::uint32_t transfers, const PaymentRoom& payments) override;
  [[nodiscard]] std::uint64_t sufficient_budget(std::uint64_t accounts, std::uint64_t transfers, const PaymentRoom& payments) const noexcept override;
  [[nodiscard]] PaymentRoom payment_room_at_most(Operation operation, std::span<const std::byte> body, const PaymentRoom& before) const noexcept override;
  [[nodiscard]] PaymentRoom payment_room(Operation operation, std::span<const std::byte> body, u128 principal,
                                         const PaymentRoom& before) const noexcept override;
  bool reserve_timers(const PaymentRoom& timers) override;
  [[nodiscard]] Memory memory(std::uint64_t accounts, std::uint64_t transfers) const noexcept override;
  bool must_wait() override;
  SessionVerdict admit(const SessionName& name) noexcept override;
  [[nodiscard]] bool is_repeated(const RequestOrigin& origin) const noexcept override;
  void complete(RegisterClient& registration, std::uint32_t registrations) noexcept override;
  bool is_held_up() const noexcept override { return is_sealing_failing() && is_full(); }
  std::uint64_t next_expiry() const noexcept override;
  std::size_t due_expiries(std::uint64_t now, std::span<u128> ids) const override;
  std::size_t due_timers(std::uint64_t now, std::span<PaymentTimer> due) const override;
  std::uint64_t sequence() const noexcept override { return sequence_; }
  std::uint64_t timestamp() const noexcept override { return timestamp_; }
  u128 outcome_digest() const noexcept override { return outcomes_.digest(); }
  u128 state_hash() const override;
  void begin_snapshot() override;
  using Sink = std::function<void(ChunkKey, std::span<const std::byte>)>;
  bool snapshot_step(std::size_t budget_bytes, const Sink& sink) override;
  bool snapshot_rows(const Sink& sink) override;
  bool is_snapshot_cheap() const noexcept override;
  bool is_snapshot_backed() const noexcept override;
  bool is_sealing_failing() const noexcept override { return past_ && past_->is_failing(); }
  void snapshot_is_published() noexcept override;
  void end_snapshot_rows() noexcept override { is_snapshot_reading_.store(false, std::memory_order_release); }
  u128 snapshot_state_hash() const noexcept override;
  void abandon_snapshot() override;
  Status load(const SnapshotReader& snapshot) override;
  Counts counts() const noexcept override;
  void touch_ahead() noexcept override;
  void expect(std::uint64_t events) noexcept override;
  void replays(std::uint64_t events) noexcept override;
  void assume_new_ids(bool assumes) noexcept override { tables_.assume_new_ids(assumes); }
  void settle_through(std::uint64_t sequence) noexcept override {
    if (past_) past_->settle_through(sequence);
  }
  bool waits_to_settle() const noexcept override { return past_ && past_->waits_to_settle(); }

 private:
  using Event = EventPlace;
  using Verdict = EventVerdict;
  /// A run of linked events.
  struct Chain {
    bool open = false;
    bool broken = false;
    std::uint32_t first = 0;
  };

  /// Answers a query in its place among the commands of a batch.
  void answer(const Command& query);
  void note_end(const Command& command) noexcept;
  void push_batch_end() noexcept;
  // ledger_generations.cpp
  void move_generations();
  void forget_generation();
  void freeze_generation();
  /// Transfers, failed ids and expiries that came since a generation was frozen.
  [[nodiscard]] std::uint64_t entries_to_freeze() const noexcept;
  [[nodiscard]] bool has_rows_to_freeze() const noexcept;
  [[nodiscard]] bool is_full() const noexcept;
  [[nodiscard]] bool is_at_cut();
  [[nodiscard]] bool is_generation_complete();
  [[nodiscard]] PastEnd end_of_memory() const noexcept;
  void execute_one(const Command& command);
  void execute_shared(std::span<const Command> batch);
  void share_transfers(const Command& command);
  void run_window();
  void finish_command(const Command& command);
  void genesis(const Command& command);
  void create_accounts(const Command& command);
  void create_transfers(const Command& command);
  void create_transfers_alone(const Command& command);
  void create_transfer_alone(const Command& command, std::uint32_t index, Chain& chain);
  void pulse(const Command& command);
  void lookup_accounts(const Command& command) const;
  // ledger_payments.cpp
  void pay(const Command& command);
  void write_payments_reply(const Command& command) const noexcept;
  Status load_payments(const SnapshotReader& snapshot);
  Status load_payments(const SnapshotReader& snapshot, std::uint32_t table);
  // ledger_sessions.cpp
  void execute_for_client(const Command& command);
  void register_client(const Command& command);
  void make_session_room(const RegisterClient& asked);
  void execute_once(const Command& command, u128 body_digest, ClientSession& session);
  std::span<const CreateReplyEntry> execute_batches(const Command& command);
  void execute_events(const Command& events);
  void pass_over(const Command& command, SessionVerdict verdict);
  void finish_unanswered(const Command& command);
  void answer_client(const Command& command, SessionVerdict verdict, const ClientSession* session) const noexcept;
  std::size_t emit_sessions(const Sink& sink);
  [[nodiscard]] std::uint64_t session_bytes_max() const noexcept;
  [[nodiscard]] std::uint64_t timer_bytes() const noexcept;
  [[nodiscard]] bool fits_again(std::uint64_t accounts, std::uint64_t transfers, std::uint64_t payment_bytes = 0) const noexcept;
  Status load_sessions(ChunkKey key, std::span<const std::byte> bytes);
  // ledger_retention.cpp
  void drop_history(const Command& command);
  void write_drop_reply(const Command& command) const noexcept;

  bool create_plain_transfer(Partition& partition, const Transfer& event, std::uint64_t timestamp, std::uint64_t id_hash,
                             std::uint64_t* id_line, std::uint32_t debit_ordinal, std::uint32_t credit_ordinal) noexcept;
  void expire_hold(Partition& owner, std::uint32_t place, std::uint64_t timestamp) noexcept;
  struct ExpiryMoment {
    std::uint64_t timestamp = 0;
    std::uint64_t transfers_before = 0;
  };
  std::uint32_t record_expiry(Partition& owner, const Hold& hold, const ExpiryMoment& moment) noexcept;

  /// One event that needs more than the straight path: request-level checks and chains around `create`.
  template <typename Record, typename Create>
  void run_event(const Command& command, const Record* events, std::uint32_t index, Chain& chain, Create&& create);
  void break_chain(Chain& chain, std::uint32_t index, std::uint32_t linked_event_failed) noexcept;
  void close_chain(const Command& command, Chain& chain, std::uint32_t last) noexcept;
  void record(const Command& command, std::uint32_t index, const Verdict& verdict) noexcept;

  void note_balances(const Command& command, std::uint32_t index) noexcept;
  void note_balances(const Command& command, std::uint32_t index, u128 debit_account, u128 credit_account) noexcept;
  void write_post_balances(const Command& command) noexcept;

  [[nodiscard]] std::uint64_t passing_bytes_max() const noexcept;
  [[nodiscard]] std::uint64_t past_growth_bytes(bool has_payments) const noexcept;
  [[nodiscard]] std::uint64_t past_growth_bytes() const noexcept { return past_growth_bytes(payments_.tables().has_any()); }
  [[nodiscard]] std::uint64_t sufficient_budget(std::uint64_t lasting, bool has_payments) const noexcept;
  [[nodiscard]] bool make_room(std::uint32_t accounts, std::uint32_t transfers, const PaymentRoom& payments);
  [[nodiscard]] bool reserve_tables(std::uint32_t accounts, std::uint32_t transfers);

  void end_accounts();
  std::size_t emit_accounts(const Sink& sink);
  std::size_t emit_holds(const Sink& sink);
  std::size_t emit_past(const Sink& sink);
  std::size_t emit_dropped(const Sink& sink);
  std::size_t emit_batch_ends(const Sink& sink);
  std::size_t emit_transfers(const Sink& sink);
  template <typename Row, typename TimeOf, typename RowAt>
  std::size_t emit_rows(const Sink& sink, std::vector<Row>& chunk, TimeOf&& time_of, RowAt&& row_at);
  Status load_tables(const SnapshotReader& snapshot);
  Status load_dropped(ChunkKey key, std::span<const std::byte> bytes);
  Status load_past(ChunkKey key, std::span<const std::byte> bytes);
  Status load_batch_ends(ChunkKey key, std::span<const std::byte> bytes);
  Status load_accounts(ChunkKey key, std::span<const std::byte> bytes);
  Status load_holds(ChunkKey key, std::span<const std::byte> bytes);
  Status load_transfers(ChunkKey key, std::span<const std::byte> bytes, std::span<const SnapshotExpiry> expiries, std::size_t& next_expiry);
  Status load_failed_ids(ChunkKey key, std::span<const std::byte> bytes);
  [[nodiscard]] bool has_row_room() const noexcept;
  [[nodiscard]] bool reserve_loaded(std::size_t accounts, std::size_t transfers);
  [[nodiscard]] Status over_budget(const SnapshotReader& snapshot) const;
  void prefetch_loaded(const TransferRecord& record) const noexcept;
  bool load_transfer(const TransferRecord& record, const TransferExtra& extra) noexcept;
  bool load_expiry(const SnapshotExpiry& expiry) noexcept;

  std::uint64_t memory_budget_bytes_;
  bool serves_clients_;
  std::uint64_t prefault_bytes_;
  std::shared_ptr<Past> past_;
  std::uint64_t generation_entries_;
  GenerationPlan plan_;
  PastEnd frozen_end_;     // of what is being sealed, or was last
  PastEnd forgotten_end_;  // of what has left memory
  Tables tables_;
  EventWriter events_;
  Payments payments_;
  OutcomeLog outcomes_;
  ClientSessions sessions_;
  std::unique_ptr<CreateReplyEntry[]> client_outcomes_;  // of the client's write in hand
  std::uint64_t sequence_ = 0;
  std::uint64_t timestamp_ = 0;
  std::uint64_t stamp_ = 0;  // batches so far
  DroppedHistoryReply drop_reply_;  // to the last command of that kind
  std::optional<BatchEnd> batch_end_;  // of what came last in the batch in hand
  std::uint32_t query_records_max_;
  LedgerViews views_;
  RecentFilters recent_filters_;
  Queries queries_;
  std::unique_ptr<Verdict[]> chain_verdicts_;  // of the open chain, by index in the request
  std::unique_ptr<Balances[]> post_balances_;  // two per event of the request in hand, when asked for

  std::unique_ptr<SnapshotProgress> progress_;
  std::atomic<bool> is_snapshot_reading_ = false;  // from begin_snapshot() to end_snapshot_rows()
  // While a snapshot is loaded.
  std::vector<std::uint32_t> loaded_accounts_;  // References by place in it
  struct LoadedHold {
    std::uint64_t timestamp;
    u128 id;
  };
  std::vector<LoadedHold> loaded_holds_;  // whose transfers have left memory, in order of timestamp

  // Several partitions only.
  std::unique_ptr<PhaseRunner> runner_;
  std::unique_ptr<TransferWindow> window_;
  struct WindowEvent {
    const Command* command;
    std::uint32_t index;
  };
  std::vector<WindowEvent> window_events_;  // whose the window's events are
};

std::unique_ptr<StateMachine> make_ledger(const LedgerOptions& options, std::unique_ptr<PhaseRunner> runner = nullptr);

}  // namespace florin::core
