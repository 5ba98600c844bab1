#pragma once

#include <memory>
#include <vector>

#include "core/state_machine.hpp"
#include "model/reference_ledger.hpp"
#include "model/reference_sessions.hpp"

namespace florin::model {

/// The model behind the interface of the engine's state machine, so that every test of a state machine runs on both, and so
/// that pipeline tests have a ledger whose rules are not those under test.
///
/// Replies are real. The state hash follows the same recipe as the engine's (sum over records, combined with the chain of
/// outcome digests) but not its record layouts: compare it only with other models. A snapshot is the list of all writes so
/// far, and loading it runs them again.
/// Writer and reader: one test thread.
class ModelStateMachine final : public core::StateMachine {
 public:
  void execute(std::span<const core::Command> batch) override;
  [[nodiscard]] bool reserve(std::uint32_t, std::uint32_t) override { return true; }
  [[nodiscard]] std::uint64_t next_expiry() const noexcept override;
  std::size_t due_expiries(std::uint64_t now, std::span<u128> ids) const override;
  [[nodiscard]] std::uint64_t sequence() const noexcept override { return sequence_; }
  [[nodiscard]] std::uint64_t timestamp() const noexcept override { return timestamp_; }
  [[nodiscard]] u128 outcome_digest() const noexcept override { return outcome_digest_; }
  [[nodiscard]] u128 state_hash() const override;
  void begin_snapshot() override;
  bool snapshot_step(std::size_t budget_bytes,
                     const std::function<void(ChunkKey, std::span<const std::byte>)>& sink) override;
  [[nodiscard]] u128 snapshot_state_hash() const noexcept override { return snapshot_state_hash_; }
  void abandon_snapshot() override;
  Status load(const SnapshotReader& snapshot) override;
  [[nodiscard]] Counts counts() const noexcept override;

  [[nodiscard]] const ReferenceLedger& ledger() const { return ledger_; }
  [[nodiscard]] bool is_repeated(const core::RequestOrigin& origin) const noexcept override {
    const auto found = sessions_.all().find(origin.client);
    return found != sessions_.all().end() && origin.request <= found->second.request;
  }
  [[nodiscard]] const ReferenceSessions& sessions() const { return sessions_; }

 private:
  void execute_write(const core::Command& command);

  ReferenceLedger ledger_;
  ReferenceSessions sessions_;
  std::uint64_t sequence_ = 0;
  std::uint64_t timestamp_ = 0;
  u128 outcome_digest_ = 0;
  std::vector<std::byte> writes_;        ///< LoggedWrite and body, one after the other
  std::size_t snapshot_end_ = 0;         ///< bytes of writes_ that belong to the running snapshot
  std::size_t snapshot_offset_ = 0;      ///< of them, already emitted
  std::uint32_t snapshot_chunk_ = 0;
  u128 snapshot_state_hash_ = 0;
};

std::unique_ptr<core::StateMachine> make_model_state_machine();

}  // namespace florin::model
