#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "florin/order.hpp"
#include "florin/payment_outcome.hpp"

/// @file
/// What memory keeps of orders and keys besides their public records. These are the rows of a snapshot too.

namespace florin::core {

/// An order, and where its parts are.
struct OrderRow {
  OrderHot hot;
  OrderCold cold;
  std::uint32_t split = 0;  ///< number of the first line of its split block; 0: it has no parts
  std::uint32_t reserved[3] = {};
};
static_assert(sizeof(OrderRow) == 528 && std::has_unique_object_representations_v<OrderRow>);

/// A split block is a SplitHeader and, right behind it, its SplitParts: lines of one size.
struct alignas(16) SplitLine {
  std::byte bytes[64];
};
static_assert(sizeof(SplitLine) == sizeof(SplitHeader) && sizeof(SplitLine) == sizeof(SplitPart));

/// Whose story a line belongs to: objects of two kinds may have one id.
enum class StoryKind : std::uint8_t { kParty, kAccount, kOrder, kMovement, kAsset, kFeeSchedule, kListEntry };
constexpr StoryKind kind_of(CommandNumber event) noexcept {
  using C = CommandNumber;
  switch (event) {
    case C::kRegisterParty:
    case C::kSetPartyStatus:
    case C::kSetCredential: return StoryKind::kParty;
    case C::kOpenAccount: return StoryKind::kAccount;
    case C::kDeclareAsset: return StoryKind::kAsset;
    case C::kSetFeeSchedule: return StoryKind::kFeeSchedule;
    case C::kSetListEntry: return StoryKind::kListEntry;
    case C::kTopUp:
    case C::kWithdraw:
    case C::kTransfer:
    case C::kConvert: return StoryKind::kMovement;
    default: return StoryKind::kOrder;
  }
}

/// A key, and what whoever sends it again gets: one outcome, or those of all members of a group.
struct KeyEntry {
  KeyRecord record;
  std::uint64_t first_outcome = 0;  ///< index
  std::uint32_t outcomes = 0;
  std::uint32_t reserved = 0;
};
static_assert(sizeof(KeyEntry) == 80 && std::has_unique_object_representations_v<KeyEntry>);

}  // namespace florin::core
