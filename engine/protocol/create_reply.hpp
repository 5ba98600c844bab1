#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "florin/account.hpp"
#include "florin/frame.hpp"
#include "florin/status_codes.hpp"

/// @file
/// The sections of a reply to create_accounts and create_transfers, as the receiver needs them.

namespace florin::protocol {

/// Views into the body of a reply; they live as long as it.
struct CreateReplyView {
  std::span<const std::byte> entries;        ///< CreateReplyEntry x FrameHeader::count
  std::span<const std::byte> post_balances;  ///< kPostBalancesBytes x events, or empty
  std::span<const std::byte> receipt;        ///< LatencyReceipt, or empty
};

/// Cuts the body of an ok reply to a request of `event_count` events. False if sizes contradict each other, an index is out
/// of order or beyond the request: then the reply must not be used.
[[nodiscard]] bool parse_create_reply(const FrameHeader& reply, std::span<const std::byte> body, std::uint32_t event_count,
                                      CreateReplyView& view) noexcept;

/// One result per event, the unlisted ones `created` at T - n + i + 1. `results` has `event_count` elements; `entries` come
/// from parse_create_reply().
void expand_results(std::uint64_t timestamp, std::span<const std::byte> entries, std::span<CreateResult> results) noexcept;

}  // namespace florin::protocol
