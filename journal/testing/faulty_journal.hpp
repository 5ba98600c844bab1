#pragma once

#include <cstdint>
#include <limits>
#include <memory>

#include "florin/journal.hpp"
#include "journal/memory_journal.hpp"

namespace florin::journal::testing {

/// What goes wrong, and when. Calls are counted from 1.
struct JournalFaults {
  static constexpr std::uint64_t kNever = std::numeric_limits<std::uint64_t>::max();

  /// What is on the disk after a commit that fails, or after a crash with batches not yet committed.
  enum class Survivors {
    kNone,       ///< nothing that was not acknowledged
    kHalf,       ///< the first half of the open batches, rounded up
    kAll,        ///< everything, though nobody was told
  };

  std::uint64_t fail_append_at = kNever;
  std::uint64_t fail_commit_at = kNever;
  /// has_room() is false once so many bytes were appended.
  std::uint64_t room_bytes = kNever;
  Survivors survivors = Survivors::kNone;
};

/// A MemoryJournal with a bad disk, for the simulator: fails at set calls, for good; fills up; and at a crash forgets what
/// was not committed, or keeps part of it (a real disk may do either).
/// Faults stay within what the journal promises: committed batches survive, unless a test damages the disk by
/// flip_byte() or tear_last().
/// Writer: one thread. Readers: as MemoryJournal.
class FaultyJournal final : public Journal {
 public:
  static Result<std::unique_ptr<FaultyJournal>> open(MemoryDisk& disk, JournalFaults faults);

  Status append(std::span<const BytesView> pieces) override;
  Status commit() override;
  [[nodiscard]] bool has_room(std::uint64_t bytes) const noexcept override;
  [[nodiscard]] std::uint64_t durable_sequence() const noexcept override { return journal_->durable_sequence(); }
  Result<std::unique_ptr<BatchCursor>> read_from(std::uint64_t first_sequence) override;

  /// The machine goes down: open batches survive as the faults say. The journal is of no use afterwards.
  void crash();

  [[nodiscard]] std::uint64_t appends() const noexcept { return appends_; }
  [[nodiscard]] std::uint64_t commits() const noexcept { return commits_; }
  [[nodiscard]] const BatchHeader& last_batch() const noexcept { return journal_->last_batch(); }
  [[nodiscard]] bool has_failed() const noexcept { return !health_; }

 private:
  FaultyJournal(MemoryDisk& disk, JournalFaults faults, std::unique_ptr<MemoryJournal> journal)
      : disk_(disk), faults_(faults), journal_(std::move(journal)) {}
  Status fail(const char* what);

  MemoryDisk& disk_;
  const JournalFaults faults_;
  std::unique_ptr<MemoryJournal> journal_;
  Status health_;
  std::uint64_t appends_ = 0;
  std::uint64_t commits_ = 0;
  std::uint64_t bytes_ = 0;
};

/// Damages the disk: flips a bit of byte `offset` of batch `index`.
void flip_byte(MemoryDisk& disk, std::size_t index, std::size_t offset);
/// Damages the disk: the second half of the last batch reads as zeros.
void tear_last(MemoryDisk& disk);

}  // namespace florin::journal::testing
