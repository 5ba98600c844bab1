#pragma once

#include <string>
#include <vector>

#include "support/payment_script.hpp"

namespace florin::test {

// Who is there in most tests.
inline constexpr u128 kMerchant = 20, kPayer = 21, kPartnerOne = 22, kPartnerTwo = 23;
inline constexpr u128 kWallet = 31, kPayable = 30, kPayableOne = 32, kPayableTwo = 33;
inline constexpr u128 kFees = platform_account_id(kEuro, AccountRole::kFeeIncome);
inline constexpr u128 kChannel = platform_account_id(kEuro, AccountRole::kChannelClearing);
inline constexpr u128 kReserve = platform_account_id(kEuro, AccountRole::kRefundReserve);
inline constexpr u128 kSuspense = platform_account_id(kEuro, AccountRole::kSuspense);

// Fee schedules of the worked examples: 0 is none.
inline constexpr std::uint32_t kScheduleA = 1, kScheduleB = 2, kScheduleC = 3, kScheduleT = 4;

inline std::unique_ptr<core::StateMachine> make_test_ledger(std::uint32_t partitions = 1) {
  return core::make_ledger({.memory_budget_bytes = std::uint64_t{64} << 20, .partitions = partitions});
}

/// A merchant with two partners, and a payer with some money.
class Shop : public PaymentScript {
 public:
  explicit Shop(u128 money = 100'000, std::unique_ptr<core::StateMachine> machine = make_test_ledger()) : PaymentScript(std::move(machine)) {
    declare_assets();
    set_schedule({.fixed = 30, .dispute_fee = 1'500, .id = kScheduleA, .version = 1, .ledger = kEuro, .bps = 290});
    set_schedule({.id = kScheduleB, .version = 1, .ledger = kEuro, .bps = 1'000, .on_refund = FeeOnRefund::kReturned});
    set_schedule({.fixed = 1, .id = kScheduleC, .version = 1, .ledger = kEuro, .bps = 250});
    set_schedule({.id = kScheduleT, .version = 1, .ledger = kEuro, .bps = 300, .side = FeeSide::kOnTop, .on_refund = FeeOnRefund::kReturned});
    for (const u128 merchant : {kMerchant, kPartnerOne, kPartnerTwo}) register_party(merchant, PartyKind::kMerchant);
    register_party(kPayer);
    open_account(kPayable, AccountRole::kMerchantPayable, kMerchant);
    open_account(kPayableOne, AccountRole::kMerchantPayable, kPartnerOne);
    open_account(kPayableTwo, AccountRole::kMerchantPayable, kPartnerTwo);
    open_account(kWallet, AccountRole::kWallet, kPayer);
    if (money != 0) top_up(kWallet, money);
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
