#include "journal/memory_snapshot_store.hpp"

#include <cstring>
#include <string>
#include <utility>

namespace florin::journal {
namespace {

class MemorySnapshotWriter final : public SnapshotWriter {
 public:
  MemorySnapshotWriter(MemorySnapshotStore& store, std::uint64_t sequence) : store_(store), sequence_(sequence) {}

  Status put(ChunkKey key, std::span<const std::byte> bytes) override {
    AlignedBuffer chunk(bytes.size());
    if (!bytes.empty()) std::memcpy(chunk.bytes().data(), bytes.data(), bytes.size());
    if (snapshot_.chunks.try_emplace(key, std::move(chunk)).second) return Status::ok();
    return {ErrorKind::kInternal, "memory snapshot: chunk is there already"};
  }

  Status publish(const SnapshotHeader& header) override {
    if (header.sequence != sequence_) return {ErrorKind::kInternal, "memory snapshot: header of another snapshot"};
    snapshot_.header = header;
    store_.publish(std::move(snapshot_));
    return Status::ok();
  }

 private:
  MemorySnapshotStore& store_;
  std::uint64_t sequence_;
  MemorySnapshotStore::Snapshot snapshot_;
};

class MemorySnapshotReader final : public SnapshotReader {
 public:
  explicit MemorySnapshotReader(const MemorySnapshotStore::Snapshot& snapshot) : snapshot_(snapshot) {
    for (const auto& [key, chunk] : snapshot.chunks) keys_.push_back(key);
  }
  [[nodiscard]] const SnapshotHeader& header() const noexcept override { return snapshot_.header; }
  [[nodiscard]] const std::vector<ChunkKey>& chunks() const noexcept override { return keys_; }
  [[nodiscard]] Result<std::span<const std::byte>> read(ChunkKey key) const override {
    const auto chunk = snapshot_.chunks.find(key);
    if (chunk == snapshot_.chunks.end()) return Status(ErrorKind::kNotFound, "memory snapshot: no such chunk");
    return chunk->second.bytes();
  }

 private:
  const MemorySnapshotStore::Snapshot& snapshot_;
  std::vector<ChunkKey> keys_;
};

}  // namespace

Result<std::unique_ptr<SnapshotWriter>> MemorySnapshotStore::create(std::uint64_t sequence) {
  return std::unique_ptr<SnapshotWriter>(std::make_unique<MemorySnapshotWriter>(*this, sequence));
}

Result<std::vector<std::uint64_t>> MemorySnapshotStore::list() const {
  const std::lock_guard lock(mutex_);
  std::vector<std::uint64_t> sequences;
  for (auto snapshot = snapshots_.rbegin(); snapshot != snapshots_.rend(); ++snapshot) {
    sequences.push_back(snapshot->first);
  }
  return sequences;
}

Result<std::unique_ptr<SnapshotReader>> MemorySnapshotStore::open(std::uint64_t sequence) const {
  const std::lock_guard lock(mutex_);
  const auto snapshot = snapshots_.find(sequence);
  if (snapshot == snapshots_.end()) {
    return Status(ErrorKind::kNotFound, "no snapshot of sequence " + std::to_string(sequence));
  }
  return std::unique_ptr<SnapshotReader>(std::make_unique<MemorySnapshotReader>(snapshot->second));
}

Status MemorySnapshotStore::remove(std::uint64_t sequence) {
  const std::lock_guard lock(mutex_);
  snapshots_.erase(sequence);
  return Status::ok();
}

void MemorySnapshotStore::publish(Snapshot snapshot) {
  const std::lock_guard lock(mutex_);
  const std::uint64_t sequence = snapshot.header.sequence;
  snapshots_.insert_or_assign(sequence, std::move(snapshot));
}

}  // namespace florin::journal
