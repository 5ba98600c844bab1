#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include "florin/snapshot.hpp"
#include "journal/aligned_buffer.hpp"

namespace florin::journal {

/// Snapshots in memory, for tests. Any thread. The store outlives its writers and readers, and a snapshot its readers.
class MemorySnapshotStore final : public SnapshotStore {
 public:
  struct Snapshot {
    SnapshotHeader header;
    std::map<ChunkKey, AlignedBuffer> chunks;
  };

  Result<std::unique_ptr<SnapshotWriter>> create(std::uint64_t sequence) override;
  [[nodiscard]] Result<std::vector<std::uint64_t>> list() const override;
  [[nodiscard]] Result<std::unique_ptr<SnapshotReader>> open(std::uint64_t sequence) const override;
  Status remove(std::uint64_t sequence) override;

  void publish(Snapshot snapshot);

 private:
  mutable std::mutex mutex_;
  std::map<std::uint64_t, Snapshot> snapshots_;  ///< by sequence
};

}  // namespace florin::journal
