#pragma once

#include <memory>
#include <optional>
#include <span>

#include "core/past_segment.hpp"
#include "history/damage.hpp"
#include "history/segment_view.hpp"

namespace florin::history {

/// A sealed segment as the core's queries read it. Readers: any thread.
class ReadableSegment final : public core::PastSegment {
 public:
  ReadableSegment(std::unique_ptr<SegmentView> view, const Damage& damage) : view_(std::move(view)), damage_(damage) {
    if (view_->payments() != nullptr) payments_.emplace(*view_->payments(), damage, view_->header().segment);
  }

  [[nodiscard]] const SegmentView& view() const noexcept { return *view_; }

  [[nodiscard]] std::uint64_t first_position() const noexcept override { return view_->header().first_position; }
  [[nodiscard]] std::uint32_t transfers() const noexcept override { return static_cast<std::uint32_t>(view_->transfer_count()); }
  [[nodiscard]] std::uint32_t expiries() const noexcept override { return static_cast<std::uint32_t>(view_->expiries().count()); }
  [[nodiscard]] std::uint64_t newest_expiry() const noexcept override;
  [[nodiscard]] core::TransferRecord transfer(std::uint32_t index) const noexcept override;
  [[nodiscard]] core::TransferExtra extra(const core::TransferRecord& record) const noexcept override;
  [[nodiscard]] core::Expiry expiry(std::uint32_t index) const noexcept override;
  void prefetch_transfer(std::uint32_t index) const noexcept override {
    if (view_->dropped() == nullptr) view_->transfers().prefetch(index);
  }
  void prefetch_extra(const core::TransferRecord& record) const noexcept override {
    if (record.extra != 0 && view_->dropped() == nullptr) view_->extras().prefetch((record.extra & ~core::kWideAmount) - 1);
  }
  void read_ahead(core::PostingRange entries) const noexcept override;
  void read_ahead_extras(core::PostingRange entries) const noexcept override;
  [[nodiscard]] std::uint32_t transfers_before(std::uint64_t timestamp) const noexcept override;
  [[nodiscard]] std::uint32_t expiries_before(std::uint64_t timestamp) const noexcept override;
  [[nodiscard]] std::uint32_t filter_block() const noexcept override {
    return view_->user_data() ? view_->user_data()->block() : core::kFilterBlock;
  }
  [[nodiscard]] bool may_have(const core::SoughtUserData& sought, std::uint32_t block) const noexcept override;
  [[nodiscard]] std::uint32_t find_user_data(const core::SoughtUserData& sought, std::uint32_t begin, std::uint32_t end,
                                             core::Order order) const noexcept override;
  [[nodiscard]] core::PostingRange postings(std::uint32_t ordinal) const noexcept override;
  void find_postings(std::span<const std::uint32_t> ordinals, std::span<core::PostingRange> ranges) const noexcept override;
  void prefetch_entries(core::PostingRange range) const noexcept override {
    if (!range.empty()) view_->postings().prefetch(range);
  }
  [[nodiscard]] std::span<const core::PostingEntry> entries(core::PostingRange range,
                                                                std::span<core::PostingEntry> room) const noexcept override;
  [[nodiscard]] bool checkpoint_from(std::uint32_t ordinal, std::uint32_t posting, core::PastSegment::Checkpoint& checkpoint) const noexcept override;
  [[nodiscard]] bool checkpoint_before(std::uint32_t ordinal, std::uint32_t posting, core::PastSegment::Checkpoint& checkpoint) const noexcept override;
  void find_checkpoints(std::span<const core::PastSegment::PostingOf> places,
                        std::span<core::PastSegment::CheckpointsAround> found) const noexcept override;
  [[nodiscard]] std::uint32_t find(u128 id, std::uint64_t hash) const noexcept override;
  void find_all(std::span<const u128> ids, std::span<const std::uint64_t> hashes, std::span<std::uint32_t> found) const noexcept override;
  [[nodiscard]] core::PendingStatus ending_of(u128 pending_id, std::uint64_t hash) const noexcept override;
  [[nodiscard]] std::uint32_t batches() const noexcept override { return static_cast<std::uint32_t>(view_->batch_ends().count()); }
  [[nodiscard]] core::BatchEnd batch(std::uint32_t index) const noexcept override { return row(view_->batch_ends(), index); }
  [[nodiscard]] const core::PastPayments* payments() const noexcept override { return payments_ ? &*payments_ : nullptr; }

 private:
  template <typename Value>
  Value need(Result<Value> result) const {
    return damage_.need(std::move(result), view_->header().segment);
  }

  [[nodiscard]] core::TransferRecord dropped_transfer(std::uint32_t index) const noexcept;
  /// What a look-up among the checkpoints found.
  bool take_checkpoint(Found found, std::uint32_t ordinal, std::uint32_t posting, const history::Checkpoint& row,
                       core::PastSegment::Checkpoint& checkpoint) const noexcept;

  template <typename Row>
  Row row(const RowSection<Row>& rows, std::uint64_t index) const {
    Row found;
    if (!rows.read(index, found)) [[unlikely]] damage_.stop(rows.at(index).error(), view_->header().segment);
    return found;
  }

  /// Where it lies, or in `room`.
  template <typename Row>
  const Row& row(const RowSection<Row>& rows, std::uint64_t index, Row& room) const {
    const Row* const found = rows.get(index, room);
    if (found == nullptr) [[unlikely]] damage_.stop(rows.at(index).error(), view_->header().segment);
    return *found;
  }

  std::unique_ptr<SegmentView> view_;
  const Damage& damage_;
  std::optional<ReadablePayments> payments_;
};

}  // namespace florin::history
