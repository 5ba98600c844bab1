#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "core/past.hpp"

namespace florin::core {

/// How far everything goes that a reader reads beside execution, as of one batch boundary. Rows within these bounds never change.
struct LedgerView {
  /// Of a log in memory. What lies before `first` is in one of the segments, though perhaps still in memory from `base` on.
  struct Log {
    std::size_t base = 0;
    std::size_t first = 0;
    std::size_t end = 0;

    [[nodiscard]] bool has(std::size_t index) const noexcept { return index >= first && index < end; }
  };
  struct Part {
    Log transfers, postings, expiries, checkpoints;
    std::size_t extras_base = 0;
    std::size_t accounts = 0;
  };

  std::vector<Part> parts;  // by partition
  std::shared_ptr<const PastSegments> segments = std::make_shared<PastSegments>();
  Log batches;
  DroppedHistory dropped;
  std::uint64_t sequence = 0;   // of the last event that belongs to it
  std::uint64_t timestamp = 0;  // likewise
  std::uint64_t stamp = 0;      // of the last batch
  unsigned epoch = 0;
};

/// Gives out views, and knows when rows may leave memory: when no view is left that was taken before the segment with these rows was
/// known. Writer: the thread that executes; leave() is for any.
class LedgerViews {
 public:
  /// Where the ledger is now: its last event, and how many batches there were.
  struct Now {
    const std::uint64_t& sequence;
    const std::uint64_t& timestamp;
    const std::uint64_t& stamp;
  };

  LedgerViews(const Tables& tables, const Past* past, Now now) noexcept : tables_(tables), past_(past), now_(now) {}

  // Between batches.
  void take(LedgerView& view) noexcept;
  /// The view tells of now, though its rows and segments are as they were.
  void move_moment(LedgerView& view) const noexcept {
    view.sequence = now_.sequence;
    view.timestamp = now_.timestamp;
  }
  /// What has come since, for a reader that begins to walk now and reads what its view has only.
  static void extend(LedgerView& reach, const Tables& tables) noexcept;

  /// The past knows what is being sealed: views have it from there, from now on.
  void generation_is_known() noexcept {
    is_known_ = true;
    epoch_ ^= 1;
  }
  /// True: nobody reads any more what the past knows. It may go.
  [[nodiscard]] bool is_generation_unread() const noexcept { return taken_[epoch_ ^ 1].load(std::memory_order_acquire) == 0; }
  void generation_is_forgotten() noexcept { is_known_ = false; }
  [[nodiscard]] bool is_generation_known() const noexcept { return is_known_; }

  /// Once for each take(), by the reader.
  /// Lets the segments go too: one that was archived or dropped meanwhile waits for its last reader.
  void leave(LedgerView& view) noexcept {
    if (past_ != nullptr) view.segments.reset();
    taken_[view.epoch].fetch_sub(1, std::memory_order_release);
  }

 private:
  const Tables& tables_;
  const Past* past_;
  Now now_;
  bool is_known_ = false;
  unsigned epoch_ = 0;  // views before and after the last segment was known, in turn
  std::atomic<std::uint32_t> taken_[2] = {};  // views that somebody still has
};

}  // namespace florin::core
