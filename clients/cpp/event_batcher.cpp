#include "client/event_batcher.hpp"

#include <algorithm>
#include <cstring>
#include <limits>
#include <utility>

#include "protocol/create_reply.hpp"

namespace florin::client {
namespace {

/// Calls each callback at most once.
void answer(SingleEvent& event, Result<CreateResult> result) {
  if (auto done = std::exchange(event.done, nullptr)) done(std::move(result));
}

}  // namespace

bool EventBatcher::may_send() const noexcept {
  return !waiting_.empty() && (under_way_.empty() || waiting_.size() >= kEventsMax);
}

void EventBatcher::pump() {
  while (may_send()) send_batch(take_batch());
}

EventBatcher::Batch EventBatcher::take_batch() {
  Batch batch;
  while (!waiting_.empty() && batch.size() < kEventsMax) {
    const bool stands_alone = waiting_.front().stands_alone;
    if (stands_alone && !batch.empty()) break;
    batch.push_back(std::move(waiting_.front()));
    waiting_.pop_front();
    if (stands_alone) break;
  }
  return batch;
}

void EventBatcher::send_batch(Batch events) {
  auto batch = std::make_shared<Batch>(std::move(events));
  auto request = std::make_unique<Request>();
  request->operation = operation_;
  request->body.resize(batch->size() * kEventBytes);
  for (std::size_t i = 0; i < batch->size(); ++i) {
    std::memcpy(request->body.data() + i * kEventBytes, (*batch)[i].event.data(), kEventBytes);
    request->deadline_ns = std::max(request->deadline_ns, (*batch)[i].deadline_ns);
  }
  request->done = [this, batch](const Result<Answer>& result) {
    std::erase(under_way_, batch);
    distribute(*batch, result);
  };
  under_way_.push_back(batch);
  send_(std::move(request));
}

void EventBatcher::distribute(Batch& batch, const Result<Answer>& result) {
  if (!result) {
    for (SingleEvent& event : batch) answer(event, result.error());
    return;
  }
  const Answer& reply = *result;
  protocol::CreateReplyView view;
  if (!protocol::parse_create_reply(reply.header, reply.body, static_cast<std::uint32_t>(batch.size()), view)) {
    for (SingleEvent& event : batch) answer(event, Status(ErrorKind::kOutcomeUnknown, "the reply contradicts itself"));
    return;
  }
  std::vector<CreateResult> results(batch.size());
  protocol::expand_results(reply.header.second, view.entries, results);
  for (std::size_t i = 0; i < batch.size(); ++i) answer(batch[i], results[i]);
}

void EventBatcher::expire(std::uint64_t now_ns, const std::string& reason) {
  const std::string name(name_of(operation_));
  for (auto event = waiting_.begin(); event != waiting_.end();) {
    if (event->deadline_ns > now_ns) {
      ++event;
      continue;
    }
    SingleEvent expired = std::move(*event);
    event = waiting_.erase(event);
    answer(expired, Status(ErrorKind::kDeadline, name + " was never sent: " + reason));
  }
  for (const auto& batch : std::vector(under_way_)) {
    for (SingleEvent& event : *batch) {
      if (event.deadline_ns > now_ns) continue;
      answer(event, Status(ErrorKind::kOutcomeUnknown, name + " was sent and not answered: the deadline passed"));
    }
  }
}

void EventBatcher::fail_waiting(const Status& error) {
  while (!waiting_.empty()) {
    SingleEvent event = std::move(waiting_.front());
    waiting_.pop_front();
    answer(event, error);
  }
}

std::uint64_t EventBatcher::next_deadline_ns() const noexcept {
  std::uint64_t earliest = std::numeric_limits<std::uint64_t>::max();
  for (const SingleEvent& event : waiting_) earliest = std::min(earliest, event.deadline_ns);
  for (const auto& batch : under_way_) {
    for (const SingleEvent& event : *batch) {
      if (event.done) earliest = std::min(earliest, event.deadline_ns);
    }
  }
  return earliest;
}

}  // namespace florin::client
