#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "protocol/stream_reader.hpp"
#include "tigerbeetle/message.hpp"

/// @file
/// Checksums and headers of messages. No state, callable from any thread.

namespace florin::tigerbeetle {

/// Why a stream of messages cannot be followed any further. All of these end the connection.
enum class MessageFault : std::uint8_t {
  kNone,
  kHeaderChecksum,
  kSizeTooSmall,
  kSizeTooLarge,
  kCluster,  ///< from a client of another ledger
  kBodyChecksum,
};

/// Stores size and the body's checksum, then the header's, which covers them.
void seal(MessageHeader& header, std::span<const std::byte> body) noexcept;

/// What a request and its reply have in common.
struct ReplyTo {
  const MessageHeader& request;  ///< was judged
  std::uint64_t op = 0;          ///< above 0; never lower than in an earlier reply to the session
  std::uint64_t timestamp = 0;   ///< above 0
};

/// The sealed header of a reply with this body. It names the release and the cluster of the request, as clients insist.
MessageHeader make_reply_header(const ReplyTo& to, std::span<const std::byte> body) noexcept;
/// The message that ends the session of `request`'s sender: it has no body.
MessageHeader make_eviction(const MessageHeader& request, EvictionReason reason) noexcept;
/// The answer to a ping: it has no body.
MessageHeader make_pong(const MessageHeader& ping) noexcept;

inline std::uint32_t body_bytes(const MessageHeader& header) noexcept { return header.size - kHeaderBytes; }

/// The messages of one cluster, in either direction. What a message means is not looked at here.
class MessageFormat {
 public:
  using Header = MessageHeader;
  using Fault = MessageFault;

  explicit MessageFormat(u128 cluster) noexcept : cluster_(cluster) {}

  [[nodiscard]] Fault check_header(const Header& header) const noexcept;
  [[nodiscard]] bool fits(const Header& header, std::span<const std::byte> body) const noexcept;

 private:
  u128 cluster_;
};

using MessageReader = protocol::StreamReader<MessageFormat>;

}  // namespace florin::tigerbeetle

extern template class florin::protocol::StreamReader<florin::tigerbeetle::MessageFormat>;
