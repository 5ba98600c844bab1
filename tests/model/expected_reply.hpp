#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "florin/batch.hpp"
#include "florin/frame.hpp"
#include "florin/query.hpp"
#include "model/reference_ledger.hpp"

/// @file
/// The reply body that the protocol prescribes for what the model decided, byte for byte.

namespace florin::model {

/// Body of a reply and the number of entries of its first section.
struct ReplyBody {
  std::vector<std::byte> bytes;
  std::uint32_t count = 0;
  ReplyCode code = ReplyCode::kOk;

  friend bool operator==(const ReplyBody&, const ReplyBody&) = default;
};

/// Runs one request on the model and encodes the reply. `timestamp` is that of its last event (writes only); the body was
/// validated. Operations without effect on a ledger (genesis) answer nothing. In TigerBeetle's protocol history that was dropped was never
/// there, and only accounts with `history` have balances of before.
ReplyBody execute_on_model(ReferenceLedger& ledger, Operation operation, std::uint16_t flags, std::span<const std::byte> body,
                           std::uint64_t timestamp, Protocol protocol = Protocol::kNative);

/// All rows of a query, however many pages they would be, without the page's end.
ReplyBody listing_on_model(const ReferenceLedger& ledger, Operation operation, std::span<const std::byte> body);

/// Entries for every event that was not created at its own time, then, if asked for, the post-balances of all events.
ReplyBody encode_create_reply(std::span<const EventOutcome> outcomes, std::uint64_t timestamp, bool post_balances);

/// The elements of a body, copied so that they are aligned.
template <typename T>
std::vector<T> elements_of(std::span<const std::byte> body);

}  // namespace florin::model
