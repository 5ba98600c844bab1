#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "florin/snapshot.hpp"
#include "journal/file.hpp"
#include "journal/lmdb_layout.hpp"
#include "journal/snapshot_layout.hpp"

namespace florin::journal {

/// Reads a published snapshot. open() finds all chunks by scanning, and checks that the set is complete; read() checks the
/// bytes. The file is mapped only then, and only pages that the kernel has confirmed to be readable are touched.
/// Readers: many threads at once. Limit: somebody who cuts the file while it is being read gets the process killed.
class LmdbSnapshotReader final : public SnapshotReader {
 public:
  static Result<std::unique_ptr<SnapshotReader>> open(const std::string& path, std::uint64_t sequence);
  ~LmdbSnapshotReader() override;

  [[nodiscard]] const SnapshotHeader& header() const noexcept override { return summary_.header; }
  [[nodiscard]] const std::vector<ChunkKey>& chunks() const noexcept override { return keys_; }
  [[nodiscard]] Result<std::span<const std::byte>> read(ChunkKey key) const override;

 private:
  struct Chunk {
    std::uint64_t key = 0;
    std::uint64_t offset = 0;  ///< of its bytes
    ChunkRecord record;
  };

  LmdbSnapshotReader(File file, std::uint64_t sequence) : file_(std::move(file)), sequence_(sequence) {}
  Status scan();
  /// Looks at one page; returns how many pages to go on by.
  Result<std::uint64_t> scan_page(class PageWindow& window, std::uint64_t page);
  Status check_complete();
  Status map();
  [[nodiscard]] Status corrupt(std::uint64_t offset, const std::string& reason) const;

  const File file_;
  const std::uint64_t sequence_;
  std::uint64_t file_bytes_ = 0;
  const std::byte* map_ = nullptr;
  SnapshotSummary summary_;
  bool has_summary_ = false;
  std::vector<Chunk> chunks_;  ///< ascending by key
  std::vector<ChunkKey> keys_;
};

}  // namespace florin::journal
