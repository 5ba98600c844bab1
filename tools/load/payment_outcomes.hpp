#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>

#include "florin/frame.hpp"
#include "florin/payment_outcome.hpp"

namespace florin::load {

/// The reply to a `payments` request, where it lies.
struct PaymentsReplyView {
  std::span<const std::byte> outcomes;  ///< 128 bytes each
  std::span<const std::byte> flags;     ///< PaymentReplyFlags

  [[nodiscard]] PaymentOutcome outcome(std::uint32_t index) const noexcept;
  [[nodiscard]] bool is_replayed(std::uint32_t index) const noexcept;
};

/// Counts what became of payment commands, by the documented names of their codes. Writer: the load loop's thread.
class PaymentOutcomes {
 public:
  /// Reads the reply to so many commands; false, and counted, if it is none: refused as a whole, or not of that size.
  bool read(const FrameHeader& reply, std::span<const std::byte> body, std::uint32_t commands, PaymentsReplyView& view);
  void add(PaymentResult code, std::uint64_t commands = 1) { codes_[code] += commands; }

  [[nodiscard]] std::uint64_t count(PaymentResult code) const noexcept;
  /// All that was counted; refused requests as "request_<reply code>".
  [[nodiscard]] std::map<std::string, std::uint64_t> by_name() const;
  /// "4000000 done, 12 insufficient_funds"
  [[nodiscard]] std::string text() const;

 private:
  std::map<PaymentResult, std::uint64_t> codes_;
  std::map<ReplyCode, std::uint64_t> refused_;
};

}  // namespace florin::load
