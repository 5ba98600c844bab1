#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>

#include "core/stored_segments.hpp"
#include "florin/batch.hpp"
#include "florin/frame.hpp"
#include "florin/snapshot.hpp"
#include "florin/status.hpp"
#include "florin/uint128.hpp"

/// @file
/// The deterministic state machine as everyone outside the core sees it: commands in, replies and a state hash out.
/// No clock, no randomness, no I/O: time enters only as Command::timestamp, in the order of sequences.

namespace florin::core {

/// Where the body of one reply goes. Owned by the caller; written while the command executes.
struct ReplyArea {
  std::byte* data = nullptr;
  std::uint32_t capacity = 0;  ///< at least reply_bytes_max() of the request
  std::uint32_t size = 0;      ///< out: bytes written
  std::uint32_t count = 0;     ///< out: entries of the first section (FrameHeader::count)
  ReplyCode code = ReplyCode::kOk;
};

/// What another thread may find out about a transfer before it is executed: half of its cache misses. The accounts are only hints,
/// execution compares their ids as ever; the hash of the id is taken as it is.
struct TransferHint {
  std::uint64_t id_hash = 0;
  std::uint32_t debit = 0;
  std::uint32_t credit = 0;
};

/// Who sent a request, and which of theirs it is.
struct RequestOrigin {
  u128 body_checksum = 0;
  u128 principal = 0;
  u128 client = 0;
  std::uint64_t request = 0;  ///< the client's number
  std::uint64_t key_id = 0;
};

/// One request with its place in the order. Bodies were validated: see validate_body().
struct Command {
  Operation operation = Operation::kCreateTransfers;
  Protocol protocol = Protocol::kNative;
  std::uint16_t flags = 0;           ///< RequestFlags
  std::uint32_t event_count = 0;     ///< sequences it owns; 0 for reads
  std::uint64_t first_sequence = 0;  ///< writes only
  std::uint64_t timestamp = 0;       ///< writes: of the last event; event i has timestamp - event_count + 1 + i
  std::span<const std::byte> body;   ///< 16-byte aligned
  ReplyArea* reply = nullptr;        ///< nullptr in replay
  const TransferHint* hints = nullptr;  ///< create_transfers only: one per event, from make_hints(), or none
  /// TigerBeetle's protocol: writes of its clients are executed once, in their sessions. Native protocol: payments, whose keys belong to the
  /// principal, and the look-up of one, whoever answers it.
  const RequestOrigin* origin = nullptr;
};

/// Whose keys its payments use; 0: nobody's in particular.
inline u128 principal_of(const Command& command) noexcept { return command.origin == nullptr ? 0 : command.origin->principal; }

/// What became of a write of a client that has, or should have, a session.
enum class SessionVerdict : std::uint32_t {
  kExecuted = 0,
  kRepeated = 1,   ///< it was executed before: what follows is the first answer
  kStale = 2,      ///< a later one was executed, or another one with this number: nobody waits for an answer
  kNoSession = 3,  ///< the client never registered, or was evicted
  // Before a request gets a place in the order only:
  kSessionTooLow = 4,    ///< the client registered again since
  kReleaseMismatch = 5,  ///< it registered with another release
  // Again of those that have one:
  kForgotten = 6,  ///< it was executed before, and its answer had to make room for later ones
};

/// How a client names its session, and a request in it.
struct SessionName {
  u128 client = 0;
  std::uint64_t session = 0;
  std::uint64_t request = 0;
  std::uint32_t release = 0;
};

/// Begins the reply's body of such a write; then come the CreateReplyEntry of its events, of all batches together.
struct ClientReply {
  std::uint64_t sequence = 0;   ///< of the last event when it was executed; of the registration: the session's number
  std::uint64_t timestamp = 0;  ///< of that
  SessionVerdict verdict = SessionVerdict::kExecuted;
  std::uint32_t entries = 0;
};
static_assert(sizeof(ClientReply) == 24 && std::has_unique_object_representations_v<ClientReply>);

/// Lines that orders take which may rest in one batch (PaymentRoom::order_lines): more than as many new orders as its bytes hold, and than the largest request needs
/// whatever it is. Only commands on orders with many parts reach it.
inline constexpr std::uint32_t kOrderLinesPerBatchMax = (1U << 18) - kPaymentTimersMax * 24;

/// What payments may need at most of a batch, or of one request.
struct PaymentRoom {
  std::uint32_t accounts = 0;
  std::uint32_t transfers = 0;    ///< legs
  std::uint32_t commands = 0;     ///< each with a key, an outcome and a line of a story
  std::uint32_t orders = 0;       ///< that are new, or come back into the table of orders
  std::uint32_t splits = 0;       ///< of them with parts
  std::uint32_t order_lines = 0;  ///< of orders that may rest when their command is done
  std::uint32_t parties = 0;
  std::uint32_t credentials = 0;
  std::uint32_t assets = 0;
  std::uint32_t schedules = 0;    ///< versions of fee schedules
  std::uint32_t list_entries = 0;
  std::uint32_t parts_max = 0;    ///< of one of its orders at most

