#pragma once

#include <sys/socket.h>

#include <string>
#include <vector>

#include "florin/status.hpp"

namespace florin::client {

/// One way to reach the server.
struct Endpoint {
  sockaddr_storage address{};
  socklen_t address_bytes = 0;
};

/// Resolves "host:port" or "[IPv6]:port". kUsage if it is neither, kUnavailable if the name is unknown. May block on the
/// resolver, not for numeric addresses.
Result<std::vector<Endpoint>> resolve(const std::string& address);

}  // namespace florin::client
