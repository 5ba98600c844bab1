#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "florin/frame.hpp"
#include "load/huge_memory.hpp"

namespace florin::load {

/// A fixed number of request frames in one piece of memory, used round and round. Writer: the load loop's thread.
class FramePool {
 public:
  FramePool(std::uint32_t frames, std::uint32_t body_bytes)
      : stride_((kFrameHeaderBytes + std::size_t{body_bytes} + 63) & ~std::size_t{63}), memory_(frames * stride_), free_(frames) {
    for (std::uint32_t i = 0; i < frames; ++i) free_[i] = i;
    free_count_ = frames;
  }

  [[nodiscard]] std::uint32_t count() const noexcept { return static_cast<std::uint32_t>(free_.size()); }
  [[nodiscard]] std::byte* frame(std::uint64_t index) const noexcept { return memory_.data() + index * stride_; }
  [[nodiscard]] std::byte* body(std::uint64_t index) const noexcept { return frame(index) + kFrameHeaderBytes; }

  [[nodiscard]] bool empty() const noexcept { return free_count_ == 0; }
  /// The frame that has been free for longest.
  std::uint32_t take() noexcept {
    const std::uint32_t index = free_[head_];
    head_ = next(head_);
    --free_count_;
    return index;
  }
  void give_back(std::uint64_t index) noexcept {
    free_[tail_] = static_cast<std::uint32_t>(index);
    tail_ = next(tail_);
    ++free_count_;
  }

 private:
  [[nodiscard]] std::size_t next(std::size_t at) const noexcept { return at + 1 == free_.size() ? 0 : at + 1; }

  std::size_t stride_;
  HugeMemory memory_;
  std::vector<std::uint32_t> free_;
  std::size_t head_ = 0;
  std::size_t tail_ = 0;
  std::size_t free_count_ = 0;
};

}  // namespace florin::load
