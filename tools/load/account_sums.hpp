#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "florin/account.hpp"
#include "load/frame_pool.hpp"
#include "load/request_source.hpp"

namespace florin::load {

/// What accounts have together, in minor units.
struct AccountTotals {
  std::uint64_t found = 0;
  u128 debits_posted = 0;
  u128 credits_posted = 0;
  u128 debits_pending = 0;
  u128 credits_pending = 0;
  std::uint64_t refused = 0;  ///< look-ups

  /// What came after `before`.
  [[nodiscard]] AccountTotals since(const AccountTotals& before) const noexcept;

  friend bool operator==(const AccountTotals&, const AccountTotals&) = default;
};

/// Looks up accounts number 0 .. count-1 and adds up what they have. Writer: the load loop's thread.
class AccountSums final : public RequestSource {
 public:
  AccountSums(std::uint64_t count, std::uint32_t slots, std::function<u128(std::uint64_t)> id);

  Next next(std::uint32_t slot, PreparedRequest& request) override;
  void sent(std::uint64_t frame) override { pool_.give_back(frame); }
  std::uint64_t completed(std::uint32_t slot, const FrameHeader& reply, std::span<const std::byte> body) override;

  [[nodiscard]] const AccountTotals& totals() const noexcept { return totals_; }

 private:
  const std::uint64_t count_;
  const std::function<u128(std::uint64_t)> id_;
  FramePool pool_;
  std::vector<std::uint32_t> ids_;  ///< by slot
  std::uint64_t asked_ = 0;
  AccountTotals totals_;
};

}  // namespace florin::load
