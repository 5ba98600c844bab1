#include <utility>

#include "history/sealed_past.hpp"
#include "history/segment_dropper.hpp"

/// @file
/// Segments that were dropped: whole ones become what SegmentDropper leaves of them, oldest first, one at a time. A crash leaves one or the other
/// under the segment's name, and both are right.

namespace florin::history {

/// By the thread of snapshots, or while the ledger is loaded.
void SealedPast::may_forget_before(std::uint64_t timestamp) {
  forgets_before_.store(timestamp, std::memory_order_release);
  call_to_drop();
}

void SealedPast::call_to_drop() const {
  if (has_segment_to_drop() && options_.on_generation) options_.on_generation();
}

/// Not while a segment is about to take another form: one at a time, or of two forms the wrong one might stay.
bool SealedPast::has_segment_to_drop() const noexcept {
  return next_end_.load(std::memory_order_acquire) < forgets_before_.load(std::memory_order_acquire) && !has_rewritten_.load(std::memory_order_acquire) &&
         replacing_.load(std::memory_order_acquire) == Replacing::kNothing &&
         held_.load(std::memory_order_acquire) != shrunk_segments_.load(std::memory_order_relaxed) + 1;
}

/// All that happened in a segment had happened by then.
std::uint64_t SealedPast::end_of(const SegmentView& segment) {
  const std::uint64_t batches = segment.batch_ends().count();
  if (batches == 0) return ~std::uint64_t{0};
  const Result<BatchEndRow> last = segment.batch_ends().at(batches - 1);
  return last ? last->timestamp : ~std::uint64_t{0};
}

/// Nothing is missing in it that may still be asked for.
bool SealedPast::is_covered(const SegmentView& segment) const {
  return segment.dropped() == nullptr || end_of(segment) < dropped_before_.load(std::memory_order_acquire);
}

/// Builder's thread: a segment is known, or known in another form.
void SealedPast::note_shrunk() {
  const std::lock_guard lock(telling_);
  for (; shrunk_segments_ < built_segments_.size(); ++shrunk_segments_) {
    const SegmentView& segment = *built_segments_[shrunk_segments_];
    if (segment.dropped() == nullptr) break;
    shrunk_.transfers += segment.transfer_count();
    shrunk_.digest = segment.dropped()->summary().digest;
  }
  const bool has_next = shrunk_segments_ < built_segments_.size();
  next_end_.store(has_next ? end_of(*built_segments_[shrunk_segments_]) : ~std::uint64_t{0}, std::memory_order_release);
}

SealedPast::Shrunk SealedPast::shrunk() const {
  const std::lock_guard lock(telling_);
  return shrunk_;
}

Status SealedPast::drop_next() {
  const std::uint64_t number = shrunk_segments_ + 1;
  auto writer = store_.create(number);
  if (!writer) return writer.error();
  SegmentDropper dropper(*built_segments_[number - 1], *tables_, shrunk_.digest);
  if (Status status = dropper.write(**writer); !status) return status;
  auto view = open(number);
  if (!view) return view.error();
  built_segments_[number - 1] = view->get();
  note_shrunk();
  rewritten_ = std::make_shared<ReadableSegment>(std::move(*view), damage_);
  has_rewritten_.store(true, std::memory_order_release);  // pairs with take_rewritten()
  return Status::ok();
}

/// Sequencing thread. What was there before stays as long as somebody reads it. One that is finished but was not taken over yet, see
/// is_sealed(), has to come first.
void SealedPast::take_rewritten() noexcept {
  if (!has_rewritten_.load(std::memory_order_acquire)) return;
  const std::uint64_t place = rewritten_->view().header().segment - 1;
  if (place >= segments_.size()) return;
  readable_ = readable_->with_other(static_cast<std::uint32_t>(place), rewritten_);
  segments_[place] = std::move(rewritten_);
  has_rewritten_.store(false, std::memory_order_release);
  call_to_drop();
}

}  // namespace florin::history
