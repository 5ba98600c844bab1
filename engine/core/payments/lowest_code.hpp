#pragma once

#include <algorithm>

#include "florin/payment_result.hpp"

namespace florin::core {

/// The lowest code of all that apply: numeric order is the order of checks, so the checks themselves need none.
class LowestCode {
 public:
  constexpr void add_if(bool applies, PaymentResult code) noexcept {
    if (applies) [[unlikely]] lowest_ = std::min(lowest_, code);
  }
  /// kDone if none applies.
  [[nodiscard]] constexpr PaymentResult result() const noexcept { return lowest_ == kNone ? PaymentResult::kDone : lowest_; }

 private:
  static constexpr auto kNone = static_cast<PaymentResult>(~0U);

  PaymentResult lowest_ = kNone;
};

}  // namespace florin::core
