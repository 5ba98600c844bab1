#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "florin/frame.hpp"
#include "florin/payment_command.hpp"
#include "florin/prefetch.hpp"

/// @file
/// The body of a `payments` request: a PaymentsHeader, then commands of different lengths.

namespace florin::core {

/// A command where it lies in a body.
struct CommandView {
  const PaymentCommand* command = nullptr;
  std::span<const PartAmount> parts;
  std::span<const std::byte> bytes;  ///< of both
};

/// The commands of a body that is_payment_body() let through.
class CommandWalk {
 public:
  explicit CommandWalk(std::span<const std::byte> body) noexcept : rest_(body.subspan(sizeof(PaymentsHeader))) {}

  [[nodiscard]] bool has_next() const noexcept { return !rest_.empty(); }
  /// For who is first to read a body that another thread wrote: where a command begins is known from the one before alone, so that the walk would wait
  /// for each. Asks for one some way behind, as if none between had parts.
  void ask_ahead() const noexcept {
    constexpr std::size_t kAhead = 12;
    if (rest_.size() > (kAhead + 1) * sizeof(PaymentCommand)) prefetch_record(rest_.data() + kAhead * sizeof(PaymentCommand), sizeof(PaymentCommand));
  }
  CommandView next() noexcept {
    CommandView view;
    view.command = reinterpret_cast<const PaymentCommand*>(rest_.data());
    view.bytes = rest_.first(command_bytes(view.command->parts));
    view.parts = {reinterpret_cast<const PartAmount*>(rest_.data() + sizeof(PaymentCommand)), view.command->parts};
    rest_ = rest_.subspan(view.bytes.size());
    return view;
  }

 private:
  std::span<const std::byte> rest_;
};

/// Commands that a request has at most.
inline constexpr std::uint32_t kPaymentsMax = (kBodyBytesMax - sizeof(PaymentsHeader)) / sizeof(PaymentCommand);

/// Members that a group has.
inline constexpr std::uint32_t kGroupMembersMin = 2;
inline constexpr std::uint32_t kGroupMembersMax = 64;

/// How many commands such a body has; 0: it is none, for the reason given.
[[nodiscard]] std::uint32_t count_payments(std::span<const std::byte> body, const char*& reason) noexcept;

inline PaymentsHeader payments_header(std::span<const std::byte> body) noexcept {
  return *reinterpret_cast<const PaymentsHeader*>(body.data());
}

/// Bytes of the reply: outcomes, then flags.
constexpr std::uint32_t payments_reply_bytes(std::uint32_t commands) noexcept { return commands * 128 + (commands + 15) / 16 * 16; }

}  // namespace florin::core
