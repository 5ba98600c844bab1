#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/state_machine.hpp"
#include "florin/batch.hpp"
#include "record/batch_record.hpp"

namespace florin::pipeline {

/// True if it creates and expires, but makes no account: then the index of accounts stays as it is.
[[nodiscard]] bool has_only_transfers(const record::BatchView& batch) noexcept;

/// A recorded batch, ready to be executed again: the commands it holds, and hints for them. Borrows the batch's bytes.
/// Writer: whoever decodes it, then whoever executes it.
class ReplayBatch {
 public:
  /// Takes a verified record. kCorrupt if a request is none that a journal can hold.
  Status assign(std::span<const std::byte> record);

  [[nodiscard]] const BatchHeader& header() const noexcept { return record::BatchView(record_).header(); }
  [[nodiscard]] std::uint64_t last_sequence() const noexcept { return header().first_sequence + header().event_count - 1; }
  [[nodiscard]] std::span<const core::Command> commands() const noexcept { return commands_; }
  /// Lets the state machine find out ahead what it can. See StateMachine::make_hints() for when that is safe.
  void make_hints(const core::StateMachine& state_machine);
  /// Leading commands whose events all have a sequence up to `sequence`.
  [[nodiscard]] std::span<const core::Command> commands_through(std::uint64_t sequence) const noexcept;

 private:
  std::span<const std::byte> record_;
  std::vector<core::Command> commands_;
  std::vector<core::RequestOrigin> origins_;  // of those that have one; the commands point to them
  std::vector<core::TransferHint> hints_;
};

}  // namespace florin::pipeline