  PaymentRoom& operator+=(const PaymentRoom& other) noexcept {
    accounts += other.accounts;
    transfers += other.transfers;
    commands += other.commands;
    orders += other.orders;
    splits += other.splits;
    order_lines += other.order_lines;
    parties += other.parties;
    credentials += other.credentials;
    assets += other.assets;
    schedules += other.schedules;
    list_entries += other.list_entries;
    parts_max = std::max(parts_max, other.parts_max);
    return *this;
  }
  friend PaymentRoom operator*(PaymentRoom room, std::uint32_t times) noexcept {
    return {.accounts = room.accounts * times, .transfers = room.transfers * times, .commands = room.commands * times, .orders = room.orders * times,
            .splits = room.splits * times, .order_lines = room.order_lines * times, .parties = room.parties * times, .credentials = room.credentials * times,
            .assets = room.assets * times, .schedules = room.schedules * times, .list_entries = room.list_entries * times, .parts_max = room.parts_max};
  }
};

/// Checks what can be known of a request from its bytes alone: known operation, size a multiple of the element, not empty
/// where an element is needed, not too many elements, reserved bytes zero, filters sound. Called at the edge, before a
/// sequence is spent. On failure `reason` points to static text that names the field.
ReplyCode validate_body(Operation operation, std::span<const std::byte> body, const char*& reason) noexcept;

/// Sequences the request will own (events of a write, 0 for a read).
std::uint32_t event_count(Operation operation, std::size_t body_bytes) noexcept;
/// The same of a recorded request, whose body may be a multi-batch; 0: it is none after all.
std::uint32_t event_count(Operation operation, std::uint16_t flags, std::span<const std::byte> body) noexcept;

/// Room in the reply to a snapshot to say why there is none.
inline constexpr std::uint32_t kSnapshotFailedTextBytes = 128;

/// Bytes the reply's body may need at most.
std::uint32_t reply_bytes_max(Operation operation, std::uint16_t flags, std::span<const std::byte> body) noexcept;
/// The same of a write with an origin.
std::uint32_t client_reply_bytes_max(std::uint32_t event_count) noexcept;

/// A short piece of work on the state machine between two batches: somebody beside the path copies what changes.
class BoundaryTask {
 public:
  virtual ~BoundaryTask() = default;
  /// By whoever may call StateMachine::execute(), between two calls.
  virtual void run() noexcept = 0;
};

/// Where query readers get at the state machine: the pipeline.
class BatchBoundary {
 public:
  virtual ~BatchBoundary() = default;
  /// Returns when `task` has run: after the batch that is being executed, or at once. Any thread but the one that executes.
  virtual void run(BoundaryTask& task) noexcept = 0;
};

/// Where the thread that executes stands between two commands.
class Here final : public BatchBoundary {
 public:
  void run(BoundaryTask& task) noexcept override { task.run(); }
};

/// Answers queries on a thread of its own, while the state machine goes on: copies at a batch boundary what changes, so much at one boundary
/// as a small batch is work, and reads what only grows by itself. Writer: that thread.
class QueryReader {
 public:
  /// The state that an answer is of: everything up to this event and nothing behind it.
  struct Moment {
    std::uint64_t sequence = 0;
    std::uint64_t timestamp = 0;
  };

