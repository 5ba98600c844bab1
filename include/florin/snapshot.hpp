#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

#include "florin/status.hpp"
#include "florin/uint128.hpp"

/// @file
/// Snapshot storage: named chunks of bytes that belong to one sequence, checksummed, published whole or not at all.

namespace florin {

/// What a snapshot is of. Stored in it, and checked against the journal on recovery.
struct SnapshotHeader {
  std::uint64_t sequence = 0;   ///< state after this event
  std::uint64_t timestamp = 0;  ///< of that event
  std::uint64_t batch_number = 0;
  std::uint64_t reserved = 0;
  u128 batch_checksum = 0;  ///< chain hash of the batch that ends with `sequence`
  u128 outcome_digest = 0;  ///< running chain of outcome digests
  u128 state_hash = 0;
  u128 store_id = 0;
  u128 hash_seed = 0;
};
static_assert(sizeof(SnapshotHeader) == 112 && std::has_unique_object_representations_v<SnapshotHeader>);

/// Names a chunk: a table of the state machine and a running number.
struct ChunkKey {
  std::uint32_t table = 0;
  std::uint32_t chunk = 0;
  friend auto operator<=>(const ChunkKey&, const ChunkKey&) = default;
};

/// Writes one snapshot. Writer: the snapshot thread.
class SnapshotWriter {
 public:
  virtual ~SnapshotWriter() = default;  ///< unpublished: leaves nothing behind
  virtual Status put(ChunkKey key, std::span<const std::byte> bytes) = 0;  ///< at most 16 MiB a chunk; any order
  virtual Status publish(const SnapshotHeader& header) = 0;  ///< durable and visible on ok
};

/// Reads one snapshot. Readers: many threads at once.
class SnapshotReader {
 public:
  virtual ~SnapshotReader() = default;
  [[nodiscard]] virtual const SnapshotHeader& header() const noexcept = 0;
  [[nodiscard]] virtual const std::vector<ChunkKey>& chunks() const noexcept = 0;  ///< ascending
  /// Checks the chunk's checksum and hands out its bytes, valid as long as the reader. kCorrupt names the place.
  virtual Result<std::span<const std::byte>> read(ChunkKey key) const = 0;
};

/// The snapshots of a data folder.
class SnapshotStore {
 public:
  virtual ~SnapshotStore() = default;
  virtual Result<std::unique_ptr<SnapshotWriter>> create(std::uint64_t sequence) = 0;
  /// Newest first. Names of files that are there, whether good or not.
  virtual Result<std::vector<std::uint64_t>> list() const = 0;
  virtual Result<std::unique_ptr<SnapshotReader>> open(std::uint64_t sequence) const = 0;
  virtual Status remove(std::uint64_t sequence) = 0;
};

}  // namespace florin
