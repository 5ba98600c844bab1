#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "florin/sealed_segment.hpp"
#include "history/checkpoints.hpp"
#include "history/high_water_lanes.hpp"
#include "history/id_run.hpp"
#include "history/postings.hpp"
#include "history/segment_rows.hpp"
#include "history/user_data_filter.hpp"

namespace florin::history {

/// A section that is an array of rows. A row that is damaged is an error with its place.
template <typename Row>
class RowSection {
 public:
  RowSection() = default;
  explicit RowSection(VerifiedBytes bytes) noexcept : bytes_(bytes) {}

  [[nodiscard]] std::uint64_t count() const noexcept { return bytes_.size() / sizeof(Row); }
  [[nodiscard]] Result<Row> at(std::uint64_t index) const {
    Row row;
    if (!read(index, row)) return bytes_.status(index * sizeof(Row), sizeof(Row));
    return row;
  }
  /// False: at() says why it cannot be read.
  [[nodiscard]] bool read(std::uint64_t index, Row& row) const noexcept { return read_value(bytes_, index * sizeof(Row), row); }
  void prefetch(std::uint64_t index) const noexcept { bytes_.prefetch(index * sizeof(Row)); }
  /// The first row for which `before(row)` is false, of rows that are ordered by that; count() if there is none.
  template <typename Before>
  [[nodiscard]] Result<std::uint64_t> lower_bound(Before&& before) const {
    std::uint64_t begin = 0;
    std::uint64_t end = count();
    while (begin < end) {
      const std::uint64_t middle = begin + (end - begin) / 2;
      const Result<Row> row = at(middle);
      if (!row) return row.error();
      if (before(*row)) {
        begin = middle + 1;
      } else {
        end = middle;
      }
    }
    return begin;
  }

 private:
  VerifiedBytes bytes_;
};

/// One sealed segment, opened: the rows, and where they are found. Readers: any thread.
class SegmentView {
 public:
  /// Not if its newest rows cannot be read: a list of segments says of each where it ends.
  static Result<std::unique_ptr<SegmentView>> open(std::unique_ptr<SealedReader> reader);

  [[nodiscard]] const SealedHeader& header() const noexcept { return reader_->header(); }
  [[nodiscard]] const IdRun& ids() const noexcept { return *ids_; }
  [[nodiscard]] Result<SegmentLanes> lanes() const;
  [[nodiscard]] const RowSection<TransferRow>& transfers() const noexcept { return transfers_; }
  [[nodiscard]] const RowSection<ExtraRow>& extras() const noexcept { return extras_; }
  [[nodiscard]] const RowSection<ExpiryRow>& expiries() const noexcept { return expiries_; }
  [[nodiscard]] const RowSection<u128>& failed_ids() const noexcept { return failed_ids_; }
  [[nodiscard]] const RowSection<BatchEndRow>& batch_ends() const noexcept { return batch_ends_; }
  [[nodiscard]] const Postings& postings() const noexcept { return *postings_; }
  [[nodiscard]] const Checkpoints& checkpoints() const noexcept { return checkpoints_; }
  /// Nothing: it was written without one, and every block has to be looked at.
  [[nodiscard]] const std::optional<UserDataFilter>& user_data() const noexcept { return user_data_; }

  /// What this segment knows of an id.
  struct Known {
    bool has_failed = false;
    std::uint32_t index = 0;
    TransferRow transfer;
  };
  [[nodiscard]] Result<std::optional<Known>> find(u128 id, std::uint64_t hash) const;
  /// How a hold ended here; kNone if it did not.
  [[nodiscard]] Result<core::PendingStatus> ending_of(u128 pending_id, std::uint64_t hash) const;
  [[nodiscard]] Result<bool> has_transfer_at(std::uint64_t timestamp) const;

 private:
  explicit SegmentView(std::unique_ptr<SealedReader> reader) noexcept : reader_(std::move(reader)) {}

  std::unique_ptr<SealedReader> reader_;
  std::optional<IdRun> ids_;
  RowSection<TransferRow> transfers_;
  RowSection<ExtraRow> extras_;
  RowSection<ExpiryRow> expiries_;
  RowSection<u128> failed_ids_;
  RowSection<EndingRow> endings_;
  RowSection<BatchEndRow> batch_ends_;
  std::optional<Postings> postings_;
  Checkpoints checkpoints_;
  std::optional<UserDataFilter> user_data_;
};

}  // namespace florin::history