  virtual ~QueryReader() = default;
  /// Operations for which is_answered_beside() is true. Bounded work; may wait for the disk, and for a batch boundary.
  virtual Moment execute(const Command& query, BatchBoundary& boundary) noexcept = 0;
};

/// Writer: the thread that sequences (with several partitions it leads them inside execute()).
class StateMachine {
 public:
  virtual ~StateMachine() = default;

  /// Executes the commands of one batch in order, reads and writes alike, and fills their replies. Never fails: what a
  /// command cannot do is an outcome. Allocates nothing after reserve() promised room.
  virtual void execute(std::span<const Command> batch) = 0;

  /// Makes somebody who answers queries beside execute(); nullptr: execute() does it. The state machine outlives him.
  virtual std::unique_ptr<QueryReader> make_query_reader() { return nullptr; }

  /// Finds out ahead what execution of a create_transfers will look up first; false if there is nothing to be gained. May run on
  /// another thread beside execute(), but not beside the execution of anything else than create_transfers and pulse: the
  /// caller knows which batches are in between.
  virtual bool make_hints(const Command& command, std::span<TransferHint> hints) const noexcept {
    static_cast<void>(command);
    static_cast<void>(hints);
    return false;
  }

  /// Makes room for a batch with so many events, or says that the memory budget does not allow it (then nothing changed).
  [[nodiscard]] virtual bool reserve(std::uint32_t accounts, std::uint32_t transfers) = 0;
  /// What reserve() weighs: memory that would be taken at most with so much more, now or until what is there has left memory; and that may be.
  struct Memory {
    std::uint64_t needed_bytes = 0;
    std::uint64_t budget_bytes = 0;

    [[nodiscard]] bool fits() const noexcept { return needed_bytes <= budget_bytes; }
  };
  [[nodiscard]] virtual Memory memory(std::uint64_t accounts, std::uint64_t transfers) const noexcept {
    static_cast<void>(accounts);
    static_cast<void>(transfers);
    return {};
  }
  /// What a request of payments may need at most, as far as is known now: of payments and payment timers alone. Keys that are known need nothing: what is
  /// answered again is there. `before`: what the same batch needs before it, as it may create orders that this request changes. Between batches.
  [[nodiscard]] virtual PaymentRoom payment_room(Operation operation, std::span<const std::byte> body, u128 principal,
                                                 const PaymentRoom& before) const noexcept {
    static_cast<void>(operation);
    static_cast<void>(body);
    static_cast<void>(principal);
    static_cast<void>(before);
    return {};
  }
  /// As much or more, as if no key were known: nearly none is, and to look for each costs a good part of what a payment does.
  [[nodiscard]] virtual PaymentRoom payment_room_at_most(Operation operation, std::span<const std::byte> body, const PaymentRoom& before) const noexcept {
    static_cast<void>(operation);
    static_cast<void>(body);
    static_cast<void>(before);
    return {};
  }
  /// reserve(), of a batch with payments in it: room for all its accounts and transfers, those of payments included, and for the rest that
  /// payments need.
  [[nodiscard]] virtual bool reserve_payments(std::uint32_t accounts, std::uint32_t transfers, const PaymentRoom& payments) {
    static_cast<void>(payments);
    return reserve(accounts, transfers);
  }
  /// The same of timers, for which room is set aside as long as their orders wait for them.
  [[nodiscard]] virtual bool reserve_timers(const PaymentRoom& timers) { return reserve_payments(0, 0, timers); }
  /// The same of a batch that an earlier life took in: what it takes of memory may come in another order than then, and is not a reason to refuse it.
  [[nodiscard]] virtual bool reserve_again(std::uint32_t accounts, std::uint32_t transfers, const PaymentRoom& payments) {
    return reserve_payments(accounts, transfers, payments);
  }
  /// A budget that holds what is there and so much more. Not simply memory().needed_bytes: of a larger budget what leaves memory again gets more,
  /// and the first payments need what all that follow them share.
  [[nodiscard]] virtual std::uint64_t sufficient_budget(std::uint64_t accounts, std::uint64_t transfers, const PaymentRoom& payments) const noexcept {
    static_cast<void>(payments);
    return memory(accounts, transfers).needed_bytes;
  }
  /// Asked before each batch; moves on what leaves memory, and may allocate. True: something must be gone before there is room for
  /// another batch; ask again when somebody says that it may be.
  [[nodiscard]] virtual bool must_wait() { return false; }
  /// Whether a request of this session may get a place in the order: kExecuted, it may; kRepeated, it may, and needs no room, for it was executed before
  /// or is too late. Counts as a use of the session. Between batches.
  [[nodiscard]] virtual SessionVerdict admit(const SessionName& name) noexcept {
    static_cast<void>(name);
    return SessionVerdict::kNoSession;
  }
  /// Of a recorded write of a client that has a session: it was executed before, or came too late, so that it needs no room now. Between batches.
  [[nodiscard]] virtual bool is_repeated(const RequestOrigin& origin) const noexcept {
    static_cast<void>(origin);
    return false;
  }
  /// Fills in what the record of a registration has to say beside what the client sent: the room for outcomes, and whose session should end if
  /// there would be too many, `registrations` of the same batch before it included. That depends on reads, which are no state: so it is asked
  /// for here, and recorded. Asked again, it names another. Between batches.
  virtual void complete(RegisterClient& registration, std::uint32_t registrations) noexcept {
    static_cast<void>(registration);
    static_cast<void>(registrations);
  }

