#include "pipeline/executor.hpp"

#include <cstring>

#include "runtime/alloc_guard.hpp"
#include "runtime/check.hpp"

namespace florin::pipeline {

Executor::Executor(BatchRing& ring, core::StateMachine& state_machine, SnapshotDriver& snapshots, QueryStage& queries,
                   StatusWriter& status, const runtime::Clock& clock, runtime::TestClock* test_clock)
    : ring_(ring),
      state_machine_(state_machine),
      snapshots_(snapshots),
      queries_(queries),
      status_(status),
      clock_(clock),
      test_clock_(test_clock) {}

void Executor::execute(Batch& batch) noexcept {
  FLORIN_DCHECK(batch.position == ring_.executed() + 1);
  if (batch.command_count > 0) {
    const runtime::AllocGuard guard;
    state_machine_.execute(batch.command_span());
  }
  for (std::uint32_t i = 0; i < batch.service_count; ++i) answer(*batch.services[i]);
  if (batch.starts_snapshot) snapshots_.begin(batch.work_end);
  batch.executed_ns = clock_.steady_ns();
  queries_.take(batch);
  ring_.publish_executed(batch.position);
}

/// Between two batches: what it tells is true of the sequence it names.
void Executor::answer(Request& request) noexcept {
  request.sequence = state_machine_.sequence();
  request.timestamp = state_machine_.timestamp();
  core::ReplyArea& reply = request.reply;
  if (reply.code != ReplyCode::kOk) return;
  switch (request.operation) {
    case Operation::kStatus: reply.size = status_.write_status({reply.data, reply.capacity}); return;
    case Operation::kClockAdvance: {
      if (test_clock_ == nullptr) {
        reply.code = ReplyCode::kNotPermitted;
        return;
      }
      std::uint64_t ns = 0;
      std::memcpy(&ns, request.body, sizeof ns);
      test_clock_->advance(ns);
      return;
    }
    default: return;  // ping; snapshot: its reply waits in the release gate
  }
}

}  // namespace florin::pipeline
