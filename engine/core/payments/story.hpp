#pragma once

#include "core/payments/issued_command.hpp"
#include "florin/payment_outcome.hpp"

/// @file
/// What is told of a command: the line it adds to a story, the outcome that says the same, or the outcome of a refusal.

namespace florin::core {

/// The object that a command is about.
[[nodiscard]] u128 object_of(const PaymentCommand& command) noexcept;

/// What every line of this command says.
[[nodiscard]] StoryLine line_of(const IssuedCommand& issued) noexcept;

/// The outcome of a command that wrote this line.
[[nodiscard]] PaymentOutcome outcome_of(const StoryLine& line) noexcept;

/// Of a command that was refused, about an object that is not there or is no order.
[[nodiscard]] PaymentOutcome refusal(const IssuedCommand& issued, PaymentResult code, std::uint64_t detail = 0) noexcept;
/// About this order, which is as it was.
[[nodiscard]] PaymentOutcome refusal(const IssuedCommand& issued, PaymentResult code, const OrderHot& order) noexcept;
/// Of a command whose bytes say what is wrong with it: it has no place in the order.
[[nodiscard]] PaymentOutcome refusal_without_place(const PaymentCommand& command, PaymentResult code, std::uint64_t detail = 0) noexcept;

}  // namespace florin::core
