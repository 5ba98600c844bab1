#pragma once

#include <sys/mman.h>

#include <cstddef>
#include <new>
#include <utility>

namespace florin::load {

/// Zeroed memory in huge pages where the kernel has them, aligned to 2 MiB. First-touching 4 KiB pages while the load runs
/// would cost more than sending it.
class HugeMemory {
 public:
  HugeMemory() = default;
  explicit HugeMemory(std::size_t bytes) : mapped_((bytes + 2 * kAlignment - 1) & ~(kAlignment - 1)) {
    base_ = ::mmap(nullptr, mapped_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (base_ == MAP_FAILED) {
      base_ = nullptr;
      throw std::bad_alloc();
    }
    const auto address = reinterpret_cast<std::size_t>(base_);
    data_ = static_cast<std::byte*>(base_) + (((address + kAlignment - 1) & ~(kAlignment - 1)) - address);
    ::madvise(data_, bytes, MADV_HUGEPAGE);  // a hint: without it the memory is only slower
  }
  ~HugeMemory() {
    if (base_ != nullptr) ::munmap(base_, mapped_);
  }
  HugeMemory(HugeMemory&& other) noexcept
      : base_(std::exchange(other.base_, nullptr)), data_(std::exchange(other.data_, nullptr)), mapped_(other.mapped_) {}
  HugeMemory& operator=(HugeMemory&& other) noexcept {
    std::swap(base_, other.base_);
    std::swap(data_, other.data_);
    std::swap(mapped_, other.mapped_);
    return *this;
  }

  [[nodiscard]] std::byte* data() const noexcept { return data_; }

 private:
  static constexpr std::size_t kAlignment = std::size_t{2} << 20;

  void* base_ = nullptr;
  std::byte* data_ = nullptr;
  std::size_t mapped_ = 0;
};

}  // namespace florin::load
