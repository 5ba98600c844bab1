#include "history/segment_builder.hpp"

#include <algorithm>
#include <string>

#include "core/generation_plan.hpp"
#include "florin/prefetch.hpp"
#include "history/checkpoints.hpp"
#include "history/frozen_rows.hpp"
#include "history/payment_builder.hpp"
#include "history/row_writer.hpp"

namespace florin::history {
namespace {

using core::PendingStatus;

constexpr std::uint32_t kind(SectionKind kind) noexcept { return static_cast<std::uint32_t>(kind); }

static_assert(core::GenerationPlan::kEntriesMax <= IdRun::kIdsMax, "what memory calls a generation fits into a segment");

constexpr std::size_t kCheckpointsPerBreath = 512;
constexpr std::size_t kCheckpointsAhead = 16;  // they are read in order of accounts, each a miss

/// In order of arrival, one in 64 is plenty; of few, all.
constexpr std::uint64_t sample_step(std::uint64_t ids) noexcept { return ids < 4096 ? 1 : 64; }

}  // namespace

Status SegmentBuilder::build(SealedWriter& writer, const SealedHeader& header) {
  const FrozenRows rows(generation_);
  if (rows.transfers() + rows.failed_ids() > IdRun::kIdsMax) {
    return {ErrorKind::kInternal, "a generation of " + std::to_string(rows.transfers() + rows.failed_ids()) + " ids is too large for a segment"};
  }
  if (Status status = write_transfers(writer); !status) return status;
  endings_.reserve(extras_ + rows.expiries());
  if (Status status = write_extras(writer); !status) return status;
  if (Status status = write_expiries(writer); !status) return status;
  if (Status status = write_failed_ids(writer); !status) return status;
  if (Status status = write_endings(writer); !status) return status;
  if (Status status = gather(header.segment); !status) return status;
  if (Status status = write_ids(writer); !status) return status;
  if (Status status = write_postings(writer); !status) return status;
  if (Status status = write_batch_ends(writer); !status) return status;
  if (Status status = PaymentBuilder(generation_, breathe_).write(writer); !status) return status;
  return writer.publish(header);
}

/// The first passage: also counts ids and postings, and takes the sample that lanes are judged by.
Status SegmentBuilder::write_transfers(SealedWriter& writer) {
  if (Status status = writer.begin_section(kind(SectionKind::kTransfers)); !status) return status;
  FrozenRows rows(generation_, breathe_);
  const core::IdHash hash = generation_.tables->hash();
  const std::uint64_t step = sample_step(rows.transfers());
  sample_.reserve(rows.transfers() / step + 1);
  RowWriter<TransferRow> out(writer);
  std::uint64_t seen = 0;
  rows.each_transfer([&](const core::Partition& partition, const core::TransferRecord& record) {
    if (seen++ % step == 0) sample_.push_back(record.id);
    ids_.count(hash(record.id));
    std::uint32_t extra = record.extra == 0 ? 0 : ++extras_;
    if (extra != 0 && partition.settled_extra(record).amount_high != 0) extra |= core::kWideAmount;
    const std::uint32_t debit = ordinals_.of(record.debit);
    const std::uint32_t credit = ordinals_.of(record.credit);
    postings_.count(debit);
    postings_.count(credit);
    out.add({.id = record.id,
             .amount_low = record.amount_low,
             .timestamp = record.timestamp,
             .debit = debit,
             .credit = credit,
             .code = record.code,
             .flags = record.flags,
             .extra = extra});
  });
  return out.finish();
}

/// Also finds the ends of holds: a post and a void have an extra, which names the hold. And everything with user data has one.
Status SegmentBuilder::write_extra_rows(SealedWriter& writer, UserDataFilterBuilder& filter) {
  if (Status status = writer.begin_section(kind(SectionKind::kExtras)); !status) return status;
  if (extras_ == 0) return Status::ok();
  const core::IdHash hash = generation_.tables->hash();
  RowWriter<ExtraRow> out(writer);
  std::uint32_t index = 0;
  FrozenRows(generation_, breathe_).each_transfer([&](const core::Partition& partition, const core::TransferRecord& record) {
    const std::uint32_t at = index++;
    if (record.extra == 0) return;
    const core::TransferExtra& extra = partition.settled_extra(record);
    filter.add(at, core::user_data_of(extra));
    const bool ends_hold = (record.flags & core::kPostOrVoid) != 0;
    out.add({.pending_id = extra.pending_id,
             .user_data_128 = extra.user_data_128,
             .user_data_64 = extra.user_data_64,
             .amount_high = extra.amount_high,
             .user_data_32 = extra.user_data_32,
             .timeout = extra.timeout,
             .hold = ends_hold ? extra.state : 0});  // that of a pending one still changes
    if (!ends_hold) return;
    const bool post = (record.flags & TransferFlags::kPostPendingTransfer) != 0;
    endings_.push_back({hash(extra.pending_id), at, post ? PendingStatus::kPosted : PendingStatus::kVoided, {}});
  });
  return out.finish();
}

Status SegmentBuilder::write_extras(SealedWriter& writer) {
  UserDataFilterBuilder filter(generation_.tables->hash(), FrozenRows(generation_).transfers(), filter_block_);
  if (Status status = write_extra_rows(writer, filter); !status) return status;
  if (Status status = writer.begin_section(kind(SectionKind::kUserDataFilter)); !status) return status;
  return filter.finish([&](std::span<const std::byte> bytes) { return append(writer, bytes); });
}

Status SegmentBuilder::write_expiries(SealedWriter& writer) {
  if (Status status = writer.begin_section(kind(SectionKind::kExpiries)); !status) return status;
  const core::IdHash hash = generation_.tables->hash();
  FrozenRows rows(generation_, breathe_);
  expiries_.reserve(rows.expiries());
  RowWriter<ExpiryRow> out(writer);
  rows.each_expiry([&](const core::Partition&, const core::Expiry& expiry) {
    const std::uint32_t debit = ordinals_.of(expiry.debit);
    const std::uint32_t credit = ordinals_.of(expiry.credit);
    postings_.count(debit);
    postings_.count(credit);
    endings_.push_back({hash(expiry.pending_id), static_cast<std::uint32_t>(expiries_.size()), PendingStatus::kExpired, {}});
    expiries_.push_back(expiry);
    out.add({.timestamp = expiry.timestamp,
             .pending_timestamp = expiry.pending_timestamp,
             .transfers_before = expiry.transfers_before,
             .debit = debit,
             .credit = credit,
             .amount = expiry.amount,
             .pending_id = expiry.pending_id,
             .flags = expiry.flags});
  });
  return out.finish();
}

Status SegmentBuilder::write_failed_ids(SealedWriter& writer) {
  if (Status status = writer.begin_section(kind(SectionKind::kFailedIds)); !status) return status;
  // They have no time; in order of their values the file does not tell how many partitions there were.
  const core::IdHash hash = generation_.tables->hash();
  const FrozenRows rows(generation_);
  failed_ids_.reserve(rows.failed_ids());
  rows.each_failed_id([&](u128 id) {
    ids_.count(hash(id));
    failed_ids_.push_back(id);
  });
  std::ranges::sort(failed_ids_);
  return writer.append(std::as_bytes(std::span<const u128>(failed_ids_)));
}

Status SegmentBuilder::write_endings(SealedWriter& writer) {
  std::sort(endings_.begin(), endings_.end(), [](const EndingRow& a, const EndingRow& b) {
    return a.pending_hash != b.pending_hash ? a.pending_hash < b.pending_hash : a.index < b.index;
  });
  if (Status status = writer.begin_section(kind(SectionKind::kEndings)); !status) return status;
  return writer.append(std::as_bytes(std::span<const EndingRow>(endings_)));
}

/// The second passage: what the id run and the postings are made of.
Status SegmentBuilder::gather(std::uint64_t segment) {
  FrozenRows rows(generation_, breathe_);
  segment_lanes_ = lanes_.judge(segment, sample_);
  const core::IdHash hash = generation_.tables->hash();
  postings_.end_of_counts();
  if (Status status = ids_.end_of_counts(); !status) return status;
  const auto take = [&](u128 id, std::uint32_t value) {
    ids_.add(hash(id), segment_lanes_.take(id) ? value | IdEntry::kStraggler : value);
  };
  std::uint32_t index = 0;
  rows.each_transfer([&](const core::Partition&, const core::TransferRecord& record) {
    take(record.id, index);
    if (expired_ != expiries_.size()) add_expiries(rows.transfers_before() + index);
    postings_.add(ordinals_.of(record.debit), PostingEntry::of(index, 0));
    postings_.add(ordinals_.of(record.credit), PostingEntry::of(index, PostingEntry::kCredit));
    ++index;
  });
  add_expiries(~std::uint64_t{0});
  index = 0;
  for (const u128 id : failed_ids_) take(id, index++ | IdEntry::kFailed);
  return Status::ok();
}

/// Those that come before the transfer behind so many.
void SegmentBuilder::add_expiries(std::uint64_t transfers) {
  for (; expired_ < expiries_.size() && expiries_[expired_].transfers_before <= transfers; ++expired_) {
    const core::Expiry& expiry = expiries_[expired_];
    postings_.add(ordinals_.of(expiry.debit), PostingEntry::of(expired_, PostingEntry::kExpiry));
    postings_.add(ordinals_.of(expiry.credit), PostingEntry::of(expired_, PostingEntry::kExpiry | PostingEntry::kCredit));
  }
}

Status SegmentBuilder::write_ids(SealedWriter& writer) {
  if (Status status = writer.begin_section(kind(SectionKind::kIdRun)); !status) return status;
  if (Status status = append(writer, ids_.finish(breathe_).bytes()); !status) return status;
  if (Status status = writer.begin_section(kind(SectionKind::kSegmentLanes)); !status) return status;
  return writer.append(segment_lanes_.bytes());
}

Status SegmentBuilder::write_postings(SealedWriter& writer) {
  const SectionBytes section = postings_.finish(breathe_);
  if (Status status = writer.begin_section(kind(SectionKind::kPostings)); !status) return status;
  if (Status status = append(writer, section.bytes()); !status) return status;
  return write_checkpoints(writer, section);
}

/// The core's checkpoints name a posting by its place in memory; here it is found again as the account's last one in its batch. They are taken
/// by account, so that the postings are passed through once from the first to the last.
Status SegmentBuilder::write_checkpoints(SealedWriter& writer, const SectionBytes& section) {
  const auto postings = Postings::open(section.verified());
  if (!postings) return postings.error();
  const std::uint64_t first_position = FrozenRows(generation_).transfers_before();
  const std::vector<CheckpointPlace> places = checkpoints_by_account();
  CheckpointsBuilder builder(places.size());
  for (std::size_t i = 0; i < places.size(); ++i) {
    if (i % kCheckpointsPerBreath == 0) breathe_();
    if (i + kCheckpointsAhead < places.size()) prefetch(places[i + kCheckpointsAhead]);
    const core::BalanceCheckpoint& one = checkpoint(places[i]);
    PostingRange range;
    if (postings->find(places[i].ordinal, range) != Found::kYes) return {ErrorKind::kInternal, "a checkpoint of an account without postings"};
    const auto entries = postings->entries(range, {});
    if (!entries) return entries.error();
    const auto is_before_it = [&](const PostingEntry& entry) {
      return entry.is_expiry() ? expiries_[entry.index()].timestamp <= one.timestamp : first_position + entry.index() < one.transfers;
    };
    const auto behind = std::partition_point(entries->begin(), entries->end(), is_before_it) - entries->begin();
    if (behind == 0) return {ErrorKind::kInternal, "a checkpoint before the first posting of its account"};
    builder.add({.balances = one.balances, .ordinal = places[i].ordinal, .posting = static_cast<std::uint32_t>(behind - 1), .flags = one.flags});
  }
  if (Status status = writer.begin_section(kind(SectionKind::kCheckpoints)); !status) return status;
  return append(writer, builder.finish().bytes());
}

/// An account is in one partition, where its checkpoints are in order of time.
std::vector<SegmentBuilder::CheckpointPlace> SegmentBuilder::checkpoints_by_account() const {
  const core::Tables& tables = *generation_.tables;
  std::vector<CheckpointPlace> places;
  for (std::uint32_t p = 0; p < tables.count(); ++p) {
    const core::FrozenGeneration::Rows& rows = generation_.rows[p];
    for (std::size_t i = rows.checkpoints_begin; i < rows.checkpoints_end; ++i) {
      const std::uint32_t account = tables[p].checkpoints().settled(i).account;
      places.push_back({.ordinal = ordinals_.of(tables.references().to(p, account)), .partition = p, .index = i});
    }
  }
  std::ranges::sort(places, [](const CheckpointPlace& a, const CheckpointPlace& b) {
    return a.ordinal != b.ordinal ? a.ordinal < b.ordinal : a.index < b.index;
  });
  return places;
}

const core::BalanceCheckpoint& SegmentBuilder::checkpoint(const CheckpointPlace& place) const {
  return (*generation_.tables)[place.partition].checkpoints().settled(place.index);
}

void SegmentBuilder::prefetch(const CheckpointPlace& place) const {
  prefetch_record(&checkpoint(place), sizeof(core::BalanceCheckpoint));
}

Status SegmentBuilder::write_batch_ends(SealedWriter& writer) {
  if (Status status = writer.begin_section(kind(SectionKind::kBatchEnds)); !status) return status;
  RowWriter<BatchEndRow> out(writer);
  for (std::size_t i = generation_.batches_begin; i < generation_.batches_end; ++i) out.add(generation_.tables->batches().settled(i));
  return out.finish();
}

/// A large section piece by piece.
Status SegmentBuilder::append(SealedWriter& writer, std::span<const std::byte> bytes) const {
  constexpr std::size_t kBytesPerBreath = std::size_t{256} << 10;
  while (!bytes.empty()) {
    const std::span<const std::byte> piece = bytes.first(std::min(bytes.size(), kBytesPerBreath));
    if (Status status = writer.append(piece); !status) return status;
    bytes = bytes.subspan(piece.size());
    breathe_();
  }
  return Status::ok();
}

}  // namespace florin::history
