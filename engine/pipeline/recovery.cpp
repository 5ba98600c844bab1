#include "pipeline/recovery.hpp"

#include <array>
#include <chrono>
#include <cstring>
#include <optional>
#include <thread>
#include <utility>

#include "core/mebibytes.hpp"
#include "pipeline/replay_visitor.hpp"
#include "pipeline/vouched_ids.hpp"
#include "record/batch_record.hpp"
#include "record/batch_walk.hpp"

namespace florin::pipeline {
namespace {

constexpr std::uint64_t kBatchesPerReport = 64;
constexpr auto kTouchPause = std::chrono::milliseconds(1);

Status corrupt(std::uint64_t sequence, const std::string& reason) {
  return {ErrorKind::kCorrupt, "sequence " + std::to_string(sequence) + ": " + reason};
}

/// The chain of outcome digests after each of the last batches, to be compared with what later batches recorded.
class RecentDigests {
 public:
  void add(const core::StateMachine& state_machine) {
    entries_[next_++ % entries_.size()] = {state_machine.sequence(), state_machine.outcome_digest()};
  }
  /// Nothing: what it was after `sequence` is not known.
  [[nodiscard]] std::optional<u128> after(std::uint64_t sequence) const {
    for (const Entry& entry : entries_) {
      if (entry.sequence == sequence) return entry.digest;
    }
    return std::nullopt;
  }

 private:
  struct Entry {
    std::uint64_t sequence = ~std::uint64_t{0};
    u128 digest = 0;
  };
  std::array<Entry, 64> entries_{};
  std::size_t next_ = 0;
};

/// Takes a state machine's page faults ahead of use for as long as it lives. Half of what a start waits for is memory that the system clears.
class FaultsAhead {
 public:
  explicit FaultsAhead(core::StateMachine& state_machine) : thread_([&state_machine](const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      state_machine.touch_ahead();
      std::this_thread::sleep_for(kTouchPause);
    }
  }) {}

 private:
  std::jthread thread_;
};

/// One run of recovery, told from top to bottom by run().
class Recovery {
 public:
  Recovery(Journal& journal, const SnapshotStore* snapshots, const RecoveryOptions& options)
      : journal_(journal), snapshots_(snapshots), options_(options) {}

  Result<Recovered> run() {
    Status status = attempt(options_.assumes_new_ids);
    if (!status && ids_.is_used()) {
      begin_again(status);
      status = attempt(false);
    }
    if (!status) return status;
    return std::move(result_);
  }

 private:
  Status attempt(bool assumes_new_ids) {
    if (snapshots_ != nullptr && options_.use_snapshots) {
      if (Status status = begin_at_snapshot(); !status) return status;
    }
    if (result_.state_machine == nullptr) make_machine();
    digests_.add(machine());
    result_.is_new_store = journal_.durable_sequence() == 0;
    if (result_.is_new_store) {
      if (!machine().memory(1, 1).fits()) return over_budget("a new store");
    } else {
      if (Status status = execute_suffix(assumes_new_ids); !status) return status;
    }
    machine().replays(0);
    faults_ahead_.reset();
    return {};
  }

  /// Whatever it was, an id that was not new after all may have led to it.
  void begin_again(const Status& status) {
    faults_ahead_.reset();
    result_ = {};
    digests_ = {};
    ids_ = {};
    result_.notes.push_back("the journal is executed again, with every id looked up in sealed segments: " + status.message());
  }

  [[nodiscard]] core::StateMachine& machine() const { return *result_.state_machine; }

  void make_machine() {
    result_.state_machine = options_.make_state_machine();
    machine().expect(std::min(journal_.durable_sequence(), options_.to_sequence));
    if (options_.touches_ahead) faults_ahead_.emplace(machine());
  }

