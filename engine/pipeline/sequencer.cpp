#include "pipeline/sequencer.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>

#include "florin/engine_id.hpp"
#include "florin/party_query.hpp"
#include "record/checksum.hpp"
#include "runtime/check.hpp"

namespace florin::pipeline {
namespace {

constexpr std::uint64_t kNever = std::numeric_limits<std::uint64_t>::max();
constexpr std::uint64_t kTimersAgainNs = 100'000'000;  // after they were refused for lack of memory

/// Operations that the pipeline answers itself, at the end of the batch.
bool is_service(Operation operation) noexcept {
  return operation == Operation::kPing || operation == Operation::kStatus || operation == Operation::kSnapshot ||
         operation == Operation::kClockAdvance;
}

bool is_for_state_machine(Operation operation) noexcept {
  return operation == Operation::kCreateAccounts || operation == Operation::kCreateTransfers || operation == Operation::kDropHistory ||
         operation == Operation::kLookupAccounts || operation == Operation::kPayments || is_answered_beside(operation);
}

/// Transfers of a batch with payments in it at most: as many as its bytes would be if they were a client's. What leaves memory leaves room for them.
constexpr std::uint32_t kTransfersMax = kBatchBytesMax / sizeof(Transfer);

/// Who sends them matters: keys belong to principals.
bool has_principal(Operation operation) noexcept { return operation == Operation::kPayments || operation == Operation::kLookupKey; }

/// What a write is worth in plain events.
std::uint64_t work_of(const core::Command& command) noexcept {
  const bool pays = command.operation == Operation::kPayments || command.operation == Operation::kPaymentTimers;
  return pays ? command.event_count / kPaymentNanoseconds * Batch::kPaymentWork : command.event_count;
}

std::uint64_t record_share(std::uint32_t body_bytes) noexcept {
  return sizeof(RequestHeader) + padded_body_bytes(body_bytes);
}

std::uint64_t record_share(const RequestBlock& block) noexcept {
  return block.body_bytes_used() + std::uint64_t{block.request_count()} * sizeof(RequestHeader);
}

}  // namespace

Sequencer::Sequencer(BatchRing& ring, const Ports& ports, core::StateMachine& state_machine, const Journal& journal,
                     SnapshotDriver& snapshots, const runtime::Clock& clock, bool hands_queries_on)
    : ring_(ring),
      ports_(ports),
      state_machine_(state_machine),
      journal_(journal),
      snapshots_(snapshots),
      clock_(clock),
      hands_queries_on_(hands_queries_on),
      last_sequence_(state_machine.sequence()),
      last_timestamp_(state_machine.timestamp()),
      last_work_(last_sequence_),
      next_expiry_(state_machine.next_expiry()) {}

bool Sequencer::has_submitted() const noexcept {
  return std::any_of(ports_.begin(), ports_.end(), [](const auto& port) { return port->has_submitted(); });
}

bool Sequencer::has_work() const noexcept {
  if (!ring_.has_free_slot() || is_waiting()) return false;
  if (has_submitted()) return true;
  return is_pulse_due(clock_.utc_ns());
}

bool Sequencer::update_next_expiry() noexcept {
  const std::uint64_t before = next_expiry_.load(std::memory_order_relaxed);
  std::uint64_t after = state_machine_.next_expiry();
  if (after <= utc_ns_) after = std::max(after, timers_again_ns_);  // if they were refused
  if (after != before) next_expiry_.store(after, std::memory_order_release);
  return after < before;
}

Batch* Sequencer::cut() noexcept {
  if (!ring_.has_free_slot() || must_wait()) return nullptr;
  Batch& batch = ring_.at(ring_.sequenced() + 1);
  shortage_.look_again(state_machine_);
  utc_ns_ = now_utc_ns();
  const bool has_blocks = collect_blocks(batch);
  const bool has_own = genesis_.has_value() || is_pulse_due(utc_ns_) || (snapshots_.is_due(last_work_, utc_ns_) && !is_stopping());
  if (!has_blocks && !has_own) return nullptr;

  batch.position = ring_.sequenced() + 1;
  steady_ns_ = clock_.steady_ns();
  batch.sequenced_ns = steady_ns_;
  if (!fill(batch, Room::kTogether)) {
    // Refused as a whole: find out request by request who still fits.
    fill(batch, Room::kOneByOne);
  }
  set_query_blocks_apart(batch);
  genesis_.reset();
  last_sequence_ = sequence_;
  last_timestamp_ = timestamp_;
  last_work_ = work_;
  counters_.batches.add();
  counters_.requests.add(batch.command_count + batch.service_count + batch.query_count);
  counters_.events.add(batch.event_count);
  if (batch.command_count > 0 && batch.commands[0].operation == Operation::kPulse) counters_.pulses.add();
  ring_.publish_sequenced(batch.position);
  return &batch;
}

/// Only between batches can what leaves memory be let go, so the last one must have been executed. Who stops takes in nothing that needs
/// room; and if the journal has failed, what waits to be durable never will be.
bool Sequencer::must_wait() noexcept {
  if (ring_.executed() != ring_.sequenced()) return false;
  const bool waits = !is_stopping() && state_machine_.must_wait();
  if (waits && !is_waiting()) counters_.waits.add();
  is_waiting_.store(waits, std::memory_order_release);
  is_held_up_.store(state_machine_.is_held_up(), std::memory_order_release);
  return waits;
}

std::uint64_t Sequencer::now_utc_ns() const noexcept {
  // Time never runs backwards in the order of events, whatever the system's clock does.
  return std::max(clock_.utc_ns(), last_timestamp_);
}

bool Sequencer::is_pulse_due(std::uint64_t now_ns) const noexcept {
  const std::uint64_t expiry = next_expiry();
  return expiry != kNever && expiry <= now_ns && !is_stopping() && !is_held_up_.load(std::memory_order_acquire);
}

/// Takes blocks from the ports in turn until the batch is as long as it should be. A block is never split: any one fits.
bool Sequencer::collect_blocks(Batch& batch) noexcept {
  std::uint64_t bytes = 0;
  std::uint32_t requests = 0;
  batch.block_count = 0;
  std::size_t idle_ports = 0;
  while (idle_ports < ports_.size() && batch.block_count < Batch::kBlocksMax && bytes < Batch::kBytesTarget) {
    BlockPort& port = *ports_[next_port_ % ports_.size()];
    const RequestBlock* block = port.submitted_front();
    if (block == nullptr) {
      ++idle_ports;
      ++next_port_;
      continue;
    }
    const bool fits = batch.block_count == 0 || (requests + block->request_count() <= Batch::kRequestsMax &&
                                                 bytes + record_share(*block) <= 2 * Batch::kBytesTarget);
    if (!fits) break;
    bytes += record_share(*block);
    requests += block->request_count();
    batch.blocks[batch.block_count++] = port.submitted_pop();
    idle_ports = 0;
    ++next_port_;
  }
  return batch.block_count > 0;
}

bool Sequencer::fill(Batch& batch, Room room) noexcept {
  room_ = room;
  fits_together_ = true;
  begin_batch(batch);
  add_own_commands(batch);
  for (std::uint32_t i = 0; i < batch.block_count; ++i) {
    RequestBlock& block = *batch.blocks[i];
    block.queries_open = 0;
    for (Request& request : block.requests()) add_request(batch, block, request);
  }
  const bool needs_room = accounts_ + transfers_ + payments_.commands > 0;
  if (room == Room::kTogether && (!fits_together_ || (needs_room && !reserve(accounts_, transfers_, payments_)))) return false;
  batch.event_count = static_cast<std::uint32_t>(sequence_ - last_sequence_);
  batch.work = static_cast<std::uint32_t>(work_ - last_work_);
  batch.work_end = work_;
  batch.timestamp = timestamp_;
  batch.journal_bytes =
      batch.write_count == 0 ? 0 : static_cast<std::uint32_t>(std::max<std::uint64_t>(record_bytes_, kBatchBytesMin));
  FLORIN_CHECK(batch.journal_bytes <= kBatchBytesMax);
  return true;
}

void Sequencer::begin_batch(Batch& batch) noexcept {
  batch.command_count = 0;
  batch.service_count = 0;
  batch.write_count = 0;
  batch.query_count = 0;
  batch.query_block_count = 0;
  batch.first_sequence = last_sequence_ + 1;
  batch.outcome_sequence = state_machine_.sequence();
  batch.outcome_digest = state_machine_.outcome_digest();
  batch.starts_snapshot = snapshots_.is_due(last_work_, utc_ns_);
  batch.snapshot_request = nullptr;
  batch.snapshot_block = nullptr;
  sequence_ = last_sequence_;
  timestamp_ = last_timestamp_;
  work_ = last_work_;
  record_bytes_ = sizeof(BatchHeader);
  accounts_ = 0;
  transfers_ = 0;
  payments_ = {};
  if (registrations_ != 0) registering_.reset();
  registrations_ = 0;
  unwritten_bytes_ = unwritten_bytes();
  journal_has_room_ = journal_.has_room(unwritten_bytes_ + kBatchBytesMax);
}

/// Record bytes that are sequenced but perhaps not yet in the journal's own reckoning.
std::uint64_t Sequencer::unwritten_bytes() noexcept {
  std::uint64_t bytes = 0;
  for (std::uint64_t position = ring_.journalled() + 1; position <= ring_.sequenced(); ++position) {
    bytes += ring_.at(position).journal_bytes;
  }
  return bytes;
}

void Sequencer::add_own_commands(Batch& batch) noexcept {
  core::Command command;
  command.protocol = Protocol::kInternal;
  if (genesis_) {
    std::memcpy(batch.internal_body, &*genesis_, sizeof(Genesis));
    command.operation = Operation::kGenesis;
    command.event_count = 1;
    command.body = {batch.internal_body, sizeof(Genesis)};
    add_command(batch, nullptr, command);
    return;
  }
  if (!is_pulse_due(utc_ns_) || !journal_.has_room(unwritten_bytes_ + kBatchBytesMin + Batch::kInternalBodyBytes)) return;
  add_pulse(batch);
  add_timers(batch);
}

void Sequencer::add_pulse(Batch& batch) noexcept {
  const std::span<u128> ids(reinterpret_cast<u128*>(batch.internal_body), kEventsMax);
  const std::size_t count = state_machine_.due_expiries(utc_ns_, ids);
  if (count == 0) return;
  core::Command command;
  command.protocol = Protocol::kInternal;
  command.operation = Operation::kPulse;
  command.event_count = static_cast<std::uint32_t>(count);
  command.body = std::as_bytes(ids.first(count));
  add_command(batch, nullptr, command);
}

/// Timers of orders need room, as commands do. Without it they wait, and so does everything else that is due: times refuse by themselves.
void Sequencer::add_timers(Batch& batch) noexcept {
  const std::span<PaymentTimer> timers(reinterpret_cast<PaymentTimer*>(batch.internal_body + Batch::kPulseBodyBytes), kPaymentTimersMax);
  const std::size_t count = state_machine_.due_timers(utc_ns_, timers);
  if (count == 0) return;
  core::Command command;
  command.protocol = Protocol::kInternal;
  command.operation = Operation::kPaymentTimers;
  command.body = std::as_bytes(timers.first(count));
  command.event_count = core::event_count(command.operation, 0, command.body);
  const core::PaymentRoom room = state_machine_.payment_room(command.operation, command.body, 0, payments_);
  if (!state_machine_.reserve_timers(room)) {
    timers_again_ns_ = utc_ns_ + kTimersAgainNs;
    return;
  }
  payments_ += room;
  add_command(batch, nullptr, command);
}

bool Sequencer::reserve(std::uint32_t accounts, std::uint32_t transfers, const core::PaymentRoom& payments) noexcept {
  return state_machine_.reserve_payments(accounts + payments.accounts, transfers + payments.transfers, payments);
}

/// Gives a command its place. A write owns one sequence and one nanosecond per event; its time is that of its last event. A command of payments
/// counts as kPaymentNanoseconds events.
void Sequencer::add_command(Batch& batch, Request* origin, const core::Command& unplaced) noexcept {
  core::Command command = unplaced;
  if (is_write(command.operation)) {
    command.first_sequence = sequence_ + 1;
    sequence_ += command.event_count;
    work_ += work_of(command);
    timestamp_ = std::max(utc_ns_, timestamp_ + command.event_count);
    record_bytes_ += record_share(static_cast<std::uint32_t>(command.body.size()));
    ++batch.write_count;
  }
  command.timestamp = timestamp_;
  if (origin != nullptr) {
    origin->sequence = sequence_;
    origin->timestamp = timestamp_;
  }
  batch.commands[batch.command_count] = command;
  batch.origins[batch.command_count] = origin;
  ++batch.command_count;
}

void Sequencer::add_request(Batch& batch, RequestBlock& block, Request& request) noexcept {
  request.reply.size = 0;
  request.reply.count = 0;
  request.reply.code = refusal_of(request);
  if (request.reply.code != ReplyCode::kOk) {
    request.sequence = sequence_;
    request.timestamp = timestamp_;
    return;
  }
  if (is_service(request.operation)) return add_service(batch, block, request);
  if (hands_on(request)) {
    request.sequence = sequence_;
    request.timestamp = timestamp_;
    ++block.queries_open;
    ++batch.query_count;
    return;
  }
  core::Command command;
  command.operation = request.operation;
  command.protocol = request.protocol;
  command.flags = request.flags;
  command.event_count = is_write(request.operation) ? request.event_count : 0;
  command.body = {request.body, request.body_bytes};
  command.reply = &request.reply;
  if ((request.protocol == Protocol::kTigerBeetle && is_write(request.operation)) || has_principal(request.operation)) command.origin = &request;
  add_command(batch, &request, command);
}

bool Sequencer::hands_on(const Request& request) const noexcept { return hands_queries_on_ && is_answered_beside(request.operation); }

bool Sequencer::has_queries(RequestBlock& block) const noexcept {
  const auto requests = block.requests();
  return std::any_of(requests.begin(), requests.end(), [this](const Request& request) { return hands_on(request); });
}

/// Behind the others, in order: those the release gate gives back, these leave when their queries are answered.
void Sequencer::set_query_blocks_apart(Batch& batch) noexcept {
  if (batch.query_count == 0) return;
  std::array<RequestBlock*, Batch::kBlocksMax> with_queries;
  std::uint32_t others = 0;
  for (std::uint32_t i = 0; i < batch.block_count; ++i) {
    RequestBlock* block = batch.blocks[i];
    if (block->queries_open > 0) {
      with_queries[batch.query_block_count++] = block;
    } else {
      batch.blocks[others++] = block;
    }
  }
  std::copy_n(with_queries.begin(), batch.query_block_count, batch.blocks.begin() + others);
  batch.block_count = others;
}

void Sequencer::add_service(Batch& batch, RequestBlock& block, Request& request) noexcept {
  if (request.operation == Operation::kSnapshot) {
    if (!snapshots_.is_available()) {
      request.reply.code = ReplyCode::kNotPermitted;
    } else if (batch.starts_snapshot || !snapshots_.can_start() || has_queries(block)) {
      // With queries in it the block leaves when they are answered, and cannot wait for a snapshot.
      request.reply.code = ReplyCode::kBusy;
    } else {
      batch.starts_snapshot = true;
      batch.snapshot_request = &request;
      batch.snapshot_block = &block;
    }
  }
  batch.services[batch.service_count++] = &request;
}

ReplyCode Sequencer::refusal_of(Request& request) noexcept {
  if (request.deadline_ns != 0 && steady_ns_ >= request.deadline_ns) return ReplyCode::kDeadlineExceeded;
  if (is_service(request.operation)) return ReplyCode::kOk;
  if (is_stopping()) return ReplyCode::kStopping;
  if (request.protocol == Protocol::kTigerBeetle) {
    if (const ReplyCode code = refusal_of_client(request); code != ReplyCode::kOk) return code;
  } else if (!is_for_state_machine(request.operation)) {
    return ReplyCode::kUnknownOperation;
  }
  return is_write(request.operation) ? refusal_of_write(request) : refusal_of_read(request);
}

/// Where a batch is filled a second time, for lack of memory, its questions about passwords count twice: better than not at all.
ReplyCode Sequencer::refusal_of_read(const Request& request) noexcept {
  if (request.operation != Operation::kVerifyCredential) return ReplyCode::kOk;
  PasswordProof proof;
  std::memcpy(&proof, request.body, sizeof proof);
  return password_attempts_.take(proof.party, steady_ns_) ? ReplyCode::kOk : ReplyCode::kBusy;
}

/// A client that registers has no session yet: its record is completed here, with whose session ends for its sake.
ReplyCode Sequencer::refusal_of_client(Request& request) noexcept {
  if (request.operation == Operation::kRegisterClient) {
    RegisterClient body;
    std::memcpy(&body, request.body, sizeof body);
    state_machine_.complete(body, registrations_++);
    std::memcpy(request.body, &body, sizeof body);
    request.body_checksum = record::checksum({request.body, sizeof body});
    registering_.set(place_of(request.client));
    return ReplyCode::kOk;
  }
  if (!is_for_state_machine(request.operation)) return ReplyCode::kUnknownOperation;
  // Its session may be another one by then, in which an old write is as good as new. Passed over, it is sent again, and judged by what is there then.
  if (registrations_ != 0 && registering_.test(place_of(request.client))) {
    request.verdict = core::SessionVerdict::kStale;
    return ReplyCode::kNotPermitted;
  }
  request.verdict = state_machine_.admit(
      {.client = request.client, .session = request.client_session, .request = request.request, .release = request.client_release});
  const bool is_admitted = request.verdict == core::SessionVerdict::kExecuted || request.verdict == core::SessionVerdict::kRepeated;
  return is_admitted ? ReplyCode::kOk : ReplyCode::kNotPermitted;
}

ReplyCode Sequencer::refusal_of_write(const Request& request) noexcept {
  const std::uint64_t bytes = std::max<std::uint64_t>(record_bytes_ + record_share(request.body_bytes), kBatchBytesMin);
  if (!journal_has_room_ && !journal_.has_room(unwritten_bytes_ + bytes)) return ReplyCode::kDiskFull;
  // Its room is there from the beginning.
  if (request.operation == Operation::kRegisterClient) return state_machine_.is_held_up() ? ReplyCode::kBusy : ReplyCode::kOk;
  if (request.verdict == core::SessionVerdict::kRepeated) return ReplyCode::kOk;  // a full ledger has its answer
  std::uint32_t accounts = accounts_;
  std::uint32_t transfers = transfers_;
  core::PaymentRoom payments = payments_;
  if (request.operation == Operation::kPayments) {
    if (request.event_count == 0) return ReplyCode::kMalformedBody;  // a large one, which nobody had read when it was taken
    core::PaymentRoom room;
    if (room_ == Room::kTogether) {
      room = state_machine_.payment_room_at_most(request.operation, {request.body, request.body_bytes}, payments_);
      fits_together_ &= fits(room);
    } else {
      // Where room is short, what is asked again needs none.
      room = room_of(request, payments_);
      if (const ReplyCode code = refusal_of_payments(request, room); code != ReplyCode::kOk) return code;
    }
    payments += room;
  } else {
    (request.operation == Operation::kCreateAccounts ? accounts : transfers) += request.event_count;
  }
  if (room_ == Room::kOneByOne && !reserve(accounts, transfers, payments)) {
    if (state_machine_.is_held_up()) return ReplyCode::kBusy;
    shortage_.note_refused(state_machine_, accounts + payments.accounts, transfers + payments.transfers);
    return ReplyCode::kOutOfMemory;
  }
  accounts_ = accounts;
  transfers_ = transfers;
  payments_ = payments;
  return ReplyCode::kOk;
}

core::PaymentRoom Sequencer::room_of(const Request& request, const core::PaymentRoom& before) const noexcept {
  return state_machine_.payment_room(request.operation, {request.body, request.body_bytes}, request.principal, before);
}

/// Behind what the batch has already.
bool Sequencer::fits(const core::PaymentRoom& room) const noexcept {
  return transfers_ + payments_.transfers + room.transfers <= kTransfersMax &&
         payments_.order_lines + room.order_lines <= core::kOrderLinesPerBatchMax;
}

/// A later batch has room for what this one has none for; but no batch for a request that needs more by itself. Beside others it may need more than
/// that: an order that nobody knows yet could be one that they create, with all its parts.
ReplyCode Sequencer::refusal_of_payments(const Request& request, const core::PaymentRoom& room) const noexcept {
  if (fits(room)) return ReplyCode::kOk;
  const bool fits_alone = room.transfers <= kTransfersMax || room_of(request, {}).transfers <= kTransfersMax;
  return fits_alone ? ReplyCode::kBusy : ReplyCode::kMalformedBody;
}

}  // namespace florin::pipeline
