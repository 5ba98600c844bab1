#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>

#include "florin/status.hpp"
#include "florin/verified_bytes.hpp"
#include "journal/aligned_buffer.hpp"

namespace florin::journal {

/// Unpacked blocks of archived segments: a fixed number of frames, one block each, of which the ones that were not read for a while are used again
/// (second chance). Memory is taken from the system when a frame is filled for the first time.
///
/// Readers: any thread, and none waits for another: the core asks too, and whoever reads for a query runs below its priority. Who misses a
/// block takes a frame and fills it himself; if two do so at once the block is there twice for a while. A frame is changed only by who has it
/// alone, and a reader counts himself in before he looks at it.
class BlockCache {
 public:
  static constexpr std::uint64_t kBlockBytes = BlockSource::kBlockBytes;
  /// So many at least, so that threads do not run out of frames: each has one at a time.
  static constexpr std::size_t kFramesMin = 64;

  explicit BlockCache(std::uint64_t bytes);

  [[nodiscard]] std::uint64_t bytes() const noexcept { return count_ * kBlockBytes; }
  /// Frames that were filled, for the first time or again.
  [[nodiscard]] std::uint64_t misses() const noexcept { return misses_.load(std::memory_order_relaxed); }

  /// Which frame a block was in last. Of a block that was never read: none.
  using Hint = std::atomic<std::uint32_t>;
  /// A number for a file, which no other one ever gets.
  [[nodiscard]] std::uint32_t new_file() noexcept { return files_.fetch_add(1, std::memory_order_relaxed) + 1; }
  static constexpr std::uint64_t key_of(std::uint32_t file, std::uint32_t block) noexcept { return std::uint64_t{file} << 32 | block; }

  /// Copies `bytes.size()` bytes from `offset` of the block with this key. If it is not there, `fill(span of kBlockBytes)` unpacks it.
  template <typename Fill>
  Status read(std::uint64_t key, Hint& hint, std::uint64_t offset, std::span<std::byte> bytes, Fill&& fill) {
    if (const std::uint32_t at = hint.load(std::memory_order_relaxed); at != 0 && read_frame(at - 1, key, offset, bytes)) return Status::ok();
    const std::size_t place = take_frame();
    Frame& frame = frames_[place];
    misses_.fetch_add(1, std::memory_order_relaxed);
    frame.key.store(kNone, std::memory_order_relaxed);
    Status status = fill(block_of(place));
    if (status) {
      std::memcpy(bytes.data(), block_of(place).data() + offset, bytes.size());
      frame.key.store(key, std::memory_order_relaxed);
      hint.store(static_cast<std::uint32_t>(place) + 1, std::memory_order_relaxed);
    }
    frame.users.fetch_sub(kAlone, std::memory_order_release);  // pairs with enter() and take_frame()
    return status;
  }

 private:
  static constexpr std::uint64_t kNone = 0;
  static constexpr std::uint32_t kAlone = 1U << 31;

  /// Several to a cache line: there are many more of them than threads, and they take memory whether there is an archive or not.
  struct Frame {
    std::atomic<std::uint32_t> users{0};  ///< readers, and kAlone while somebody changes it
    std::atomic<bool> was_read{false};
    std::atomic<std::uint64_t> key{kNone};
  };

  bool read_frame(std::size_t place, std::uint64_t key, std::uint64_t offset, std::span<std::byte> bytes) noexcept {
    Frame& frame = frames_[place];
    const bool is_whole = (frame.users.fetch_add(1, std::memory_order_acquire) & kAlone) == 0;
    const bool is_found = is_whole && frame.key.load(std::memory_order_relaxed) == key;
    if (is_found) {
      std::memcpy(bytes.data(), block_of(place).data() + offset, bytes.size());
      if (!frame.was_read.load(std::memory_order_relaxed)) frame.was_read.store(true, std::memory_order_relaxed);
    }
    frame.users.fetch_sub(1, std::memory_order_release);
    return is_found;
  }
  /// A frame for the caller alone.
  std::size_t take_frame() noexcept;
  [[nodiscard]] std::span<std::byte> block_of(std::size_t place) noexcept { return memory_.bytes().subspan(place * kBlockBytes, kBlockBytes); }

  const std::size_t count_;
  AlignedBuffer memory_;
  std::unique_ptr<Frame[]> frames_;
  std::atomic<std::uint64_t> hand_{0};
  std::atomic<std::uint64_t> misses_{0};
  std::atomic<std::uint32_t> files_{0};
};

}  // namespace florin::journal
