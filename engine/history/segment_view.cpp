#include "history/segment_view.hpp"

#include <utility>

namespace florin::history {
namespace {

constexpr std::uint32_t kind(SectionKind kind) noexcept { return static_cast<std::uint32_t>(kind); }

template <typename Row>
Status open_rows(const SealedReader& reader, SectionKind section, RowSection<Row>& rows) {
  const auto bytes = reader.section(kind(section));
  if (!bytes) return bytes.error();
  if (bytes->size() % sizeof(Row) != 0) return {ErrorKind::kCorrupt, "a sealed segment's section is not a whole number of rows"};
  rows = RowSection<Row>(*bytes);
  return Status::ok();
}

template <typename Row>
Status read_newest(const RowSection<Row>& rows) {
  if (rows.count() == 0) return Status::ok();
  const Result<Row> newest = rows.at(rows.count() - 1);
  return newest ? Status::ok() : newest.error();
}

}  // namespace

Result<std::unique_ptr<SegmentView>> SegmentView::open(std::unique_ptr<SealedReader> reader) {
  std::unique_ptr<SegmentView> view(new SegmentView(std::move(reader)));
  const auto run = view->reader_->section(kind(SectionKind::kIdRun));
  if (!run) return run.error();
  const auto ids = IdRun::open(*run);
  if (!ids) return ids.error();
  view->ids_ = *ids;
  if (Status status = open_rows(*view->reader_, SectionKind::kTransfers, view->transfers_); !status) return status;
  if (Status status = open_rows(*view->reader_, SectionKind::kExtras, view->extras_); !status) return status;
  if (Status status = open_rows(*view->reader_, SectionKind::kExpiries, view->expiries_); !status) return status;
  if (Status status = open_rows(*view->reader_, SectionKind::kFailedIds, view->failed_ids_); !status) return status;
  if (Status status = open_rows(*view->reader_, SectionKind::kEndings, view->endings_); !status) return status;
  if (Status status = open_rows(*view->reader_, SectionKind::kBatchEnds, view->batch_ends_); !status) return status;
  if (Status status = read_newest(view->transfers_); !status) return status;
  if (Status status = read_newest(view->expiries_); !status) return status;
  if (Status status = read_newest(view->batch_ends_); !status) return status;
  const auto postings = view->reader_->section(kind(SectionKind::kPostings));
  if (!postings) return postings.error();
  const auto opened = Postings::open(*postings);
  if (!opened) return opened.error();
  view->postings_ = *opened;
  const auto checkpoints = view->reader_->section(kind(SectionKind::kCheckpoints));
  if (!checkpoints) return checkpoints.error();
  const auto read = Checkpoints::open(*checkpoints);
  if (!read) return read.error();
  view->checkpoints_ = *read;
  const auto user_data = view->reader_->section(kind(SectionKind::kUserDataFilter));
  if (!user_data && user_data.error().kind() != ErrorKind::kNotFound) return user_data.error();
  if (user_data) {
    const auto filter = UserDataFilter::open(*user_data, view->transfers_.count());
    if (!filter) return filter.error();
    view->user_data_ = *filter;
  }
  return view;
}

Result<SegmentLanes> SegmentView::lanes() const {
  const auto bytes = reader_->section(kind(SectionKind::kSegmentLanes));
  if (!bytes) return bytes.error();
  return SegmentLanes::read(*bytes);
}

Result<std::optional<SegmentView::Known>> SegmentView::find(u128 id, std::uint64_t hash) const {
  std::optional<Known> known;
  Status damage;
  const Found found = ids_->find(hash, [&](IdEntry entry) {
    if (entry.is_failed()) {
      const Result<u128> failed = failed_ids_.at(entry.index());
      if (!failed) damage = failed.error();
      if (failed && *failed == id) known = Known{.has_failed = true, .index = entry.index(), .transfer = {}};
    } else {
      const Result<TransferRow> row = transfers_.at(entry.index());
      if (!row) damage = row.error();
      if (row && row->id == id) known = Known{.has_failed = false, .index = entry.index(), .transfer = *row};
    }
    return known.has_value() || !damage;
  });
  if (!damage) return damage;
  if (found == Found::kDamaged) return ids_->check(hash);
  return known;
}

Result<core::PendingStatus> SegmentView::ending_of(u128 pending_id, std::uint64_t hash) const {
  const Result<std::uint64_t> first = endings_.lower_bound([&](const EndingRow& row) { return row.pending_hash < hash; });
  if (!first) return first.error();
  for (std::uint64_t i = *first; i < endings_.count(); ++i) {
    const Result<EndingRow> ending = endings_.at(i);
    if (!ending) return ending.error();
    if (ending->pending_hash != hash) break;
    u128 named = 0;
    if (ending->status == core::PendingStatus::kExpired) {
      const Result<ExpiryRow> expiry = expiries_.at(ending->index);
      if (!expiry) return expiry.error();
      named = expiry->pending_id;
    } else {
      const Result<TransferRow> row = transfers_.at(ending->index);
      if (!row) return row.error();
      const Result<ExtraRow> extra = extras_.at(row->extra_index());
      if (!extra) return extra.error();
      named = extra->pending_id;
    }
    if (named == pending_id) return ending->status;
  }
  return core::PendingStatus::kNone;
}

Result<bool> SegmentView::has_transfer_at(std::uint64_t timestamp) const {
  const Result<std::uint64_t> at = transfers_.lower_bound([&](const TransferRow& row) { return row.timestamp < timestamp; });
  if (!at) return at.error();
  if (*at == transfers_.count()) return false;
  const Result<TransferRow> row = transfers_.at(*at);
  if (!row) return row.error();
  return row->timestamp == timestamp;
}

}  // namespace florin::history
