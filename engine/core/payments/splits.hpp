#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "florin/fee_schedule.hpp"
#include "florin/order.hpp"
#include "florin/payment_command.hpp"
#include "florin/payment_result.hpp"
#include "florin/uint128.hpp"

/// @file
/// Who gets what of a capture, and who gives what of a refund or a dispute. Pure functions of an order's sums; amounts in minor units.
///
/// Captures have **cumulative targets**: after each of them a part has its share of all that was captured net of the fee, rounded down, so that
/// many captures give what one would have given. The owner takes what is left and so owns every remainder.
///
/// Refunds and disputes are shared by **successive division**: with r to return out of a sum R of what the items have left, each item in turn
/// gives floor(r x its rest / R), and is then taken out of both r and R. So each gives at most what it has, the shares add up to r exactly, and
/// returning all of R empties every item. The owner comes last.

namespace florin::core {

/// The parts of an order; empty if it has none.
struct Split {
  std::span<const std::uint16_t> bps;
  std::span<const SplitPart> parts;  ///< as many
};

/// Shares of the parts, in their order; 0 where there is no part.
using PartShares = std::array<u128, kPartsMax>;

/// What one command moves, and between whom.
struct Shares {
  u128 fee = 0;  ///< with the fee on top it is not in the amount of the command but besides
  u128 owner = 0;
  PartShares parts{};

  friend bool operator==(const Shares&, const Shares&) = default;
};

/// Of a capture of `amount`.
[[nodiscard]] Shares share_capture(const OrderHot& order, const FeeSchedule& schedule, Split split, u128 amount) noexcept;
/// The same with the parts' shares as given: kDone, or kPartsExceedNet.
[[nodiscard]] PaymentResult share_capture_as_given(const OrderHot& order, const FeeSchedule& schedule, const PartShares& given, u128 amount,
                                                   Shares& shares) noexcept;

/// Of a refund of `amount`, at most order.refundable().
[[nodiscard]] Shares share_refund(const OrderHot& order, const FeeSchedule& schedule, Split split, u128 amount) noexcept;
/// The same with the parts' shares as given: kDone, or kPartExceedsRefundable. The fee's share is what it is, the owner's is the rest.
[[nodiscard]] PaymentResult share_refund_as_given(const OrderHot& order, const FeeSchedule& schedule, Split split, const PartShares& given,
                                                  u128 amount, Shares& shares) noexcept;

/// Of opening a dispute that covers `covered`, at most order.refundable(). Fees of disputed payments are kept.
[[nodiscard]] Shares share_dispute(const OrderHot& order, Split split, u128 covered) noexcept;
/// Of closing it: what of order.disputed is given back to those who gave it if `lost` of it is lost.
[[nodiscard]] Shares share_dispute_return(const OrderHot& order, Split split, u128 lost) noexcept;

/// Finds whose the amounts behind a command are: into `given`, in the order of the order's parts. False if an account is not one of them.
[[nodiscard]] bool match_parts(std::span<const PartAmount> amounts, std::span<const SplitPart> parts, PartShares& given) noexcept;

/// The sums of order and parts after each of these. Hold, timers and states are the caller's.
void add_capture(OrderHot& order, std::span<SplitPart> parts, u128 amount, const Shares& shares) noexcept;
void add_refund(OrderHot& order, std::span<SplitPart> parts, u128 amount, const Shares& shares) noexcept;
void open_dispute(OrderHot& order, std::span<SplitPart> parts, u128 covered, const Shares& shares) noexcept;
/// `returned`: from share_dispute_return() with the same `lost`.
void close_dispute(OrderHot& order, std::span<SplitPart> parts, u128 lost, const Shares& returned) noexcept;

}  // namespace florin::core
