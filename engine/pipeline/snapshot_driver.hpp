#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include "core/state_machine.hpp"
#include "florin/snapshot.hpp"
#include "florin/transfer.hpp"
#include "observe/counter.hpp"
#include "runtime/agent.hpp"
#include "runtime/pointer_ring.hpp"
#include "runtime/waker.hpp"

namespace florin::pipeline {

/// Takes snapshots while the engine goes on. The core copies what changes, a few chunks between batches (the state machine keeps
/// the pre-images); a background agent writes these, reads what only grows by itself, and publishes.
///
///   core: begin() at a batch boundary, then step() between batches  -- full pieces -->  writer: put; rows; publish, prune
///                                                                 <-- empty pieces --
///
/// A snapshot is published only when the batch it follows is durable (set_chain_end): a snapshot never knows more than the
/// journal. Nor before what left memory is sealed; if that cannot be, the snapshot fails instead of waiting: the journal has everything,
/// and another one is taken when sealing works again.
/// Writers: the holder of the core token (core part), the release gate (chain end), the snapshot thread (do_work()). One snapshot at a time.
class SnapshotDriver final : public runtime::Agent {
 public:
  struct Options {
    SnapshotStore* store = nullptr;       ///< nullptr: no snapshots
    std::uint64_t events_between = 0;     ///< 0: only on request
    bool grows = true;                    ///< and an eighth of all there were
    std::size_t step_bytes = 256U << 10;  ///< copied between two batches, at least
    std::size_t keep_count = 2;           ///< newest ones that stay
    std::uint64_t newest_sequence = 0;    ///< of the newest snapshot there is
    std::function<void(const Status&)> on_failure = nullptr;  ///< told why, each time: one is not published, or an old one stays. Snapshot thread
  };
  enum class Progress { kRunning, kPublished, kFailed, kNotSealed };

  SnapshotDriver(const Options& options, core::StateMachine& state_machine, u128 store_id, u128 hash_seed);

  // Core's side.
  [[nodiscard]] bool is_available() const noexcept { return options_.store != nullptr; }
  [[nodiscard]] bool can_start() noexcept;
  /// Enough has happened since the last one, and this is a good moment, or far too much, or much less but nothing more comes: what a start would
  /// have to execute again. Not while sealing fails, as it would fail too. If all of a store is in each snapshot, the distance grows with it,
  /// so that the bytes written for snapshots stay in proportion to those written for events. `work`: Batch::work_end of the last batch.
  [[nodiscard]] bool is_due(std::uint64_t work, std::uint64_t utc_ns) noexcept;
  /// When is_due() is to be asked again if nothing else happens, UTC ns; 2^64 - 1: never. Any thread.
  [[nodiscard]] std::uint64_t next_due() const noexcept { return next_due_.load(std::memory_order_acquire); }
  /// Starts, behind a batch with this work_end: the snapshot is of the state as it is now, between two batches. Before the batch counts as executed.
  void begin(std::uint64_t work);
  /// Copies a little: more behind a batch of many events, so that it comes to its end before most accounts have changed and are to be
  /// kept as they were. Returns whether it did anything.
  bool step(std::uint32_t work_executed);
  [[nodiscard]] bool is_copying() const noexcept { return state_ == State::kCopying; }
  /// Genesis came after construction (a new store).
  void set_store(const Genesis& genesis) noexcept;

  // Release gate's side.
  /// The batch that the snapshot follows is durable; `checksum` and `number` are those of the newest record then.
  void set_chain_end(std::uint64_t number, u128 checksum) noexcept;
  /// It never will be.
  void cancel() noexcept;
  /// Of the snapshot begun last.
  [[nodiscard]] Progress progress() const noexcept { return progress_.load(std::memory_order_acquire); }
  /// What the request for one that ended so is answered.
  [[nodiscard]] static ReplyCode reply_code_of(Progress end) noexcept { return end == Progress::kPublished ? ReplyCode::kOk : ReplyCode::kDiskFull; }
  [[nodiscard]] static std::string_view reply_text_of(Progress end) noexcept;

  // Snapshot thread.
  int do_work() noexcept override;
  /// Calls the writer, the core (an empty piece came back, or the snapshot ended) and the gate. Set before the engine runs.
  void set_wakers(runtime::Waker writer, runtime::Waker core, runtime::Waker gate) noexcept;

  /// For `status`. Any thread.
  [[nodiscard]] std::uint64_t newest_sequence() const noexcept { return newest_sequence_.get(); }
  [[nodiscard]] std::uint64_t published_count() const noexcept { return published_count_.get(); }
  [[nodiscard]] std::uint64_t failed_count() const noexcept { return failed_count_.get(); }

 private:
  static constexpr std::uint64_t kNever = ~std::uint64_t{0};
  static constexpr std::size_t kPieces = 4;
  static constexpr std::size_t kBytesPerEvent = sizeof(Transfer);  ///< copied behind a batch
  enum class State { kIdle, kCopying, kWriting };
  enum class ChainEnd : std::uint32_t { kUnknown, kDurable, kLost };

  /// Chunks on their way to the writer.
  struct Piece {
    struct Chunk {
      ChunkKey key;
      std::size_t offset = 0;
      std::size_t size = 0;
    };
    std::vector<std::byte> bytes;
    std::vector<Chunk> chunks;
    bool is_last = false;
  };

  void settle() noexcept;
  void copy_into(Piece& piece, std::uint32_t work_executed);
  void take(const Piece& piece);
  Status write(const Piece& piece);
  Status write_rows();
  Status put(ChunkKey key, std::span<const std::byte> bytes);
  Status ensure_writer();
  [[nodiscard]] bool has_failed() const noexcept { return end_ != Progress::kPublished; }
  void note(const Status& status, Progress end = Progress::kFailed) noexcept;
  void finish();
  Status publish();
  Status prune();
  void report(const Status& failure) const;
  void publish_end() noexcept;

  const Options options_;
  core::StateMachine& state_machine_;

  // Core.
  State state_ = State::kIdle;
  std::uint64_t begun_work_;
  std::uint64_t seen_work_ = 0;  ///< when is_due() was asked last
  std::uint64_t seen_since_ns_ = 0;  ///< UTC
  std::atomic<std::uint64_t> next_due_{kNever};

  // Handed over: written by the core before the first piece, read by the snapshot thread.
  SnapshotHeader header_;
  // Handed over with chain_end_ by the gate.
  std::uint64_t chain_number_ = 0;
  u128 chain_checksum_ = 0;

  // Snapshot thread.
  std::unique_ptr<SnapshotWriter> writer_;
  bool is_copied_ = false;  ///< the last piece is written
  bool has_rows_ = false;   ///< and so is what only grows: only the chain's end may be missing
  Progress end_ = Progress::kPublished;  ///< how it will end, as far as is known
  Status failure_;                       ///< why it has failed, if so

  // Shared.
  std::array<Piece, kPieces> pieces_;
  runtime::PointerRing<Piece> full_{kPieces};
  runtime::PointerRing<Piece> empty_{kPieces};
  std::atomic<Progress> progress_{Progress::kPublished};
  std::atomic<ChainEnd> chain_end_{ChainEnd::kUnknown};
  std::atomic<bool> abort_{false};
  observe::Counter newest_sequence_;
  observe::Counter published_count_;
  observe::Counter failed_count_;
  runtime::Waker wake_writer_;
  runtime::Waker wake_core_;
  runtime::Waker wake_gate_;
};

}  // namespace florin::pipeline
