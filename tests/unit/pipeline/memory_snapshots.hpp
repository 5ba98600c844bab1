#pragma once

#include <algorithm>
#include <map>
#include <memory>
#include <vector>

#include "florin/snapshot.hpp"

namespace florin::pipeline {

/// Snapshots in memory, which a test can break.
class MemorySnapshots final : public SnapshotStore {
 public:
  struct Snapshot {
    SnapshotHeader header;
    std::map<ChunkKey, std::vector<std::byte>> chunks;
    Status damage;  ///< what reading a chunk says
  };

  Result<std::unique_ptr<SnapshotWriter>> create(std::uint64_t sequence) override {
    if (!create_status) return create_status;
    return std::unique_ptr<SnapshotWriter>(new Writer(*this, sequence));
  }
  Result<std::vector<std::uint64_t>> list() const override {
    std::vector<std::uint64_t> sequences;
    for (const auto& entry : published) sequences.push_back(entry.first);
    std::reverse(sequences.begin(), sequences.end());
    return sequences;
  }
  Result<std::unique_ptr<SnapshotReader>> open(std::uint64_t sequence) const override {
    const auto found = published.find(sequence);
    if (found == published.end()) return Status(ErrorKind::kNotFound, "no such snapshot");
    return std::unique_ptr<SnapshotReader>(new Reader(found->second));
  }
  Status remove(std::uint64_t sequence) override {
    return published.erase(sequence) == 1 ? Status() : Status(ErrorKind::kNotFound, "no such snapshot");
  }

  std::map<std::uint64_t, Snapshot> published;
  Status create_status;
  Status put_status;
  Status publish_status;
  int unpublished = 0;  ///< writers dropped before they published

 private:
  class Writer final : public SnapshotWriter {
   public:
    Writer(MemorySnapshots& store, std::uint64_t sequence) : store_(store), sequence_(sequence) {}
    ~Writer() override {
      if (!is_published_) ++store_.unpublished;
    }
    Writer(const Writer&) = delete;
    Writer& operator=(const Writer&) = delete;
    Status put(ChunkKey key, std::span<const std::byte> bytes) override {
      if (!store_.put_status) return store_.put_status;
      snapshot_.chunks[key].assign(bytes.begin(), bytes.end());
      return {};
    }
    Status publish(const SnapshotHeader& header) override {
      if (!store_.publish_status) return store_.publish_status;
      snapshot_.header = header;
      store_.published[sequence_] = snapshot_;
      is_published_ = true;
      return {};
    }

   private:
    MemorySnapshots& store_;
    std::uint64_t sequence_;
    Snapshot snapshot_;
    bool is_published_ = false;
  };

  class Reader final : public SnapshotReader {
   public:
    explicit Reader(const Snapshot& snapshot) : snapshot_(snapshot) {
      for (const auto& entry : snapshot.chunks) keys_.push_back(entry.first);
    }
    [[nodiscard]] const SnapshotHeader& header() const noexcept override { return snapshot_.header; }
    [[nodiscard]] const std::vector<ChunkKey>& chunks() const noexcept override { return keys_; }
    Result<std::span<const std::byte>> read(ChunkKey key) const override {
      if (!snapshot_.damage) return snapshot_.damage;
      return std::span<const std::byte>(snapshot_.chunks.at(key));
    }

   private:
    const Snapshot& snapshot_;
    std::vector<ChunkKey> keys_;
  };
};

}  // namespace florin::pipeline
