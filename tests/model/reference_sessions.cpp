#include "model/reference_sessions.hpp"

#include <algorithm>
#include <cstring>

#include "florin/multi_batch.hpp"
#include "model/expected_reply.hpp"

namespace florin::model {
namespace {

using core::SessionVerdict;

std::vector<std::uint32_t> batch_sizes(const core::Command& command) {
  if ((command.flags & RequestFlags::kMultiBatch) == 0) return {command.event_count};
  const MultiBatch batches = *MultiBatch::parse(command.body, kEventBytes);
  std::vector<std::uint32_t> sizes(batches.batches());
  for (std::uint32_t i = 0; i < sizes.size(); ++i) sizes[i] = batches.elements(i);
  return sizes;
}

/// Stretches of outcomes that differ from the one before by one event and one nanosecond only.
std::size_t runs_of(const std::vector<CreateReplyEntry>& outcomes) {
  std::size_t runs = 0;
  for (std::size_t i = 0; i < outcomes.size(); ++i) {
    const bool goes_on = i > 0 && outcomes[i].status == outcomes[i - 1].status && outcomes[i].index == outcomes[i - 1].index + 1 &&
                         outcomes[i].timestamp == outcomes[i - 1].timestamp + 1;
    runs += goes_on ? 0 : 1;
  }
  return runs;
}

}  // namespace

SessionVerdict ReferenceSessions::enrol(const core::Command& command) {
  if (const auto known = sessions_.find(command.origin->client); known != sessions_.end()) {
    return known->second.request == 0 ? SessionVerdict::kRepeated : SessionVerdict::kStale;
  }
  RegisterClient asked;
  std::memcpy(&asked, command.body.data(), sizeof asked);
  const std::size_t sessions_max = std::clamp(asked.sessions_max, 1U, kClientSessionsMax);
  if (sessions_.size() >= sessions_max && sessions_.contains(asked.evicted)) {
    std::rotate(turns_.begin(), std::ranges::find(turns_, asked.evicted), turns_.end());
    evict(asked.evicted);
  }
  while (sessions_.size() >= sessions_max) evict(turns_.front());
  sessions_[command.origin->client] = {
      .number = command.first_sequence, .release = asked.release, .body = {}, .sequence = command.first_sequence, .timestamp = command.timestamp, .outcomes = {}};
  turns_.push_back(command.origin->client);
  runs_max_ = asked.outcome_runs_max;
  forget_oldest();
  return SessionVerdict::kExecuted;
}

SessionVerdict ReferenceSessions::write(ReferenceLedger& ledger, const core::Command& command) {
  const auto found = sessions_.find(command.origin->client);
  if (found == sessions_.end()) return SessionVerdict::kNoSession;
  Session& session = found->second;
  if (command.origin->request < session.request) return SessionVerdict::kStale;
  if (command.origin->request == session.request) {
    const bool is_same = std::ranges::equal(command.body, session.body) && command.operation == session.operation && command.flags == session.flags;
    if (!is_same) return SessionVerdict::kStale;
    return session.is_forgotten ? SessionVerdict::kForgotten : SessionVerdict::kRepeated;
  }
  session.outcomes.clear();
  session.is_forgotten = false;
  std::uint32_t first = 0;
  for (const std::uint32_t size : batch_sizes(command)) {
    if (size == 0) continue;
    const auto body = command.body.subspan(std::size_t{first} * kEventBytes, std::size_t{size} * kEventBytes);
    const ReplyBody reply = execute_on_model(ledger, command.operation, 0, body, command.timestamp - command.event_count + first + size);
    for (CreateReplyEntry entry : elements_of<CreateReplyEntry>(std::span<const std::byte>(reply.bytes))) {
      entry.index += first;
      session.outcomes.push_back(entry);
    }
    first += size;
  }
  session.request = command.origin->request;
  session.body.assign(command.body.begin(), command.body.end());
  session.operation = command.operation;
  session.flags = command.flags;
  session.sequence = command.first_sequence + command.event_count - 1;
  session.timestamp = command.timestamp;
  turns_.erase(std::ranges::find(turns_, command.origin->client));
  turns_.push_back(command.origin->client);
  forget_oldest();
  return SessionVerdict::kExecuted;
}

void ReferenceSessions::evict(u128 client) {
  sessions_.erase(client);
  turns_.erase(std::ranges::find(turns_, client));
}

/// Until what all remember has room, or the newest write that has outcomes is all that is left.
void ReferenceSessions::forget_oldest() {
  for (;;) {
    std::size_t runs = 0;
    std::vector<Session*> remembering;
    for (auto& [client, session] : sessions_) {
      runs += runs_of(session.outcomes);
      if (!session.outcomes.empty()) remembering.push_back(&session);
    }
    if (runs <= runs_max_ || remembering.size() < 2) return;
    Session& oldest = **std::ranges::min_element(remembering, {}, [](const Session* session) { return session->sequence; });
    oldest.outcomes.clear();
    oldest.is_forgotten = true;
  }
}

std::vector<std::byte> ReferenceSessions::execute(ReferenceLedger& ledger, const core::Command& command) {
  core::ClientReply reply{.sequence = command.first_sequence + command.event_count - 1, .timestamp = command.timestamp};
  reply.verdict = command.operation == Operation::kRegisterClient ? enrol(command) : write(ledger, command);
  const bool is_write_of_events = command.operation != Operation::kRegisterClient && reply.verdict == SessionVerdict::kExecuted;
  if (!is_write_of_events) ledger.pass_over(command.event_count, command.timestamp);
  std::vector<CreateReplyEntry> entries;
  if (reply.verdict == SessionVerdict::kExecuted || reply.verdict == SessionVerdict::kRepeated) {
    const Session& session = sessions_.at(command.origin->client);
    entries = session.outcomes;
    reply.sequence = session.sequence;
    reply.timestamp = session.timestamp;
    reply.entries = static_cast<std::uint32_t>(entries.size());
  }
  std::vector<std::byte> bytes;
  for (const std::span<const std::byte> part : {std::as_bytes(std::span(&reply, 1)), std::as_bytes(std::span(entries))}) {
    bytes.insert(bytes.end(), part.begin(), part.end());
  }
  return bytes;
}

}  // namespace florin::model
