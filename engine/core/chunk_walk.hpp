#pragma once

#include <tbb/parallel_pipeline.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "florin/snapshot.hpp"

namespace florin::core {

/// Reads and verifies the chunks of one table of a snapshot with all cores, a few ahead of `take`, which gets them in order, one at
/// a time. Loading happens before there is any request.
///
/// oneTBB runs the stages and keeps their order. The atomics say the same once more, because its library is not compiled for the
/// thread sanitizer, which would otherwise take every hand-over for a race.
class ChunkWalk {
 public:
  using Take = std::function<Status(ChunkKey, std::span<const std::byte>)>;

  ChunkWalk(const SnapshotReader& snapshot, std::uint32_t table, Take take) : snapshot_(snapshot), take_(std::move(take)) {
    for (const ChunkKey key : snapshot.chunks()) {
      if (key.table == table) keys_.push_back(key);
    }
    chunks_ = std::make_unique<Chunk[]>(keys_.size());
  }

  /// The first error, of the chunks in order.
  Status run() {
    constexpr std::size_t kChunksAhead = 16;
    picked_.store(0, std::memory_order_release);
    using Mode = tbb::filter_mode;
    // The closures are handed over by oneTBB, out of the thread sanitizer's sight; all they do is to call.
    const auto picking = tbb::make_filter<void, Chunk*>(
        Mode::serial_in_order, [this](tbb::flow_control& flow) __attribute__((no_sanitize_thread)) { return pick(flow); });
    const auto reading =
        tbb::make_filter<Chunk*, Chunk*>(Mode::parallel, [this](Chunk* chunk) __attribute__((no_sanitize_thread)) { return read(chunk); });
    const auto taking =
        tbb::make_filter<Chunk*, void>(Mode::serial_in_order, [this](Chunk* chunk) __attribute__((no_sanitize_thread)) { take(*chunk); });
    tbb::parallel_pipeline(kChunksAhead, picking & reading & taking);
    static_cast<void>(picked_.load(std::memory_order_acquire));
    static_cast<void>(taken_.load(std::memory_order_acquire));
    return std::move(result_);
  }

 private:
  struct Chunk {
    Status status;
    std::span<const std::byte> bytes;
    std::atomic<bool> is_read{false};  // release in read(), acquire in take()
  };

  Chunk* pick(tbb::flow_control& flow) {
    const std::size_t number = picked_.load(std::memory_order_acquire);  // store: below, by whoever picked before
    const bool goes_on = number != keys_.size() && !has_failed_.load(std::memory_order_relaxed);
    if (!goes_on) flow.stop();
    picked_.store(goes_on ? number + 1 : number, std::memory_order_release);
    return goes_on ? &chunks_[number] : nullptr;
  }

  Chunk* read(Chunk* chunk) {
    static_cast<void>(picked_.load(std::memory_order_acquire));
    const Result<std::span<const std::byte>> bytes = snapshot_.read(key_of(*chunk));
    if (bytes) {
      chunk->bytes = *bytes;
    } else {
      chunk->status = bytes.error();
    }
    chunk->is_read.store(true, std::memory_order_release);
    return chunk;
  }

  void take(Chunk& chunk) {
    static_cast<void>(chunk.is_read.load(std::memory_order_acquire));
    const std::size_t number = taken_.load(std::memory_order_acquire);  // store: below, by whoever took before
    if (result_) result_ = chunk.status ? take_(key_of(chunk), chunk.bytes) : chunk.status;
    if (!result_) has_failed_.store(true, std::memory_order_relaxed);
    taken_.store(number + 1, std::memory_order_release);
  }

  [[nodiscard]] ChunkKey key_of(const Chunk& chunk) const noexcept { return keys_[static_cast<std::size_t>(&chunk - chunks_.get())]; }

  const SnapshotReader& snapshot_;
  const Take take_;
  std::vector<ChunkKey> keys_;
  std::unique_ptr<Chunk[]> chunks_;
  Status result_;                         // whoever takes
  std::atomic<bool> has_failed_{false};   // set in take(); the others only spare themselves work
  std::atomic<std::size_t> picked_{0};    // written by whoever picks
  std::atomic<std::size_t> taken_{0};     // written by whoever takes
};

}  // namespace florin::core
