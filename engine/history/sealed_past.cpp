#include "history/sealed_past.hpp"

#include <algorithm>
#include <string>
#include <thread>
#include <utility>

#include "history/frozen_rows.hpp"

namespace florin::history {
namespace {

constexpr std::uint32_t kAdoptionsMax = 30;  // a second each, see engine/sealing.cpp

/// So many ids are filled in within the time that it takes to begin a few threads.
std::size_t fill_threads(std::uint64_t ids) noexcept {
  constexpr std::uint64_t kIdsPerThread = std::uint64_t{1} << 14;
  constexpr std::uint64_t kThreadsMax = 8;
  return std::clamp<std::uint64_t>(ids / kIdsPerThread, 1, std::clamp<std::uint64_t>(std::thread::hardware_concurrency(), 1, kThreadsMax));
}

}  // namespace

using core::PastTransfer;
using core::PendingStatus;

// What the core asks.

bool SealedPast::may_know(u128 id, std::uint64_t hash) const noexcept {
  const HighWaterLanes::Answer answer = lanes_->find(id);
  return answer.in_order_segment != 0 || (answer.may_be_straggler && filter_.may_hold(hash));
}

void SealedPast::ask_ahead(std::span<const Transfer> events, const std::uint64_t* hashes) const noexcept {
  if (!lanes_->has_stragglers()) return;
  for (std::size_t i = 0; i < events.size(); ++i) {
    if (lanes_->find(events[i].id).may_be_straggler) IdFilter::prefetch(filter_.line(hashes[i]));
  }
}

std::optional<PastTransfer> SealedPast::find(u128 id, std::uint64_t hash) const noexcept {
  return find(id, hash, [](const SegmentView& /*segment*/) { return true; });
}

std::optional<PastTransfer> SealedPast::find_at_once(u128 id, std::uint64_t hash) const noexcept {
  return find(id, hash, [](const SegmentView& segment) { return segment.ids().lists_stragglers(); });
}

/// Of an id in no interval each segment is asked that `may_be_asked`.
template <typename MayBeAsked>
std::optional<PastTransfer> SealedPast::find(u128 id, std::uint64_t hash, MayBeAsked&& may_be_asked) const noexcept {
  const HighWaterLanes::Answer answer = lanes_->find(id);
  if (answer.in_order_segment != 0) {
    const SegmentView& segment = segments_[answer.in_order_segment - 1]->view();
    if (const auto known = need(segment.find(id, hash), segment); known) return past_of(segment, *known, hash);
  }
  if (!answer.may_be_straggler || !filter_.may_hold(hash)) return std::nullopt;
  for (const auto& readable : segments_) {
    const SegmentView& segment = readable->view();
    if (may_be_asked(segment) && !segment.ids().lists_stragglers()) segment.ids().read_ahead_for(hash);
  }
  for (auto readable = segments_.rbegin(); readable != segments_.rend(); ++readable) {
    const SegmentView& segment = (*readable)->view();
    if (!may_be_asked(segment)) continue;
    if (const auto known = need(segment.find_straggler(id, hash), segment); known) return past_of(segment, *known, hash);
  }
  return std::nullopt;
}

std::optional<PastTransfer> SealedPast::past_of(const SegmentView& segment, const SegmentView::Known& known, std::uint64_t hash) const {
  PastTransfer past;
  past.has_failed = known.has_failed;
  if (known.has_failed) return past;
  if (known.digest) {
    past.digest = known.digest;
    past.transfer.id = known.transfer.id;
    past.transfer.timestamp = known.transfer.timestamp;
    past.status = ended_status_of(segment, known.transfer.id, hash);
    return past;
  }
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
    const ExtraRow extra = need(segment.extras().at(row.extra_index()), segment);
    transfer.amount = make_u128(extra.amount_high, row.amount_low);
    transfer.pending_id = extra.pending_id;
    transfer.user_data_128 = extra.user_data_128;
    transfer.user_data_64 = extra.user_data_64;
    transfer.user_data_32 = extra.user_data_32;
    transfer.timeout = extra.timeout;
  }
  if ((row.flags & TransferFlags::kPending) == 0) return past;
  past.status = ended_status_of(segment, row.id, hash);
  if (past.status == PendingStatus::kNone) past.status = PendingStatus::kPending;
  return past;
}

