#pragma once

#include <cstddef>

namespace florin::runtime {

/// Zeroed memory straight from the system, page by page when first touched: a pool sized for full load costs an idle server
/// nothing. Owner: whoever holds the object.
class MappedMemory {
 public:
  MappedMemory() = default;
  /// Throws std::bad_alloc when the system refuses (start-up only).
  explicit MappedMemory(std::size_t size_bytes);
  ~MappedMemory();
  MappedMemory(MappedMemory&& other) noexcept;
  MappedMemory& operator=(MappedMemory&& other) noexcept;

  [[nodiscard]] std::byte* data() const noexcept { return data_; }
  [[nodiscard]] std::size_t size() const noexcept { return size_; }

 private:
  std::byte* data_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace florin::runtime
