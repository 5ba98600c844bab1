#include "core/payments/payment_segments.hpp"

#include <algorithm>

namespace florin::core {
namespace {

bool is_of(const StoryLine& line, StoryKind kind, u128 id) noexcept { return line.object_id == id && kind_of(line.event) == kind; }

}  // namespace

/// Calls visit(payments) for each segment that has any until it is true; whether it was.
template <typename Visit>
bool PaymentSegments::from_newest(Visit&& visit) const noexcept {
  for (std::uint32_t place = segments_.count(); place-- > 0;) {
    const PastPayments* const payments = segments_[place].payments();
    if (payments != nullptr && visit(*payments)) return true;
  }
  return false;
}

std::uint32_t PaymentSegments::place_of(std::uint64_t sequence) const noexcept {
  return segments_.lower_bound([&](const PastSegments::Entry& entry) { return entry.batch_sequence < sequence; });
}

std::uint64_t PaymentSegments::end_sequence() const noexcept {
  return segments_.count() == 0 ? 0 : segments_.at(segments_.count() - 1).batch_sequence;
}

const PastPayments* PaymentSegments::find_key(u128 principal, u128 key, std::uint64_t hash, KeyEntry& entry) const noexcept {
  const PastPayments* found = nullptr;
  static_cast<void>(from_newest([&](const PastPayments& payments) {
    const bool is_here = payments.find(hash, [&](std::uint32_t index) {
      if (index >= payments.keys()) return false;
      entry = payments.key(index);
      return entry.record.key == key && entry.record.principal == principal;
    });
    if (is_here) found = &payments;
    return is_here;
  }));
  return found;
}

bool PaymentSegments::find_order(u128 id, std::uint64_t hash, OrderImage& image) const noexcept {
  return from_newest([&](const PastPayments& payments) {
    return payments.find(hash, [&](std::uint32_t index) {
      if (index >= payments.order_lines()) return false;
      payments.read_order(index, image);
      return image.hot.id == id;
    });
  });
}

bool PaymentSegments::find_order(u128 merchant, std::span<const std::uint8_t, 32> reference, std::uint64_t hash, OrderImage& image) const noexcept {
  return from_newest([&](const PastPayments& payments) {
    return payments.find(hash, [&](std::uint32_t index) {
      if (index >= payments.order_lines()) return false;
      payments.read_order(index, image);
      return image.cold.merchant == merchant && std::ranges::equal(image.cold.reference, reference);
    });
  });
}

bool PaymentSegments::find_line(std::uint64_t sequence, StoryLine& line) const noexcept {
  const std::uint32_t place = place_of(sequence);
  if (sequence == 0 || place == segments_.count()) return false;
  const PastPayments* const payments = segments_[place].payments();
  if (payments == nullptr) return false;
  const std::uint32_t index = payments->lines_before(sequence);
  if (index == payments->lines()) return false;
  line = payments->line(index);
  return line.sequence == sequence;
}

bool PaymentSegments::next_line(const StoryLine& line, std::uint64_t hash, StoryLine& next) const noexcept {
  std::uint32_t place = place_of(line.sequence);
  const PastPayments& own = *segments_[place].payments();
  if (const std::uint32_t behind = own.next_line(own.lines_before(line.sequence)); behind != 0) {
    next = own.line(behind - 1);
    return true;
  }
  while (++place < segments_.count()) {
    const PastPayments* const later = segments_[place].payments();
    if (later == nullptr) continue;
    const bool goes_on = later->find(hash, [&](std::uint32_t index) {
      if (index >= later->lines()) return false;
      next = later->line(index);
      return is_of(next, kind_of(line.event), line.object_id);
    });
    if (goes_on) return true;
  }
  return false;
}

bool PaymentSegments::newest_line(StoryKind kind, u128 id, std::uint64_t hash, StoryLine& line) const noexcept {
  return from_newest([&](const PastPayments& payments) {
    return payments.find(hash, [&](std::uint32_t index) {
      if (index >= payments.lines()) return false;
      line = payments.line(index);
      if (!is_of(line, kind, id)) return false;
      for (std::uint32_t next = payments.next_line(index); next != 0; next = payments.next_line(index)) index = next - 1;
      line = payments.line(index);
      return true;
    });
  });
}

PaymentSegments::Rows PaymentSegments::rows() const noexcept {
  Rows rows;
  static_cast<void>(from_newest([&](const PastPayments& payments) {
    rows.lines += payments.lines();
    rows.keys += payments.keys();
    return false;
  }));
  return rows;
}

}  // namespace florin::core
