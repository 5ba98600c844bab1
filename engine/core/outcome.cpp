#include "core/outcome.hpp"

#define XXH_INLINE_ALL  // the library is built for the oldest processors; inlined it uses those we promise
#include <xxhash.h>

#include <cstddef>
#include <cstring>

namespace florin::core {

OutcomeLog::OutcomeLog() : entries_(std::make_unique_for_overwrite<Entries>()) {}

void OutcomeLog::finish(const Command& command) noexcept {
  Entries& entries = *entries_;
  entries.previous = digest_;
  entries.first_sequence = command.first_sequence;
  entries.timestamp = command.timestamp;
  entries.event_count = command.event_count;
  entries.operation = static_cast<std::uint32_t>(command.operation);
  entries.count = count_;
  const XXH128_hash_t hash = XXH3_128bits(&entries, offsetof(Entries, outcomes) + count_ * sizeof(Outcome));
  digest_ = make_u128(hash.high64, hash.low64);
}

void OutcomeLog::write_reply(const Command& command) const noexcept {
  ReplyArea& reply = *command.reply;
  const std::uint64_t before_first = command.timestamp - command.event_count;
  std::uint32_t written = 0;
  for (std::uint32_t i = 0; i < count_; ++i) {
    const Outcome& outcome = entries_->outcomes[i];
    // A different amount alone is no news here: the client asks for the transfer if it wants to know.
    if (outcome.status == kCreated && outcome.timestamp == before_first + outcome.index + 1) continue;
    const CreateReplyEntry entry{.index = outcome.index, .status = outcome.status, .timestamp = outcome.timestamp};
    std::memcpy(reply.data + written * sizeof entry, &entry, sizeof entry);
    ++written;
  }
  reply.count = written;
  reply.size = written * static_cast<std::uint32_t>(sizeof(CreateReplyEntry));
}

}  // namespace florin::core
