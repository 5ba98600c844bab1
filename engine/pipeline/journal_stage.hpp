#pragma once

#include <atomic>
#include <cstdint>
#include <vector>

#include "florin/journal.hpp"
#include "observe/counter.hpp"
#include "observe/histogram.hpp"
#include "pipeline/batch_ring.hpp"
#include "pipeline/release_gate.hpp"
#include "runtime/clock.hpp"

namespace florin::pipeline {

/// The newest record of a journal: what the next one is chained to. All zero: the journal is empty.
struct ChainEnd {
  std::uint64_t number = 0;
  u128 checksum = 0;
};

/// Makes batches durable, in order: builds and seals the record, appends it, commits as many as are waiting at once. While
/// it waits for the disk, the next batch fills: group commit by nature.
/// A failure is final: from the failed batch on every reply is `internal`, nothing is written any more, and the engine is
/// told to go down for recovery. Never is a flush tried again.
/// Writer: the holder of the journal token; append and commit of a transaction happen under one hold, on one thread.
class JournalStage {
 public:
  JournalStage(BatchRing& ring, Journal& journal, ReleaseGate& gate, const runtime::Clock& clock, const ChainEnd& chain_end);

  /// Journals what is waiting, up to one commit; returns the number of batches that became durable (or were given up).
  int step() noexcept;

  /// Any thread.
  [[nodiscard]] bool has_work() const noexcept { return ring_.sequenced() != ring_.journalled(); }
  [[nodiscard]] bool has_failed() const noexcept { return has_failed_.load(std::memory_order_acquire); }
  /// Why; only after has_failed().
  [[nodiscard]] const Status& failure() const noexcept { return failure_; }

  /// Called once, from the thread that saw the failure. Set before the engine runs.
  void set_failure_waker(runtime::Waker waker) noexcept { failure_waker_ = waker; }

  struct Counters {
    observe::Counter commits;
    observe::Counter records;
    observe::Counter bytes;
    observe::Histogram commit_ns;
  };
  [[nodiscard]] const Counters& counters() const noexcept { return counters_; }

 private:
  /// Records in one commit at most: bounds what waits for one flush.
  static constexpr std::uint64_t kCommitBatchesMax = 8;

  Status append(Batch& batch);
  void build_headers(Batch& batch) noexcept;
  void gather_pieces(const Batch& batch);
  void add_piece(const void* data, std::size_t size);
  void fail(std::uint64_t position, const Status& status) noexcept;

  BatchRing& ring_;
  Journal& journal_;
  ReleaseGate& gate_;
  const runtime::Clock& clock_;

  // Writer.
  ChainEnd chain_end_;
  std::vector<BytesView> pieces_;
  Status failure_;
  runtime::Waker failure_waker_;

  // Shared.
  std::atomic<bool> has_failed_{false};
  Counters counters_;
};

}  // namespace florin::pipeline
