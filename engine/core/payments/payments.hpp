#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "core/event_writer.hpp"
#include "core/payments/command_checks.hpp"
#include "core/payments/created_orders.hpp"
#include "core/payments/issued_command.hpp"
#include "core/payments/payment_request.hpp"
#include "core/payments/payment_tables.hpp"
#include "core/state_machine.hpp"
#include "florin/payment_outcome.hpp"

namespace florin::core {

/// What is wrong with a command by its bytes alone; kDone: nothing. Commands that are not executed yet, and events of
/// the ledger outside a group, answer kUnknownCommand.
[[nodiscard]] PaymentResult check_bytes(const CommandView& view, KeyUse key) noexcept;

/// Of what is kept under a key: the answer to a question about the key. Of a group it is that of the last member, or of the one that was refused.
[[nodiscard]] PaymentOutcome deciding_outcome(const PaymentTables& tables, const UsedKey& used) noexcept;

/// Executes payment commands, one after the other, each with its whole effect or none:
///
///   the command's bytes     command_checks       1020, 1100 to 1114: answered, and the key is not used up
///   its key                 here                 known: the first answer again, or 1021, 1022
///   objects, states, amounts, balances           command_families: the lowest code, or the effect and its line
///   the key's record                             the outcome under the key, for ever
///
/// Writer: the sequencing thread, while all partitions stand still. So nothing depends on how many there are.
class Payments {
 public:
  /// `past`: as PaymentTables.
  Payments(Tables& ledger, EventWriter& events, std::uint64_t memory_budget_bytes, const PaymentPlan& plan, const Past* past);

  [[nodiscard]] PaymentTables& tables() noexcept { return tables_; }
  [[nodiscard]] const PaymentTables& tables() const noexcept { return tables_; }

  /// A kPayments request, or kPaymentTimers.
  void execute(const Command& command);
  /// What became of the commands of the last request, in order.
  [[nodiscard]] std::span<const PaymentOutcome> outcomes() const noexcept { return {outcomes_.get(), count_}; }
  [[nodiscard]] std::span<const std::uint8_t> flags() const noexcept { return {flags_.get(), count_}; }

  /// See StateMachine::payment_room().
  [[nodiscard]] PaymentRoom room_for(Operation operation, std::span<const std::byte> body, u128 principal, const PaymentRoom& before) const noexcept;

 private:
  void execute_list(const Command& request, PaymentsMode mode);
  void execute_timers(const Command& request);
  PaymentOutcome execute_keyed(const CommandView& view, const IssuedCommand& issued, bool skipped, bool& replayed);
  PaymentOutcome resolve(const IssuedCommand& issued, bool& replayed);
  PaymentOutcome run(const IssuedCommand& issued);
  // payment_groups.cpp
  void execute_group(const Command& request, u128 key);
  [[nodiscard]] bool refuse_group(const Command& request, u128 key);
  std::uint32_t run_group(const Command& request);
  [[nodiscard]] PaymentRoom room_for(const CommandView& view, CreatedOrders& created, std::uint32_t parts_before) const noexcept;
  [[nodiscard]] bool is_known(const PaymentCommand& command, u128 principal) const noexcept;

  /// Of the store: known once its genesis is.
  [[nodiscard]] std::uint64_t secret() const noexcept;
  [[nodiscard]] u128 print_of(std::span<const std::byte> bytes) const noexcept;
  /// PaymentOutcome::detail of a command whose key was used for another one.
  [[nodiscard]] std::uint64_t difference(const UsedKey& used, const CommandView& view) const noexcept;
  void tell_first_use(const UsedKey& used, PaymentOutcome& refused) const noexcept;
  /// The command, or the group of so many, is what the key was used for.
  [[nodiscard]] static bool is_repeated(const UsedKey& used, u128 print, std::uint32_t commands) noexcept;
  /// The i-th command of a request with its place.
  [[nodiscard]] static IssuedCommand place(const Command& request, const CommandView& view, std::uint32_t index) noexcept;
  void answer(const PaymentOutcome& outcome, bool replayed = false) noexcept;

  PaymentTables tables_;
  PaymentBooks books_;
  // Of the request in hand.
  std::unique_ptr<PaymentOutcome[]> outcomes_;
  std::unique_ptr<std::uint8_t[]> flags_;
  std::uint32_t count_ = 0;
  // Of the request that is weighed.
  std::unique_ptr<CreatedOrder[]> created_;
};

}  // namespace florin::core
