#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>

#include "core/payments/payment_view.hpp"
#include "florin/frame.hpp"

namespace florin::core {

/// Orders that a read is about, in its order, up to kOrdersMax of them: named first, then looked for in memory, all at one boundary, and those that
/// are not there in segments, beside. Reader: one thread, any.
class FoundOrders {
 public:
  FoundOrders() : places_(std::make_unique_for_overwrite<Place[]>(kOrdersMax)), images_(std::make_unique_for_overwrite<OrderImage[]>(kOrdersMax)) {}

  void clear() noexcept { count_ = 0; }
  /// `sequence`: of the line that made it, if that is how it was come by.
  void name(u128 id, std::uint64_t sequence = 0) noexcept { places_[count_++] = {.id = id, .sequence = sequence}; }
  void forget_first(std::uint32_t count) noexcept {
    std::copy(places_.get() + count, places_.get() + count_, places_.get());
    count_ -= count;
  }
  [[nodiscard]] std::uint32_t count() const noexcept { return count_; }
  [[nodiscard]] std::uint64_t sequence(std::uint32_t index) const noexcept { return places_[index].sequence; }

  /// At a boundary. Work: of each some cache misses, and the bytes of those that are there.
  void find_in_memory(const PaymentTables& tables) noexcept {
    for (std::uint32_t i = 0; i < count_; ++i) {
      Place& place = places_[i];
      place.hash = tables.order_hash(place.id);
      place.is_found = tables.find_order_in_memory(place.id, place.hash, images_[i]);
      place.may_be_sealed = !place.is_found && tables.sealed().may_have(place.hash);
    }
  }
  /// Beside: the rest. `segments`: of that boundary.
  void find_in_segments(const PaymentSegments& segments) noexcept {
    for (std::uint32_t i = 0; i < count_; ++i) {
      Place& place = places_[i];
      if (place.may_be_sealed) place.is_found = segments.find_order(place.id, place.hash, images_[i]);
    }
  }
  /// nullptr: there is no such order.
  [[nodiscard]] const OrderImage* order(std::uint32_t index) const noexcept { return places_[index].is_found ? &images_[index] : nullptr; }

 private:
  struct Place {
    u128 id = 0;
    std::uint64_t sequence = 0;
    std::uint64_t hash = 0;
    bool is_found = false;
    bool may_be_sealed = false;
  };

  std::uint32_t count_ = 0;
  std::unique_ptr<Place[]> places_;
  std::unique_ptr<OrderImage[]> images_;
};

}  // namespace florin::core
