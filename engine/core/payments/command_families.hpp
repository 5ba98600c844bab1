#pragma once

#include "core/payments/issued_command.hpp"
#include "florin/payment_outcome.hpp"

/// @file
/// What commands do, one family a file. Each checks all that is not a matter of the command's bytes or of its key, lowest code first, and then has
/// its whole effect, line included, or none.

namespace florin::core {

// party_commands.cpp
PaymentOutcome register_party(PaymentBooks& books, const IssuedCommand& issued);
PaymentOutcome set_party_status(PaymentBooks& books, const IssuedCommand& issued);
PaymentOutcome set_credential(PaymentBooks& books, const IssuedCommand& issued);
PaymentOutcome open_account(PaymentBooks& books, const IssuedCommand& issued);

// configuration_commands.cpp
PaymentOutcome declare_asset(PaymentBooks& books, const IssuedCommand& issued);
PaymentOutcome set_fee_schedule(PaymentBooks& books, const IssuedCommand& issued);

// order_commands.cpp
PaymentOutcome make_order(PaymentBooks& books, const IssuedCommand& issued);
/// All commands on an order that is there, and its timers.
PaymentOutcome change_order(PaymentBooks& books, const IssuedCommand& issued);

// wallet_commands.cpp
PaymentOutcome move_money(PaymentBooks& books, const IssuedCommand& issued);

// ledger_members.cpp
/// An event of the ledger, as member of a group. The outcome's code is its status there.
PaymentOutcome create_ledger_event(PaymentBooks& books, const IssuedCommand& issued);

/// Opens an account with this role and index among the accounts of the command.
void open_account_with_role(PaymentBooks& books, const IssuedCommand& issued, Account account, std::uint16_t internal_flags, std::uint8_t index);

}  // namespace florin::core
