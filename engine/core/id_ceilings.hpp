#pragma once

#include <array>
#include <cstddef>

#include "florin/uint128.hpp"

namespace florin::core {

/// The highest id there has been, by the first byte of ids: counters, ULIDs and UUIDv7s rise within theirs, so a new one is above all
/// that came before, and no table has to be asked for it. A client whose ids come in no order, or that sends the highest there is, makes its ids,
/// and those with the same first byte, cost that question again.
/// Writer: the partition's thread.
class IdCeilings {
 public:
  void raise(u128 id) noexcept {
    u128& highest = highest_[lane_of(id)];
    if (id > highest) highest = id;
  }
  [[nodiscard]] bool is_above(u128 id) const noexcept { return id > highest_[lane_of(id)]; }

 private:
  static std::size_t lane_of(u128 id) noexcept { return static_cast<std::size_t>(id >> 120); }

  std::array<u128, 256> highest_{};
};

}  // namespace florin::core
