#include "history/segment_view.hpp"

#include <algorithm>
#include <utility>

namespace florin::history {
namespace {

constexpr std::uint32_t kind(SectionKind kind) noexcept { return static_cast<std::uint32_t>(kind); }

}  // namespace

Result<std::unique_ptr<SegmentView>> SegmentView::open(std::unique_ptr<SealedReader> reader) {
  std::unique_ptr<SegmentView> view(new SegmentView(std::move(reader)));
  const auto run = view->reader_->section(kind(SectionKind::kIdRun));
  if (!run) return run.error();
  const auto ids = IdRun::open(*run);
  if (!ids) return ids.error();
  view->ids_ = *ids;
  if (Status status = open_rows(*view->reader_, SectionKind::kFailedIds, view->failed_ids_); !status) return status;
  if (Status status = open_rows(*view->reader_, SectionKind::kBatchEnds, view->batch_ends_); !status) return status;
  if (Status status = read_newest(view->batch_ends_); !status) return status;
  const auto payments = PaymentRows::open(*view->reader_);
  if (!payments) return payments.error();
  view->payments_ = *payments;
  const auto has_dropped = [&](const SealedSection& section) { return section.kind == kind(SectionKind::kDroppedTransfers); };
  if (!std::ranges::any_of(view->reader_->sections(), has_dropped)) {
    if (Status status = view->open_rows_of_all(); !status) return status;
    return view;
  }
  const auto dropped = DroppedRows::open(*view->reader_);
  if (!dropped) return dropped.error();
  view->dropped_ = *dropped;
  return view;
}

/// What only a segment has that was not dropped.
Status SegmentView::open_rows_of_all() {
  if (Status status = open_rows(*reader_, SectionKind::kTransfers, transfers_); !status) return status;
  if (Status status = open_rows(*reader_, SectionKind::kExtras, extras_); !status) return status;
  if (Status status = open_rows(*reader_, SectionKind::kExpiries, expiries_); !status) return status;
  if (Status status = open_rows(*reader_, SectionKind::kEndings, endings_); !status) return status;
  if (Status status = read_newest(transfers_); !status) return status;
  if (Status status = read_newest(expiries_); !status) return status;
  const auto postings = section(SectionKind::kPostings);
  if (!postings) return postings.error();
  const auto opened = Postings::open(*postings);
  if (!opened) return opened.error();
  postings_ = *opened;
  const auto checkpoints = section(SectionKind::kCheckpoints);
  if (!checkpoints) return checkpoints.error();
  const auto read = Checkpoints::open(*checkpoints);
  if (!read) return read.error();
  checkpoints_ = *read;
  const auto user_data = section(SectionKind::kUserDataFilter);
  if (!user_data && user_data.error().kind() != ErrorKind::kNotFound) return user_data.error();
  if (user_data) {
    const auto filter = UserDataFilter::open(*user_data, transfers_.count());
    if (!filter) return filter.error();
    user_data_ = *filter;
  }
  return Status::ok();
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
      Result<std::optional<Known>> row = known_transfer(id, entry.index());
      if (!row) damage = row.error();
      if (row) known = *row;
    }
    return known.has_value() || !damage;
  });
  if (!damage) return damage;
  if (found == Found::kDamaged) return ids_->check(hash);
  return known;
}

Result<std::optional<SegmentView::Known>> SegmentView::find_straggler(u128 id, std::uint64_t hash) const {
  const Found found = ids_->find_straggler(hash);
  if (found == Found::kYes) return find(id, hash);
  if (found == Found::kDamaged) return ids_->check_stragglers();
  return std::optional<Known>();
}

/// The transfer with this index, if it has this id.
Result<std::optional<SegmentView::Known>> SegmentView::known_transfer(u128 id, std::uint32_t index) const {
  Known known{.has_failed = false, .index = index, .transfer = {}};
  if (dropped_) {
    const Result<DroppedRow> row = dropped_->transfers().at(index);
    if (!row) return row.error();
    if (row->id != id) return std::optional<Known>();
    const Result<core::TransferDigest> digest = dropped_->digest_of(*row, index);
    if (!digest) return digest.error();
    known.transfer.id = row->id;
    known.transfer.timestamp = row->timestamp;
    known.digest = *digest;
  } else {
    const Result<TransferRow> row = transfers_.at(index);
    if (!row) return row.error();
    if (row->id != id) return std::optional<Known>();
    known.transfer = *row;
  }
  return std::optional<Known>(known);
}

Result<u128> SegmentView::pending_id_of(const EndingRow& ending) const {
  if (ending.status == core::PendingStatus::kExpired) {
    const Result<ExpiryRow> expiry = expiries_.at(ending.index);
    if (!expiry) return expiry.error();
    return expiry->pending_id;
  }
  const Result<TransferRow> row = transfers_.at(ending.index);
  if (!row) return row.error();
  const Result<ExtraRow> extra = extras_.at(row->extra_index());
  if (!extra) return extra.error();
  return extra->pending_id;
}

Result<core::PendingStatus> SegmentView::ending_of(u128 pending_id, std::uint64_t hash) const {
  if (dropped_) return dropped_->ending_of(pending_id, hash);
  const Result<std::uint64_t> first = endings_.lower_bound([&](const EndingRow& row) { return row.pending_hash < hash; });
  if (!first) return first.error();
  for (std::uint64_t i = *first; i < endings_.count(); ++i) {
    const Result<EndingRow> ending = endings_.at(i);
    if (!ending) return ending.error();
    if (ending->pending_hash != hash) break;
    const Result<u128> named = pending_id_of(*ending);
    if (!named) return named.error();
    if (*named == pending_id) return ending->status;
  }
  return core::PendingStatus::kNone;
}

namespace {

template <typename Row>
Result<bool> has_time(const RowSection<Row>& rows, std::uint64_t timestamp) {
  const Result<std::uint64_t> at = rows.lower_bound([&](const Row& row) { return row.timestamp < timestamp; });
  if (!at) return at.error();
  if (*at == rows.count()) return false;
  const Result<Row> row = rows.at(*at);
  if (!row) return row.error();
  return row->timestamp == timestamp;
}

}  // namespace

Result<bool> SegmentView::has_transfer_at(std::uint64_t timestamp) const {
  return dropped_ ? has_time(dropped_->transfers(), timestamp) : has_time(transfers_, timestamp);
}

}  // namespace florin::history
