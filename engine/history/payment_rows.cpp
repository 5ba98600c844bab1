#include "history/payment_rows.hpp"

#include <algorithm>

namespace florin::history {

Result<std::optional<PaymentRows>> PaymentRows::open(const SealedReader& reader) {
  const auto is_run = [](const SealedSection& section) { return section.kind == static_cast<std::uint32_t>(SectionKind::kPaymentRun); };
  if (!std::ranges::any_of(reader.sections(), is_run)) return std::optional<PaymentRows>();
  PaymentRows rows;
  if (Status status = open_rows(reader, SectionKind::kStoryLines, rows.lines_); !status) return status;
  if (Status status = open_rows(reader, SectionKind::kNextLines, rows.next_lines_); !status) return status;
  if (Status status = open_rows(reader, SectionKind::kKeys, rows.keys_); !status) return status;
  if (Status status = open_rows(reader, SectionKind::kOutcomes, rows.outcomes_); !status) return status;
  if (Status status = open_rows(reader, SectionKind::kOrderLines, rows.order_lines_); !status) return status;
  if (rows.next_lines_.count() != rows.lines_.count()) return Status(ErrorKind::kCorrupt, "a sealed segment has lines without their next");
  const auto bytes = reader.section(static_cast<std::uint32_t>(SectionKind::kPaymentRun));
  if (!bytes) return bytes.error();
  const auto run = IdRun::open(*bytes);
  if (!run) return run.error();
  rows.run_ = *run;
  return std::optional<PaymentRows>(rows);
}

std::uint32_t ReadablePayments::lines_before(std::uint64_t sequence) const noexcept {
  const auto before = rows_.lines().lower_bound([&](const StoryLine& line) { return line.sequence < sequence; });
  return static_cast<std::uint32_t>(damage_.need(before, segment_));
}

/// What a false candidate names need not be the beginning of an order: then it is not the one that is sought, whatever is read.
void ReadablePayments::read_order(std::uint32_t index, core::OrderImage& image) const noexcept {
  const std::uint64_t count = rows_.order_lines().count();
  const bool is_order = image.take([&](std::uint32_t i) { return index + i < count ? row(rows_.order_lines(), index + i) : core::OrderLine{}; });
  if (is_order && index + image.line_count() <= count) return;
  image.hot.id = 0;
  image.cold.merchant = 0;
}

bool ReadablePayments::find(std::uint64_t hash, Same same, const void* context) const noexcept {
  const Found found = rows_.run().find(hash, [&](IdEntry entry) { return same(context, entry.index()); });
  if (found == Found::kDamaged) [[unlikely]] damage_.stop(rows_.run().check(hash), segment_);
  return found == Found::kYes;
}

}  // namespace florin::history
