#pragma once

#include <array>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <span>
#include <thread>
#include <vector>

#include "florin/status.hpp"
#include "journal/aligned_buffer.hpp"

namespace florin::journal {

/// Writes full buffers in the order they were given, on a thread of its own, while the caller fills another: neither the processor nor
/// the disk waits for the other. Caller: one thread.
class WriteBehind {
 public:
  /// Writes all of these bytes at this place of a file. Called by the thread.
  using Write = std::function<Status(std::span<const std::byte> bytes, std::uint64_t offset)>;
  /// How much is written at once: small pieces let others have the disk between them, large ones are done sooner.
  struct Pieces {
    std::size_t usual_bytes;
    std::size_t late_bytes;  ///< while the buffer after this one is full too
  };

  WriteBehind(std::size_t buffer_bytes, Pieces pieces, Write write);
  /// Waits for what is under way.
  ~WriteBehind();
  WriteBehind(const WriteBehind&) = delete;
  WriteBehind& operator=(const WriteBehind&) = delete;

  /// Where the caller fills in what comes next. Stays the same until give().
  [[nodiscard]] std::span<std::byte> buffer() noexcept { return filling_.bytes(); }
  /// Hands over the first `count` bytes of it; returns when there is another to fill. The first failure, if one is known by now.
  Status give(std::size_t count, std::uint64_t offset);
  /// Until all is written; the first failure.
  Status finish();

 private:
  /// One is filled, one is written, and one waits for it.
  static constexpr std::size_t kBuffers = 3;

  struct Full {
    AlignedBuffer buffer;
    std::size_t count = 0;
    std::uint64_t offset = 0;
  };

  void run();
  /// Writes the first of the full buffers, the lock given back for each piece.
  Status write_first(std::unique_lock<std::mutex>& lock);

  const Pieces pieces_;
  const Write write_;
  AlignedBuffer filling_;  // the caller's

  std::mutex mutex_;  // of all below but the thread
  std::condition_variable given_;
  std::condition_variable written_;
  std::vector<Full> full_;           ///< in order; the first is under way
  std::vector<AlignedBuffer> empty_;
  Status health_;
  bool is_stopping_ = false;
  std::thread thread_;
};

}  // namespace florin::journal
