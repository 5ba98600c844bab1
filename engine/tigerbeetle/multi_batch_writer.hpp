#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace florin::tigerbeetle {

/// Writes a body with batches: first the elements of one, then end_batch(), and so on, then finish(). The counts wait at the end of the
/// buffer. Writer: the owner.
class MultiBatchWriter {
 public:
  /// `buffer` has room for all elements and for the trailer.
  MultiBatchWriter(std::span<std::byte> buffer, std::uint32_t element_bytes) noexcept : buffer_(buffer), element_bytes_(element_bytes) {}

  /// Where the elements of the batch begin.
  [[nodiscard]] std::byte* begin_batch() const noexcept { return buffer_.data() + payload_bytes_; }
  void end_batch(std::uint32_t elements) noexcept;
  /// Bytes of the body.
  std::uint32_t finish() noexcept;

 private:
  std::span<std::byte> buffer_;
  std::uint32_t element_bytes_;
  std::uint32_t payload_bytes_ = 0;
  std::uint32_t batches_ = 0;
};

}  // namespace florin::tigerbeetle