/// How the hold of a transfer in this segment ended: there, or in a later one. kNone: it did not, or there was none.
PendingStatus SealedPast::ended_status_of(const SegmentView& segment, u128 id, std::uint64_t hash) const {
  for (std::uint64_t number = segment.header().segment; number <= segments_.size(); ++number) {
    const SegmentView& later = segments_[number - 1]->view();
    const PendingStatus status = need(later.ending_of(id, hash), later);
    if (status != PendingStatus::kNone) return status;
  }
  return PendingStatus::kNone;
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

void SealedPast::publish(std::shared_ptr<ReadableSegment> segment) {
  readable_ = readable_->with(segment);
  segments_.push_back(std::move(segment));
}

bool SealedPast::has_transfer_at(std::uint64_t timestamp) const noexcept {
  const std::uint32_t place =
      readable_->lower_bound([&](const core::PastSegments::Entry& entry) { return entry.transfers_timestamp < timestamp; });
  if (place == segments_.size()) return false;
  const SegmentView& segment = segments_[place]->view();
  return need(segment.has_transfer_at(timestamp), segment);
}

core::StoredSegments SealedPast::stored() const noexcept {
  core::StoredSegments all;
  for (const auto& readable : segments_) {
    const SegmentView& segment = readable->view();
    (segment.dropped() != nullptr ? all.dropped : segment.is_archived() ? all.archived : all.sealed).add(segment.file_bytes());
  }
  all.pages = store_.cached_pages();
  return all;
}

// At start-up.

/// What an earlier life has sealed: by its headers. Which of it can be used, whoever needs it finds out.
void SealedPast::look_for_earlier() {
  if (std::exchange(has_looked_, true)) return;
  const auto numbers = store_.list();
  if (!numbers) return;  // as if there was nothing; what has to be there will be missed by restore()
  for (const std::uint64_t number : *numbers) {
    const auto reader = store_.open(number, store_id_);
    if (reader) earlier_.emplace(number, (*reader)->header());
  }
}

std::uint64_t SealedPast::cut_of(std::uint64_t generation) {
  look_for_earlier();
  if (const auto own = earlier_.find(generation); own != earlier_.end()) return own->second.last_sequence;
  if (const auto next = earlier_.find(generation + 1); next != earlier_.end()) return next->second.first_sequence - 1;
  return 0;
}

Status SealedPast::restore(const core::PastEnd& end) {
  const std::lock_guard lock(working_);  // the builder may find something to drop as soon as the first segment is known
  auto lanes = std::make_shared<HighWaterLanes>();
  std::uint64_t position = 0;
  for (std::uint64_t number = 1; number <= end.generations; ++number) {
    auto view = open(number);
    if (!view) return Status(ErrorKind::kCorrupt, view.error().message()).with_context("sealed segment " + std::to_string(number));
    const SealedHeader& header = (*view)->header();
    if (header.first_sequence != first_sequence_ || header.first_position != position) {
      return {ErrorKind::kCorrupt, "sealed segment " + std::to_string(number) + " does not continue the one before"};
    }
    first_sequence_ = header.last_sequence + 1;
    if (!is_covered(**view)) {
      return {ErrorKind::kCorrupt, "sealed segment " + std::to_string(number) + " was dropped by a command that came after the snapshot"};
    }
    position += (*view)->transfer_count();
    const auto segment_lanes = (*view)->lanes();
    if (!segment_lanes) return segment_lanes.error();
    if (Status status = lanes->add(*segment_lanes); !status) return status;
    built_segments_.push_back(view->get());
    note_shrunk();
    if (number == end.generations) {
      if (Status status = check_journal(header); !status) return status.with_context("sealed segment " + std::to_string(number));
    }
    publish(std::make_shared<ReadableSegment>(std::move(*view), damage_));
  }
  if (first_sequence_ != end.last_sequence + 1 || position != end.transfers) {
    return {ErrorKind::kCorrupt, "the sealed segments are not those that the snapshot builds on"};
  }
  lanes_ = newest_lanes_ = std::move(lanes);
  core::FrozenGeneration accounts{.tables = tables_, .rows = std::vector<core::FrozenGeneration::Rows>(tables_->count())};
  for (const auto& partition : tables_->all()) accounts.rows[partition->index()].accounts_end = partition->accounts().size();
  take_references(accounts, references_);
  durable_.store(end.generations, std::memory_order_release);
  return fill_filter();
}

/// A store that was restored and has gone on from there is the same store with another journal. Its batches are a chain, and a segment is
/// sealed only when those before it are: if the newest one is of this journal, no segment of a later one is in front of it.
Status SealedPast::check_journal(const SealedHeader& newest) const {
  if (!options_.batch_checksum) return Status::ok();
  const auto checksum = options_.batch_checksum(newest.last_sequence);
  if (!checksum) return checksum.error().kind() == ErrorKind::kNotFound ? Status() : checksum.error();  // not found: pruned
  if (*checksum != newest.batch_checksum) return {ErrorKind::kCorrupt, "it is not of this journal"};
  return Status::ok();
}

void SealedPast::take_references(const core::FrozenGeneration& generation, std::vector<std::uint32_t>& references) {
  const auto added = ordinals_.extend(generation);
  references.insert(references.end(), added.begin(), added.end());
}

Status SealedPast::visit_stragglers(std::uint32_t part, Segments segments, const IdFilter::Add& add) const {
  std::vector<std::uint64_t> hashes;
  for (const SegmentView* segment : segments) {
    if (segment->stragglers() == 0) continue;
    hashes.clear();
    const Status status = segment->visit_stragglers(part, [&](std::uint64_t hash) { hashes.push_back(hash); });
    if (!status) return status;
    add(hashes);
  }
  return Status::ok();
}

/// From an image, and from the id runs of the segments that are not in it; what is read is checked on the way: a bit that is missing is money spent
/// twice.
Status SealedPast::fill_filter() {
  const std::uint64_t in_image = images_.load(filter_, built_segments_);
  ids_from_image_ = filter_.count();
  const Status status = fill_filter(Segments(built_segments_).first(in_image), Segments(built_segments_).subspan(in_image));
  memory_bytes_.store(filter_.bytes() + store_.memory_bytes(), std::memory_order_relaxed);
  return status;
}

/// Parts of the filter have nothing in common, so threads take one after the other.
Status SealedPast::fill_filter(Segments known, Segments added) {
  constexpr std::uint64_t kShareWithoutRoom = 8;  // some more false answers, until the next segment makes room in the background
  std::uint64_t ids = 0;
  for (const SegmentView* segment : added) ids += segment->stragglers();
  if (ids == 0) return Status::ok();
  if (ids > filter_.count() / kShareWithoutRoom) {
    const auto source = [&](std::uint32_t part, const IdFilter::Add& add) { return visit_stragglers(part, known, add); };
    if (Status status = filter_.reserve(ids, source); !status) return status;
  }
  std::atomic<std::uint32_t> next{0};
  std::vector<Status> failures(fill_threads(ids));
  {
    std::vector<std::jthread> threads;
    for (std::size_t i = 1; i < failures.size(); ++i) threads.emplace_back([&, i] { failures[i] = fill_parts(next, added); });
    failures[0] = fill_parts(next, added);
  }
  for (const Status& failure : failures) {
    if (!failure) return failure;
  }
  filter_.note_added(ids, built_segments_.size());
  return Status::ok();
}

/// Takes parts that nobody has taken, until there are none, or one cannot be read.
Status SealedPast::fill_parts(std::atomic<std::uint32_t>& next, Segments segments) {
  constexpr std::uint32_t kPartsAhead = 8;
  for (;;) {
    const std::uint32_t part = next.fetch_add(1, std::memory_order_relaxed);
    if (part >= IdFilter::kParts) return Status::ok();
    for (const SegmentView* segment : segments) {
      for (std::uint32_t ahead = part == 0 ? 0 : kPartsAhead; ahead <= kPartsAhead && part + ahead < IdFilter::kParts; ++ahead) {
        segment->read_ahead_stragglers(part + ahead);
      }
    }
    const Status status = visit_stragglers(part, segments, [&](std::span<const std::uint64_t> hashes) { filter_.add_to_part(part, hashes); });
    if (!status) return status;
  }
}

// From generation to segment.

void SealedPast::seal(const core::FrozenGeneration& generation) {
  generation_ = generation;
  state_.store(State::kFrozen, std::memory_order_release);
  if (options_.on_generation) options_.on_generation();
}

bool SealedPast::is_sealed() noexcept {
  filter_.at_boundary();
  if (state_.load(std::memory_order_acquire) != State::kBuilt) return false;
  publish(std::move(built_.segment));
  lanes_ = std::move(built_.lanes);
  references_.insert(references_.end(), built_.references.begin(), built_.references.end());
  built_.references.clear();
  state_.store(State::kIdle, std::memory_order_release);
  return true;
}

// From one form to another.

/// The builder's look-ups change at once, under the lock; the sequencing thread's at a boundary; readers' with their next list of segments.
void SealedPast::replace(std::unique_ptr<SegmentView> view) {
  const std::uint64_t place = view->header().segment - 1;
  {
    const std::lock_guard lock(working_);
    built_segments_[place] = view.get();
  }
  replacement_ = std::make_shared<ReadableSegment>(std::move(view), damage_);
  replacing_.store(Replacing::kOffered, std::memory_order_release);  // pairs with at_boundary()
}

void SealedPast::at_boundary(std::uint64_t filled, std::uint64_t full) noexcept {
  filled_.store(filled, std::memory_order_relaxed);
  full_.store(full, std::memory_order_relaxed);
  take_replacement();
  take_rewritten();
}

void SealedPast::take_replacement() noexcept {
  if (replacing_.load(std::memory_order_acquire) != Replacing::kOffered) return;
  const std::uint64_t place = replacement_->view().header().segment - 1;
  if (place >= segments_.size()) return;  // durable, but not known yet
  std::swap(segments_[place], replacement_);
  readable_ = readable_->with_other(static_cast<std::uint32_t>(place), segments_[place]);
  replacing_.store(Replacing::kTaken, std::memory_order_release);  // pairs with is_replaced()
}

/// Whoever read it last has dropped a list of segments. It is let go here and not there, because it takes a while to unmap.
bool SealedPast::is_replaced() noexcept {
  const Replacing now = replacing_.load(std::memory_order_acquire);
  if (now == Replacing::kOffered || (now == Replacing::kTaken && replacement_.use_count() > 1)) return false;
  replacement_.reset();
  replacing_.store(Replacing::kNothing, std::memory_order_release);
  held_.store(0, std::memory_order_release);
  call_to_drop();
  return true;
}

bool SealedPast::hold(std::uint64_t segment) {
  const std::lock_guard lock(working_);
  if (has_rewritten_.load(std::memory_order_acquire)) return false;
  held_.store(segment, std::memory_order_release);
  return true;
}

void SealedPast::detach() noexcept {
  const std::lock_guard lock(working_);
  is_detached_ = true;
}

Result<bool> SealedPast::do_work() {
  const std::lock_guard lock(working_);
  if (is_detached_) return false;
  if (!has_generation()) {
    if (!has_segment_to_drop()) return false;
    const Status status = drop_next();
    if (!status) return status;
    return true;
  }
  if (!is_settled()) return false;
  auto worked = work();
  is_failing_.store(!worked, std::memory_order_release);
  return worked;
}

Result<bool> SealedPast::work() {
  const FrozenRows rows(generation_);
  SealedHeader header;
  header.segment = generation_.number;
  header.first_position = rows.transfers_before();
  header.last_position = rows.transfers_before() + rows.transfers() - 1;
  header.first_sequence = first_sequence_;
  header.last_sequence = generation_.last_sequence;
  header.hash_seed = hash_seed_;
  header.store_id = store_id_;
  if (options_.batch_checksum) {
    const auto checksum = options_.batch_checksum(generation_.last_sequence);
    if (!checksum) return checksum.error();
    if (!*checksum) return false;
    header.batch_checksum = **checksum;
  }
  take_references(generation_, built_.references);
  auto made = make_segment(header);
  if (!made) return made.error();
  std::unique_ptr<SegmentView> view = std::move(*made);
  parts_known_ = adoptions_failed_ = 0;
  first_sequence_ = header.last_sequence + 1;
  built_segments_.push_back(view.get());
  note_shrunk();
  built_.segment = std::make_shared<ReadableSegment>(std::move(view), damage_);
  built_.lanes = newest_lanes_;
  generation_ = {};
  memory_bytes_.store(filter_.bytes() + store_.memory_bytes(), std::memory_order_relaxed);
  durable_.store(header.segment, std::memory_order_release);
  state_.store(State::kBuilt, std::memory_order_release);
  images_.keep(filter_, built_segments_, breathe_);
  return true;
}

Result<std::unique_ptr<SegmentView>> SealedPast::make_segment(const SealedHeader& header) {
  auto view = adopt(header);
  return !view || *view ? std::move(view) : build(header);
}

/// What the system refuses is tried again; but an error that stays may be one of the file's own place on the disk, so at last it is built anew.
/// Of one that turns out damaged ids may have come into the filter already: they are those of the one that is built in its place, and come once more.
Result<std::unique_ptr<SegmentView>> SealedPast::adopt(const SealedHeader& header) {
  const auto earlier = earlier_.find(header.segment);
  if (written_ != header && (earlier == earlier_.end() || earlier->second != header)) return std::unique_ptr<SegmentView>();
  auto view = open(header.segment);
  Status status = view ? Status() : view.error();
  if (status && !(is_covered(**view) && has_payments(**view))) return std::unique_ptr<SegmentView>();
  if (status) status = know(**view);
  if (status) return view;
  const bool is_refused = status.kind() != ErrorKind::kCorrupt && status.kind() != ErrorKind::kNotFound;
  if (is_refused && ++adoptions_failed_ < kAdoptionsMax) return status;
  parts_known_ = adoptions_failed_ = 0;
  return std::unique_ptr<SegmentView>();
}

bool SealedPast::has_payments(const SegmentView& segment) const noexcept {
  const core::FrozenGeneration::Payments& rows = generation_.payment_rows;
  const PaymentRows* const payments = segment.payments();
  const std::uint64_t lines = payments == nullptr ? 0 : payments->lines().count();
  const std::uint64_t keys = payments == nullptr ? 0 : payments->keys().count();
  return lines == rows.lines_end - rows.lines_begin && keys == rows.keys_end - rows.keys_begin;
}

Result<std::unique_ptr<SegmentView>> SealedPast::build(const SealedHeader& header) {
  auto writer = store_.create(header.segment);
  if (!writer) return writer.error();
  SegmentBuilder builder(generation_, ordinals_, *newest_lanes_, options_.filter_block, breathe_);
  if (Status status = builder.build(**writer, header); !status) return status;
  written_ = header;
  auto view = open(header.segment);
  if (!view) return view.error();
  if (Status status = know(**view); !status) return status;
  return view;
}

Result<std::unique_ptr<SegmentView>> SealedPast::open(std::uint64_t number) const {
  auto reader = store_.open(number, store_id_);
  if (!reader) return reader.error();
  return SegmentView::open(std::move(*reader));
}

/// The ids of a segment: the filter first, then the segment, so that an id is never in neither the tables nor the past.
Status SealedPast::know(const SegmentView& segment) {
  const auto segment_lanes = segment.lanes();
  if (!segment_lanes) return segment_lanes.error();
  auto lanes = std::make_shared<HighWaterLanes>(*newest_lanes_);
  if (Status status = lanes->add(*segment_lanes); !status) return status;
  if (segment.stragglers() != 0) {
    if (Status status = know_stragglers(segment); !status) return status;
  }
  newest_lanes_ = std::move(lanes);
  return Status::ok();
}

/// Part by part. Room is made once, before the first: parts of the filter that move take along only the ids of segments that are known as a whole.
Status SealedPast::know_stragglers(const SegmentView& segment) {
  // With an image a start does not read the runs that are in it: it is here that one turns out damaged, and no later call would find it whole.
  const auto source = [this](std::uint32_t part, const IdFilter::Add& add) {
    for (const SegmentView* known : built_segments_) {
      const Status status = visit_stragglers(part, Segments(&known, 1), add);
      if (status.kind() == ErrorKind::kCorrupt) damage_.stop(status, known->header().segment);
      if (!status) return status;
    }
    return Status::ok();
  };
  if (parts_known_ == 0) {
    if (Status status = filter_.reserve(segment.stragglers(), source); !status) return status;
  }
  std::vector<std::uint64_t> hashes;
  for (; parts_known_ < IdRun::kParts; ++parts_known_) {
    hashes.clear();
    const Status status = segment.visit_stragglers(parts_known_, [&](std::uint64_t hash) { hashes.push_back(hash); });
    if (!status) return status;
    filter_.add(hashes, segment.header().segment);
    breathe_();
  }
  return Status::ok();
}

}  // namespace florin::history
