#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "core/past.hpp"
#include "core/payments/payment_segments.hpp"

namespace florin::core {

/// What payments have left in the past, as commands look for it: what is not there is mostly known without a segment being asked.
/// Caller: the sequencing thread; a pointer to a segment's payments is valid until the next boundary.
class SealedPayments {
 public:
  /// `past`: nullptr: nothing ever leaves memory.
  explicit SealedPayments(const Past* past) noexcept : past_(past) {}

  [[nodiscard]] bool leaves_memory() const noexcept { return past_ != nullptr; }
  /// False: nothing with this hash has left memory.
  [[nodiscard]] bool may_have(std::uint64_t hash) const noexcept { return past_ != nullptr && past_->may_know_payment(hash); }
  /// Asks for the memory that may_have() will read.
  void ask_ahead(std::uint64_t hash) const noexcept {
    if (past_ != nullptr) past_->ask_ahead_payment(hash);
  }
  /// All of them, if anything leaves memory.
  [[nodiscard]] std::shared_ptr<const PastSegments> segments() const noexcept { return past_->segments(); }

  // As PaymentSegments.
  [[nodiscard]] const PastPayments* find_key(u128 principal, u128 key, std::uint64_t hash, KeyEntry& entry) const noexcept {
    return may_have(hash) ? PaymentSegments(*segments()).find_key(principal, key, hash, entry) : nullptr;
  }
  [[nodiscard]] bool find_order(u128 id, std::uint64_t hash, OrderImage& image) const noexcept {
    return may_have(hash) && PaymentSegments(*segments()).find_order(id, hash, image);
  }
  [[nodiscard]] bool find_order(u128 merchant, std::span<const std::uint8_t, 32> reference, std::uint64_t hash, OrderImage& image) const noexcept {
    return may_have(hash) && PaymentSegments(*segments()).find_order(merchant, reference, hash, image);
  }
  [[nodiscard]] bool find_line(std::uint64_t sequence, StoryLine& line) const noexcept {
    return past_ != nullptr && PaymentSegments(*segments()).find_line(sequence, line);
  }
  [[nodiscard]] bool newest_line(StoryKind kind, u128 id, std::uint64_t hash, StoryLine& line) const noexcept {
    return may_have(hash) && PaymentSegments(*segments()).newest_line(kind, id, hash, line);
  }
  [[nodiscard]] PaymentSegments::Rows rows() const noexcept { return past_ == nullptr ? PaymentSegments::Rows() : PaymentSegments(*segments()).rows(); }

 private:
  const Past* past_;
};

}  // namespace florin::core
