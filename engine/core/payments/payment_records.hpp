#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>

#include "core/memory/unset_array.hpp"
#include "florin/order.hpp"
#include "florin/payment_outcome.hpp"
#include "florin/payment_query.hpp"

/// @file
/// What memory, snapshots and sealed segments keep of orders and keys besides their public records.

namespace florin::core {

/// What an order is kept as wherever it is not in the table of orders: lines of one size, eight of its record and, if it has parts, that of the split
/// header and one for each part.
struct alignas(16) OrderLine {
  std::byte bytes[64];
};
static_assert(sizeof(OrderLine) == 64 && sizeof(SplitHeader) == 64 && sizeof(SplitPart) == 64);

/// An order with its parts, as commands work on it and queries answer it.
struct OrderImage {
  OrderHot hot;
  OrderCold cold;
  SplitHeader split;
  UnsetArray<SplitPart, kPartsMax> parts;  ///< hot.parts of them

  static constexpr std::uint32_t kRecordLines = (sizeof(OrderHot) + sizeof(OrderCold)) / sizeof(OrderLine);
  static constexpr std::uint32_t kLinesMax = kRecordLines + 1 + kPartsMax;
  static constexpr std::uint32_t lines_for(std::uint32_t parts) noexcept { return kRecordLines + (parts == 0 ? 0 : 1 + parts); }

  [[nodiscard]] std::uint32_t line_count() const noexcept { return lines_for(hot.parts); }
  [[nodiscard]] std::span<const OrderLine> lines() const noexcept { return {reinterpret_cast<const OrderLine*>(this), line_count()}; }
  /// Its lines one after the other from line_at(0) on, each by value; false if they are none of an order.
  template <typename LineAt>
  [[nodiscard]] bool take(LineAt&& line_at) noexcept {
    auto* const lines = reinterpret_cast<OrderLine*>(this);
    for (std::uint32_t i = 0; i < kRecordLines; ++i) lines[i] = line_at(i);
    if (hot.parts > kPartsMax) return false;
    for (std::uint32_t i = kRecordLines; i < line_count(); ++i) lines[i] = line_at(i);
    return hot.parts == 0 || split.count == hot.parts;
  }
};
static_assert(sizeof(OrderImage) == OrderImage::kLinesMax * sizeof(OrderLine) && std::has_unique_object_representations_v<OrderImage>);
static_assert(offsetof(OrderImage, split) == OrderImage::kRecordLines * sizeof(OrderLine));

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
constexpr bool makes_an_order(CommandNumber command) noexcept { return command == CommandNumber::kCreateOrder || command == CommandNumber::kPay; }
/// Parties and orders know where their stories begin and end.
constexpr bool knows_its_story(StoryKind kind) noexcept { return kind == StoryKind::kParty || kind == StoryKind::kOrder; }

/// Of a line that created an order: its merchant and payer, by number; else {}.
struct OrderParties {
  std::uint32_t merchant = 0;
  std::uint32_t payer = 0;
};
constexpr OrderParties parties_of(const StoryLine& line) noexcept { return {line.merchant_number, line.payer_number}; }

/// That a line of a segment created an order of this party. Ordered by party, role and line.
struct PartyOrder {
  std::uint32_t party = 0;  ///< list_of()
  std::uint32_t line = 0;   ///< index

  friend auto operator<=>(const PartyOrder&, const PartyOrder&) = default;
};
static_assert(sizeof(PartyOrder) == 8 && std::has_unique_object_representations_v<PartyOrder>);
/// The list of a party's orders in one role. `number`: below 2^31.
constexpr std::uint32_t list_of(std::uint32_t number, PartyRole role) noexcept { return number << 1 | (role == PartyRole::kPayer ? 1U : 0U); }

/// A key, and what whoever sends it again gets: what the line of its sequence says, or an outcome that is kept, or those of all members of a group.
struct KeyEntry {
  KeyRecord record;
  std::uint64_t first_outcome = 0;  ///< index of those that are kept
  std::uint32_t outcomes = 0;       ///< 0: the command was done, and has a line
  std::uint32_t reserved = 0;

  [[nodiscard]] bool is_told_by_line() const noexcept { return outcomes == 0; }
};
static_assert(sizeof(KeyEntry) == 80 && std::has_unique_object_representations_v<KeyEntry>);

}  // namespace florin::core
