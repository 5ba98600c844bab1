#include "history/dropped_rows.hpp"

namespace florin::history {
namespace {

/// Of rows in order of index the one with this index, if there is one.
template <typename Row>
Result<std::optional<Row>> row_with(const RowSection<Row>& rows, std::uint32_t index) {
  const Result<std::uint64_t> at = rows.lower_bound([&](const Row& row) { return row.index < index; });
  if (!at) return at.error();
  if (*at == rows.count()) return std::optional<Row>();
  const Result<Row> row = rows.at(*at);
  if (!row) return row.error();
  return row->index == index ? std::optional<Row>(*row) : std::optional<Row>();
}

}  // namespace

Result<DroppedRows> DroppedRows::open(const SealedReader& reader) {
  DroppedRows rows;
  RowSection<DroppedSummary> summary;
  if (Status status = open_rows(reader, SectionKind::kDroppedTransfers, rows.transfers_); !status) return status;
  if (Status status = open_rows(reader, SectionKind::kDroppedResolutions, rows.resolutions_); !status) return status;
  if (Status status = open_rows(reader, SectionKind::kDroppedEndings, rows.endings_); !status) return status;
  if (Status status = open_rows(reader, SectionKind::kLargeHolds, rows.large_holds_); !status) return status;
  if (Status status = open_rows(reader, SectionKind::kDroppedSummary, summary); !status) return status;
  if (Status status = read_newest(rows.transfers_); !status) return status;
  const Result<DroppedSummary> only = summary.at(0);
  if (!only) return only.error();
  rows.summary_ = *only;
  return rows;
}

Result<core::TransferDigest> DroppedRows::digest_of(const DroppedRow& row, std::uint32_t index) const {
  const Result<std::optional<DroppedResolutionRow>> resolution = row_with(resolutions_, index);
  if (!resolution) return resolution.error();
  core::TransferDigest digest{.value = row.digest};
  if (*resolution) digest.inherited = (*resolution)->inherited;
  return digest;
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
  const Result<std::optional<LargeHoldRow>> row = row_with(large_holds_, index);
  if (!row) return row.error();
  return *row ? std::optional<u128>((*row)->amount) : std::optional<u128>();
}

}  // namespace florin::history
