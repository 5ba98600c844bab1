#pragma once

#include <atomic>
#include <cstdint>

namespace florin::observe {

/// A number with one writer at a time that anyone may read while it grows. No lock, no read-modify-write.
class Counter {
 public:
  void add(std::uint64_t amount = 1) noexcept { set(get() + amount); }
  void set(std::uint64_t value) noexcept { value_.store(value, std::memory_order_relaxed); }
  [[nodiscard]] std::uint64_t get() const noexcept { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_{0};
};

}  // namespace florin::observe
