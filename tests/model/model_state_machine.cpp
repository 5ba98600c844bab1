#include "model/model_state_machine.hpp"

#include <xxhash.h>

#include <algorithm>
#include <cassert>
#include <cstring>

#include "model/expected_reply.hpp"

namespace florin::model {
namespace {

/// In front of each body in the list of writes.
struct LoggedWrite {
  u128 body_checksum = 0;  // of the origin, if there was one
  u128 client = 0;
  std::uint64_t request = 0;
  std::uint64_t timestamp = 0;
  std::uint64_t first_sequence = 0;
  std::uint32_t body_bytes = 0;
  std::uint32_t event_count = 0;
  std::uint16_t flags = 0;
  Operation operation = Operation::kGenesis;
  std::uint8_t has_origin = 0;
  std::uint8_t reserved[12] = {};
};
static_assert(std::has_unique_object_representations_v<LoggedWrite>);

constexpr std::size_t kChunkBytes = 64 * 1024;

u128 hash_of(const void* data, std::size_t size, u128 seed) {
  const XXH128_hash_t hash = XXH3_128bits_withSeed(data, size, low64(seed) ^ high64(seed));
  return make_u128(hash.high64, hash.low64);
}

void append(std::vector<std::byte>& bytes, const void* data, std::size_t size) {
  const auto* begin = static_cast<const std::byte*>(data);
  bytes.insert(bytes.end(), begin, begin + size);
}

}  // namespace

std::unique_ptr<core::StateMachine> make_model_state_machine() { return std::make_unique<ModelStateMachine>(); }

void ModelStateMachine::execute(std::span<const core::Command> batch) {
  for (const core::Command& command : batch) {
    if (is_write(command.operation)) {
      execute_write(command);
      continue;
    }
    const ReplyBody reply = execute_on_model(ledger_, command.operation, command.flags, command.body, command.timestamp, command.protocol);
    if (command.reply == nullptr) continue;
    assert(reply.bytes.size() <= command.reply->capacity);
    std::copy(reply.bytes.begin(), reply.bytes.end(), command.reply->data);
    command.reply->size = static_cast<std::uint32_t>(reply.bytes.size());
    command.reply->count = reply.count;
    command.reply->code = reply.code;
  }
}

void ModelStateMachine::execute_write(const core::Command& command) {
  LoggedWrite logged;
  logged.timestamp = command.timestamp;
  logged.first_sequence = command.first_sequence;
  logged.body_bytes = static_cast<std::uint32_t>(command.body.size());
  logged.event_count = command.event_count;
  logged.flags = command.flags;
  logged.operation = command.operation;
  if (command.origin != nullptr) {
    logged.body_checksum = command.origin->body_checksum;
    logged.client = command.origin->client;
    logged.request = command.origin->request;
    logged.has_origin = 1;
  }
  append(writes_, &logged, sizeof logged);
  append(writes_, command.body.data(), command.body.size());

  ReplyBody reply;
  if (command.origin != nullptr) {
    reply.bytes = sessions_.execute(ledger_, command);
    reply.count = static_cast<std::uint32_t>((reply.bytes.size() - sizeof(core::ClientReply)) / sizeof(CreateReplyEntry));
  } else {
    reply = execute_on_model(ledger_, command.operation, command.flags, command.body, command.timestamp);
  }
  // The digest must not depend on what the client asked to see.
  const std::size_t entries_bytes = command.origin != nullptr ? reply.bytes.size() : reply.count * sizeof(CreateReplyEntry);
  outcome_digest_ = hash_of(reply.bytes.data(), entries_bytes, outcome_digest_ + command.timestamp);
  sequence_ = command.first_sequence + command.event_count - 1;
  timestamp_ = command.timestamp;

  if (command.reply == nullptr) return;
  assert(reply.bytes.size() <= command.reply->capacity);
  std::copy(reply.bytes.begin(), reply.bytes.end(), command.reply->data);
  command.reply->size = static_cast<std::uint32_t>(reply.bytes.size());
  command.reply->count = reply.count;
}

std::uint64_t ModelStateMachine::next_expiry() const noexcept { return ledger_.next_expiry(); }

std::size_t ModelStateMachine::due_expiries(std::uint64_t now, std::span<u128> ids) const {
  const std::vector<u128> due = ledger_.due_expiries(now, ids.size());
  std::copy(due.begin(), due.end(), ids.begin());
  return due.size();
}

u128 ModelStateMachine::state_hash() const {
  u128 sum = 0;
  for (const auto& [id, account] : ledger_.accounts()) sum += hash_of(&account, sizeof account, 1);
  for (const auto& [id, hold] : ledger_.holds()) {
    if (hold.status != HoldStatus::kPending) continue;
    sum += hash_of(&ledger_.transfers().at(id), sizeof(Transfer), hold.expires_at);
  }
  for (const auto& [client, session] : sessions_.all()) {
    const u128 parts[3] = {client, u128{session.number} << 64 | session.request, u128{session.sequence} << 64 | session.timestamp};
    sum += hash_of(parts, sizeof parts, hash_of(session.body.data(), session.body.size(), 0));
    sum += hash_of(session.outcomes.data(), session.outcomes.size() * sizeof(CreateReplyEntry), client);
  }
  const u128 parts[2] = {sum, outcome_digest_};
  return hash_of(parts, sizeof parts, 0);
}

void ModelStateMachine::begin_snapshot() {
  snapshot_end_ = writes_.size();
  snapshot_offset_ = 0;
  snapshot_chunk_ = 0;
  snapshot_state_hash_ = state_hash();
}

bool ModelStateMachine::snapshot_step(std::size_t budget_bytes,
                                      const std::function<void(ChunkKey, std::span<const std::byte>)>& sink) {
  std::size_t emitted = 0;
  while (snapshot_offset_ < snapshot_end_ && emitted <= budget_bytes) {
    const std::size_t size = std::min(kChunkBytes, snapshot_end_ - snapshot_offset_);
    sink({0, snapshot_chunk_++}, std::span(writes_).subspan(snapshot_offset_, size));
    snapshot_offset_ += size;
    emitted += size;
  }
  return snapshot_offset_ == snapshot_end_;
}

void ModelStateMachine::abandon_snapshot() { snapshot_offset_ = snapshot_end_; }

Status ModelStateMachine::load(const SnapshotReader& snapshot) {
  std::vector<std::byte> writes;
  for (const ChunkKey key : snapshot.chunks()) {
    auto chunk = snapshot.read(key);
    if (!chunk) return chunk.error();
    append(writes, chunk->data(), chunk->size());
  }
  std::size_t offset = 0;
  while (offset < writes.size()) {
    LoggedWrite logged;
    if (writes.size() - offset < sizeof logged) return {ErrorKind::kCorrupt, "snapshot of the model ends inside a write"};
    std::memcpy(&logged, writes.data() + offset, sizeof logged);
    offset += sizeof logged;
    if (writes.size() - offset < logged.body_bytes) return {ErrorKind::kCorrupt, "snapshot of the model ends inside a body"};
    core::Command command;
    command.operation = logged.operation;
    command.flags = logged.flags;
    command.event_count = logged.event_count;
    command.first_sequence = logged.first_sequence;
    command.timestamp = logged.timestamp;
    command.body = std::span(writes).subspan(offset, logged.body_bytes);
    const core::RequestOrigin origin{.body_checksum = logged.body_checksum, .client = logged.client, .request = logged.request};
    if (logged.has_origin != 0) command.origin = &origin;
    offset += logged.body_bytes;
    execute_write(command);
  }
  if (state_hash() != snapshot.header().state_hash) return {ErrorKind::kCorrupt, "state hash differs from the snapshot's"};
  return Status::ok();
}

core::StateMachine::Counts ModelStateMachine::counts() const noexcept {
  Counts counts;
  counts.accounts = ledger_.accounts().size();
  counts.transfers = ledger_.transfers().size();
  for (const auto& [id, hold] : ledger_.holds()) counts.holds_open += hold.status == HoldStatus::kPending ? 1 : 0;
  counts.ids_failed = ledger_.failed_ids().size();
  counts.client_sessions = sessions_.all().size();
  counts.memory_bytes = writes_.size();
  return counts;
}

}  // namespace florin::model
