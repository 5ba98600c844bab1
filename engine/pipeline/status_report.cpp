#include "pipeline/status_report.hpp"

#include "pipeline/json_area.hpp"

namespace florin::pipeline {
StatusReport::StatusReport(const Sources& sources)
    : sources_(sources), started_ns_(sources.clock.steady_ns()), rate_since_ns_(started_ns_) {}

void StatusReport::set_stages(const Sequencer& sequencer, const JournalStage& journal_stage, const QueryStage& queries) noexcept {
  sequencer_ = &sequencer;
  journal_stage_ = &journal_stage;
  queries_ = &queries;
}

u128 StatusReport::state_hash() {
  const std::uint64_t sequence = sources_.state_machine.sequence();
  if (state_hash_sequence_ != sequence) {
    state_hash_ = sources_.state_machine.state_hash();
    state_hash_sequence_ = sequence;
  }
  return state_hash_;
}

/// Since the last time someone asked.
std::uint64_t StatusReport::events_per_second(std::uint64_t now_ns) noexcept {
  const std::uint64_t events = sequencer_->counters().events.get();
  const double seconds = static_cast<double>(now_ns - rate_since_ns_) / 1e9;
  const double count = static_cast<double>(events - rate_since_events_);
  rate_since_ns_ = now_ns;
  rate_since_events_ = events;
  return seconds > 0 ? static_cast<std::uint64_t>(count / seconds) : 0;
}

std::uint32_t StatusReport::write_status(std::span<std::byte> area) {
  const std::uint64_t now_ns = sources_.clock.steady_ns();
  const core::StateMachine::Counts counts = sources_.state_machine.counts();
  const Sequencer::Counters& sequencer = sequencer_->counters();
  const JournalStage::Counters& journal = journal_stage_->counters();
  const core::StateMachine::Memory memory = sources_.state_machine.memory(0, 0);
  JsonArea json(area);
  json.open();
  json.number("sequence", sources_.state_machine.sequence());
  json.number("durable_sequence", sources_.journal.durable_sequence());
  json.hex("state_hash", state_hash());
  json.number("timestamp", sources_.state_machine.timestamp());
  json.number("accounts", counts.accounts);
  json.number("transfers", counts.transfers);
  json.number("holds_open", counts.holds_open);
  json.number("ids_failed", counts.ids_failed);
  json.number("client_sessions", counts.client_sessions);
  json.number("parties", counts.parties);
  json.number("orders", counts.orders);
  json.number("payment_keys", counts.payment_keys);
  json.number("story_lines", counts.story_lines);
  json.number("memory_bytes", counts.memory_bytes);
  json.number("partitions", sources_.partitions);
  json.number("uptime_ns", now_ns - started_ns_);
  json.hex("store_id", store_id_);
  json.boolean("test_clock", sources_.has_test_clock);
  json.boolean("stopping", sequencer_->is_stopping());

  json.open("memory");
  json.number("budget_bytes", memory.budget_bytes);
  json.number("used_bytes", memory.needed_bytes);
  json.boolean("used_up", sequencer_->shortage().is_used_up());
  json.number("refused", sequencer_->shortage().refused_count());
  json.number("refused_needs_bytes", sequencer_->shortage().needed_bytes());
  json.close();

  json.open("history");
  json.number("segments", counts.generations);
  json.number("transfers", counts.transfers_sealed);
  json.number("sealed_segments", counts.stored.sealed.segments);
  json.number("sealed_bytes", counts.stored.sealed.bytes);
  json.number("archived_segments", counts.stored.archived.segments);
  json.number("archived_bytes", counts.stored.archived.bytes);
  json.number("dropped_segments", counts.stored.dropped.segments);
  json.number("dropped_bytes", counts.stored.dropped.bytes);
  json.number("page_cache_bytes", counts.stored.pages.bytes);
  json.number("page_cache_max_bytes", counts.stored.pages.bytes_max);
  json.number("begins", counts.history_begins);
  json.number("dropped_transfers", counts.transfers_dropped);
  json.number("shrunk_transfers", counts.transfers_shrunk);
  json.hex("shrunk_digest", counts.shrunk_digest);
  json.boolean("sealing", counts.is_sealing);
  json.boolean("failing", counts.is_sealing_failing);
  json.number("waits", sequencer.waits.get());
  json.close();

  std::uint64_t requests = 0;
  std::uint64_t refused = 0;
  std::uint64_t queued = 0;
  std::uint64_t blocks = 0;
  observe::Histogram latency;
  for (const auto& port : sources_.ports) {
    requests += port->requests().get();
    refused += port->refused().get();
    queued += port->queue_depth();
    blocks += port->block_count();
    latency.merge(port->latency());
  }
  json.open("requests");
  json.number("answered", requests);
  json.number("refused", refused);
  json.latencies("latency_ns", latency);
  json.close();

  json.open("sequencer");
  json.number("batches", sequencer.batches.get());
  json.number("events", sequencer.events.get());
  json.number("events_per_second", events_per_second(now_ns));
  json.number("pulses", sequencer.pulses.get());
  json.number("queued_blocks", queued);
  json.number("blocks_max", blocks);
  json.number("batches_in_flight", sources_.ring.in_flight());
  json.number("batches_in_flight_max", BatchRing::kSlots);
  json.close();

  std::uint64_t answered = 0;
  observe::Histogram query_time;
  for (std::uint32_t i = 0; i < queries_->reader_count(); ++i) {
    answered += queries_->agent(i).counters().answered.get();
    query_time.merge(queries_->agent(i).counters().time_ns);
  }
  json.open("queries");
  json.number("readers", queries_->reader_count());
  json.number("answered", answered);
  json.number("waiting", queries_->waiting_count());
  json.latencies("time_ns", query_time);
  json.close();

  json.open("journal");
  json.boolean("failed", journal_stage_->has_failed());
  json.boolean("has_room", sources_.journal.has_room(kBatchBytesMax));
  json.number("records", journal.records.get());
  json.number("bytes", journal.bytes.get());
  json.number("commits", journal.commits.get());
  json.latencies("commit_ns", journal.commit_ns);
  json.close();

  json.open("snapshot");
  json.boolean("available", sources_.snapshots.is_available());
  json.boolean("running", sources_.snapshots.progress() == SnapshotDriver::Progress::kRunning);
  json.number("newest_sequence", sources_.snapshots.newest_sequence());
  json.number("published", sources_.snapshots.published_count());
  json.number("failed", sources_.snapshots.failed_count());
  json.close();

  if (edge_ != nullptr) edge_->write(json);
  json.close();
  return json.size();
}

}  // namespace florin::pipeline
