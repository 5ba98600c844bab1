#pragma once

#include <cstdint>

#include "florin/sealed_segment.hpp"
#include "history/checkpoints.hpp"
#include "history/dropped_rows.hpp"
#include "history/section.hpp"
#include "history/segment_rows.hpp"

namespace florin::history {

/// How an archive holds a section of this kind. Id runs and filters stay as they are: they are asked for on the path of requests, or at one place
/// at random each time, and hashes do not get smaller. All rows are of a multiple of 16 bytes, or taken together until they are, which is what
/// columns are quickest to make of.
constexpr SectionForm form_of(std::uint32_t kind) noexcept {
  constexpr auto rows_of = [](std::size_t bytes) { return SectionForm{.row_bytes = static_cast<std::uint16_t>(bytes)}; };
  switch (static_cast<SectionKind>(kind)) {
    case SectionKind::kIdRun:
    case SectionKind::kIdFilter:
    case SectionKind::kUserDataFilter:
    case SectionKind::kPaymentRun: return {.is_read_in_place = true};
    case SectionKind::kPostings: return rows_of(4 * sizeof(core::PostingEntry));
    case SectionKind::kCheckpoints: return rows_of(sizeof(Checkpoint));
    case SectionKind::kTransfers: return rows_of(sizeof(TransferRow));
    case SectionKind::kExtras: return rows_of(sizeof(ExtraRow));
    case SectionKind::kExpiries: return rows_of(sizeof(ExpiryRow));
    case SectionKind::kFailedIds: return rows_of(sizeof(u128));
    case SectionKind::kEndings: return rows_of(sizeof(EndingRow));
    case SectionKind::kBatchEnds: return rows_of(2 * sizeof(BatchEndRow));
    case SectionKind::kStoryLines: return rows_of(sizeof(StoryLine));
    case SectionKind::kNextLines: return rows_of(4 * sizeof(std::uint32_t));
    case SectionKind::kKeys: return rows_of(sizeof(core::KeyEntry));
    case SectionKind::kOutcomes: return rows_of(sizeof(PaymentOutcome));
    case SectionKind::kOrderLines: return rows_of(core::OrderImage::kRecordLines * sizeof(core::OrderLine));
    case SectionKind::kDroppedTransfers: return rows_of(sizeof(DroppedRow));
    case SectionKind::kDroppedEndings: return rows_of(sizeof(DroppedEndingRow));
    case SectionKind::kLargeHolds: return rows_of(sizeof(LargeHoldRow));
    case SectionKind::kDroppedResolutions: return rows_of(sizeof(DroppedResolutionRow));
    case SectionKind::kSegmentLanes:
    case SectionKind::kDroppedSummary: break;
  }
  return {};
}

}  // namespace florin::history
