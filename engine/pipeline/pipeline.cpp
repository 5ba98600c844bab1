#include "pipeline/pipeline.hpp"

#include <algorithm>

namespace florin::pipeline {
namespace {

/// A few MiB of new rows and ids: often enough to stay ahead, seldom enough to cost nothing.
constexpr std::uint64_t kEventsPerTidy = 16 * 1024;

Ports make_ports(Pipeline& pipeline, const Pipeline::Options& options, const runtime::Clock& clock) {
  Ports ports;
  for (std::uint32_t i = 0; i < options.ports; ++i) {
    ports.push_back(std::make_unique<BlockPort>(pipeline, clock, i, options.blocks_per_port, options.query_blocks_per_port));
  }
  return ports;
}

}  // namespace

Pipeline::Pipeline(const Options& options, core::StateMachine& state_machine, Journal& journal, const runtime::Clock& clock)
    : policy_(options.carry),
      clock_(clock),
      ports_(make_ports(*this, options, clock)),
      snapshots_(options.snapshots, state_machine, options.genesis.store_id, options.genesis.hash_seed),
      status_({ring_, ports_, state_machine, journal, snapshots_, clock, options.partitions, options.test_clock != nullptr}),
      gate_(ring_, ports_, snapshots_),
      queries_(ring_, ports_, state_machine, gate_, clock, options.query_readers),
      sequencer_(ring_, ports_, state_machine, journal, snapshots_, clock, queries_.reader_count() > 0),
      executor_(ring_, state_machine, snapshots_, queries_, status_, clock, options.test_clock),
      journal_stage_(ring_, journal, gate_, clock, options.chain_end),
      core_agent_(*this),
      journal_agent_(*this),
      tidy_agent_(state_machine, sequencer_.shortage(), options.on_news) {
  status_.set_stages(sequencer_, journal_stage_, queries_);
  status_.set_store_id(options.genesis.store_id);
  if (options.is_new_store) sequencer_.inject_genesis(options.genesis);
  set_wakers({});
}

void Pipeline::set_wakers(const Wakers& wakers) {
  wakers_ = wakers;
  journal_stage_.set_failure_waker(wakers.failure);
  gate_.set_sequencer_waker(wakers.core);
  const runtime::Waker drain_gate{[](void* gate) { static_cast<ReleaseGate*>(gate)->drain(); }, &gate_};
  snapshots_.set_wakers(wakers.snapshot, wakers.core, drain_gate);
  queries_.set_wakers(wakers.queries, {[](void* self) { static_cast<Pipeline*>(self)->carry_boundary(); }, this},
                      {[](void* self) { static_cast<Pipeline*>(self)->note_answered(); }, this});
}

void Pipeline::stop() noexcept {
  sequencer_.stop();
  wakers_.core();
}

int Pipeline::step() noexcept {
  const int core = core_work();
  const int journal = journal_work(nullptr);
  const int snapshot = snapshots_.do_work();
  const int tidy = tidy_agent_.do_work();
  int queries = 0;
  for (std::uint32_t i = 0; i < queries_.reader_count(); ++i) queries += queries_.agent(i).do_work();
  return core + journal + snapshot + tidy + queries;
}

int Pipeline::core_work() noexcept {
  if (!core_token_.try_acquire()) return 0;  // the holder looks for work again when it is done
  int work = 0;
  std::uint32_t executed = 0;
  queries_.serve_boundaries();
  release_answers(nullptr);
  if (Batch* batch = cut(); batch != nullptr) {
    wakers_.journal();  // first, so that it writes while we execute
    executed = batch->work;
    execute(*batch);
    gate_.drain();
    ++work;
  } else if (sequencer_.has_submitted()) {
    gate_.call_sequencer();  // every slot is in flight
  }
  if (snapshots_.step(executed)) ++work;
  core_token_.release();
  return work > 0 || sequencer_.has_work() || queries_.has_boundaries() ? 1 : 0;
}

int Pipeline::journal_work(const BlockPort* self) noexcept {
  if (!journal_token_.try_acquire()) return 0;
  const int work = journal_stage_.step();
  journal_token_.release();
  if (journal_stage_.has_failed()) sequencer_.stop();
  if (work > 0) gate_.drain(self);
  return work > 0 || journal_stage_.has_work() ? 1 : 0;
}

Batch* Pipeline::cut() noexcept {
  Batch* batch = sequencer_.cut();
  if (sequencer_.shortage().has_news()) [[unlikely]] wakers_.tidy();
  return batch;
}

void Pipeline::execute(Batch& batch) noexcept {
  executor_.execute(batch);
  events_since_tidy_ += batch.work;
  if (events_since_tidy_ >= kEventsPerTidy) {
    events_since_tidy_ = 0;
    tidy_agent_.ask();
    wakers_.tidy();
  }
  // The core thread copies the snapshot, and sleeps until the next expiry or snapshot: it must learn of all of them.
  const bool expires_sooner = sequencer_.update_next_expiry();
  const bool awaits_snapshot = std::exchange(snapshot_due_, snapshots_.next_due()) > snapshots_.next_due();
  if (expires_sooner || awaits_snapshot || batch.starts_snapshot) wakers_.core();
}

void Pipeline::carry(BlockPort& port) noexcept {
  const BlockPort::Round round = port.take_round();
  if (round.bytes >= policy_.core_hop_bytes) port.hand_to_core(true);
  if (port.is_handed_to_core()) return wakers_.core();
  do {
    if (ring_.in_flight() >= policy_.batches_in_flight_max) {
      port.wait_for_turn();
      // Once more, for the release that may have come in between; any later one calls us.
      if (ring_.in_flight() >= policy_.batches_in_flight_max) return;
    }
    if (!carry_batch(port)) return;
  } while (port.has_submitted());
  // What came in by other ports while we held the token, or has fallen due.
  if (sequencer_.has_work()) wakers_.core();
}

void Pipeline::note_sealed() noexcept {
  wakers_.core();
  wakers_.snapshot();
}

/// Sequences and executes one batch on the I/O thread and, if that is all there is, makes it durable as well. False if another
/// thread is at it, or will be: it will see what we have submitted.
bool Pipeline::carry_batch(BlockPort& port) noexcept {
  if (!core_token_.try_acquire()) return false;
  Batch* batch = cut();
  bool commits = false;
  if (batch != nullptr) {
    commits = commits_inline(*batch);
    if (!commits) wakers_.journal();
    execute(*batch);
    gate_.drain(&port);
  }
  queries_.serve_boundaries();
  const bool copies_snapshot = snapshots_.is_copying();
  const bool waits = sequencer_.is_waiting();
  core_token_.release();
  // The core thread may have found the token taken, and sleeps: it has a snapshot to go on with, there is room again, or a reader came too
  // late for us.
  if (copies_snapshot || waits || queries_.has_boundaries()) wakers_.core();
  if (commits) {
    journal_work(&port);
    if (journal_stage_.has_work()) wakers_.journal();
  }
  return !waits;  // if so, the core goes on
}

/// A query reader has something to do between two batches. He does not take the core token himself, as long as there is a thread that
/// will: at his priority he could lose the processor and keep the token. Called by the reader.
void Pipeline::carry_boundary() noexcept {
  if (wakers_.core.call != nullptr) return wakers_.core();
  if (!core_token_.try_acquire()) return;  // whoever has it looks for tasks when he lets go
  queries_.serve_boundaries();
  core_token_.release();
}

/// What a query read may leave memory, if that is what the core waits for.
void Pipeline::note_answered() noexcept {
  if (sequencer_.is_waiting()) wakers_.core();
}

bool Pipeline::commits_inline(const Batch& batch) const noexcept {
  const bool is_alone = ring_.journalled() + 1 == batch.position;
  return is_alone && batch.journal_bytes <= policy_.inline_commit_bytes;
}

std::uint64_t Pipeline::ns_to_next_due() const noexcept {
  constexpr std::uint64_t kRetryNs = 1'000'000;  // due, but held up: by a full ring or another holder
  const std::uint64_t due = std::min(sequencer_.next_expiry(), snapshots_.next_due());
  if (due == std::numeric_limits<std::uint64_t>::max()) return due;
  const std::uint64_t now = clock_.utc_ns();
  return std::max(due > now ? due - now : 0, kRetryNs);
}

}  // namespace florin::pipeline
