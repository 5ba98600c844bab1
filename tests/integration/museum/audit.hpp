#pragma once

#include <span>
#include <string>
#include <vector>

#include "florin/client.hpp"

namespace florin::test {

/// Asks a server over TCP for everything that concerns money, and lets its parts judge each other. A sentence for each disagreement; none: they
/// agree. Nothing may change meanwhile, and fees have to be inside the amount.
///
///   balances    of every account are the sum of its transfers
///   orders      have one line for each version, of which the last one has the order's sums and state
///   holds       each is exactly one open pending transfer, the one that its order names, over what the order says is held
///   money       what an order says was captured and refunded is what its transfers moved
///   transfers   of payments are each the leg of exactly one line, under the object and the version that it names
///
/// `orders` and `movements`: the ids of all there are, which no query lists.
std::vector<std::string> audit(Client& client, std::span<const u128> orders, std::span<const u128> movements);

}  // namespace florin::test
