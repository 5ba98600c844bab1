#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <nlohmann/json.hpp>
#include <span>
#include <vector>

#include "ask.hpp"
#include "command_line.hpp"
#include "florin/client.hpp"
#include "florin/frame.hpp"
#include "florin/status.hpp"

namespace florin::tools {

/// A reply of a server to one request.
struct RemoteReply {
  FrameHeader header;
  std::vector<std::byte> body;
};

inline constexpr std::uint64_t kRemoteTimeoutNs = 10'000'000'000;

/// Sends one request to a server and waits for its reply, whatever that says.
Result<RemoteReply> remote_reply(const Address& address, Operation operation, std::span<const std::byte> body, std::uint64_t timeout_ns = kRemoteTimeoutNs);
/// The error kRefused, if that is what the reply says.
Status refusal_of(const RemoteReply& reply);
/// The same in one.
Result<RemoteReply> remote_call(const Address& address, Operation operation, std::span<const std::byte> body, std::uint64_t timeout_ns = kRemoteTimeoutNs);

/// The same as read_rows() asks for it.
Ask ask_remote(const Address& address);

/// A client for commands that ask more than once. `address` is "HOST:PORT"; `principal`: who acts.
Result<std::unique_ptr<Client>> connect_client(const std::string& address, u128 principal = 0);

/// What the server says of itself.
Result<nlohmann::ordered_json> remote_status(const Address& address);

}  // namespace florin::tools
