#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "florin/journal.hpp"
#include "journal/aligned_buffer.hpp"

namespace florin::journal {

/// Batches in memory, in place of a disk. Outlives the journals opened on it, as a disk outlives a process.
/// Any thread.
class MemoryDisk {
 public:
  void push(AlignedBuffer batch);
  /// Batches so far.
  [[nodiscard]] std::size_t size() const;
  /// Batch `index`; stays valid until truncate() or the disk's end.
  [[nodiscard]] std::span<std::byte> at(std::size_t index) const;
  /// Keeps the first `count` batches.
  void truncate(std::size_t count);

 private:
  mutable std::mutex mutex_;
  std::vector<std::unique_ptr<AlignedBuffer>> batches_;
};

/// A journal without files, for tests and measurements: durable means that commit() put it onto the MemoryDisk.
/// Writer: one thread. Readers: any, through cursors. Limit: memory.
class MemoryJournal final : public Journal {
 public:
  /// Goes on behind what the disk holds, after checking it as LmdbJournal would (kCorrupt).
  static Result<std::unique_ptr<MemoryJournal>> open(MemoryDisk& disk);

  Status append(std::span<const BytesView> pieces) override;
  Status commit() override;
  [[nodiscard]] bool has_room(std::uint64_t bytes) const noexcept override;
  [[nodiscard]] std::uint64_t durable_sequence() const noexcept override {
    return durable_sequence_.load(std::memory_order_acquire);
  }
  Result<std::unique_ptr<BatchCursor>> read_from(std::uint64_t first_sequence) override;

  /// Batches appended since the last commit.
  [[nodiscard]] const std::vector<AlignedBuffer>& open_batches() const noexcept { return open_; }
  [[nodiscard]] const BatchHeader& last_batch() const noexcept { return last_; }

 private:
  explicit MemoryJournal(MemoryDisk& disk) : disk_(disk) {}

  MemoryDisk& disk_;
  Status health_;
  BatchHeader last_;
  std::vector<AlignedBuffer> open_;
  std::atomic<std::uint64_t> durable_sequence_{0};  ///< pairs with the acquire in durable_sequence()
};

}  // namespace florin::journal
