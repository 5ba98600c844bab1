#pragma once

#include <cstdint>
#include <span>

#include "core/event_writer.hpp"
#include "core/payments/payment_tables.hpp"
#include "core/tables.hpp"
#include "florin/payment_command.hpp"

namespace florin::core {

/// A command with its place in the order of all things.
struct IssuedCommand {
  const PaymentCommand& command;
  std::span<const PartAmount> parts;  ///< behind create_order and pay: shares, by share_of()
  u128 principal = 0;
  std::uint64_t sequence = 0;   ///< its own: the last of those it owns
  std::uint64_t timestamp = 0;  ///< ns: what the command calls now, and the last of those it owns
  CommandHashes hashes;         ///< under which it looks for what it names
};

/// What commands read and change.
struct PaymentBooks {
  PaymentTables& payments;
  Tables& ledger;
  EventWriter& events;
};

}  // namespace florin::core
