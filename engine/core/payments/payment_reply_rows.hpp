#pragma once

#include <cstring>

#include "core/payments/payment_records.hpp"
#include "core/state_machine.hpp"

/// @file
/// How reads of payments write their replies. There is room: reply_bytes_max().

namespace florin::core {

/// Bytes of an order with its parts at most, as look-ups answer it.
inline constexpr std::uint32_t kOrderRowBytesMax = sizeof(OrderHot) + sizeof(OrderCold) + sizeof(SplitHeader) + kPartsMax * sizeof(SplitPart);

template <typename T>
void append_bytes(ReplyArea& reply, const T& value) noexcept {
  std::memcpy(reply.data + reply.size, &value, sizeof value);
  reply.size += static_cast<std::uint32_t>(sizeof value);
}

template <typename Row>
void append_row(ReplyArea& reply, const Row& row) noexcept {
  append_bytes(reply, row);
  ++reply.count;
}

inline void append_order(ReplyArea& reply, const OrderImage& order) noexcept {
  const auto lines = std::as_bytes(order.lines());
  std::memcpy(reply.data + reply.size, lines.data(), lines.size());
  reply.size += static_cast<std::uint32_t>(lines.size());
  ++reply.count;
}

}  // namespace florin::core
