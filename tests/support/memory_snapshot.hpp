#pragma once

#include <cstring>
#include <map>
#include <vector>

#include "florin/snapshot.hpp"

namespace florin::test {

/// A snapshot in memory: gathers what a state machine emits, and hands it to another one. Writer: one test thread; readers: any.
class MemorySnapshot final : public SnapshotReader {
 public:
  void put(ChunkKey key, std::span<const std::byte> bytes) {
    chunk_bytes_[key].assign(bytes.begin(), bytes.end());
    keys_.clear();
    for (const auto& [existing, content] : chunk_bytes_) keys_.push_back(existing);
  }
  void publish(const SnapshotHeader& header) { header_ = header; }

  [[nodiscard]] const SnapshotHeader& header() const noexcept override { return header_; }
  [[nodiscard]] const std::vector<ChunkKey>& chunks() const noexcept override { return keys_; }
  Result<std::span<const std::byte>> read(ChunkKey key) const override {
    const auto found = chunk_bytes_.find(key);
    if (found == chunk_bytes_.end()) return Status(ErrorKind::kCorrupt, "no such chunk");
    return std::span<const std::byte>(found->second);
  }

  [[nodiscard]] std::size_t bytes() const {
    std::size_t sum = 0;
    for (const auto& [key, content] : chunk_bytes_) sum += content.size();
    return sum;
  }
  /// For tests of damage.
  std::map<ChunkKey, std::vector<std::byte>>& content() { return chunk_bytes_; }

 private:
  SnapshotHeader header_;
  std::map<ChunkKey, std::vector<std::byte>> chunk_bytes_;
  std::vector<ChunkKey> keys_;
};

}  // namespace florin::test
