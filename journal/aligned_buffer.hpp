#pragma once

#include <cstddef>
#include <cstdlib>
#include <memory>
#include <new>
#include <span>

namespace florin::journal {

/// Memory aligned to a page, so that what is read from a file at a page's offset keeps its alignment. Not initialised.
class AlignedBuffer {
 public:
  static constexpr std::size_t kAlignment = 4096;

  AlignedBuffer() = default;
  explicit AlignedBuffer(std::size_t size) { resize(size); }

  /// Makes room for `size` bytes; what was there is lost.
  void resize(std::size_t size) {
    const std::size_t rounded = (size + kAlignment - 1) & ~(kAlignment - 1);
    if (rounded > capacity_) {
      bytes_.reset(static_cast<std::byte*>(std::aligned_alloc(kAlignment, rounded)));
      capacity_ = bytes_ ? rounded : 0;
      if (!bytes_) throw std::bad_alloc();
    }
    size_ = size;
  }

  [[nodiscard]] std::span<std::byte> bytes() noexcept { return {bytes_.get(), size_}; }
  [[nodiscard]] std::span<const std::byte> bytes() const noexcept { return {bytes_.get(), size_}; }
  [[nodiscard]] std::size_t size() const noexcept { return size_; }

 private:
  struct Free {
    void operator()(std::byte* bytes) const noexcept { std::free(bytes); }
  };
  std::unique_ptr<std::byte[], Free> bytes_;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
};

}  // namespace florin::journal
