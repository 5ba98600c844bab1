#include "pipeline/snapshot_driver.hpp"

#include <string>
#include <utility>

#include "runtime/check.hpp"

namespace florin::pipeline {
namespace {

constexpr std::uint64_t kGrowthDivisor = 8;
// Fewer are executed again in a tenth of a second. Such a snapshot is not cheap: writes that come while it is taken wait for it, for seconds if there are
// many, so whoever only pauses must not meet it.
constexpr std::uint64_t kQuietEvents = 256U << 10;
constexpr std::uint64_t kQuietNs = 30'000'000'000;

constexpr std::string_view kNotWritten = "the snapshot failed; the server's standard error says why";
constexpr std::string_view kNotSealed = "the snapshot failed: what it builds on cannot be sealed; the server's standard error says why";
static_assert(kNotSealed.size() <= core::kSnapshotFailedTextBytes && kNotWritten.size() <= core::kSnapshotFailedTextBytes);

}  // namespace

SnapshotDriver::SnapshotDriver(const Options& options, core::StateMachine& state_machine, u128 store_id, u128 hash_seed)
    : options_(options), state_machine_(state_machine), begun_work_(options.newest_sequence) {
  header_.store_id = store_id;
  header_.hash_seed = hash_seed;
  newest_sequence_.set(options.newest_sequence);
  for (Piece& piece : pieces_) FLORIN_CHECK(empty_.push(&piece));
}

void SnapshotDriver::set_wakers(runtime::Waker writer, runtime::Waker core, runtime::Waker gate) noexcept {
  wake_writer_ = writer;
  wake_core_ = core;
  wake_gate_ = gate;
}

void SnapshotDriver::set_store(const Genesis& genesis) noexcept {
  header_.store_id = genesis.store_id;
  header_.hash_seed = genesis.hash_seed;
}

std::string_view SnapshotDriver::reply_text_of(Progress end) noexcept { return end == Progress::kNotSealed ? kNotSealed : kNotWritten; }

/// Core: notices that the snapshot thread has ended the snapshot.
void SnapshotDriver::settle() noexcept {
  if (state_ == State::kWriting && progress() != Progress::kRunning) state_ = State::kIdle;
}

bool SnapshotDriver::can_start() noexcept {
  settle();
  return is_available() && state_ == State::kIdle;
}

bool SnapshotDriver::is_due(std::uint64_t work, std::uint64_t utc_ns) noexcept {
  if (options_.events_between == 0) return false;
  if (std::exchange(seen_work_, work) != work) seen_since_ns_ = utc_ns;
  const std::uint64_t distance = options_.events_between + (options_.grows ? begun_work_ / kGrowthDivisor : 0);
  const std::uint64_t since = work - begun_work_;
  const std::uint64_t quiet_from_ns = seen_since_ns_ + kQuietNs;
  const bool may_start = since >= std::min(distance, kQuietEvents) && !state_machine_.is_sealing_failing() && can_start();
  next_due_.store(may_start && since >= kQuietEvents && utc_ns < quiet_from_ns ? quiet_from_ns : kNever, std::memory_order_release);
  if (!may_start) return false;
  if (since >= kQuietEvents && utc_ns >= quiet_from_ns) return true;
  return since >= distance && (state_machine_.is_snapshot_cheap() || since >= 2 * distance);
}

void SnapshotDriver::begin(std::uint64_t work) {
  FLORIN_CHECK(can_start());
  state_machine_.begin_snapshot();
  header_.sequence = state_machine_.sequence();
  header_.timestamp = state_machine_.timestamp();
  header_.outcome_digest = state_machine_.outcome_digest();
  begun_work_ = work;
  chain_end_.store(ChainEnd::kUnknown, std::memory_order_relaxed);
  abort_.store(false, std::memory_order_relaxed);
  progress_.store(Progress::kRunning, std::memory_order_release);
  state_ = State::kCopying;
}

bool SnapshotDriver::step(std::uint32_t work_executed) {
  if (state_ != State::kCopying) return false;
  Piece* piece = empty_.pop();
  if (piece == nullptr) return false;  // the writer is behind; it calls when it has caught up
  piece->bytes.clear();
  piece->chunks.clear();
  if (abort_.load(std::memory_order_acquire)) {
    state_machine_.abandon_snapshot();
    piece->is_last = true;
  } else {
    copy_into(*piece, work_executed);
  }
  if (piece->is_last) state_ = State::kWriting;
  FLORIN_CHECK(full_.push(piece));
  wake_writer_();
  return true;
}

void SnapshotDriver::copy_into(Piece& piece, std::uint32_t work_executed) {
  const std::size_t budget_bytes = std::max(options_.step_bytes, work_executed * kBytesPerEvent);
  piece.is_last = state_machine_.snapshot_step(budget_bytes, [&](ChunkKey key, std::span<const std::byte> bytes) {
    piece.chunks.push_back({key, piece.bytes.size(), bytes.size()});
    piece.bytes.insert(piece.bytes.end(), bytes.begin(), bytes.end());
  });
  if (piece.is_last) header_.state_hash = state_machine_.snapshot_state_hash();
}

void SnapshotDriver::set_chain_end(std::uint64_t number, u128 checksum) noexcept {
  chain_number_ = number;
  chain_checksum_ = checksum;
  chain_end_.store(ChainEnd::kDurable, std::memory_order_release);
  wake_writer_();
}

void SnapshotDriver::cancel() noexcept {
  abort_.store(true, std::memory_order_release);
  chain_end_.store(ChainEnd::kLost, std::memory_order_release);
  wake_writer_();
  wake_core_();
}

int SnapshotDriver::do_work() noexcept {
  if (Piece* piece = full_.pop()) {
    take(*piece);
    FLORIN_CHECK(empty_.push(piece));
    wake_core_();
    return 1;
  }
  if (!is_copied_) return 0;
  if (!has_rows_) {
    note(write_rows());
    return 1;
  }
  const ChainEnd end = chain_end_.load(std::memory_order_acquire);
  if (end == ChainEnd::kUnknown) return 0;
  if (end == ChainEnd::kLost) note({ErrorKind::kUnavailable, "the journal failed"});
  if (!has_failed() && !state_machine_.is_snapshot_backed()) {
    if (!state_machine_.is_sealing_failing()) return 0;  // called when it is backed, or cannot be
    note({ErrorKind::kUnavailable, "what it builds on cannot be sealed"}, Progress::kNotSealed);
  }
  finish();
  return 1;
}

void SnapshotDriver::take(const Piece& piece) {
  if (piece.is_last) is_copied_ = true;
  if (!has_failed()) note(write(piece));
}

void SnapshotDriver::note(const Status& status, Progress end) noexcept {
  if (status) return;
  end_ = end;
  failure_ = status;
  abort_.store(true, std::memory_order_release);  // the core stops copying, and its last piece ends the snapshot
}

Status SnapshotDriver::write(const Piece& piece) {
  for (const Piece::Chunk& chunk : piece.chunks) {
    const Status status = put(chunk.key, std::span(piece.bytes).subspan(chunk.offset, chunk.size));
    if (!status) return status;
  }
  return {};
}

Status SnapshotDriver::write_rows() {
  if (has_failed() || abort_.load(std::memory_order_acquire)) {
    has_rows_ = true;
    return {};
  }
  Status status;
  has_rows_ = state_machine_.snapshot_rows([&](ChunkKey key, std::span<const std::byte> bytes) { status = put(key, bytes); });
  return status;
}

Status SnapshotDriver::put(ChunkKey key, std::span<const std::byte> bytes) {
  if (Status status = ensure_writer(); !status) return status;
  return writer_->put(key, bytes);
}

/// A store without a single row has a snapshot too.
Status SnapshotDriver::ensure_writer() {
  if (writer_ != nullptr) return {};
  auto created = options_.store->create(header_.sequence);
  if (!created) return created.error();
  writer_ = std::move(created).value();
  return {};
}

void SnapshotDriver::finish() {
  if (!has_failed()) note(publish());
  if (has_failed()) {
    failed_count_.add();
    report(failure_.with_context("no snapshot of sequence " + std::to_string(header_.sequence)));
  } else {
    newest_sequence_.set(header_.sequence);
    published_count_.add();
    state_machine_.snapshot_is_published();
    report(prune().with_context("an old snapshot stays"));
  }
  publish_end();
}

Status SnapshotDriver::publish() {
  if (Status status = ensure_writer(); !status) return status;
  header_.batch_number = chain_number_;
  header_.batch_checksum = chain_checksum_;
  return writer_->publish(header_);
}

Status SnapshotDriver::prune() {
  auto listed = options_.store->list();
  if (!listed) return listed.error();
  for (std::size_t i = options_.keep_count; i < listed->size(); ++i) {
    if (const Status status = options_.store->remove((*listed)[i]); !status) return status;
  }
  return {};
}

void SnapshotDriver::report(const Status& failure) const {
  if (!failure && options_.on_failure) options_.on_failure(failure);
}

void SnapshotDriver::publish_end() noexcept {
  writer_.reset();  // unpublished: leaves nothing behind
  state_machine_.end_snapshot_rows();
  is_copied_ = false;
  has_rows_ = false;
  progress_.store(std::exchange(end_, Progress::kPublished), std::memory_order_release);
  wake_gate_();
  wake_core_();
}

}  // namespace florin::pipeline
