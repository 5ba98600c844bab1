#pragma once

#include <algorithm>
#include <cstring>
#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <vector>

#include "core/state_machine.hpp"

namespace florin::pipeline {

/// A state machine that remembers what it was told: enough to see order, times and replies. Its state hash is its outcome
/// digest: a mix of everything executed.
class FakeStateMachine : public core::StateMachine {
 public:
  static constexpr std::uint64_t kNever = std::numeric_limits<std::uint64_t>::max();

  struct Executed {
    Operation operation;
    std::uint64_t first_sequence;
    std::uint64_t timestamp;
    std::uint32_t event_count;
    std::vector<std::byte> body;
    std::size_t batch;
  };

  void execute(std::span<const core::Command> batch) override {
    ++batches;
    for (const core::Command& command : batch) {
      if (keeps_commands) {
        executed.push_back({command.operation, command.first_sequence, command.timestamp, command.event_count,
                            {command.body.begin(), command.body.end()}, batches});
      }
      if (is_write(command.operation)) apply(command);
      if (command.reply != nullptr) reply(command);
    }
  }

  /// Answers from what it copies at a boundary, as real readers do: the sequence.
  std::unique_ptr<core::QueryReader> make_query_reader() override {
    return has_readers ? std::make_unique<Reader>(*this) : nullptr;
  }

  bool reserve(std::uint32_t accounts, std::uint32_t transfers) override { return accounts + transfers <= room; }

  /// Fits as long as there is room for so many.
  [[nodiscard]] Memory memory(std::uint64_t accounts, std::uint64_t transfers) const noexcept override {
    return {.needed_bytes = kBudgetBytes - std::min<std::uint64_t>(room * kBytesPerEvent, kBudgetBytes) + (accounts + transfers) * kBytesPerEvent,
            .budget_bytes = kBudgetBytes};
  }

  bool must_wait() override { return waits || waits_to_settle(); }

  void assume_new_ids(bool assumes) noexcept override { assumes_new_ids = assumes; }
  void settle_through(std::uint64_t sequence) noexcept override { settled_through = sequence; }
  [[nodiscard]] bool waits_to_settle() const noexcept override { return sequence_ >= must_settle_at && settled_through != kNever; }

  std::size_t due_timers(std::uint64_t now, std::span<PaymentTimer> due) const override {
    if (timer_due > now) return 0;
    due[0] = {.id = 1, .due = timer_due, .command = CommandNumber::kExpireHold};
    return 1;
  }
  core::PaymentRoom payment_room_at_most(Operation operation, std::span<const std::byte> body, const core::PaymentRoom& before) const noexcept override {
    core::PaymentRoom needed = payment_room(operation, body, 0, before);
    if (operation == Operation::kPayments) needed.transfers += legs_of_known_payments;
    return needed;
  }
  core::PaymentRoom payment_room(Operation operation, std::span<const std::byte>, u128, const core::PaymentRoom&) const noexcept override {
    return {.transfers = operation == Operation::kPayments ? legs_of_payments : 0};
  }
  bool reserve_timers(const core::PaymentRoom&) override { return has_room_for_timers; }
  [[nodiscard]] bool is_held_up() const noexcept override { return held_up; }

  [[nodiscard]] std::uint64_t next_expiry() const noexcept override {
    return std::min(timer_due, holds.empty() ? kNever : holds.begin()->first);
  }
  std::size_t due_expiries(std::uint64_t now, std::span<u128> ids) const override {
    std::size_t count = 0;
    for (const auto& [expires_at, id] : holds) {
      if (expires_at > now || count == ids.size()) break;
      ids[count++] = id;
    }
    return count;
  }

  [[nodiscard]] std::uint64_t sequence() const noexcept override { return sequence_; }
  [[nodiscard]] std::uint64_t timestamp() const noexcept override { return timestamp_; }
  [[nodiscard]] u128 outcome_digest() const noexcept override { return digest_; }
  [[nodiscard]] u128 state_hash() const override {
    ++hash_calls;
    return digest_;
  }

  void begin_snapshot() override {
    ++snapshots_begun;
    snapshot_ = {sequence_, timestamp_, digest_};
    next_chunk_ = 0;
  }
  bool snapshot_step(std::size_t budget_bytes,
                     const std::function<void(ChunkKey, std::span<const std::byte>)>& sink) override {
    static_cast<void>(budget_bytes);
    if (chunk_count == 0) return true;
    if (next_chunk_ == 0) {
      sink({1, 0}, std::as_bytes(std::span(&snapshot_, 1)));
    } else {
      const std::vector<std::byte> filler(1000, static_cast<std::byte>(next_chunk_));
      sink({2, next_chunk_}, filler);
    }
    return ++next_chunk_ >= chunk_count;
  }
  [[nodiscard]] u128 snapshot_state_hash() const noexcept override { return snapshot_.digest; }
  [[nodiscard]] bool is_snapshot_backed() const noexcept override { return is_backed; }
  [[nodiscard]] bool is_sealing_failing() const noexcept override { return fails_to_seal; }
  void abandon_snapshot() override { ++snapshots_abandoned; }
  Status load(const SnapshotReader& snapshot) override {
    const auto bytes = snapshot.read({1, 0});
    if (!bytes) return bytes.error();
    std::memcpy(&snapshot_, bytes->data(), sizeof snapshot_);
    if (snapshot_.digest != snapshot.header().state_hash) return {ErrorKind::kCorrupt, "state hash differs"};
    sequence_ = snapshot_.sequence;
    timestamp_ = snapshot_.timestamp;
    digest_ = snapshot_.digest;
    return {};
  }
  [[nodiscard]] Counts counts() const noexcept override { return {.transfers = sequence_, .holds_open = holds.size()}; }

