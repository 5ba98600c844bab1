#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "florin/frame.hpp"
#include "florin/status.hpp"

namespace florin::tools {

/// The body of a reply, and the sequence of the ledger that it is of.
struct Answer {
  std::uint64_t sequence = 0;
  std::vector<std::byte> body;
};

/// Asks a server or a rebuilt state, which answer the same operations.
using Ask = std::function<Result<Answer>(Operation, std::span<const std::byte>)>;

}  // namespace florin::tools
