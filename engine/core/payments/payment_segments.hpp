#pragma once

#include <cstdint>
#include <span>

#include "core/past_segment.hpp"
#include "core/payments/payment_records.hpp"

namespace florin::core {

/// What payments have left in a list of segments, as one. What was written later counts. No filter says what is not there: of something new all of them are
/// asked, some microseconds each, or a read from the disk. Readers: any thread, as long as somebody holds the list.
class PaymentSegments {
 public:
  explicit PaymentSegments(const PastSegments& segments) noexcept : segments_(segments) {}

  [[nodiscard]] const PastSegments& all() const noexcept { return segments_; }
  /// Of the newest event; 0: there is none.
  [[nodiscard]] std::uint64_t end_sequence() const noexcept;

  /// Whose outcomes the entry counts; nullptr: the key is not there.
  [[nodiscard]] const PastPayments* find_key(u128 principal, u128 key, std::uint64_t hash, KeyEntry& entry) const noexcept;
  [[nodiscard]] bool find_order(u128 id, std::uint64_t hash, OrderImage& image) const noexcept;
  [[nodiscard]] bool find_order(u128 merchant, std::span<const std::uint8_t, 32> reference, std::uint64_t hash, OrderImage& image) const noexcept;
  [[nodiscard]] bool find_line(std::uint64_t sequence, StoryLine& line) const noexcept;
  /// The line behind one that is here, of the same object, if that is here too.
  [[nodiscard]] bool next_line(const StoryLine& line, std::uint64_t hash, StoryLine& next) const noexcept;
  /// The newest line of an object that does not know its story.
  [[nodiscard]] bool newest_line(StoryKind kind, u128 id, std::uint64_t hash, StoryLine& line) const noexcept;

  struct Rows {
    std::uint64_t lines = 0;
    std::uint64_t keys = 0;
  };
  /// Of all segments.
  [[nodiscard]] Rows rows() const noexcept;

 private:
  template <typename Visit>
  bool from_newest(Visit&& visit) const noexcept;
  /// Place of the segment that has this sequence, or count().
  [[nodiscard]] std::uint32_t place_of(std::uint64_t sequence) const noexcept;

  const PastSegments& segments_;
};

}  // namespace florin::core
