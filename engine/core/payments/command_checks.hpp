#pragma once

#include <span>

#include "florin/payment_command.hpp"
#include "florin/payment_result.hpp"

/// @file
/// What can be wrong with a command as far as its own bytes say: codes 1020 and 1100 to 1114. Answered at the edge, before a sequence is spent,
/// and the key is not used up; the state machine takes it for granted.

namespace florin::core {

/// Whose key stands for the command: its own, or that of the group it is a member of, in which case its own is 0.
enum class KeyUse : std::uint8_t { kOwn, kOfGroup };

/// The lowest code that applies, or kDone. `parts`: what follows the command, as many as it says; those of create_order and pay are PartShares,
/// which share_of() makes of them.
[[nodiscard]] PaymentResult check_command(const PaymentCommand& command, std::span<const PartAmount> parts, KeyUse key = KeyUse::kOwn) noexcept;

}  // namespace florin::core
