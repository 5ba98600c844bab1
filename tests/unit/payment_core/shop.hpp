#pragma once

#include <string>
#include <vector>

#include "core/ledger.hpp"
#include "support/payment_script.hpp"
#include "support/payment_vectors.hpp"

namespace florin::test {

inline constexpr u128 kReserve = platform_account_id(kEuro, AccountRole::kRefundReserve);
inline constexpr u128 kSuspense = platform_account_id(kEuro, AccountRole::kSuspense);

inline std::unique_ptr<core::StateMachine> make_test_ledger(std::uint32_t partitions = 1) {
  return core::make_ledger({.memory_budget_bytes = std::uint64_t{64} << 20, .partitions = partitions});
}

/// Everybody and everything of payment_world(), on a real ledger. Who acts in it is somebody else than who made it.
class Shop : public PaymentScript {
 public:
  explicit Shop(u128 money = 100'000, std::unique_ptr<core::StateMachine> machine = make_test_ledger()) : PaymentScript(std::move(machine)) {
    act_as(kPrincipal);
    for (const PaymentOutcome& outcome : send_as_is(payment_world(money)).outcomes) EXPECT_EQ(outcome.code, PaymentResult::kDone);
    act_as(7);
  }

  /// pay or create_order.
  CommandWithParts make(CommandNumber command, u128 id, u128 amount, std::uint32_t schedule = 0, std::uint32_t flags = 0) {
    CommandWithParts sent = valid_command(command);
    sent.command.key = 0;
    sent.command.id = id;
    sent.command.amount = amount;
    sent.command.fee_schedule = schedule;
    sent.command.flags = flags;
    set_text(sent.command.reference, "order " + std::to_string(low64(id)));
    return sent;
  }
  CommandWithParts pay(u128 id, u128 amount, std::uint32_t schedule = 0) {
    return make(CommandNumber::kPay, id, amount, schedule, CommandFlags::kAutomatic);
  }
  /// Any command on an order that is there.
  CommandWithParts on(CommandNumber command, u128 id, u128 amount = 0, std::uint32_t flags = 0) {
    CommandWithParts sent = valid_command(command);
    sent.command.key = 0;
    sent.command.id = id;
    sent.command.amount = amount;
    sent.command.flags = flags;
    return sent;
  }
  PaymentOutcome authorised(u128 id, u128 amount, std::uint32_t schedule = 0) { return send(make(CommandNumber::kPay, id, amount, schedule)); }

  /// authorised/released/captured/refunded; fee taken/returned
  std::string sums(u128 id) {
    const OrderHot hot = order(id).value().hot;
    const auto text = [](u128 amount) { return std::to_string(low64(amount)); };
    return text(hot.authorised) + "/" + text(hot.released) + "/" + text(hot.captured) + "/" + text(hot.refunded) + "; " + text(hot.fee_taken) + "/" +
           text(hot.fee_returned);
  }
  MoneyState state(u128 id) { return order(id).value().hot.money; }
  /// Amounts of the legs of a command, in order.
  std::vector<std::uint64_t> legs(const PaymentOutcome& outcome) {
    std::vector<std::uint64_t> amounts;
    for (std::uint8_t j = 0; j < outcome.legs; ++j) amounts.push_back(low64(leg(outcome.sequence, j).value().amount));
    return amounts;
  }
};

}  // namespace florin::test
