#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "florin/journal.hpp"
#include "journal/folder_lock.hpp"
#include "journal/recovery.hpp"
#include "journal/segment_catalog.hpp"
#include "journal/segment_keeper.hpp"
#include "journal/lmdb_writer.hpp"

namespace florin::journal {

struct LmdbJournalSettings {
  std::string folder;                                   ///< the data folder; segments go to <folder>/journal
  std::uint64_t segment_bytes = 256ULL << 20;           ///< a segment ends with the batch that reaches it
  std::uint64_t headroom_bytes = 512ULL << 20;          ///< of the disk, left free: below it has_room() is false
  std::uint64_t allocate_step_bytes = 32ULL << 20;      ///< files are allocated ahead in steps of this
  bool zero_ahead = false;                              ///< and written with zeros: faster commits, twice the writes
  std::chrono::milliseconds lock_patience{5000};        ///< how long a folder that is in use may stay so
};

/// The journal of a server: LMDB environments, one per segment, in `<folder>/journal/<first sequence>.mdb`.
/// docs/journal_format.md has the format, why one flush per commit is enough, and every torn case.
///
/// Writer: one thread. Readers: any thread through cursors, which must not outlive the journal. A thread of its own prepares
/// segments. A crash at any instant leaves a folder that open() recovers: all committed batches, and perhaps some whole ones
/// that were never acknowledged.
class LmdbJournal final : public Journal {
 public:
  /// Locks the folder (kBusy: another server), makes it if need be, checks it (kCorrupt: file, place, reason), and goes on
  /// behind the last whole batch. Segments of earlier runs are never written again.
  static Result<std::unique_ptr<LmdbJournal>> open(LmdbJournalSettings settings);
  /// Makes the newest meta page durable, so that nothing is left to be adopted.
  ~LmdbJournal() override;

  Status append(std::span<const BytesView> pieces) override;
  Status commit() override;
  [[nodiscard]] bool has_room(std::uint64_t bytes) const noexcept override;
  [[nodiscard]] std::uint64_t durable_sequence() const noexcept override {
    return durable_sequence_.load(std::memory_order_acquire);
  }
  Result<std::unique_ptr<BatchCursor>> read_from(std::uint64_t first_sequence) override;

  /// Header of the newest batch, appended or recovered; all zero but the constants while the journal is empty. Writer.
  [[nodiscard]] const BatchHeader& last_batch() const noexcept { return last_; }
  /// What open() found odd but not damaged; for the log.
  [[nodiscard]] const std::string& note() const noexcept { return note_; }

  /// Deletes whole segments whose batches all lie before `sequence`; the newest with batches always stays. Writer.
  Status prune_before(std::uint64_t sequence);

 private:
  LmdbJournal(LmdbJournalSettings settings, FolderLock lock);
  Status recover();
  Status adopt(const JournalState& state);
  /// Begins the segment whose first batch has `first_sequence`.
  Status begin_segment(std::uint64_t first_sequence);
  Status end_segment();
  Status commit_segment();
  Status fail(Status status);

  const LmdbJournalSettings settings_;
  const std::string segments_folder_;
  const FolderLock lock_;
  std::string note_;

  Status health_;  ///< the first failure; final
  BatchHeader last_;
  std::unique_ptr<LmdbWriter> current_;

  SegmentCatalog catalog_;
  std::atomic<bool> has_failed_{false};  ///< for has_room()
  std::atomic<std::uint64_t> durable_sequence_{0};  ///< pairs with the acquire in durable_sequence()
  std::unique_ptr<SegmentKeeper> keeper_;           ///< last: its thread uses current_
};

}  // namespace florin::journal
