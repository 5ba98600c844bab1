#include "archiving.hpp"

#include <cstdio>
#include <utility>

#include "history/section_form.hpp"
#include "history/segment_view.hpp"

namespace florin {
namespace {

constexpr unsigned long long kUntilCalled = ~0ULL;
constexpr unsigned long long kReplacingPollNs = 10'000'000;  // a batch boundary, and the end of the queries of now
constexpr unsigned long long kRetryNs = 10'000'000'000;
constexpr unsigned long long kPauseNs = 1'000'000;
constexpr std::uint32_t kQuietSteps = 5;
constexpr std::uint64_t kBlocksPerStep = 8;  // 64 KiB where they are packed

}  // namespace

int Archiving::do_work() noexcept {
  idle_ns_ = kUntilCalled;
  const std::shared_ptr<history::SealedPast> past = sealing_.past();
  if (!past) return 0;
  const auto worked = step(*past);
  if (worked) {
    if (!*worked) return 0;
    if (!is_beside_writes(*past)) return 1;
    idle_ns_ = kPauseNs;
    return 0;
  }
  report(worked.error());
  writer_.reset();
  reader_.reset();
  idle_ns_ = kRetryNs;
  return 0;
}

/// What is archived can wait. Without pauses, batches beside it were answered after 16 ms and not after 5 (p99); a low priority alone does not do.
bool Archiving::is_beside_writes(const history::SealedPast& past) noexcept {
  const std::uint64_t filled = past.filled();
  quiet_steps_ = filled == filled_ ? quiet_steps_ + 1 : 0;
  filled_ = filled;
  return quiet_steps_ < kQuietSteps;
}

Result<bool> Archiving::step(history::SealedPast& past) {
  if (Status status = note_archived(past); !status) return status;
  if (!writer_ && !reader_) return begin(past);
  if (Status status = writer_ ? write(past.store_id()) : check(past); !status) return status.with_context("sealed segment " + std::to_string(segment_));
  return true;
}

/// Once it is known whose segments they are: before the first is durable, none of them is archived.
Status Archiving::note_archived(const history::SealedPast& past) {
  if (has_noted_ || past.durable_generations() == 0) return Status::ok();
  if (Status status = store_.note_archived(past.store_id()); !status) return status;
  has_noted_ = true;
  return Status::ok();
}

/// False: there is nothing to do now.
Result<bool> Archiving::begin(history::SealedPast& past) {
  if (!past.is_replaced()) {
    idle_ns_ = kReplacingPollNs;
    return false;
  }
  const auto unarchived = store_.unarchived();
  if (!unarchived) return unarchived.error();
  // What is not durable in this life, but lies there from an earlier one, may be built again.
  if (unarchived->empty() || unarchived->front() + kept_ > past.durable_generations()) return false;
  segment_ = unarchived->front();
  if (!past.hold(segment_)) {
    idle_ns_ = kReplacingPollNs;
    return false;
  }
  auto writer = store_.begin_archive(segment_, past.store_id(), history::form_of);
  if (!writer) {
    if (Status status = set_aside(writer.error()); !status) return status;
    return true;
  }
  writer_ = std::move(*writer);
  return true;
}

Status Archiving::write(u128 store_id) {
  const auto is_written = writer_->step();
  if (!is_written) return set_aside(is_written.error());
  if (!*is_written) return Status::ok();
  writer_.reset();
  auto reader = store_.open_archived(segment_, store_id);
  if (!reader) return reader.error();
  reader_ = std::move(*reader);
  checked_ = 0;
  return Status::ok();
}

Status Archiving::check(history::SealedPast& past) {
  if (checked_ < reader_->block_count()) {
    const Status status = reader_->verify_blocks(checked_, kBlocksPerStep);
    checked_ += kBlocksPerStep;
    return status;
  }
  return finish(past);
}

Status Archiving::finish(history::SealedPast& past) {
  auto view = history::SegmentView::open(std::move(reader_));
  if (!view) return view.error();
  if (Status status = store_.finish_archive(segment_, past.store_id()); !status) return status;
  past.replace(std::move(*view));
  if (on_archived_) on_archived_();
  return Status::ok();
}

/// Of what is read here only the sealed segment can be damaged: of the archive's file that is check()'s to find. Queries have it open, and go on as
/// long as they do not come to the damaged place.
Status Archiving::set_aside(const Status& failure) {
  writer_.reset();
  if (failure.kind() != ErrorKind::kCorrupt || !store_.set_aside(segment_)) return failure;
  std::fprintf(stderr, "florin: sealed segment %llu is not archived: %s; it is set aside, and the next start builds it again\n",
               static_cast<unsigned long long>(segment_), failure.message().c_str());
  return Status::ok();
}

/// Each failure once, not each time.
void Archiving::report(const Status& failure) {
  if (failure.message() == reported_) return;
  reported_ = failure.message();
  std::fprintf(stderr, "florin: archiving failed and is tried again: %s\n", reported_.c_str());
}

}  // namespace florin
