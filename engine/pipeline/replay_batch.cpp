#include "pipeline/replay_batch.hpp"

#include <algorithm>
#include <cstring>
#include <string>

#include "record/batch_record.hpp"
#include "runtime/check.hpp"

namespace florin::pipeline {

Status ReplayBatch::assign(std::span<const std::byte> record) {
  FLORIN_CHECK(record.size() <= memory_.size());
  std::memcpy(memory_.data(), record.data(), record.size());
  commands_.clear();
  for (const record::RequestView request : record::BatchView({memory_.data(), record.size()})) {
    // The checksums hold, so this is what was written; but only a newer or a broken florin can have written it.
    const bool is_sound = is_write(request.header.operation) &&
                          request.header.event_count == core::event_count(request.header.operation, request.body.size());
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
  }
  return {};
}

bool ReplayBatch::has_only_transfers() const noexcept {
  return std::all_of(commands_.begin(), commands_.end(), [](const core::Command& command) {
    return command.operation == Operation::kCreateTransfers || command.operation == Operation::kPulse;
  });
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
