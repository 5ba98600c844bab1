#include "history/dropped_rows.hpp"

namespace florin::history {

Result<DroppedRows> DroppedRows::open(const SealedReader& reader) {
  DroppedRows rows;
  RowSection<DroppedSummary> summary;
  if (Status status = open_rows(reader, SectionKind::kDroppedTransfers, rows.transfers_); !status) return status;
  if (Status status = open_rows(reader, SectionKind::kDroppedEndings, rows.endings_); !status) return status;
  if (Status status = open_rows(reader, SectionKind::kLargeHolds, rows.large_holds_); !status) return status;
  if (Status status = open_rows(reader, SectionKind::kDroppedSummary, summary); !status) return status;
  if (Status status = read_newest(rows.transfers_); !status) return status;
  const Result<DroppedSummary> only = summary.at(0);
  if (!only) return only.error();
  rows.summary_ = *only;
  return rows;
}

Result<core::PendingStatus> DroppedRows::ending_of(u128 pending_id, std::uint64_t hash) const {
  const Result<std::uint64_t> first = endings_.lower_bound([&](const DroppedEndingRow& row) { return row.pending_hash < hash; });
  if (!first) return first.error();
  for (std::uint64_t i = *first; i < endings_.count(); ++i) {
    const Result<DroppedEndingRow> ending = endings_.at(i);
    if (!ending) return ending.error();
    if (ending->pending_hash != hash) break;
    if (ending->pending_id == pending_id) return ending->status;
  }
  return core::PendingStatus::kNone;
}

Result<std::optional<u128>> DroppedRows::large_amount(std::uint32_t index) const {
  const Result<std::uint64_t> at = large_holds_.lower_bound([&](const LargeHoldRow& row) { return row.index < index; });
  if (!at) return at.error();
  if (*at == large_holds_.count()) return std::optional<u128>();
  const Result<LargeHoldRow> row = large_holds_.at(*at);
  if (!row) return row.error();
  return row->index == index ? std::optional<u128>(row->amount) : std::optional<u128>();
}

}  // namespace florin::history
