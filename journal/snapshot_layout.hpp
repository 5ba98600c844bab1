#pragma once

#include <cstdint>
#include <type_traits>

#include "florin/snapshot.hpp"
#include "florin/uint128.hpp"

/// @file
/// Records of a snapshot file, all little-endian. The file is an LMDB environment: key = table << 32 | chunk, value =
/// ChunkRecord and the chunk's bytes, and under kSummaryKey one SnapshotSummary. Values are padded with zeros to
/// kSnapshotValueBytesMin, so that each has overflow pages of its own. docs/journal_format.md says how they are read.

namespace florin::journal {

inline constexpr std::uint64_t kChunkMagic = 0x4B4E4843524C46ULL;      // "FLRCHNK"
inline constexpr std::uint64_t kSummaryMagic = 0x504E5353524C46ULL;    // "FLRSSNP"
inline constexpr std::uint32_t kSnapshotFormatVersion = 1;
inline constexpr std::uint32_t kChunkBytesMax = 16U << 20;
inline constexpr std::uint32_t kSnapshotValueBytesMin = 2560;
inline constexpr std::uint64_t kSummaryKey = ~std::uint64_t{0};

struct ChunkRecord {
  u128 checksum = 0;       ///< XXH3-128 of the rest of this record
  u128 body_checksum = 0;  ///< XXH3-128 of the chunk's bytes
  std::uint64_t magic = kChunkMagic;
  std::uint64_t sequence = 0;  ///< of the snapshot: a chunk of another one is noticed
  std::uint32_t table = 0;
  std::uint32_t chunk = 0;
  std::uint64_t size = 0;  ///< bytes that follow
};
static_assert(sizeof(ChunkRecord) == 64 && std::has_unique_object_representations_v<ChunkRecord>);

struct SnapshotSummary {
  u128 checksum = 0;  ///< XXH3-128 of the rest of this record
  u128 chunks_checksum = 0;  ///< XXH3-128 of all ChunkRecord::checksum, in order of key
  std::uint64_t magic = kSummaryMagic;
  std::uint32_t format_version = kSnapshotFormatVersion;
  std::uint32_t reserved = 0;
  std::uint64_t chunk_count = 0;
  std::uint64_t chunk_bytes = 0;  ///< sum of ChunkRecord::size
  SnapshotHeader header;
};
static_assert(sizeof(SnapshotSummary) == 64 + sizeof(SnapshotHeader));
static_assert(std::has_unique_object_representations_v<SnapshotSummary>);

constexpr std::uint64_t key_of(ChunkKey key) noexcept { return std::uint64_t{key.table} << 32 | key.chunk; }

/// Bytes of a chunk's value.
constexpr std::uint32_t chunk_value_bytes(std::uint64_t chunk_bytes) noexcept {
  const std::uint64_t size = sizeof(ChunkRecord) + chunk_bytes;
  return static_cast<std::uint32_t>(size < kSnapshotValueBytesMin ? kSnapshotValueBytesMin : size);
}

}  // namespace florin::journal
