#include "pipeline/replay_batch.hpp"

#include <algorithm>
#include <string>

namespace florin::pipeline {

bool has_only_transfers(const record::BatchView& batch) noexcept {
  const std::span<const RequestHeader> requests = batch.requests();
  return std::all_of(requests.begin(), requests.end(), [](const RequestHeader& request) {
    return request.operation == Operation::kCreateTransfers || request.operation == Operation::kPulse;
  });
}

Status ReplayBatch::assign(std::span<const std::byte> record) {
  record_ = record;
  commands_.clear();
  origins_.clear();
  origins_.reserve(record::BatchView(record).requests().size());
  for (const record::RequestView request : record::BatchView(record)) {
    // The checksums hold, so this is what was written; but only a newer or a broken florin can have written it.
    const bool is_sound = is_write(request.header.operation) && request.header.event_count > 0 &&
                          request.header.event_count == core::event_count(request.header.operation, request.header.flags, request.body);
    if (!is_sound) {
      return {ErrorKind::kCorrupt, "sequence " + std::to_string(request.header.first_sequence) + ": a request that is no write"};
    }
    core::Command& command = commands_.emplace_back();
    command.operation = request.header.operation;
    command.protocol = request.header.protocol;
    command.flags = request.header.flags;
    command.event_count = request.header.event_count;
    command.first_sequence = request.header.first_sequence;
    command.timestamp = request.header.timestamp;
    command.body = request.body;
    if (command.protocol != Protocol::kTigerBeetle && command.operation != Operation::kPayments) continue;
    const RequestHeader& header = request.header;
    command.origin = &origins_.emplace_back(core::RequestOrigin{.body_checksum = header.body_checksum,
                                                                .principal = header.principal,
                                                                .client = header.client,
                                                                .request = header.request,
                                                                .key_id = header.key_id});
  }
  return {};
}

void ReplayBatch::make_hints(const core::StateMachine& state_machine) {
  std::size_t events = 0;
  for (const core::Command& command : commands_) events += command.event_count;
  if (hints_.size() < events) hints_.resize(events);
  std::size_t next = 0;
  for (core::Command& command : commands_) {
    const std::span hints = std::span(hints_).subspan(next, command.event_count);
    if (state_machine.make_hints(command, hints)) command.hints = hints.data();
    next += command.event_count;
  }
}

std::span<const core::Command> ReplayBatch::commands_through(std::uint64_t sequence) const noexcept {
  const auto beyond = std::find_if(commands_.begin(), commands_.end(), [&](const core::Command& command) {
    return command.first_sequence + command.event_count - 1 > sequence;
  });
  return {commands_.begin(), beyond};
}

}  // namespace florin::pipeline
