#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>

/// @file
/// Several calls of an application in one message, each a batch of its own: the scope of linked chains and of imported mode. The elements of
/// all batches lie back to back, and a trailer says how many belong to each. It is as long as a whole number of elements:
///
///   elements | 0xFF ... | u16 count of the last batch | ... | u16 count of the first batch | u16 number of batches

namespace florin::tigerbeetle {

inline constexpr std::uint32_t kBatchesMax = 65'534;

/// Bytes of the trailer for so many batches.
constexpr std::uint32_t trailer_bytes(std::uint32_t batches, std::uint32_t element_bytes) noexcept {
  return (2 * batches + 2 + element_bytes - 1) / element_bytes * element_bytes;
}

/// A body with batches in it, read in place. A cheap value; the body outlives it.
class MultiBatch {
 public:
  /// nothing: the body is none. `element_bytes` is a power of two, at least 2.
  static std::optional<MultiBatch> parse(std::span<const std::byte> body, std::uint32_t element_bytes) noexcept;

  [[nodiscard]] std::uint32_t batches() const noexcept { return batches_; }
  /// Elements of batch `batch`.
  [[nodiscard]] std::uint32_t elements(std::uint32_t batch) const noexcept {
    std::uint16_t count = 0;
    std::memcpy(&count, body_.data() + body_.size() - 2 * (std::size_t{batch} + 2), sizeof count);
    return count;
  }
  [[nodiscard]] std::uint32_t elements() const noexcept { return elements_; }
  /// The elements of all batches.
  [[nodiscard]] std::span<const std::byte> payload() const noexcept { return payload_; }

 private:
  std::span<const std::byte> body_;
  std::span<const std::byte> payload_;
  std::uint32_t batches_ = 0;
  std::uint32_t elements_ = 0;
};

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
