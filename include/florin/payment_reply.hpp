#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "florin/order.hpp"
#include "florin/payment_command.hpp"
#include "florin/payment_outcome.hpp"
#include "florin/payment_result.hpp"
#include "florin/status_codes.hpp"

/// @file
/// What clients get about payments.

namespace florin {

/// What became of a command.
struct PaymentAnswer {
  PaymentOutcome outcome;
  bool is_replayed = false;  ///< the key was known: this is what was answered then, with that sequence

  /// It is done, now or when the key was first used.
  [[nodiscard]] constexpr bool is_done() const noexcept { return result_class() == ResultClass::kOk; }
  /// What the client may do next. Of the statuses of the ledger all but `created` are refusals here.
  [[nodiscard]] constexpr ResultClass result_class() const noexcept {
    if (!has_ledger_status()) return class_of(outcome.code);
    return status() == kCreated ? ResultClass::kOk : ResultClass::kNewKey;
  }
  /// The documented name of its code.
  [[nodiscard]] constexpr std::string_view code_name() const noexcept {
    if (!has_ledger_status()) return name_of(outcome.code);
    if (outcome.command == CommandNumber::kCreateAccount) return name_of(static_cast<CreateAccountStatus>(status()));
    return name_of(static_cast<CreateTransferStatus>(status()));
  }
  /// The code is what the ledger said of a create_account or create_transfer, not one of payments.
  [[nodiscard]] constexpr bool has_ledger_status() const noexcept {
    return is_ledger_event(outcome.command) && find_entry(outcome.code) == nullptr;
  }

 private:
  [[nodiscard]] constexpr std::uint32_t status() const noexcept { return static_cast<std::uint32_t>(outcome.code); }
};

/// An order with its parts.
struct Order {
  OrderHot hot;
  OrderCold cold;
  std::vector<std::uint16_t> bps;  ///< of each part: its share of what is captured, net of the fee
  std::vector<SplitPart> parts;
};

}  // namespace florin
