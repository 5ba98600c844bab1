#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "tigerbeetle/message.hpp"

namespace florin::tigerbeetle {

/// What is done with a message that arrived whole. The protocol has no errors: a client that asks for what cannot be is evicted, and a
/// message that no client would send is passed over in silence.
enum class Treatment : std::uint8_t { kServe, kIgnore, kEvict };

struct Judgement {
  Treatment treatment = Treatment::kServe;
  EvictionReason reason = EvictionReason::kNoSession;  ///< kEvict only

  static constexpr Judgement evict(EvictionReason reason) noexcept { return {Treatment::kEvict, reason}; }
  friend bool operator==(const Judgement&, const Judgement&) = default;
};

/// Judges a message by its header, before its body has arrived: the command, what must be zero, the release, and whether the operation is
/// known. Sessions are not looked at.
Judgement judge(const MessageHeader& header) noexcept;

/// Judges the body of a request whose header will be served.
Judgement judge_body(OperationCode operation, std::span<const std::byte> body) noexcept;

}  // namespace florin::tigerbeetle
