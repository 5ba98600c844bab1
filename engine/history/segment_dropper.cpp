#include "history/segment_dropper.hpp"

#define XXH_INLINE_ALL  // the library is built for the oldest processors; inlined it uses those we promise
#include <xxhash.h>

#include <algorithm>
#include <vector>

#include "core/rules/transfer_digest.hpp"
#include "history/row_writer.hpp"

namespace florin::history {
namespace {

constexpr std::uint32_t kind(SectionKind kind) noexcept { return static_cast<std::uint32_t>(kind); }

u128 chained(u128 digest, const Transfer& transfer) noexcept {
  struct {
    u128 before;
    Transfer transfer;
  } link{digest, transfer};
  static_assert(sizeof link == 144);
  const XXH128_hash_t hash = XXH3_128bits(&link, sizeof link);
  return make_u128(hash.high64, hash.low64);
}

}  // namespace

Status SegmentDropper::write(SealedWriter& writer) {
  if (Status status = write_transfers(writer); !status) return status;
  if (Status status = write_resolutions(writer); !status) return status;
  if (Status status = write_endings(writer); !status) return status;
  if (Status status = copy(writer, SectionKind::kFailedIds); !status) return status;
  if (Status status = copy(writer, SectionKind::kIdRun); !status) return status;
  if (Status status = copy(writer, SectionKind::kSegmentLanes); !status) return status;
  if (Status status = write_last_batch(writer); !status) return status;
  if (Status status = write_summary(writer); !status) return status;
  if (Status status = copy_payments(writer); !status) return status;
  return writer.publish(segment_.header());
}

Status SegmentDropper::copy(SealedWriter& writer, SectionKind section) const {
  const auto bytes = segment_.section(section);
  if (!bytes) return bytes.error();
  if (Status status = writer.begin_section(kind(section)); !status) return status;
  std::vector<std::byte> room(VerifiedBytes::kBlockBytes);
  for (std::uint64_t at = 0; at < bytes->size(); at += VerifiedBytes::kBlockBytes) {
    const std::uint64_t count = std::min(VerifiedBytes::kBlockBytes, bytes->size() - at);
    const std::byte* const piece = bytes->at(at, count, room.data());
    if (piece == nullptr) return bytes->status(at, count);
    if (Status status = writer.append({piece, count}); !status) return status;
  }
  return Status::ok();
}

/// Keys and orders are for ever.
Status SegmentDropper::copy_payments(SealedWriter& writer) const {
  if (segment_.payments() == nullptr) return Status::ok();
  for (const SectionKind section : {SectionKind::kStoryLines, SectionKind::kNextLines, SectionKind::kKeys, SectionKind::kOutcomes,
                                    SectionKind::kOrderLines, SectionKind::kPaymentRun}) {
    if (Status status = copy(writer, section); !status) return status;
  }
  return Status::ok();
}

Result<Transfer> SegmentDropper::transfer_of(const TransferRow& row) const {
  const core::TransferRecord record{.id = row.id, .amount_low = row.amount_low, .timestamp = row.timestamp, .code = row.code, .flags = row.flags};
  core::TransferExtra extra;
  if (row.extra != 0) {
    const Result<ExtraRow> found = segment_.extras().at(row.extra_index());
    if (!found) return found.error();
    extra = {.pending_id = found->pending_id, .user_data_128 = found->user_data_128, .user_data_64 = found->user_data_64,
             .amount_high = found->amount_high, .user_data_32 = found->user_data_32, .timeout = found->timeout};
  }
  return core::whole_transfer(record, &extra, account(row.debit), account(row.credit));
}

Status SegmentDropper::write_transfers(SealedWriter& writer) {
  if (Status status = writer.begin_section(kind(SectionKind::kDroppedTransfers)); !status) return status;
  RowWriter<DroppedRow> out(writer);
  for (std::uint64_t i = 0; i < segment_.transfers().count(); ++i) {
    const Result<TransferRow> row = segment_.transfers().at(i);
    if (!row) return row.error();
    const Result<Transfer> transfer = transfer_of(*row);
    if (!transfer) return transfer.error();
    out.add({.id = row->id, .timestamp = row->timestamp, .digest = core::transfer_digest(*transfer).value});
    digest_ = chained(digest_, *transfer);
    const bool is_pending = (row->flags & TransferFlags::kPending) != 0;
    if (is_pending && transfer->amount >= core::TransferExtra::kLargeHold) {
      large_holds_.push_back({.index = static_cast<std::uint32_t>(i), .amount = transfer->amount});
    }
  }
  if (Status status = out.finish(); !status) return status;
  if (Status status = writer.begin_section(kind(SectionKind::kLargeHolds)); !status) return status;
  return writer.append(std::as_bytes(std::span<const LargeHoldRow>(large_holds_)));
}

/// Of the same transfers, which are read once more: there may be too many of these to keep them in memory until they can be written.
Status SegmentDropper::write_resolutions(SealedWriter& writer) const {
  if (Status status = writer.begin_section(kind(SectionKind::kDroppedResolutions)); !status) return status;
  RowWriter<DroppedResolutionRow> out(writer);
  for (std::uint64_t i = 0; i < segment_.transfers().count(); ++i) {
    const Result<TransferRow> row = segment_.transfers().at(i);
    if (!row) return row.error();
    if ((row->flags & core::kPostOrVoid) == 0) continue;
    const Result<Transfer> transfer = transfer_of(*row);
    if (!transfer) return transfer.error();
    out.add({.index = static_cast<std::uint32_t>(i), .inherited = *core::transfer_digest(*transfer).inherited});
  }
  return out.finish();
}

Status SegmentDropper::write_endings(SealedWriter& writer) const {
  if (Status status = writer.begin_section(kind(SectionKind::kDroppedEndings)); !status) return status;
  RowWriter<DroppedEndingRow> out(writer);
  for (std::uint64_t i = 0; i < segment_.endings().count(); ++i) {
    const Result<EndingRow> ending = segment_.endings().at(i);
    if (!ending) return ending.error();
    const Result<u128> pending_id = segment_.pending_id_of(*ending);
    if (!pending_id) return pending_id.error();
    out.add({.pending_hash = ending->pending_hash, .status = ending->status, .pending_id = *pending_id});
  }
  return out.finish();
}

Status SegmentDropper::write_last_batch(SealedWriter& writer) const {
  if (Status status = writer.begin_section(kind(SectionKind::kBatchEnds)); !status) return status;
  if (segment_.batch_ends().count() == 0) return Status::ok();
  const Result<BatchEndRow> last = segment_.batch_ends().at(segment_.batch_ends().count() - 1);
  if (!last) return last.error();
  return writer.append(std::as_bytes(std::span(&*last, 1)));
}

Status SegmentDropper::write_summary(SealedWriter& writer) const {
  DroppedSummary summary{.digest = digest_, .expiries = segment_.expiries().count()};
  if (summary.expiries != 0) {
    const Result<ExpiryRow> newest = segment_.expiries().at(summary.expiries - 1);
    if (!newest) return newest.error();
    summary.newest_expiry = newest->timestamp;
  }
  if (Status status = writer.begin_section(kind(SectionKind::kDroppedSummary)); !status) return status;
  return writer.append(std::as_bytes(std::span(&summary, 1)));
}

}  // namespace florin::history