  /// Loads the newest snapshot that can be used; none is no error.
  Status begin_at_snapshot() {
    const auto sequences = snapshots_->list();
    if (!sequences) return sequences.error();
    for (const std::uint64_t sequence : *sequences) {
      if (result_.newest_snapshot_sequence == 0) result_.newest_snapshot_sequence = sequence;
      if (sequence > options_.to_sequence) continue;
      if (sequence > journal_.durable_sequence()) {
        if (options_.is_copy) continue;
        return corrupt(sequence, "a snapshot was published here, but the journal ends at " +
                                     std::to_string(journal_.durable_sequence()) + ": acknowledged batches are missing");
      }
      const Status status = load(sequence);
      if (status) return {};
      if (status.kind() == ErrorKind::kOutOfMemory) return status;
      faults_ahead_.reset();
      result_.state_machine.reset();
      result_.notes.push_back("snapshot " + std::to_string(sequence) + " passed over: " + status.message());
    }
    return {};
  }

  Status load(std::uint64_t sequence) {
    const auto opened = snapshots_->open(sequence);
    if (!opened) return opened.error();
    const SnapshotReader& snapshot = **opened;
    const SnapshotHeader& header = snapshot.header();
    if (header.sequence != sequence) return corrupt(sequence, "the snapshot says it is of another sequence");
    make_machine();
    if (Status status = machine().load(snapshot); !status) return status;
    if (machine().sequence() != header.sequence || machine().outcome_digest() != header.outcome_digest) {
      return corrupt(sequence, "the snapshot's state is not of its header");
    }
    if (Status status = check_chain(header); !status) return status;
    result_.snapshot_sequence = sequence;
    result_.chain_end = {header.batch_number, header.batch_checksum};
    result_.genesis.store_id = header.store_id;
    result_.genesis.hash_seed = header.hash_seed;
    return {};
  }

  /// The batch that ends with the snapshot's sequence must be the one the snapshot names, if the journal still has it.
  Status check_chain(const SnapshotHeader& header) {
    auto cursor = journal_.read_from(header.sequence);
    if (!cursor) return cursor.error().kind() == ErrorKind::kNotFound ? Status() : cursor.error();
    const auto record = (*cursor)->next();
    if (!record) return record.error();
    if (record->empty()) return corrupt(header.sequence, "the journal does not reach the snapshot");
    const record::BatchView view(*record);
    if (view.header().first_sequence > header.sequence) return {};  // pruned: the next batch proves the chain
    if (view.last_sequence() != header.sequence || view.header().checksum != header.batch_checksum) {
      return corrupt(header.sequence, "the snapshot does not belong to this journal");
    }
    return {};
  }

  Status execute_suffix(bool assumes_new_ids) {
    if (machine().sequence() >= journal_.durable_sequence()) return {};
    if (machine().sequence() >= options_.to_sequence) return {};
    machine().replays(std::min(journal_.durable_sequence(), options_.to_sequence) - machine().sequence());
    if (assumes_new_ids && options_.to_sequence >= journal_.durable_sequence()) {
      if (Status status = ids_.begin(journal_, machine()); !status) return status;
    }
    ReplayVisitor visitor(machine(), result_.chain_end.number, [this](const ReplayBatch& batch) { return take(batch); });
    const auto open = [this](std::uint64_t sequence) { return journal_.read_from(sequence); };
    if (Status status = record::walk(open, machine().sequence() + 1, visitor); !status) return status;
    machine().assume_new_ids(false);
    if (!ids_.is_settled()) return corrupt(machine().sequence(), "recorded outcomes do not vouch for what was executed");
    return {};
  }

  /// The next batch of the journal; false if it is the last one wanted.
  Result<bool> take(const ReplayBatch& batch) {
    if (Status status = check(batch); !status) return status;
    if (batch.last_sequence() > options_.to_sequence) {
      if (Status status = execute(batch, batch.commands_through(options_.to_sequence)); !status) return status;
      return false;
    }
    if (Status status = execute(batch, batch.commands()); !status) return status;
    result_.chain_end = {batch.header().number, batch.header().checksum};
    ++result_.batch_count;
    if (options_.on_progress && result_.batch_count % kBatchesPerReport == 0) options_.on_progress(machine().sequence());
    return machine().sequence() < options_.to_sequence;
  }

