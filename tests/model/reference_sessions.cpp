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

}  // namespace

SessionVerdict ReferenceSessions::enrol(const core::Command& command) {
  if (const auto known = sessions_.find(command.origin->client); known != sessions_.end()) {
    return known->second.request == 0 ? SessionVerdict::kRepeated : SessionVerdict::kStale;
  }
  RegisterClient asked;
  std::memcpy(&asked, command.body.data(), sizeof asked);
  const std::size_t sessions_max = std::clamp(asked.sessions_max, 1U, kClientSessionsMax);
  if (sessions_.size() >= sessions_max) sessions_.erase(asked.evicted);
  while (sessions_.size() >= sessions_max) {
    sessions_.erase(std::ranges::min_element(sessions_, {}, [](const auto& entry) { return entry.second.sequence; }));
  }
  sessions_[command.origin->client] = {
      .number = command.first_sequence, .release = asked.release, .body = {}, .sequence = command.first_sequence, .timestamp = command.timestamp, .outcomes = {}};
  return SessionVerdict::kExecuted;
}

SessionVerdict ReferenceSessions::write(ReferenceLedger& ledger, const core::Command& command) {
  const auto found = sessions_.find(command.origin->client);
  if (found == sessions_.end()) return SessionVerdict::kNoSession;
  Session& session = found->second;
  if (command.origin->request < session.request) return SessionVerdict::kStale;
  if (command.origin->request == session.request) {
    const bool is_same = std::ranges::equal(command.body, session.body) && command.operation == session.operation && command.flags == session.flags;
    return is_same ? SessionVerdict::kRepeated : SessionVerdict::kStale;
  }
  session.outcomes.clear();
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
  return SessionVerdict::kExecuted;
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