  /// Nothing leaves memory at present, because that fails: what reserve() refuses now may be possible later.
  [[nodiscard]] virtual bool is_held_up() const noexcept { return false; }

  /// At start-up, of an empty state machine: so many events are about to come at most, those of a snapshot included. Only a hint.
  virtual void expect(std::uint64_t events) noexcept { static_cast<void>(events); }
  /// At start-up: so many events are executed next, one batch after the other; 0: that is over. touch_ahead() goes further ahead meanwhile.
  virtual void replays(std::uint64_t events) noexcept { static_cast<void>(events); }
  /// At start-up, between batches: from now on an id of a transfer is taken to be new if it takes much reading in the past to be sure. For
  /// somebody who compares outcomes with recorded ones afterwards; nothing else would tell that it was not.
  virtual void assume_new_ids(bool assumes) noexcept { static_cast<void>(assumes); }
  /// At start-up: outcomes up to this sequence were compared. What came later does not leave memory for good. 2^64 - 1, as without a call: all may.
  virtual void settle_through(std::uint64_t sequence) noexcept { static_cast<void>(sequence); }
  /// must_wait() stays true until more is settled.
  [[nodiscard]] virtual bool waits_to_settle() const noexcept { return false; }

  /// When the next hold expires or the next timer of an order is due, ns; 2^64 - 1 if none will.
  [[nodiscard]] virtual std::uint64_t next_expiry() const noexcept = 0;
  /// Ids of holds with expires_at <= `now`, ordered by (expires_at, timestamp of the hold), at most ids.size(); returns how many.
  /// They become the body of a kPulse command, whose execution expires them.
  virtual std::size_t due_expiries(std::uint64_t now, std::span<u128> ids) const = 0;

  /// Timers of orders that are due at `now`, at most due.size(); returns how many. They become the body of a kPaymentTimers command.
  virtual std::size_t due_timers(std::uint64_t now, std::span<PaymentTimer> due) const {
    static_cast<void>(now);
    static_cast<void>(due);
    return 0;
  }

