#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "florin/snapshot.hpp"
#include "journal/lmdb_writer.hpp"

namespace florin::journal {

/// Writes a snapshot file in transactions of some MiB, each flushed, so that the journal's own flushes never wait behind
/// hundreds of MiB. Writer: one thread. Unpublished, its file is removed with it, or by the next start.
class LmdbSnapshotWriter final : public SnapshotWriter {
 public:
  static Result<std::unique_ptr<SnapshotWriter>> create(std::string path, std::uint64_t sequence);
  ~LmdbSnapshotWriter() override;

  Status put(ChunkKey key, std::span<const std::byte> bytes) override;
  Status publish(const SnapshotHeader& header) override;

 private:
  LmdbSnapshotWriter(std::string path, std::uint64_t sequence) : path_(std::move(path)), sequence_(sequence) {}
  Status commit();
  Status fail(Status status);

  struct Chunk {
    std::uint64_t key = 0;
    u128 checksum = 0;
  };

  const std::string path_;
  const std::uint64_t sequence_;
  std::unique_ptr<LmdbWriter> file_;
  Status health_;
  bool is_published_ = false;
  std::vector<Chunk> chunks_;
  std::uint64_t chunk_bytes_ = 0;
  std::uint64_t open_bytes_ = 0;
  std::uint64_t uncached_to_ = 0;
};

}  // namespace florin::journal
