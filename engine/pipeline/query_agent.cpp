#include "pipeline/query_agent.hpp"

#include "pipeline/query_stage.hpp"

namespace florin::pipeline {

int QueryAgent::do_work() noexcept {
  const QueryTurns::Query query = stage_.next();
  if (query.request == nullptr) return 0;
  const std::uint64_t position = answer(*query.request);
  answer_waker_();
  stage_.finish(*query.block, position);
  return 1;
}

/// Returns the batch up to which the answer may tell: what must be durable before it leaves.
std::uint64_t QueryAgent::answer(Request& request) noexcept {
  const std::uint64_t started_ns = clock_.steady_ns();
  if (request.deadline_ns != 0 && started_ns >= request.deadline_ns) {
    request.reply.code = ReplyCode::kDeadlineExceeded;  // nobody waits for it: others may have the time
    return 0;
  }
  core::Command command;
  command.operation = request.operation;
  command.protocol = request.protocol;
  command.flags = request.flags;
  command.timestamp = request.timestamp;
  command.body = {request.body, request.body_bytes};
  command.reply = &request.reply;
  command.origin = &request;
  boundary_position_ = 0;
  const core::QueryReader::Moment moment = reader_->execute(command, *this);
  request.sequence = moment.sequence;
  request.timestamp = moment.timestamp;
  counters_.answered.add();
  counters_.time_ns.record(clock_.steady_ns() - started_ns);
  // Without a boundary nobody knows what it may have seen: no more than there was.
  return boundary_position_ != 0 ? boundary_position_ : ring_.sequenced();
}

/// Publishes the task, then asks: whoever holds the core token then sees it when he lets go, at the latest (see AgentToken).
void QueryAgent::run(core::BoundaryTask& task) noexcept {
  task_.store(&task, std::memory_order_release);  // pairs with serve_boundary()
  boundary_waker_();
  while (waits_for_boundary()) parker_.park();
}

void QueryAgent::serve_boundary() noexcept {
  core::BoundaryTask* const task = task_.load(std::memory_order_acquire);
  if (task == nullptr) return;
  task->run();
  boundary_position_ = ring_.executed();
  task_.store(nullptr, std::memory_order_release);  // pairs with run()
  parker_.unpark();
}

}  // namespace florin::pipeline
