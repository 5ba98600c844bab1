#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "core/state_machine.hpp"
#include "florin/batch.hpp"
#include "pipeline/request_block.hpp"

namespace florin::pipeline {

/// One batch on its way: what the sequencer cut, and what each stage adds. Lives in a slot of the BatchRing.
/// Writer: the stage whose part it is, at its turn; later stages read. The parts are separate, so that the journal stage and
/// the executor can work on one batch at the same time.
struct Batch {
  /// Blocks, requests and bytes a batch takes at most. A batch is cut once it reaches the target: long enough to spread the
  /// cost of a commit, short enough that journal and state machine overlap.
  static constexpr std::uint32_t kBlocksMax = 64;
  static constexpr std::uint32_t kRequestsMax = 2 * RequestBlock::kRequestsMax;
  /// A payment command takes about as long as so many plain transfers, and leaves as many bytes.
  static constexpr std::uint32_t kPaymentWork = 4;
  static constexpr std::uint32_t kBytesTarget = 512U << 10;
  /// Room for bodies of our own: genesis, or a full pulse and behind it all timers of one record.
  static constexpr std::size_t kPulseBodyBytes = kEventsMax * sizeof(u128);
  static constexpr std::size_t kInternalBodyBytes = kPulseBodyBytes + kPaymentTimersMax * sizeof(PaymentTimer);

  // Sequencer.
  std::uint64_t position = 0;  ///< running number of the slot's use, reads included; not the batch's number in the journal
  std::array<RequestBlock*, kBlocksMax> blocks{};  ///< [block_count], then [query_block_count] that go to the query stage
  core::Command* commands = nullptr;  ///< [command_count]: for the state machine, in order
  Request** origins = nullptr;        ///< [command_count]: the request of each command; nullptr: our own
  Request** services = nullptr;       ///< [service_count]: requests that the pipeline answers itself
  std::byte* internal_body = nullptr;
  std::uint32_t block_count = 0;
  std::uint32_t query_block_count = 0;  ///< blocks with queries in them; the query stage's once the batch is executed
  std::uint32_t query_count = 0;
  std::uint32_t command_count = 0;
  std::uint32_t service_count = 0;
  std::uint32_t write_count = 0;     ///< commands that go into the journal; 0: no record is written
  std::uint32_t event_count = 0;     ///< sequences it owns
  std::uint32_t work = 0;            ///< the same as work for whoever follows: a payment command owns many sequences, and is worth kPaymentWork
  std::uint64_t work_end = 0;        ///< of all batches up to this one
  std::uint32_t journal_bytes = 0;   ///< BatchHeader::size of its record
  std::uint64_t first_sequence = 0;
  std::uint64_t timestamp = 0;       ///< of its last event
  std::uint64_t outcome_sequence = 0;  ///< outcome_digest covers the events up to here, all of earlier batches
  u128 outcome_digest = 0;
  std::uint64_t sequenced_ns = 0;
  bool starts_snapshot = false;      ///< a snapshot of the state after this batch begins
  Request* snapshot_request = nullptr;  ///< who asked for it, if a client did
  RequestBlock* snapshot_block = nullptr;

  // Executor.
  alignas(64) std::uint64_t executed_ns = 0;

  // Journal stage.
  alignas(64) std::byte* record_headers = nullptr;  ///< BatchHeader and RequestHeaders of the record
  std::uint64_t durable_ns = 0;
  std::uint64_t number = 0;  ///< of the newest record up to and including this batch
  u128 checksum = 0;         ///< of that record: the chain's end

  [[nodiscard]] std::span<const core::Command> command_span() const noexcept { return {commands, command_count}; }
};

}  // namespace florin::pipeline
