#pragma once

#include <cstdint>
#include <optional>
#include <type_traits>

#include "core/past_segment.hpp"
#include "core/rules/transfer_digest.hpp"
#include "florin/sealed_segment.hpp"
#include "florin/uint128.hpp"
#include "history/row_section.hpp"

namespace florin::history {

/// What is left of a transfer when its segment was dropped, in order of commitment.
struct DroppedRow {
  u128 id = 0;
  std::uint64_t timestamp = 0;
  std::uint64_t digest = 0;  ///< core::TransferDigest::value
};
static_assert(sizeof(DroppedRow) == 32 && std::has_unique_object_representations_v<DroppedRow>);

/// What else is left of a post or void. In order of index.
struct DroppedResolutionRow {
  std::uint32_t index = 0;
  core::TransferDigest::Inherited inherited;
};
static_assert(sizeof(DroppedResolutionRow) == 32 && std::has_unique_object_representations_v<DroppedResolutionRow>);

/// How a hold ended in a segment that was dropped: ordered by the hash of the pending transfer's id.
struct DroppedEndingRow {
  std::uint64_t pending_hash = 0;
  core::PendingStatus status = core::PendingStatus::kNone;
  std::uint8_t reserved[7] = {};
  u128 pending_id = 0;
};
static_assert(sizeof(DroppedEndingRow) == 32 && std::has_unique_object_representations_v<DroppedEndingRow>);

/// A pending transfer of so much that posts do not say it themselves (see core::TransferExtra::state), and that a walk back in time may
/// have to know, if the post is kept. In order of index.
struct LargeHoldRow {
  std::uint32_t index = 0;
  std::uint32_t reserved_32 = 0;
  std::uint64_t reserved_64 = 0;
  u128 amount = 0;
};
static_assert(sizeof(LargeHoldRow) == 32 && std::has_unique_object_representations_v<LargeHoldRow>);

/// A section of its own: what the rows do not say.
struct DroppedSummary {
  u128 digest = 0;                  ///< of all transfers up to the end of the segment: see core::Past::shrunk()
  std::uint64_t newest_expiry = 0;  ///< timestamp; 0: there was none in the segment
  std::uint64_t expiries = 0;       ///< in the segment
};
static_assert(sizeof(DroppedSummary) == 32 && std::has_unique_object_representations_v<DroppedSummary>);

/// The rows of a segment that was dropped. Readers: any thread.
class DroppedRows {
 public:
  static Result<DroppedRows> open(const SealedReader& reader);

  [[nodiscard]] const RowSection<DroppedRow>& transfers() const noexcept { return transfers_; }
  [[nodiscard]] const DroppedSummary& summary() const noexcept { return summary_; }
  /// Of the transfer with this index, whose row this is.
  [[nodiscard]] Result<core::TransferDigest> digest_of(const DroppedRow& row, std::uint32_t index) const;
  [[nodiscard]] Result<core::PendingStatus> ending_of(u128 pending_id, std::uint64_t hash) const;
  /// Amount of the large hold with this index; nothing: it is none.
  [[nodiscard]] Result<std::optional<u128>> large_amount(std::uint32_t index) const;

 private:
  RowSection<DroppedRow> transfers_;
  RowSection<DroppedResolutionRow> resolutions_;
  RowSection<DroppedEndingRow> endings_;
  RowSection<LargeHoldRow> large_holds_;
  DroppedSummary summary_;
};

}  // namespace florin::history
