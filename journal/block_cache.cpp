#include "journal/block_cache.hpp"

namespace florin::journal {

BlockCache::BlockCache(std::uint64_t bytes)
    : count_(std::max<std::size_t>(bytes / kBlockBytes, kFramesMin)), memory_(count_ * kBlockBytes), frames_(std::make_unique<Frame[]>(count_)) {}

std::size_t BlockCache::take_frame() noexcept {
  for (;;) {
    const std::size_t place = hand_.fetch_add(1, std::memory_order_relaxed) % count_;
    Frame& frame = frames_[place];
    if (frame.was_read.load(std::memory_order_relaxed)) {
      frame.was_read.store(false, std::memory_order_relaxed);
      continue;
    }
    std::uint32_t nobody = 0;
    // Acquire: whoever read it has done so.
    if (frame.users.compare_exchange_strong(nobody, kAlone, std::memory_order_acquire, std::memory_order_relaxed)) return place;
  }
}

}  // namespace florin::journal
