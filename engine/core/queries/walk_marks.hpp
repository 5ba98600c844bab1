#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "core/queries/account_walk.hpp"

namespace florin::core {

/// Places where walks over long histories ended. A walk can only begin at the newest change, and one request may not walk for ever:
/// the next one goes on from here, and so does every later page. As many as fit; the oldest give way, and whoever needed them walks
/// again. Rows never depend on them, only where pages end.
/// Writer: the thread that executes.
class WalkMarks {
 public:
  static constexpr std::size_t kMarks = 4096;

  void leave(const AccountWalk::Place& place) noexcept {
    if (place.change == 0) return;  // walked to the end: the page it was for is complete
    for (std::size_t i = 0; i < kMarks; ++i) {
      if (accounts_[i] == place.account && places_[i].change == place.change) return;
    }
    accounts_[next_] = place.account;
    places_[next_] = place;
    next_ = (next_ + 1) % kMarks;
  }

  /// The mark furthest back of those on this account that `usable` accepts; nullptr: none.
  template <typename Usable>
  [[nodiscard]] const AccountWalk::Place* find(std::uint32_t account, Usable&& usable) const noexcept {
    const AccountWalk::Place* best = nullptr;
    for (std::size_t i = 0; i < kMarks; ++i) {
      if (accounts_[i] != account || !usable(places_[i])) continue;
      if (best == nullptr || places_[i].change < best->change) best = &places_[i];
    }
    return best;
  }

 private:
  std::unique_ptr<std::uint32_t[]> accounts_ = std::make_unique<std::uint32_t[]>(kMarks);  // apart, to be searched quickly
  std::unique_ptr<AccountWalk::Place[]> places_ = std::make_unique<AccountWalk::Place[]>(kMarks);
  std::size_t next_ = 0;
};

}  // namespace florin::core
