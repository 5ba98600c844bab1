#pragma once

#include <bit>
#include <cstddef>
#include <type_traits>

#include "core/memory/region.hpp"

namespace florin::core {

/// Small values beside the elements of a StreamLog, by the same indexes, that change after their elements were written. A place holds what it held for an
/// element that is forgotten, until it is set.
/// Writer: one thread.
template <typename T>
class Ring {
  static_assert(std::is_trivially_copyable_v<T>);

 public:
  /// For at least `capacity` elements at once.
  explicit Ring(std::size_t capacity) : mask_(std::bit_ceil(capacity) - 1), region_((mask_ + 1) * sizeof(T)) {}

  [[nodiscard]] T& operator[](std::size_t index) noexcept { return data()[index & mask_]; }
  [[nodiscard]] const T& operator[](std::size_t index) const noexcept { return data()[index & mask_]; }
  [[nodiscard]] std::size_t bytes_max() const noexcept { return (mask_ + 1) * sizeof(T); }

 private:
  [[nodiscard]] T* data() const noexcept { return reinterpret_cast<T*>(region_.data()); }

  std::size_t mask_;
  Region region_;
};

}  // namespace florin::core
