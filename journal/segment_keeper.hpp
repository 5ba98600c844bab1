#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "journal/lmdb_writer.hpp"

namespace florin::journal {

/// Does what would make the writer wait: prepares the next segment, allocates the current one ahead of the writes, trims,
/// uncaches and closes full ones, and watches the disk's free space. One thread of its own.
/// Writer: the journal's writer calls the methods; has_room() any thread.
class SegmentKeeper {
 public:
  struct Settings {
    std::string folder;                ///< of the segments
    std::uint64_t segment_bytes = 0;
    std::uint64_t headroom_bytes = 0;
    std::uint64_t allocate_step_bytes = 0;
    bool zero_ahead = false;
  };

  explicit SegmentKeeper(Settings settings);
  /// Stops the thread, closes what was handed over and removes the prepared file.
  ~SegmentKeeper();
  SegmentKeeper(const SegmentKeeper&) = delete;
  SegmentKeeper& operator=(const SegmentKeeper&) = delete;

  /// The prepared segment; waits for it if the thread has not finished (it begins as soon as the last one was taken).
  Result<std::unique_ptr<LmdbWriter>> take_next();
  /// The segment that is being written, to be allocated ahead; it stays the caller's until retire().
  void watch(LmdbWriter* writer);
  /// Takes over a full segment, whose meta page is durable.
  void retire(std::unique_ptr<LmdbWriter> writer);
  /// The watched segment has grown; cheap.
  void note_growth(std::uint64_t bytes) noexcept;

  [[nodiscard]] bool has_room(std::uint64_t bytes) const noexcept {
    const std::int64_t room = room_bytes_.load(std::memory_order_relaxed);
    return room > 0 && static_cast<std::uint64_t>(room) >= bytes;
  }

 private:
  void run();
  [[nodiscard]] bool is_next_soon(const LmdbWriter& watched) const;
  void fill_out(LmdbWriter& next, std::uint64_t allocated_in_use);
  [[nodiscard]] std::uint64_t free_bytes() const;
  void allocate_ahead(LmdbWriter& writer);
  void drop_old_cache(const LmdbWriter& writer);
  Result<std::unique_ptr<LmdbWriter>> prepare();
  void close_retired(std::unique_ptr<LmdbWriter> writer);
  void measure_room(const LmdbWriter* writer);

  const Settings settings_;
  const std::uint64_t step_bytes_;

  std::mutex mutex_;
  std::condition_variable wake_;        ///< the thread has work
  std::condition_variable next_ready_;  ///< next_ or next_failure_ changed
  bool stop_ = false;
  bool wants_allocation_ = false;
  LmdbWriter* watched_ = nullptr;
  std::unique_ptr<LmdbWriter> next_;
  Status next_failure_;
  std::vector<std::unique_ptr<LmdbWriter>> retired_;

  /// Keeper thread. Every prepared file has a name of its own: the writer renames the one it took while the next is made.
  std::uint64_t prepared_count_ = 0;
  bool is_next_filled_out_ = false;  // keeper thread
  std::uint64_t uncached_to_ = 0;  ///< keeper thread: pages of the watched segment before it were let go
  const LmdbWriter* uncached_of_ = nullptr;
  std::atomic<std::uint64_t> allocate_at_{0};  ///< the writer wakes the thread when it gets there
  std::atomic<std::int64_t> room_bytes_{0};
  std::thread thread_;
};

}  // namespace florin::journal
