#include "history/sealed_past.hpp"

#include <utility>

#include "history/segment_builder.hpp"

namespace florin::history {

using core::PastTransfer;
using core::PendingStatus;

bool SealedPast::may_know(u128 id, std::uint64_t hash) const noexcept {
  const HighWaterLanes::Answer answer = lanes_->find(id);
  return answer.in_order_segment != 0 || (answer.may_be_straggler && filter_.may_hold(hash));
}

std::optional<PastTransfer> SealedPast::find(u128 id, std::uint64_t hash) const noexcept {
  const HighWaterLanes::Answer answer = lanes_->find(id);
  if (answer.in_order_segment != 0) {
    const SegmentView& segment = segments_[answer.in_order_segment - 1]->view();
    if (const auto known = damage_.need(segment.find(id, hash)); known) return past_of(segment, *known, hash);
  }
  if (!answer.may_be_straggler || !filter_.may_hold(hash)) return std::nullopt;
  for (auto segment = segments_.rbegin(); segment != segments_.rend(); ++segment) {
    if (const auto known = damage_.need((*segment)->view().find(id, hash)); known) return past_of((*segment)->view(), *known, hash);
  }
  return std::nullopt;
}

std::optional<PastTransfer> SealedPast::past_of(const SegmentView& segment, const SegmentView::Known& known, std::uint64_t hash) const {
  PastTransfer past;
  past.has_failed = known.has_failed;
  if (known.has_failed) return past;
  const TransferRow& row = known.transfer;
  const core::AccountAt debit = account_of(row.debit);
  Transfer& transfer = past.transfer;
  transfer.id = row.id;
  transfer.debit_account_id = debit.record().id;
  transfer.credit_account_id = account_of(row.credit).record().id;
  transfer.amount = row.amount_low;
  transfer.ledger = debit.record().ledger;
  transfer.code = row.code;
  transfer.flags = row.flags;
  transfer.timestamp = row.timestamp;
  if (row.extra != 0) {
    const ExtraRow extra = damage_.need(segment.extras().at(std::uint64_t{row.extra} - 1));
    transfer.amount = make_u128(extra.amount_high, row.amount_low);
    transfer.pending_id = extra.pending_id;
    transfer.user_data_128 = extra.user_data_128;
    transfer.user_data_64 = extra.user_data_64;
    transfer.user_data_32 = extra.user_data_32;
    transfer.timeout = extra.timeout;
  }
  if ((row.flags & TransferFlags::kPending) != 0) past.status = status_of(segment, row.id, hash);
  return past;
}

/// A hold ends in the segment where it began, or in a later one.
PendingStatus SealedPast::status_of(const SegmentView& segment, u128 id, std::uint64_t hash) const {
  for (std::uint64_t number = segment.header().segment; number <= segments_.size(); ++number) {
    const PendingStatus status = damage_.need(segments_[number - 1]->view().ending_of(id, hash));
    if (status != PendingStatus::kNone) return status;
  }
  return PendingStatus::kPending;
}

core::AccountAt SealedPast::account_of(std::uint32_t ordinal) const noexcept {
  return tables_->account_at(references_.empty() ? ordinal + 1 : references_[ordinal]);
}

core::PastHint SealedPast::hint(u128 id, std::uint64_t hash) const noexcept {
  const HighWaterLanes::Answer answer = lanes_->find(id);
  core::PastHint hint;
  if (answer.in_order_segment != 0) hint.segment = static_cast<std::uint32_t>(answer.in_order_segment - 1);
  hint.may_be_anywhere = answer.may_be_straggler && filter_.may_hold(hash);
  return hint;
}

bool SealedPast::has_transfer_at(std::uint64_t timestamp) const noexcept {
  for (const auto& segment : segments_) {
    if (damage_.need(segment->view().has_transfer_at(timestamp))) return true;
  }
  return false;
}

void SealedPast::seal(const core::FrozenGeneration& generation) {
  tables_ = generation.tables;
  generation_ = generation;
  state_.store(State::kFrozen, std::memory_order_release);
}

bool SealedPast::is_sealed() noexcept {
  filter_.at_boundary();
  if (state_.load(std::memory_order_acquire) != State::kBuilt) return false;
  readable_ = readable_->with(*built_.segment);
  segments_.push_back(std::move(built_.segment));
  lanes_ = std::move(built_.lanes);
  references_.insert(references_.end(), built_.references.begin(), built_.references.end());
  built_.references.clear();
  state_.store(State::kIdle, std::memory_order_release);
  return true;
}

Result<bool> SealedPast::do_work() {
  if (state_.load(std::memory_order_acquire) != State::kFrozen) return false;
  const std::uint64_t number = built_segments_.size() + 1;
  const auto added = ordinals_.extend(generation_);
  built_.references.insert(built_.references.end(), added.begin(), added.end());

  auto writer = store_.create(number);
  if (!writer) return writer.error();
  SegmentBuilder builder(generation_, ordinals_, *newest_lanes_);
  SealedHeader header;
  header.segment = number;
  header.first_sequence = first_sequence_;
  header.last_sequence = generation_.last_sequence;
  header.hash_seed = options_.hash_seed;
  header.store_id = options_.store_id;
  if (Status status = builder.build(**writer, header); !status) return status;

  auto reader = store_.open(number, options_.store_id);
  if (!reader) return reader.error();
  auto view = SegmentView::open(std::move(*reader));
  if (!view) return view.error();
  auto lanes = std::make_shared<HighWaterLanes>(*newest_lanes_);
  if (Status status = lanes->add(builder.lanes()); !status) return status;
  // The filter first, then the segment: an id is never in neither the tables nor the past.
  const auto stragglers_of = [this](std::uint32_t part, const IdFilter::Add& add) -> Status {
    std::vector<std::uint64_t> hashes;
    for (const SegmentView* segment : built_segments_) {
      hashes.clear();
      const Status status = segment->ids().visit(part, [&](std::uint64_t hash, IdEntry entry) {
        if (entry.is_straggler()) hashes.push_back(hash);
      });
      if (!status) return status;
      add(hashes);
    }
    return Status::ok();
  };
  if (Status status = filter_.reserve(builder.straggler_hashes().size(), stragglers_of); !status) return status;
  filter_.add(builder.straggler_hashes(), number);

  newest_lanes_ = lanes;
  first_sequence_ = header.last_sequence + 1;
  built_segments_.push_back(view->get());
  built_.segment = std::make_unique<ReadableSegment>(std::move(*view), damage_);
  built_.lanes = std::move(lanes);
  generation_ = {};
  state_.store(State::kBuilt, std::memory_order_release);
  return true;
}

}  // namespace florin::history
