#include "core/payments/sealed_payments.hpp"

#include <algorithm>
#include <memory>

namespace florin::core {
namespace {

/// Place of the segment that has this sequence, or count().
std::uint32_t place_of(const PastSegments& segments, std::uint64_t sequence) noexcept {
  return segments.lower_bound([&](const PastSegments::Entry& entry) { return entry.batch_sequence < sequence; });
}

bool is_of(const StoryLine& line, StoryKind kind, u128 id) noexcept { return line.object_id == id && kind_of(line.event) == kind; }

}  // namespace

/// Calls visit(payments) for each segment that has any until it is true; whether it was.
template <typename Visit>
bool SealedPayments::from_newest(Visit&& visit) const noexcept {
  const std::shared_ptr<const PastSegments> segments = past_->segments();
  for (std::uint32_t place = segments->count(); place-- > 0;) {
    const PastPayments* const payments = (*segments)[place].payments();
    if (payments != nullptr && visit(*payments)) return true;
  }
  return false;
}

const PastPayments* SealedPayments::find_key(u128 principal, u128 key, std::uint64_t hash, KeyEntry& entry) const noexcept {
  if (!may_have(hash)) return nullptr;
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

bool SealedPayments::find_order(u128 id, std::uint64_t hash, OrderImage& image) const noexcept {
  return may_have(hash) && from_newest([&](const PastPayments& payments) {
    return payments.find(hash, [&](std::uint32_t index) {
      if (index >= payments.order_lines()) return false;
      payments.read_order(index, image);
      return image.hot.id == id;
    });
  });
}

bool SealedPayments::find_order(u128 merchant, std::span<const std::uint8_t, 32> reference, std::uint64_t hash, OrderImage& image) const noexcept {
  return may_have(hash) && from_newest([&](const PastPayments& payments) {
    return payments.find(hash, [&](std::uint32_t index) {
      if (index >= payments.order_lines()) return false;
      payments.read_order(index, image);
      return image.cold.merchant == merchant && std::ranges::equal(image.cold.reference, reference);
    });
  });
}

bool SealedPayments::find_line(std::uint64_t sequence, StoryLine& line) const noexcept {
  if (past_ == nullptr || sequence == 0) return false;
  const std::shared_ptr<const PastSegments> segments = past_->segments();
  const std::uint32_t place = place_of(*segments, sequence);
  if (place == segments->count()) return false;
  const PastPayments* const payments = (*segments)[place].payments();
  if (payments == nullptr) return false;
  const std::uint32_t index = payments->lines_before(sequence);
  if (index == payments->lines()) return false;
  line = payments->line(index);
  return line.sequence == sequence;
}

bool SealedPayments::next_line(const StoryLine& line, std::uint64_t hash, StoryLine& next) const noexcept {
  const std::shared_ptr<const PastSegments> segments = past_->segments();
  std::uint32_t place = place_of(*segments, line.sequence);
  const PastPayments& own = *(*segments)[place].payments();
  if (const std::uint32_t behind = own.next_line(own.lines_before(line.sequence)); behind != 0) {
    next = own.line(behind - 1);
    return true;
  }
  while (++place < segments->count()) {
    const PastPayments* const later = (*segments)[place].payments();
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

bool SealedPayments::newest_line(StoryKind kind, u128 id, std::uint64_t hash, StoryLine& line) const noexcept {
  return may_have(hash) && from_newest([&](const PastPayments& payments) {
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

SealedPayments::Rows SealedPayments::rows() const noexcept {
  Rows rows;
  static_cast<void>(from_newest([&](const PastPayments& payments) {
    rows.lines += payments.lines();
    rows.keys += payments.keys();
    return false;
  }));
  return rows;
}

}  // namespace florin::core
