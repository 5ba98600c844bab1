#include "core/payments/payment_request.hpp"

#include <cstring>

namespace florin::core {

std::uint32_t count_payments(std::span<const std::byte> body, const char*& reason) noexcept {
  const auto refuse = [&](const char* text) {
    reason = text;
    return std::uint32_t{0};
  };
  if (body.size() < sizeof(PaymentsHeader) + sizeof(PaymentCommand)) return refuse("body must be a header of 32 bytes and commands");
  PaymentsHeader header;
  std::memcpy(&header, body.data(), sizeof header);
  if (header.mode > PaymentsMode::kGroup) return refuse("unknown mode");
  if (header.mode != PaymentsMode::kGroup && header.group_key != 0) return refuse("only a group has a key of its own");
  for (const std::uint8_t byte : header.reserved) {
    if (byte != 0) return refuse("reserved bytes must be zero");
  }
  std::uint32_t count = 0;
  for (std::size_t at = sizeof header; at != body.size(); ++count) {
    if (body.size() - at < sizeof(PaymentCommand)) return refuse("a command is cut short");
    const auto parts = static_cast<std::uint8_t>(body[at + offsetof(PaymentCommand, parts)]);
    if (body.size() - at < command_bytes(parts)) return refuse("a command has fewer parts than it says");
    at += command_bytes(parts);
  }
  return count;
}

}  // namespace florin::core