  /// Sequence and timestamp of the last event executed.
  [[nodiscard]] virtual std::uint64_t sequence() const noexcept = 0;
  [[nodiscard]] virtual std::uint64_t timestamp() const noexcept = 0;
  /// Running chain of the digests of all outcomes so far.
  [[nodiscard]] virtual u128 outcome_digest() const noexcept = 0;
  /// Hash of the state after the last batch: the same for the same input, whatever the number of partitions.
  [[nodiscard]] virtual u128 state_hash() const = 0;

  /// Starts a snapshot of the state after the last batch. The state machine goes on; pre-images are kept where needed.
  /// What changes is copied by snapshot_step(), what only grows is read by snapshot_rows(); both together are the snapshot.
  virtual void begin_snapshot() = 0;
  using SnapshotSink = std::function<void(ChunkKey, std::span<const std::byte>)>;
  /// Emits at most about `budget_bytes` of what changes; returns true when that is complete.
  /// Called between batches by the sequencing thread, so that no batch waits for a whole table.
  virtual bool snapshot_step(std::size_t budget_bytes, const SnapshotSink& sink) = 0;
  /// Emits a chunk of what only grows, as it was when the snapshot began; returns true when there is no more, and is not to be
  /// called again then. After snapshot_step() returned true; by one thread of any kind, beside all that the sequencing thread does.
  virtual bool snapshot_rows(const SnapshotSink& sink) {
    static_cast<void>(sink);
    return true;
  }
  /// The running snapshot was, and is durable. By who called snapshot_rows(), before end_snapshot_rows().
  virtual void snapshot_is_published() noexcept {}
  /// No more rows will be read, whether all were or not: they may leave memory. By who called snapshot_rows(), or would have.
  virtual void end_snapshot_rows() noexcept {}
  /// Now would be a good moment for one: little that only grows is in memory.
  [[nodiscard]] virtual bool is_snapshot_cheap() const noexcept { return true; }
  /// What the running snapshot builds on is durable: only then may it be published. Any thread.
  [[nodiscard]] virtual bool is_snapshot_backed() const noexcept { return true; }
  /// Sealing failed when it was last tried: until that is mended, what is not backed will not be. Any thread.
  [[nodiscard]] virtual bool is_sealing_failing() const noexcept { return false; }
  /// After snapshot_step() returned true: the state hash of what it emitted, gathered on the way.
  [[nodiscard]] virtual u128 snapshot_state_hash() const noexcept { return 0; }
  /// Ends a snapshot early (the store failed) and drops the pre-images.
  virtual void abandon_snapshot() = 0;
  /// Loads a whole snapshot into an empty state machine, in parallel where it pays, and checks its state hash.
  virtual Status load(const SnapshotReader& snapshot) = 0;

  /// Takes page faults ahead of use. Called beside everything else, at any time, by one thread at a time.
  virtual void touch_ahead() noexcept {}

  /// Counts for `status` and metrics. Readers: the sequencing thread.
  struct Counts {
    std::uint64_t accounts = 0;
    std::uint64_t transfers = 0;
    std::uint64_t holds_open = 0;
    std::uint64_t ids_failed = 0;
    std::uint64_t client_sessions = 0;
    std::uint64_t parties = 0;
    std::uint64_t orders = 0;
    std::uint64_t payment_keys = 0;
    std::uint64_t story_lines = 0;
    std::uint64_t memory_bytes = 0;
    std::uint64_t generations = 0;         ///< that have left memory, each a sealed segment
    std::uint64_t transfers_sealed = 0;    ///< of `transfers`: those that are in them
    std::uint64_t transfers_dropped = 0;   ///< of `transfers`: those that nobody can ask for any more
    std::uint64_t transfers_shrunk = 0;    ///< of these: those whose files have only ids, times and digests of them any more
    u128 shrunk_digest = 0;                ///< of these: see Past::shrunk()
    std::uint64_t history_begins = 0;      ///< timestamp: what came before is dropped; 0: nothing is
    StoredSegments stored = {};
    bool is_sealing = false;               ///< one is leaving
    bool is_sealing_failing = false;       ///< and cannot, for now
  };
  [[nodiscard]] virtual Counts counts() const noexcept = 0;
};

}  // namespace florin::core
