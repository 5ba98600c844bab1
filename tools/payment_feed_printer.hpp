#pragma once

#include <atomic>
#include <cstdint>

#include "florin/client.hpp"
#include "florin/status.hpp"

namespace florin::tools {

struct PaymentFeedRange {
  std::uint64_t from = 1;   ///< first sequence
  std::uint64_t to = 0;     ///< last sequence; 0: none
  std::uint64_t limit = 0;  ///< lines at most; 0: all
  bool follow = false;      ///< wait for what is still to come
};

/// Prints the lines of all stories as lines of JSON, and at its end on standard error how to go on. Ends when `interrupted` becomes true.
Status print_payment_feed(Client& client, const PaymentFeedRange& range, const std::atomic<bool>& interrupted);

}  // namespace florin::tools
