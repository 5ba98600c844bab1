#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>

/// @file
/// The body of a request of TigerBeetle's clients, in a message as in the journal: several calls of an application, each a batch of its own, the
/// scope of linked chains and of imported mode. The elements of all batches lie back to back, and a trailer says how many belong to each. It
/// is as long as a whole number of elements:
///
///   elements | 0xFF ... | u16 count of the last batch | ... | u16 count of the first batch | u16 number of batches

namespace florin {

inline constexpr std::uint32_t kBatchesMax = 65'534;
inline constexpr std::byte kTrailerPadding{0xFF};

/// Bytes of the trailer for so many batches.
constexpr std::uint32_t trailer_bytes(std::uint32_t batches, std::uint32_t element_bytes) noexcept {
  return (2 * batches + 2 + element_bytes - 1) / element_bytes * element_bytes;
}

/// All bytes are padding: each is what the next one is. A single transfer comes with 124 of them, and is parsed several times on its way, so
/// they are compared at once and not one by one.
inline bool is_padding(std::span<const std::byte> bytes) noexcept {
  return bytes.empty() || (bytes[0] == kTrailerPadding && std::memcmp(bytes.data(), bytes.data() + 1, bytes.size() - 1) == 0);
}

/// A body with batches in it, read in place. A cheap value; the body outlives it.
class MultiBatch {
 public:
  /// nothing: the body is none. `element_bytes` is a power of two, at least 2.
  static std::optional<MultiBatch> parse(std::span<const std::byte> body, std::uint32_t element_bytes) noexcept;

  [[nodiscard]] std::uint32_t batches() const noexcept { return batches_; }
  /// Elements of batch `batch`.
  [[nodiscard]] std::uint32_t elements(std::uint32_t batch) const noexcept { return number_from_end(2 * (std::size_t{batch} + 2)); }
  [[nodiscard]] std::uint32_t elements() const noexcept { return elements_; }
  /// The elements of all batches.
  [[nodiscard]] std::span<const std::byte> payload() const noexcept { return payload_; }

 private:
  [[nodiscard]] std::uint32_t number_from_end(std::size_t bytes) const noexcept {
    std::uint16_t number = 0;
    std::memcpy(&number, body_.data() + body_.size() - bytes, sizeof number);
    return number;
  }

  std::span<const std::byte> body_;
  std::span<const std::byte> payload_;
  std::uint32_t batches_ = 0;
  std::uint32_t elements_ = 0;
};

inline std::optional<MultiBatch> MultiBatch::parse(std::span<const std::byte> body, std::uint32_t element_bytes) noexcept {
  if (body.size() < 2) return std::nullopt;
  MultiBatch parsed;
  parsed.body_ = body;
  parsed.batches_ = parsed.number_from_end(2);
  if (parsed.batches_ == 0 || parsed.batches_ > kBatchesMax) return std::nullopt;
  const std::uint32_t trailer = trailer_bytes(parsed.batches_, element_bytes);
  if (body.size() < trailer) return std::nullopt;
  parsed.payload_ = body.first(body.size() - trailer);
  const auto padding = body.subspan(parsed.payload_.size(), trailer - 2 * parsed.batches_ - 2);
  if (!is_padding(padding)) return std::nullopt;
  for (std::uint32_t i = 0; i < parsed.batches_; ++i) parsed.elements_ += parsed.elements(i);
  if (std::uint64_t{parsed.elements_} * element_bytes != parsed.payload_.size()) return std::nullopt;
  return parsed;
}

}  // namespace florin
