#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "florin/status.hpp"
#include "journal/segment_scanner.hpp"

namespace florin::journal {

/// A segment by name. Every segment but the last ends where the next begins.
struct SegmentName {
  std::uint64_t first_sequence = 0;
  std::string path;
};

/// `<folder>/<first_sequence as 20 digits>.mdb`
[[nodiscard]] std::string segment_path(const std::string& folder, std::uint64_t first_sequence);

/// The segments of a journal, and where the batches of the newest ones lie: cursors find in it what the writer committed.
/// Any thread; one mutex, held for copying a few words. Places of segments written by this process are kept for the last
/// two; older segments are scanned by whoever reads them.
class SegmentCatalog {
 public:
  /// Lists a folder; files with other names are left alone. A missing folder is an empty journal.
  Status load(const std::string& folder);

  /// A segment that somebody else wrote.
  void add(SegmentName name);
  /// The last segment ends before `sequence`: what lies behind was cut.
  void set_end(std::uint64_t sequence);
  /// A segment that this process writes; its places come by publish().
  void add_live(SegmentName name);
  /// Batches of the last segment, in order, committed.
  void publish(std::span<const ValuePlace> places);
  void remove(std::uint64_t first_sequence);

  [[nodiscard]] std::vector<SegmentName> list() const;
  /// The segment that holds `sequence` if any does.
  [[nodiscard]] std::optional<SegmentName> find(std::uint64_t sequence) const;
  [[nodiscard]] std::optional<SegmentName> next_after(std::uint64_t first_sequence) const;

  /// Sequence at which the segment ends: its successor's first, or what set_end() said; 0 if unknown.
  [[nodiscard]] std::uint64_t end_of(std::uint64_t first_sequence) const;

  /// Appends to `places` what is known beyond its size; false if nothing is known of this segment (then scan it).
  bool copy_places(std::uint64_t first_sequence, std::vector<ValuePlace>& places) const;

 private:
  struct Segment {
    std::string path;
    bool has_places = false;
    std::vector<ValuePlace> places;
  };

  mutable std::mutex mutex_;
  std::map<std::uint64_t, Segment> segments_;  ///< by first sequence
  std::uint64_t end_ = 0;                      ///< of the last segment, 0 if unknown
};

}  // namespace florin::journal
