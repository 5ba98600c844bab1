#pragma once

#include <cstdint>
#include <type_traits>

#include "core/past_segment.hpp"
#include "florin/uint128.hpp"

/// @file
/// Rows of a sealed segment: sections that are plain arrays. They name accounts by *ordinal*, the place of an account in the order of
/// creation, from 0, and each other by *index*, the place in their section, from 0; nothing depends on the number of partitions.

namespace florin::history {

/// A transfer, in order of commitment.
struct TransferRow {
  u128 id = 0;
  std::uint64_t amount_low = 0;
  std::uint64_t timestamp = 0;
  std::uint32_t debit = 0;   ///< ordinals
  std::uint32_t credit = 0;
  std::uint16_t code = 0;
  std::uint16_t flags = 0;
  std::uint32_t extra = 0;   ///< index + 1 of its ExtraRow, perhaps with core::kWideAmount; 0 = all of that is zero

  [[nodiscard]] std::uint64_t extra_index() const noexcept { return std::uint64_t{extra & ~core::kWideAmount} - 1; }
};
static_assert(sizeof(TransferRow) == 48 && std::has_unique_object_representations_v<TransferRow>);

/// What most transfers do not have.
struct ExtraRow {
  u128 pending_id = 0;
  u128 user_data_128 = 0;
  std::uint64_t user_data_64 = 0;
  std::uint64_t amount_high = 0;
  std::uint32_t user_data_32 = 0;
  std::uint32_t timeout = 0;
  std::uint64_t hold = 0;  ///< of a post or void: what core::TransferExtra::state says of its hold; else 0
};
static_assert(sizeof(ExtraRow) == 64 && std::has_unique_object_representations_v<ExtraRow>);

/// An expiry, in order of time.
struct ExpiryRow {
  std::uint64_t timestamp = 0;
  std::uint64_t pending_timestamp = 0;
  std::uint64_t transfers_before = 0;  ///< of the whole ledger
  std::uint32_t debit = 0;             ///< ordinals
  std::uint32_t credit = 0;
  u128 amount = 0;
  u128 pending_id = 0;
  std::uint16_t flags = 0;             ///< of the pending transfer
  std::uint16_t reserved_16 = 0;
  std::uint32_t reserved_32 = 0;
  std::uint64_t reserved_64 = 0;
};
static_assert(sizeof(ExpiryRow) == 80 && std::has_unique_object_representations_v<ExpiryRow>);

/// Where a request, or several without a gap, ended.
using BatchEndRow = core::BatchEnd;

/// How a hold ended in this segment, wherever it began: ordered by the hash of the pending transfer's id.
struct EndingRow {
  std::uint64_t pending_hash = 0;
  std::uint32_t index = 0;   ///< of the TransferRow that posted or voided it, or of the ExpiryRow
  core::PendingStatus status = core::PendingStatus::kNone;
  std::uint8_t reserved[3] = {};
};
static_assert(sizeof(EndingRow) == 16 && std::has_unique_object_representations_v<EndingRow>);

}  // namespace florin::history
