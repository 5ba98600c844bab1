#pragma once

#include <memory>
#include <string>

#include "florin/journal.hpp"
#include "journal/recovery.hpp"
#include "journal/segment_catalog.hpp"

namespace florin::journal {

/// The journal of a folder that is not ours: copied from a running or killed server, or being looked at. Takes no lock,
/// writes nothing, maps nothing. What counts is what open() saw; batches written later are not seen.
/// Any thread after open().
class ReadOnlyJournal final : public Journal {
 public:
  /// `folder` is a data folder. kNotFound if it has no journal, kCorrupt if acknowledged data is damaged.
  static Result<std::unique_ptr<ReadOnlyJournal>> open(const std::string& folder);

  Status append(std::span<const BytesView> pieces) override;
  Status commit() override;
  [[nodiscard]] bool has_room(std::uint64_t bytes) const noexcept override;
  [[nodiscard]] std::uint64_t durable_sequence() const noexcept override { return state_.end_sequence - 1; }
  Result<std::unique_ptr<BatchCursor>> read_from(std::uint64_t first_sequence) override;

  /// Header of the newest batch; all zero but the constants if there is none.
  [[nodiscard]] const BatchHeader& last_batch() const noexcept { return state_.last; }
  /// First sequence that is there: 1 unless old segments were pruned.
  [[nodiscard]] std::uint64_t oldest_sequence() const noexcept { return oldest_sequence_; }
  /// What open() found odd but not damaged: a copy that ends between segments.
  [[nodiscard]] const std::string& note() const noexcept { return state_.note; }
  [[nodiscard]] const SegmentCatalog& segments() const noexcept { return catalog_; }

 private:
  SegmentCatalog catalog_;
  JournalState state_;
  std::uint64_t oldest_sequence_ = 1;
};

}  // namespace florin::journal
