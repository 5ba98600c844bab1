#pragma once

#include <array>
#include <atomic>
#include <memory>
#include <thread>

#include "florin/journal.hpp"
#include "pipeline/replay_batch.hpp"
#include "runtime/parker.hpp"
#include "runtime/pointer_ring.hpp"

namespace florin::pipeline {

/// Reads, verifies and decodes batches on a thread of its own, a few ahead of the one who executes them.
/// Reader: one thread, by next(). The thread lives as long as the object (start-up and replay only).
class ReadAhead {
 public:
  /// `state_machine`: the one that will execute the batches; it is asked for hints where that is safe, and its page
  /// faults are taken ahead.
  ReadAhead(std::unique_ptr<BatchCursor> cursor, core::StateMachine& state_machine);
  ~ReadAhead();
  ReadAhead(const ReadAhead&) = delete;
  ReadAhead& operator=(const ReadAhead&) = delete;

  /// The next batch, valid until the next call; nullptr at the end of the journal.
  Result<const ReplayBatch*> next();

 private:
  static constexpr std::size_t kBatches = 8;
  struct Item {
    ReplayBatch batch;
    Status status;
    bool is_end = false;
  };

  void read() noexcept;
  bool read_into(Item& item);
  void make_hints(ReplayBatch& batch);

  std::unique_ptr<BatchCursor> cursor_;
  core::StateMachine& state_machine_;
  std::uint64_t batches_read_ = 0;               // reading thread
  std::uint64_t last_structural_ = 0;            // reading thread: number of the last batch that changes what hints look at
  std::atomic<std::uint64_t> batches_executed_{0};  // release in next(), acquire in make_hints()
  std::array<Item, kBatches> items_;
  runtime::PointerRing<Item> empty_{kBatches};
  runtime::PointerRing<Item> full_{kBatches};
  runtime::Parker reader_parker_;
  runtime::Parker caller_parker_;
  std::atomic<bool> stopping_{false};
  Item* current_ = nullptr;
  std::thread thread_;
};

}  // namespace florin::pipeline
