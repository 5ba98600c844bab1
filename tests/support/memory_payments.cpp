#include "support/memory_payments.hpp"

#include <algorithm>

#include "core/payments/payment_logs.hpp"

namespace florin::test {

MemoryPayments::MemoryPayments(const core::FrozenGeneration& generation) {
  const core::PaymentLogs& logs = *generation.payments;
  const core::FrozenGeneration::Payments& rows = generation.payment_rows;
  for (std::uint64_t i = rows.lines_begin; i < rows.lines_end; ++i) {
    const StoryLine& line = logs.lines().settled(i);
    const core::StoryKind kind = core::kind_of(line.event);
    const bool begins_here = std::ranges::none_of(lines_, [&](const StoryLine& other) { return other.sequence == line.previous; });
    if (begins_here) rows_.emplace(logs.hash().story(kind, line.object_id), lines());
    lines_.push_back(line);
  }
  for (std::uint64_t i = rows.keys_begin; i < rows.keys_end; ++i) {
    core::KeyEntry entry = logs.keys().settled(i);
    entry.first_outcome -= entry.is_told_by_line() ? 0 : rows.outcomes_begin;
    rows_.emplace(logs.hash().key(entry.record.principal, entry.record.key), keys());
    keys_.push_back(entry);
  }
  for (std::uint64_t i = rows.outcomes_begin; i < rows.outcomes_end; ++i) outcomes_.push_back(logs.outcomes().settled(i));
  core::OrderImage order;
  for (std::uint64_t i = rows.order_lines_begin; i < rows.order_lines_end; i += order.line_count()) {
    static_cast<void>(order.take([&](std::uint32_t line) { return logs.order_lines().settled(i + line); }));
    const auto older = std::ranges::find_if(orders_, [&](const core::OrderImage& other) { return other.hot.id == order.hot.id; });
    if (older != orders_.end()) {
      *older = order;
      continue;
    }
    rows_.emplace(logs.hash().order(order.hot.id), order_lines());
    rows_.emplace(logs.hash().reference(order.cold), order_lines());
    orders_.push_back(order);
  }
}

std::uint32_t MemoryPayments::lines_before(std::uint64_t sequence) const noexcept {
  return static_cast<std::uint32_t>(std::ranges::lower_bound(lines_, sequence, {}, &StoryLine::sequence) - lines_.begin());
}

std::uint32_t MemoryPayments::next_line(std::uint32_t index) const noexcept {
  const auto next = std::ranges::find(lines_, lines_[index].sequence, &StoryLine::previous);
  return next == lines_.end() ? 0 : static_cast<std::uint32_t>(next - lines_.begin()) + 1;
}

bool MemoryPayments::find(std::uint64_t hash, Same same, const void* context) const noexcept {
  const auto [begin, end] = rows_.equal_range(hash);
  return std::any_of(begin, end, [&](const auto& row) { return same(context, row.second); });
}

}  // namespace florin::test
