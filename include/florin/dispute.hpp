#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "florin/uint128.hpp"

/// @file
/// A payer's bank takes the money of an order back, and the scheme decides who keeps it. At most one is open per order.

namespace florin {

enum class DisputeState : std::uint8_t { kOpen = 1, kEvidenceSent = 2, kWon = 3, kLost = 4, kPartlyLost = 5 };

struct Dispute {
  u128 id = 0;
  u128 order = 0;
  u128 amount = 0;   ///< minor units; covered + excess
  u128 covered = 0;  ///< what was refundable when it was opened: taken from owner and parts
  u128 excess = 0;   ///< the rest: taken from the asset's chargeback reserve
  u128 lost = 0;
  u128 fee = 0;      ///< dispute fee charged to the owner
  std::uint8_t evidence[32] = {};
  std::uint8_t external_reference[32] = {};
  std::uint64_t opened_at = 0;    ///< ns, as all times here
  std::uint64_t deadline_at = 0;  ///< said, not enforced: the scheme decides, not the clock
  std::uint64_t closed_at = 0;
  std::uint64_t opened = 0;       ///< sequence
  std::uint32_t reason = 0;
  std::uint32_t version = 0;
  DisputeState state = DisputeState::kOpen;
  std::uint8_t reserved[39] = {};

  friend bool operator==(const Dispute&, const Dispute&) = default;
};
static_assert(sizeof(Dispute) == 256 && offsetof(Dispute, order) == 16 && offsetof(Dispute, amount) == 32 && offsetof(Dispute, covered) == 48);
static_assert(offsetof(Dispute, excess) == 64 && offsetof(Dispute, lost) == 80 && offsetof(Dispute, fee) == 96);
static_assert(offsetof(Dispute, evidence) == 112 && offsetof(Dispute, external_reference) == 144 && offsetof(Dispute, opened_at) == 176);
static_assert(offsetof(Dispute, deadline_at) == 184 && offsetof(Dispute, closed_at) == 192 && offsetof(Dispute, opened) == 200);
static_assert(offsetof(Dispute, reason) == 208 && offsetof(Dispute, version) == 212 && offsetof(Dispute, state) == 216);
static_assert(std::is_trivially_copyable_v<Dispute> && std::has_unique_object_representations_v<Dispute>);

}  // namespace florin