  std::vector<Executed> executed;
  bool keeps_commands = true;
  bool has_readers = false;
  std::function<void(const core::Command&)> on_query;  ///< on the reader's thread, before it asks for a boundary
  std::size_t batches = 0;
  std::uint32_t room = std::numeric_limits<std::uint32_t>::max();
  bool waits = false;
  bool held_up = false;
  std::uint32_t legs_of_payments = 0;        ///< of each request
  std::uint32_t legs_of_known_payments = 0;  ///< of each besides, if it were not asked which are known
  std::uint64_t timer_due = kNever;          ///< of an order; its execution ends it
  bool has_room_for_timers = true;
  std::multimap<std::uint64_t, u128> holds;  ///< expires_at -> id; a pulse removes them
  std::uint32_t chunk_count = 10;
  bool is_backed = true;
  bool fails_to_seal = false;
  int snapshots_begun = 0;
  int snapshots_abandoned = 0;
  mutable int hash_calls = 0;
  bool assumes_new_ids = false;
  std::uint64_t assumed_through = 0;         ///< last sequence of what was executed with ids taken to be new
  std::uint64_t settled_through = kNever;
  std::uint64_t must_settle_at = kNever;     ///< from this sequence on it waits until everything is settled
  u128 assumption_error = 0;                 ///< added to every digest while ids are taken to be new
  u128 outcome_error = 0;  ///< added to every digest: a state machine that diverges

  static constexpr std::uint64_t kBudgetBytes = std::uint64_t{64} << 20;
  static constexpr std::uint64_t kBytesPerEvent = 1024;

 private:
  struct State {
    std::uint64_t sequence = 0;
    std::uint64_t timestamp = 0;
    u128 digest = 0;
  };

  class Reader final : public core::QueryReader {
   public:
    explicit Reader(const FakeStateMachine& machine) : machine_(machine) {}
    Moment execute(const core::Command& query, core::BatchBoundary& boundary) noexcept override {
      if (machine_.on_query) machine_.on_query(query);
      Copy copy(machine_);
      boundary.run(copy);
      std::memcpy(query.reply->data, &copy.moment.sequence, 8);
      query.reply->size = 8;
      query.reply->count = 1;
      return copy.moment;
    }

   private:
    struct Copy final : core::BoundaryTask {
      explicit Copy(const FakeStateMachine& from) : machine(from) {}
      void run() noexcept override { moment = {machine.sequence(), machine.timestamp()}; }
      const FakeStateMachine& machine;
      Moment moment;
    };
    const FakeStateMachine& machine_;
  };

  void apply(const core::Command& command) {
    sequence_ = command.first_sequence + command.event_count - 1;
    timestamp_ = command.timestamp;
    for (const std::byte byte : command.body.first(std::min<std::size_t>(command.body.size(), 64))) {
      digest_ = digest_ * 1000003 + static_cast<unsigned>(byte);
    }
    digest_ = digest_ * 1000003 + sequence_ + (u128{timestamp_} << 64) + outcome_error + (assumes_new_ids ? assumption_error : 0);
    if (assumes_new_ids) assumed_through = sequence_;
    if (command.operation == Operation::kPulse) expire(command);
    if (command.operation == Operation::kPaymentTimers) timer_due = kNever;
  }
  void expire(const core::Command& command) {
    for (std::size_t offset = 0; offset < command.body.size(); offset += sizeof(u128)) {
      u128 id = 0;
      std::memcpy(&id, command.body.data() + offset, sizeof id);
      std::erase_if(holds, [&](const auto& hold) { return hold.second == id; });
    }
  }
  /// Writes its sequence, so that a test can tell replies apart.
  void reply(const core::Command& command) const {
    if (command.reply->capacity < 8) return;
    std::memcpy(command.reply->data, &sequence_, 8);
    command.reply->size = 8;
    command.reply->count = 1;
  }

  std::uint64_t sequence_ = 0;
  std::uint64_t timestamp_ = 0;
  u128 digest_ = 0;
  State snapshot_;
  std::uint32_t next_chunk_ = 0;
};

}  // namespace florin::pipeline
