#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "florin/sealed_segment.hpp"
#include "history/checkpoints.hpp"
#include "history/dropped_rows.hpp"
#include "history/high_water_lanes.hpp"
#include "history/id_run.hpp"
#include "history/payment_rows.hpp"
#include "history/postings.hpp"
#include "history/row_section.hpp"
#include "history/segment_rows.hpp"
#include "history/user_data_filter.hpp"

namespace florin::history {

/// One sealed segment, opened: the rows, and where they are found. Of one that was dropped there are ids, and what dropped() has; the other
/// sections are empty. Readers: any thread.
class SegmentView {
 public:
  /// Not if its newest rows cannot be read: a list of segments says of each where it ends.
  static Result<std::unique_ptr<SegmentView>> open(std::unique_ptr<SealedReader> reader);

  [[nodiscard]] const SealedHeader& header() const noexcept { return reader_->header(); }
  [[nodiscard]] std::uint64_t file_bytes() const noexcept { return reader_->file_bytes(); }
  [[nodiscard]] bool is_archived() const noexcept { return reader_->is_archived(); }
  [[nodiscard]] const IdRun& ids() const noexcept { return *ids_; }
  [[nodiscard]] Result<SegmentLanes> lanes() const;
  /// Null unless the segment was dropped.
  [[nodiscard]] const DroppedRows* dropped() const noexcept { return dropped_ ? &*dropped_ : nullptr; }
  [[nodiscard]] std::uint64_t transfer_count() const noexcept { return dropped_ ? dropped_->transfers().count() : transfers_.count(); }
  /// The bytes of a section as they lie in the file.
  [[nodiscard]] Result<VerifiedBytes> section(SectionKind section) const { return reader_->section(static_cast<std::uint32_t>(section)); }
  [[nodiscard]] const RowSection<EndingRow>& endings() const noexcept { return endings_; }
  [[nodiscard]] const RowSection<TransferRow>& transfers() const noexcept { return transfers_; }
  [[nodiscard]] const RowSection<ExtraRow>& extras() const noexcept { return extras_; }
  [[nodiscard]] const RowSection<ExpiryRow>& expiries() const noexcept { return expiries_; }
  [[nodiscard]] const RowSection<u128>& failed_ids() const noexcept { return failed_ids_; }
  [[nodiscard]] const RowSection<BatchEndRow>& batch_ends() const noexcept { return batch_ends_; }
  [[nodiscard]] const Postings& postings() const noexcept { return *postings_; }
  [[nodiscard]] const Checkpoints& checkpoints() const noexcept { return checkpoints_; }
  /// Nothing: it was written without one, and every block has to be looked at.
  [[nodiscard]] const std::optional<UserDataFilter>& user_data() const noexcept { return user_data_; }
  /// Null if it has none.
  [[nodiscard]] const PaymentRows* payments() const noexcept { return payments_ ? &*payments_ : nullptr; }

  /// Of all runs, what the id filter is filled with: IdRun has the meaning.
  [[nodiscard]] std::uint64_t stragglers() const noexcept { return ids_->stragglers() + (payments_ ? payments_->run().stragglers() : 0); }
  template <typename Visit>
  [[nodiscard]] Status visit_stragglers(std::uint32_t part, Visit&& visit_one) const {
    Status status = ids_->visit_stragglers(part, visit_one);
    return status && payments_ ? payments_->run().visit_stragglers(part, visit_one) : status;
  }
  void read_ahead_stragglers(std::uint32_t part) const noexcept {
    ids_->read_ahead(part);
    if (payments_) payments_->run().read_ahead(part);
  }

  /// What this segment knows of an id.
  struct Known {
    bool has_failed = false;
    std::uint32_t index = 0;
    TransferRow transfer;                  ///< of one that was dropped: id and timestamp
    std::optional<core::TransferDigest> digest = std::nullopt;  ///< of one that was dropped
  };
  [[nodiscard]] Result<std::optional<Known>> find(u128 id, std::uint64_t hash) const;
  /// The same of an id that lies in no interval of this segment.
  [[nodiscard]] Result<std::optional<Known>> find_straggler(u128 id, std::uint64_t hash) const;
  /// The pending transfer that an ending in this file names.
  [[nodiscard]] Result<u128> pending_id_of(const EndingRow& ending) const;
  /// How a hold ended here; kNone if it did not.
  [[nodiscard]] Result<core::PendingStatus> ending_of(u128 pending_id, std::uint64_t hash) const;
  [[nodiscard]] Result<bool> has_transfer_at(std::uint64_t timestamp) const;

 private:
  explicit SegmentView(std::unique_ptr<SealedReader> reader) noexcept : reader_(std::move(reader)) {}

  Status open_rows_of_all();
  [[nodiscard]] Result<std::optional<Known>> known_transfer(u128 id, std::uint32_t index) const;

  std::unique_ptr<SealedReader> reader_;
  std::optional<DroppedRows> dropped_;
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
  std::optional<PaymentRows> payments_;
};

}  // namespace florin::history
