#pragma once

#include <cstdint>
#include <map>
#include <string>

namespace florin::test {

/// The file of a sealed segment, archived or not, as docs/history_format.md has it. One that is gone has nothing.
class SegmentFile {
 public:
  explicit SegmentFile(const std::string& path);
  /// Its history was dropped, and this is what is left.
  [[nodiscard]] bool is_shrunk() const { return entries_.contains(kDroppedTransfers); }
  /// Of the last event in it.
  [[nodiscard]] std::uint64_t last_sequence() const { return last_sequence_; }
  /// Where the first block of a section begins.
  [[nodiscard]] std::uint64_t offset_of(std::uint32_t kind) const;

 private:
  static constexpr std::uint32_t kDroppedTransfers = 32;

  [[nodiscard]] std::uint64_t u64_at(std::uint64_t offset) const;

  bool is_archived_ = false;
  std::uint64_t last_sequence_ = 0;
  std::string end_;  // directory and footer
  std::uint64_t end_begins_ = 0;
  std::map<std::uint32_t, std::uint64_t> entries_;  // of sections in the directory, by kind
};

}  // namespace florin::test
