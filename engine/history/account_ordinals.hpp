#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/past.hpp"

namespace florin::history {

/// Accounts in the order of their creation, which is that of their timestamps, whatever partitions they are in. With one partition
/// an ordinal is the number less one, and nothing is kept.
/// Writer: the builder's thread.
class AccountOrdinals {
 public:
  /// Takes in the accounts that came since; returns their References, in order of ordinal.
  std::span<const std::uint32_t> extend(const core::FrozenGeneration& generation);

  [[nodiscard]] std::uint32_t count() const noexcept { return count_; }
  [[nodiscard]] std::uint32_t of(std::uint32_t reference) const noexcept {
    if (places_.empty()) return reference - 1;
    return places_[references_.partition(reference)][references_.number(reference) - 1];
  }

 private:
  core::References references_;
  std::uint32_t count_ = 0;
  std::vector<std::vector<std::uint32_t>> places_;  // by partition and number - 1; empty with one partition
  std::vector<std::uint32_t> added_;
};

}  // namespace florin::history
