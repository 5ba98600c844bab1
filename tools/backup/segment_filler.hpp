#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "backup/manifest.hpp"
#include "florin/batch.hpp"
#include "journal/lmdb_writer.hpp"

namespace florin::backup {

/// The last batch of a copied journal. Number 0: there is none, and any batch may come first.
struct CopyEnd {
  std::uint64_t sequence = 0;  ///< of its last event
  std::uint64_t number = 0;
  u128 checksum = 0;
  std::uint64_t timestamp = 0;
};

/// Writes batches into segments as a server does, so that a segment that is still being written somewhere else becomes a finished one
/// here. Each is flushed, read back from the disk batch by batch, and only then gets its name (which is the caller's to make durable).
/// One thread. Dropped before finish(): the open segment is left as a `.tmp`.
class SegmentFiller {
 public:
  /// `folder` is that of the segments. A segment ends with the batch that reaches `segment_bytes`.
  SegmentFiller(std::string folder, std::uint64_t segment_bytes, CopyEnd end)
      : folder_(std::move(folder)), segment_bytes_(segment_bytes), end_(end) {}

  /// A verified batch, which must follow the one before: kCorrupt if not.
  Status append(std::span<const std::byte> batch);
  /// Finishes the open segment.
  Status finish();

  /// Of the last batch appended.
  [[nodiscard]] const CopyEnd& end() const noexcept { return end_; }
  /// The finished ones.
  [[nodiscard]] const std::vector<BackupFile>& segments() const noexcept { return segments_; }

 private:
  Status begin(std::uint64_t first_sequence);
  Status commit();
  /// Reads the written segment back and names it.
  Result<BackupFile> check(const std::string& path) const;

  const std::string folder_;
  const std::uint64_t segment_bytes_;
  CopyEnd end_;
  std::uint64_t first_sequence_ = 0;  ///< of the open segment
  std::unique_ptr<journal::LmdbWriter> writer_;
  std::uint64_t open_bytes_ = 0;  ///< of the open transaction
  std::vector<BackupFile> segments_;
};

}  // namespace florin::backup
