#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

#include "florin/party_query.hpp"
#include "florin/uint128.hpp"

namespace florin::pipeline {

/// How often passwords are asked about, so that nobody finds one out by asking: of each party kPasswordAttemptsInARow at once, and then one every
/// kPasswordAttemptSeconds, whoever asks. Parties share places by their ids, and with them what is left: 4,096 places, 32 KiB.
/// Forgotten when the engine stops. Writer: the holder of the core token.
class PasswordAttempts {
 public:
  /// Counts one, and says whether it may be made.
  bool take(u128 party, std::uint64_t now_ns) noexcept {
    std::uint64_t& paid_until = paid_until_[place_of(party)];
    const std::uint64_t from = std::max(paid_until, now_ns);
    if (from - now_ns > (kPasswordAttemptsInARow - 1) * kEach) return false;
    paid_until = from + kEach;
    return true;
  }

 private:
  static constexpr std::uint64_t kEach = std::uint64_t{kPasswordAttemptSeconds} * 1'000'000'000;
  static std::size_t place_of(u128 party) noexcept { return ((low64(party) ^ high64(party)) * 0x9E3779B97F4A7C15ULL) >> 52; }

  std::array<std::uint64_t, 4096> paid_until_{};  ///< when all that were made would have been made one by one
};

}  // namespace florin::pipeline
