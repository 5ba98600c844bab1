#pragma once

#include <cstddef>
#include <new>
#include <type_traits>

namespace florin::core {

/// Room for N elements that nobody writes before somebody uses it: for the most that a command may have, of which nearly all have little. An element
/// is what was put into it, and nothing before.
template <typename T, std::size_t N>
class UnsetArray {
  static_assert(std::is_trivially_copyable_v<T> && std::is_trivially_destructible_v<T>);

 public:
  UnsetArray() noexcept {}  // NOLINT(modernize-use-equals-default): a defaulted one would zero it where its owner is value-initialised

  [[nodiscard]] static constexpr std::size_t size() noexcept { return N; }
  [[nodiscard]] T* data() noexcept { return std::launder(reinterpret_cast<T*>(bytes_)); }
  [[nodiscard]] const T* data() const noexcept { return std::launder(reinterpret_cast<const T*>(bytes_)); }
  [[nodiscard]] T& operator[](std::size_t index) noexcept { return data()[index]; }
  [[nodiscard]] const T& operator[](std::size_t index) const noexcept { return data()[index]; }

 private:
  alignas(T) std::byte bytes_[N * sizeof(T)];
};

}  // namespace florin::core
