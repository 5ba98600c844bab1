#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "core/past.hpp"
#include "core/payments/payment_records.hpp"

namespace florin::core {

/// What payments have left in the past, as one. What was written later counts. What is not there is mostly known without a segment being asked.
/// Caller: the sequencing thread; a pointer to a segment's payments is valid until the next boundary.
class SealedPayments {
 public:
  /// `past`: nullptr: nothing ever leaves memory.
  explicit SealedPayments(const Past* past) noexcept : past_(past) {}

  /// False: nothing with this hash has left memory.
  [[nodiscard]] bool may_have(std::uint64_t hash) const noexcept { return past_ != nullptr && past_->may_know_payment(hash); }

  /// All of them, or none if nothing ever leaves.
  [[nodiscard]] std::shared_ptr<const PastSegments> segments() const noexcept { return past_ == nullptr ? nullptr : past_->segments(); }

  /// Of the newest event in a segment; 0: there is none. Lines up to it may be in memory as well, for a moment.
  [[nodiscard]] std::uint64_t end_sequence() const noexcept;

  /// Whose outcomes the entry counts; nullptr: the key is not there.
  /// Asks for the memory that may_have() will read.
  void ask_ahead(std::uint64_t hash) const noexcept {
    if (past_ != nullptr) past_->ask_ahead_payment(hash);
  }

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

  const Past* past_;
};

}  // namespace florin::core
