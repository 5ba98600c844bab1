#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "florin/journal.hpp"
#include "journal/aligned_buffer.hpp"
#include "journal/segment_catalog.hpp"
#include "journal/segment_scanner.hpp"

namespace florin::journal {

/// Reads the batches of all segments in order, with pread, each verified and chained to the one before. Never blocks the
/// writer beyond the catalog's mutex and never maps a file, so that a damaged or cut one cannot fault the process.
/// Reader: one thread. The catalog outlives the cursor.
///
/// Three kinds of segments differ in what an absent or bad batch means:
///   written by this process   the catalog has every place; anything amiss is damage
///   end known                 (a successor begins there, or the catalog says so): short of it is damage
///   end unknown               (the last one, before recovery looked): what a sound meta page counts must be there and good;
///                             behind that, whole batches that continue the chain are taken, and the first that does not
///                             is a torn tail
class SegmentCursor final : public BatchCursor {
 public:
  /// Stands before the batch that contains `sequence`, or at the end if that is the next one. kNotFound before the oldest
  /// segment.
  static Result<std::unique_ptr<SegmentCursor>> open(const SegmentCatalog& catalog, std::uint64_t sequence);

  Result<std::span<const std::byte>> next() override;
  Result<std::span<const std::byte>> next_unverified(std::span<std::byte> memory) override;

  /// Of the batch last returned by next().
  [[nodiscard]] const BatchHeader& header() const noexcept { return header_; }
  /// True if a meta page counts that batch, so that it was durable before the tail was scanned.
  [[nodiscard]] bool is_counted() const noexcept { return header_.number < counted_end_; }
  /// Sequence of the next batch.
  [[nodiscard]] std::uint64_t position() const noexcept { return next_sequence_; }
 private:
  explicit SegmentCursor(const SegmentCatalog& catalog) : catalog_(catalog) {}

  Status enter(const SegmentName& name);
  Status skip_to(std::uint64_t sequence);
  Status count_entries();
  /// Moves to the next candidate at next_sequence_; false if there is none in what is known of this segment.
  bool seek_candidate();
  /// The next batch: in the window and verified whole, or in `memory` and verified but for its bodies if that is not empty.
  Result<std::span<const std::byte>> advance(std::span<std::byte> memory);
  Result<std::span<const std::byte>> read_candidate(std::span<std::byte> memory);
  Result<std::span<const std::byte>> fetch(const ValuePlace& place, std::span<std::byte> memory);
  Result<std::span<const std::byte>> fetch_by_window(const ValuePlace& place);
  /// Nothing (more) continues the chain here: next segment, end of the journal, or damage. True if the search goes on.
  Result<bool> leave_segment();
  Result<bool> leave_live_segment();
  Result<bool> enter_successor();
  /// The end of a segment whose end nobody knows: torn tail or damage?
  [[nodiscard]] Status judge_open_end() const;
  Status load_window();
  void read_ahead(std::uint64_t end);
  [[nodiscard]] Status corrupt(std::uint64_t offset, const std::string& reason) const;
  void accept(std::span<const std::byte> batch);

  const SegmentCatalog& catalog_;

  std::uint64_t segment_ = 0;  ///< first sequence of the segment being read
  File file_;
  std::vector<ValuePlace> places_;
  bool is_live_ = false;            ///< places come from the writer: all of them are durable
  std::uint64_t end_sequence_ = 0;  ///< where the segment ends, 0 if unknown
  SegmentMeta meta_;
  std::uint64_t counted_end_ = 0;   ///< number of the first batch that no meta page counts
  std::size_t place_ = 0;           ///< next candidate

  std::uint64_t next_sequence_ = 0;
  bool has_previous_ = false;
  BatchHeader header_;
  Status refused_;                  ///< why the candidate for next_sequence_ was not taken

  AlignedBuffer window_;
  std::uint64_t window_begin_ = 0;
  std::uint64_t window_end_ = 0;
  std::uint64_t read_ahead_to_ = 0;
  std::size_t window_places_ = 0;   ///< places known when it was read; later ones may have been written since
};

}  // namespace florin::journal
