#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <nlohmann/json.hpp>
#include <span>
#include <vector>

#include "command_line.hpp"
#include "florin/client.hpp"
#include "florin/frame.hpp"
#include "florin/status.hpp"
#include "pages.hpp"

namespace florin::tools {

/// A reply of a server to one request.
struct RemoteReply {
  FrameHeader header;
  std::vector<std::byte> body;
};

/// Sends one request to a server and waits for its reply. A reply with an error code is the error kRefused.
Result<RemoteReply> remote_call(const Address& address, Operation operation, std::span<const std::byte> body,
                                std::uint64_t timeout_ns = 10'000'000'000);

/// The same as read_rows() asks for it.
Ask ask_remote(const Address& address);

/// A client for commands that ask more than once. `address` is "HOST:PORT".
Result<std::unique_ptr<Client>> connect_client(const std::string& address);

/// What the server says of itself.
Result<nlohmann::ordered_json> remote_status(const Address& address);

}  // namespace florin::tools
