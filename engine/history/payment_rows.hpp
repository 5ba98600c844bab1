#pragma once

#include <cstdint>
#include <optional>

#include "core/past_payments.hpp"
#include "florin/sealed_segment.hpp"
#include "history/damage.hpp"
#include "history/id_run.hpp"
#include "history/row_section.hpp"

namespace florin::history {

/// What payments left in a segment: rows, and one id run of all that they are found by. An entry's index is that of a row of the kind whose hash it is: a
/// key, the first line of an order, or a line of a story. Only those that say whether something is new are marked as stragglers, which is what
/// the filter is filled with. Readers: any thread.
class PaymentRows {
 public:
  /// Nothing: the segment has no payments.
  static Result<std::optional<PaymentRows>> open(const SealedReader& reader);

  [[nodiscard]] const RowSection<StoryLine>& lines() const noexcept { return lines_; }
  /// By line: index + 1 of the one behind it.
  [[nodiscard]] const RowSection<std::uint32_t>& next_lines() const noexcept { return next_lines_; }
  [[nodiscard]] const RowSection<core::KeyEntry>& keys() const noexcept { return keys_; }
  [[nodiscard]] const RowSection<PaymentOutcome>& outcomes() const noexcept { return outcomes_; }
  [[nodiscard]] const RowSection<core::OrderLine>& order_lines() const noexcept { return order_lines_; }
  [[nodiscard]] const IdRun& run() const noexcept { return run_; }

 private:
  RowSection<StoryLine> lines_;
  RowSection<std::uint32_t> next_lines_;
  RowSection<core::KeyEntry> keys_;
  RowSection<PaymentOutcome> outcomes_;
  RowSection<core::OrderLine> order_lines_;
  IdRun run_;
};

/// The same as the core reads it: what cannot be read stops the process. Readers: any thread.
class ReadablePayments final : public core::PastPayments {
 public:
  ReadablePayments(const PaymentRows& rows, const Damage& damage, std::uint64_t segment) noexcept : rows_(rows), damage_(damage), segment_(segment) {}

  [[nodiscard]] std::uint32_t lines() const noexcept override { return static_cast<std::uint32_t>(rows_.lines().count()); }
  [[nodiscard]] StoryLine line(std::uint32_t index) const noexcept override { return row(rows_.lines(), index); }
  [[nodiscard]] std::uint32_t lines_before(std::uint64_t sequence) const noexcept override;
  [[nodiscard]] std::uint32_t next_line(std::uint32_t index) const noexcept override { return row(rows_.next_lines(), index); }
  [[nodiscard]] std::uint32_t keys() const noexcept override { return static_cast<std::uint32_t>(rows_.keys().count()); }
  [[nodiscard]] core::KeyEntry key(std::uint32_t index) const noexcept override { return row(rows_.keys(), index); }
  [[nodiscard]] PaymentOutcome outcome(std::uint64_t index) const noexcept override { return row(rows_.outcomes(), index); }
  [[nodiscard]] std::uint32_t order_lines() const noexcept override { return static_cast<std::uint32_t>(rows_.order_lines().count()); }
  void read_order(std::uint32_t index, core::OrderImage& image) const noexcept override;
  [[nodiscard]] bool find(std::uint64_t hash, Same same, const void* context) const noexcept override;

 private:
  template <typename Row>
  Row row(const RowSection<Row>& rows, std::uint64_t index) const noexcept {
    Row found;
    if (!rows.read(index, found)) [[unlikely]] damage_.stop(rows.at(index).error(), segment_);
    return found;
  }

  const PaymentRows& rows_;
  const Damage& damage_;
  std::uint64_t segment_;
};

}  // namespace florin::history
