#pragma once

#include <cstdint>
#include <optional>

#include "florin/journal.hpp"
#include "pipeline/block_port.hpp"
#include "pipeline/executor.hpp"
#include "pipeline/journal_stage.hpp"
#include "pipeline/query_stage.hpp"
#include "pipeline/sequencer.hpp"

namespace florin::pipeline {

class JsonArea;

/// What somebody outside the pipeline has to say in the reply to `status`.
class StatusSection {
 public:
  virtual ~StatusSection() = default;
  /// Appends named numbers and objects to the object that is open. Any thread.
  virtual void write(JsonArea& json) const noexcept = 0;
};

/// The reply to `status`: one JSON object of at most kStatusBytesMax bytes, true of the sequence it names. The state hash may
/// cost a walk over the tables, so it is kept while the sequence stands still.
/// Writer: the holder of the core token.
class StatusReport final : public StatusWriter {
 public:
  struct Sources {
    BatchRing& ring;
    const Ports& ports;
    core::StateMachine& state_machine;
    const Journal& journal;
    const SnapshotDriver& snapshots;
    const runtime::Clock& clock;
    std::uint32_t partitions = 1;
    bool has_test_clock = false;
  };
  explicit StatusReport(const Sources& sources);

  /// The stages are made after the report; set before the engine runs.
  void set_stages(const Sequencer& sequencer, const JournalStage& journal_stage, const QueryStage& queries) noexcept;
  void set_store_id(u128 store_id) noexcept { store_id_ = store_id; }
  /// Outlives the report, or its last reply. Set before the engine runs.
  void set_edge(const StatusSection& edge) noexcept { edge_ = &edge; }

  std::uint32_t write_status(std::span<std::byte> area) override;

 private:
  [[nodiscard]] u128 state_hash();
  [[nodiscard]] std::uint64_t events_per_second(std::uint64_t now_ns) noexcept;

  const Sources sources_;
  const Sequencer* sequencer_ = nullptr;
  const JournalStage* journal_stage_ = nullptr;
  const QueryStage* queries_ = nullptr;
  const StatusSection* edge_ = nullptr;
  u128 store_id_ = 0;
  const std::uint64_t started_ns_;

  u128 state_hash_ = 0;
  std::optional<std::uint64_t> state_hash_sequence_;
  std::uint64_t rate_since_ns_;
  std::uint64_t rate_since_events_ = 0;
};

}  // namespace florin::pipeline
