#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "florin/frame.hpp"
#include "florin/payment_commands.hpp"
#include "florin/payment_reply.hpp"
#include "florin/status.hpp"

namespace florin::client {

/// The body of a `payments` request. kUsage: there are no commands or too many, or one has a field that does not fit.
Result<std::vector<std::byte>> payments_body(PaymentsMode mode, u128 group_key, std::span<const CommandWithParts> commands);

/// The reply's outcomes and their flags. False if it has not the size for so many commands.
[[nodiscard]] bool parse_payment_answers(std::span<const std::byte> body, std::uint32_t commands, std::vector<PaymentAnswer>& answers);

/// Orders of different lengths. False if they are not `count`, to the last byte.
[[nodiscard]] bool parse_orders(std::span<const std::byte> body, std::uint32_t count, std::vector<Order>& orders);

}  // namespace florin::client