  Status check(const ReplayBatch& batch) {
    const BatchHeader& header = batch.header();
    if (header.first_sequence != machine().sequence() + 1) {
      return corrupt(header.first_sequence, "batches from " + std::to_string(machine().sequence() + 1) + " on are missing");
    }
    if (header.number != result_.chain_end.number + 1 || header.previous != result_.chain_end.checksum) {
      return corrupt(header.first_sequence, "the batch does not continue the chain");
    }
    if (const auto digest = digests_.after(header.outcome_sequence); digest) {
      if (*digest != header.outcome_digest) return corrupt(header.outcome_sequence, "outcomes up to here differ from those recorded");
      ids_.agreed(machine(), header.outcome_sequence);
    }
    if (header.first_sequence == 1) {
      const core::Command& first = batch.commands()[0];
      if (first.operation != Operation::kGenesis || first.body.size() != sizeof(Genesis)) return corrupt(1, "the first record is not genesis");
      std::memcpy(&result_.genesis, first.body.data(), sizeof(Genesis));
    }
    return {};
  }

  Status execute(const ReplayBatch& batch, std::span<const core::Command> commands) {
    if (commands.empty()) return {};
    std::uint32_t accounts = 0;
    std::uint32_t transfers = 0;
    core::PaymentRoom payments;
    for (const core::Command& command : commands) {
      if (command.protocol == Protocol::kTigerBeetle && command.origin != nullptr && machine().is_repeated(*command.origin)) continue;
      if (command.operation == Operation::kCreateAccounts) accounts += command.event_count;
      if (command.operation == Operation::kCreateTransfers) transfers += command.event_count;
      payments += machine().payment_room(command.operation, command.body, command.origin == nullptr ? 0 : command.origin->principal, payments);
    }
    accounts += payments.accounts;
    transfers += payments.transfers;
    while (machine().must_wait()) {
      if (machine().waits_to_settle()) return corrupt(machine().sequence(), "memory is full before recorded outcomes vouch for what is in it");
      options_.on_wait();
    }
    ids_.before(machine(), batch.last_sequence());
    if (machine().is_held_up()) return {ErrorKind::kIo, "what leaves memory cannot be sealed"};
    if (accounts + transfers + payments.commands > 0 && !machine().reserve_again(accounts, transfers, payments)) {
      return over_budget("this store, of which it holds what came before sequence " + std::to_string(batch.header().first_sequence), accounts, transfers, payments);
    }
    machine().execute(commands);
    result_.event_count += machine().sequence() - (batch.header().first_sequence - 1);
    digests_.add(machine());
    return {};
  }

  [[nodiscard]] Status over_budget(const std::string& what, std::uint32_t accounts = 1, std::uint32_t transfers = 1,
                                   const core::PaymentRoom& payments = {}) const {
    using core::mebibytes;
    return {ErrorKind::kOutOfMemory, "the memory budget of " + mebibytes(machine().memory(accounts, transfers).budget_bytes) + " is too small for " + what +
                                         ": at least " + mebibytes(machine().sufficient_budget(accounts, transfers, payments)) + " are needed"};
  }

  Journal& journal_;
  const SnapshotStore* snapshots_;
  const RecoveryOptions& options_;
  Recovered result_;
  RecentDigests digests_;
  VouchedIds ids_;
  std::optional<FaultsAhead> faults_ahead_;  // of the state machine in result_: goes before it
};

}  // namespace

Result<Recovered> recover(Journal& journal, const SnapshotStore* snapshots, const RecoveryOptions& options) {
  return Recovery(journal, snapshots, options).run();
}

}  // namespace florin::pipeline
