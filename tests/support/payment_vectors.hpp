#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "florin/engine_id.hpp"
#include "florin/order.hpp"
#include "florin/payment_command.hpp"
#include "florin/payment_result.hpp"
#include "support/payment_commands.hpp"

/// @file
/// Worked examples of payments, as data: commands, and what each must answer, write and leave. The same ones go through the reference model,
/// through the core, and over TCP. Numbers are those of the list in docs/payments.md.

namespace florin::test {

// Who there is in every example: payment_world() makes them.
inline constexpr std::uint32_t kDollar = 840;
inline constexpr u128 kMerchant = 20, kPayer = 21, kSellerOne = 22, kSellerTwo = 23;
inline constexpr u128 kShop = 30, kWallet = 31, kPartOne = 32, kPartTwo = 33, kDollarWallet = 34;
inline constexpr u128 kFees = platform_account_id(kEuro, AccountRole::kFeeIncome);
inline constexpr u128 kChannel = platform_account_id(kEuro, AccountRole::kChannelClearing);
inline constexpr u128 kEuroPosition = platform_account_id(kEuro, AccountRole::kFxPosition);
inline constexpr u128 kDollarPosition = platform_account_id(kDollar, AccountRole::kFxPosition);
/// The order of an example, if it has one only.
inline constexpr u128 kOrder = 1'000;
inline constexpr u128 kPrincipal = 77;

// Fee schedules; 0 is none.
inline constexpr std::uint32_t kFeeA = 1;  ///< 30 + 290 bps, inside, kept
inline constexpr std::uint32_t kFeeB = 2;  ///< 1,000 bps, inside, returned
inline constexpr std::uint32_t kFeeC = 3;  ///< 1 + 250 bps, inside, kept
inline constexpr std::uint32_t kFeeT = 4;  ///< 300 bps, on top, returned

enum class LegKind : std::uint8_t { kPays, kHolds, kPosts, kVoids };

struct ExpectedLeg {
  LegKind kind = LegKind::kPays;
  u128 from = 0;
  u128 to = 0;
  u128 amount = 0;
  u128 held = 0;  ///< kPosts: by the hold that it ends

  friend bool operator==(const ExpectedLeg&, const ExpectedLeg&) = default;
};

inline ExpectedLeg pays(u128 from, u128 to, u128 amount) { return {LegKind::kPays, from, to, amount}; }
/// Holds are always the wallet's, for the shop.
inline ExpectedLeg holds(u128 amount) { return {LegKind::kHolds, kWallet, kShop, amount}; }
inline ExpectedLeg posts(u128 amount, u128 held) { return {LegKind::kPosts, kWallet, kShop, amount, held}; }
inline ExpectedLeg voids(u128 amount) { return {LegKind::kVoids, kWallet, kShop, amount}; }

struct ExpectedOrder {
  u128 authorised = 0, released = 0, captured = 0, refunded = 0;
  u128 fee_taken = 0, fee_returned = 0;
  MoneyState money{};
  u128 id = kOrder;
};

/// What an account has after everything: credits posted less debits posted.
struct ExpectedBalance {
  u128 account = 0;
  std::int64_t amount = 0;
};

/// One command, or, with a key for all of them, a group.
struct VectorStep {
  std::vector<CommandWithParts> commands;
  u128 group_key = 0;
  std::uint64_t at_s = 0;  ///< when it is sequenced, seconds after the example began; 0: right after the step before
  std::vector<PaymentResult> codes = {PaymentResult::kDone};  ///< of each command
  std::optional<std::uint64_t> detail = {};                   ///< of the first one
  bool replayed = false;
  std::vector<ExpectedLeg> legs = {};  ///< of all commands, in order
  std::optional<ExpectedOrder> order = {};
  std::vector<ExpectedBalance> balances = {};
};

struct PaymentVector {
  int number = 0;
  std::string name;
  u128 funds = 0;  ///< of the wallet, when the example begins
  std::vector<VectorStep> steps;
};

// ---------------------------------------------------------------------------------------------------------------------
// Commands, in the words of the examples. Each has a key of its own, its number among them, unless it is given one.

/// Gives keys to commands that have none, counting from `first`.
class Keys {
 public:
  explicit Keys(u128 first) : next_(first) {}
  void give_to(CommandWithParts& command) {
    const bool has_none = command.command.command == CommandNumber::kResolve || is_timer(command.command.command);
    if (!has_none && command.command.key == 0) command.command.key = next_++;
  }

 private:
  u128 next_;
};

/// A command on the example's order. Without a key.
inline CommandWithParts on_order(CommandNumber number, u128 amount = 0, std::uint32_t flags = 0) {
  CommandWithParts result;
  result.command.command = number;
  result.command.id = kOrder;
  result.command.amount = amount;
  result.command.flags = flags;
  return result;
}
inline CommandWithParts with_key(u128 key, CommandWithParts command) {
  command.command.key = key;
  return command;
}

/// create_order or pay.
inline CommandWithParts new_order(CommandNumber number, u128 amount, std::uint32_t fee_schedule, std::uint32_t flags = 0, u128 id = kOrder) {
  CommandWithParts result = valid_command(number);
  PaymentCommand& c = result.command;
  c.key = 0;
  c.id = id;
  c.amount = amount;
  c.merchant = kMerchant;
  c.payer = kPayer;
  c.payer_account = kWallet;
  c.owner_account = kShop;
  c.fee_schedule = fee_schedule;
  c.flags = flags;
  set_text(c.reference, "order " + to_decimal(id));
  return result;
}
inline CommandWithParts instant_pay(u128 amount, std::uint32_t fee_schedule, u128 id = kOrder) {
  return new_order(CommandNumber::kPay, amount, fee_schedule, CommandFlags::kAutomatic, id);
}
/// A hold: pay without the flag.
inline CommandWithParts hold_of(u128 amount, std::uint32_t fee_schedule) { return new_order(CommandNumber::kPay, amount, fee_schedule); }

inline CommandWithParts top_up(u128 id, u128 wallet, u128 amount) {
  CommandWithParts result = valid_command(CommandNumber::kTopUp);
  result.command.key = 0;
  result.command.id = id;
  result.command.payer_account = wallet;
  result.command.amount = amount;
  return result;
}
inline CommandWithParts wallet_transfer(u128 id, u128 from, u128 to, u128 amount) {
  CommandWithParts result = valid_command(CommandNumber::kTransfer);
  result.command.key = 0;
  result.command.id = id;
  result.command.payer_account = from;
  result.command.owner_account = to;
  result.command.amount = amount;
  return result;
}
inline CommandWithParts open_account_of(u128 id, u128 party, AccountRole role, std::uint32_t ledger = kEuro) {
  CommandWithParts result = valid_command(CommandNumber::kOpenAccount);
  result.command.key = 0;
  result.command.id = id;
  result.command.merchant = party;
  result.command.kind = static_cast<std::uint8_t>(role);
  result.command.ledger = ledger;
  return result;
}
inline CommandWithParts party_named(u128 id, std::string_view name, PartyKind kind, std::uint16_t flags = 0) {
  Party party{.id = id, .kind = kind, .status = {}};
  party.flags = flags;
  set_text(party.name, name);
  CommandWithParts result;
  result.command.command = CommandNumber::kRegisterParty;
  set_party(result.command, party);
  return result;
}
inline CommandWithParts asset_named(std::string_view code, std::uint32_t ledger) {
  Asset asset{.ledger = ledger, .exponent = 2};
  set_text(asset.code, code);
  CommandWithParts result;
  result.command.command = CommandNumber::kDeclareAsset;
  set_record(result.command, asset);
  return result;
}
inline CommandWithParts schedule_with(const FeeSchedule& schedule) {
  CommandWithParts result;
  result.command.command = CommandNumber::kSetFeeSchedule;
  set_record(result.command, schedule);
  return result;
}
inline CommandWithParts conversion(u128 sold, u128 bought) {
  CommandWithParts result = valid_command(CommandNumber::kConvert);
  PaymentCommand& c = result.command;
  c.key = 0;
  c.payer_account = kWallet;
  c.owner_account = kDollarWallet;
  c.amount = sold;
  c.amount2 = bought;
  set_rate(c, {.numerator = 10'873, .denominator = 10'000});
  return result;
}
inline CommandWithParts resolve_key(u128 key) {
  CommandWithParts result;
  result.command.command = CommandNumber::kResolve;
  result.command.id = key;
  return result;
}

/// Everybody and everything that examples take for granted; the last command is the top-up of the wallet, if it is to have anything. Keys from
/// 1 on; those of the examples are far above.
inline std::vector<CommandWithParts> payment_world(u128 funds) {
  const auto returned = FeeOnRefund::kReturned;
  FeeSchedule a{.fixed = 30, .dispute_fee = 1'500, .id = kFeeA, .version = 1, .ledger = kEuro, .bps = 290};
  a.dispute_fee_on_win = returned;
  FeeSchedule b{.id = kFeeB, .version = 1, .ledger = kEuro, .bps = 1'000};
  b.on_refund = returned;
  const FeeSchedule c{.fixed = 1, .id = kFeeC, .version = 1, .ledger = kEuro, .bps = 250};
  FeeSchedule t{.id = kFeeT, .version = 1, .ledger = kEuro, .bps = 300};
  t.side = FeeSide::kOnTop;
  t.on_refund = returned;
  std::vector<CommandWithParts> commands = {
      asset_named("EUR", kEuro),
      asset_named("USD", kDollar),
      schedule_with(a),
      schedule_with(b),
      schedule_with(c),
      schedule_with(t),
      party_named(kMerchant, "corner shop", PartyKind::kMerchant),
      party_named(kPayer, "payer", PartyKind::kUser),
      party_named(kSellerOne, "first seller", PartyKind::kMerchant),
      party_named(kSellerTwo, "second seller", PartyKind::kMerchant),
      open_account_of(kShop, kMerchant, AccountRole::kMerchantPayable),
      open_account_of(kWallet, kPayer, AccountRole::kWallet),
      open_account_of(kPartOne, kSellerOne, AccountRole::kMerchantPayable),
      open_account_of(kPartTwo, kSellerTwo, AccountRole::kMerchantPayable),
      open_account_of(kDollarWallet, kPayer, AccountRole::kWallet, kDollar),
  };
  if (funds > 0) commands.push_back(top_up(9'000, kWallet, funds));
  Keys keys(1);
  for (CommandWithParts& command : commands) keys.give_to(command);
  return commands;
}

// ---------------------------------------------------------------------------------------------------------------------
// The examples.

inline PaymentVector instant_with_fee() {
  return {1, "instant payment with a fee", 10'000,
          {{.commands = {instant_pay(10'000, kFeeA)},
            .legs = {pays(kWallet, kShop, 9'680), pays(kWallet, kFees, 320)},
            .order = ExpectedOrder{10'000, 0, 10'000, 0, 320, 0, MoneyState::kCaptured}}}};
}

inline PaymentVector two_captures() {
  using C = CommandNumber;
  return {2, "two captures", 100,
          {{.commands = {hold_of(100, kFeeC)}, .legs = {holds(100)}, .order = ExpectedOrder{100, 0, 0, 0, 0, 0, MoneyState::kAuthorised}},
           {.commands = {on_order(C::kCapture, 60)},
            .legs = {posts(58, 100), pays(kWallet, kFees, 2), holds(40)},
            .order = ExpectedOrder{100, 0, 60, 0, 2, 0, MoneyState::kPartiallyCaptured}},
           {.commands = {on_order(C::kCapture, 40, CommandFlags::kFinal)},
            .legs = {posts(39, 40), pays(kWallet, kFees, 1)},
            .order = ExpectedOrder{100, 0, 100, 0, 3, 0, MoneyState::kCaptured}}}};
}

inline PaymentVector final_releases() {
  using C = CommandNumber;
  const ExpectedOrder captured{100, 40, 60, 0, 2, 0, MoneyState::kCaptured};
  return {3, "a final capture releases the rest", 100,
          {{.commands = {hold_of(100, kFeeC)}, .legs = {holds(100)}},
           {.commands = {on_order(C::kCapture, 60, CommandFlags::kFinal)}, .legs = {posts(58, 100), pays(kWallet, kFees, 2)}, .order = captured},
           {.commands = {on_order(C::kCapture, 10)}, .codes = {PaymentResult::kAlreadyCaptured}, .order = captured}}};
}

inline PaymentVector hotel() {
  using C = CommandNumber;
  CommandWithParts hold = hold_of(200, kFeeC);
  hold.command.tolerance_bps = 1'500;
  const ExpectedOrder held{250, 10, 0, 0, 0, 0, MoneyState::kAuthorised};
  return {4, "a hotel: hold, increment, decrement, capture above the hold", 1'000,
          {{.commands = {hold}, .legs = {holds(200)}},
           {.commands = {on_order(C::kIncrement, 50)},
            .legs = {voids(200), holds(250)},
            .order = ExpectedOrder{250, 0, 0, 0, 0, 0, MoneyState::kAuthorised}},
           {.commands = {on_order(C::kDecrement, 10)}, .legs = {voids(250), holds(240)}, .order = held},
           {.commands = {on_order(C::kCapture, 277, CommandFlags::kFinal)}, .codes = {PaymentResult::kExceedsHold}, .detail = 240, .order = held},
           {.commands = {on_order(C::kCapture, 260, CommandFlags::kFinal)},
            .legs = {voids(240), pays(kWallet, kShop, 253), pays(kWallet, kFees, 7)},
            .order = ExpectedOrder{270, 10, 260, 0, 7, 0, MoneyState::kCaptured}}}};
}

inline PaymentVector refunds() {
  using C = CommandNumber;
  const ExpectedOrder partly{10'000, 0, 10'000, 4'000, 320, 0, MoneyState::kPartiallyRefunded};
  const ExpectedOrder wholly{10'000, 0, 10'000, 10'000, 320, 0, MoneyState::kRefunded};
  return {5, "refunds, and the fee is kept", 11'000,
          {{.commands = {instant_pay(10'000, kFeeA)}, .legs = {pays(kWallet, kShop, 9'680), pays(kWallet, kFees, 320)}},
           {.commands = {on_order(C::kRefund, 4'000)}, .legs = {pays(kShop, kWallet, 4'000)}, .order = partly},
           {.commands = {on_order(C::kRefund, 6'000)}, .codes = {PaymentResult::kMerchantFundsInsufficient}, .order = partly},
           {.commands = {wallet_transfer(2'000, kWallet, kShop, 320)}, .legs = {pays(kWallet, kShop, 320)}},
           {.commands = {on_order(C::kRefund, 6'000)}, .legs = {pays(kShop, kWallet, 6'000)}, .order = wholly},
           {.commands = {on_order(C::kRefund, 6'000)}, .codes = {PaymentResult::kMoneyReturned}, .order = wholly, .balances = {{kShop, 0}}}}};
}

inline PaymentVector split_with_fee_returned() {
  using C = CommandNumber;
  CommandWithParts pay = instant_pay(9'999, kFeeB);
  pay.add(PartShare{.account = kPartOne, .bps = 3'333}).add(PartShare{.account = kPartTwo, .bps = 2'667});
  return {6, "a split, refunded with its fee", 9'999,
          {{.commands = {pay},
            .legs = {pays(kWallet, kShop, 3'601), pays(kWallet, kFees, 999), pays(kWallet, kPartOne, 2'999), pays(kWallet, kPartTwo, 2'400)},
            .order = ExpectedOrder{9'999, 0, 9'999, 0, 999, 0, MoneyState::kCaptured}},
           {.commands = {on_order(C::kRefund, 5'000)},
            .legs = {pays(kShop, kWallet, 1'802), pays(kFees, kWallet, 499), pays(kPartOne, kWallet, 1'499), pays(kPartTwo, kWallet, 1'200)},
            .order = ExpectedOrder{9'999, 0, 9'999, 5'000, 999, 499, MoneyState::kPartiallyRefunded}},
           {.commands = {on_order(C::kRefund, kAmountAll)},
            .legs = {pays(kShop, kWallet, 1'799), pays(kFees, kWallet, 500), pays(kPartOne, kWallet, 1'500), pays(kPartTwo, kWallet, 1'200)},
            .order = ExpectedOrder{9'999, 0, 9'999, 9'999, 999, 999, MoneyState::kRefunded},
            .balances = {{kShop, 0}, {kFees, 0}, {kPartOne, 0}, {kPartTwo, 0}, {kWallet, 9'999}}}}};
}

inline PaymentVector split_in_three_captures() {
  using C = CommandNumber;
  CommandWithParts hold = hold_of(99, 0);
  hold.add(PartShare{.account = kPartOne, .bps = 3'333}).add(PartShare{.account = kPartTwo, .bps = 3'333});
  const auto parts = [](u128 one, u128 two) { return std::vector{pays(kWallet, kPartOne, one), pays(kWallet, kPartTwo, two)}; };
  const auto legs = [&](ExpectedLeg owner, u128 each, std::vector<ExpectedLeg> rest) {
    std::vector<ExpectedLeg> all{owner};
    for (const ExpectedLeg& part : parts(each, each)) all.push_back(part);
    all.insert(all.end(), rest.begin(), rest.end());
    return all;
  };
  return {7, "a split in three captures is that of one", 99,
          {{.commands = {hold}, .legs = {holds(99)}},
           {.commands = {on_order(C::kCapture, 33)}, .legs = legs(posts(13, 99), 10, {holds(66)})},
           {.commands = {on_order(C::kCapture, 33)}, .legs = legs(posts(11, 66), 11, {holds(33)})},
           {.commands = {on_order(C::kCapture, 33)},
            .legs = legs(posts(11, 33), 11, {}),
            .order = ExpectedOrder{99, 0, 99, 0, 0, 0, MoneyState::kCaptured},
            .balances = {{kShop, 35}, {kPartOne, 32}, {kPartTwo, 32}}}}};
}

inline PaymentVector expiry() {
  using C = CommandNumber;
  CommandWithParts hold = hold_of(100, kFeeC);
  hold.command.hold_s = 3'600;
  const ExpectedOrder open{100, 0, 30, 0, 1, 0, MoneyState::kPartiallyCaptured};
  return {8, "a hold expires", 100,
          {{.commands = {hold}, .at_s = 10, .legs = {holds(100)}},
           {.commands = {on_order(C::kCapture, 30)}, .legs = {posts(29, 100), pays(kWallet, kFees, 1), holds(70)}, .order = open},
           {.commands = {on_order(C::kExpireHold)}, .codes = {PaymentResult::kStaleTimer}, .order = open},
           {.commands = {on_order(C::kCapture, 10)}, .at_s = 3'610, .codes = {PaymentResult::kHoldExpired}, .order = open},
           {.commands = {on_order(C::kExpireHold)},
            .legs = {voids(70)},
            .order = ExpectedOrder{100, 70, 30, 0, 1, 0, MoneyState::kCaptured},
            .balances = {{kWallet, 70}}}}};
}

inline PaymentVector fence() {
  const u128 lost = 500'001;
  return {9, "a request is lost, its key is fenced, then it comes", 10'000,
          {{.commands = {resolve_key(lost)}, .codes = {PaymentResult::kFenced}},
           {.commands = {with_key(lost, instant_pay(10'000, 0))}, .codes = {PaymentResult::kKeyFenced}},
           {.commands = {resolve_key(lost)}, .codes = {PaymentResult::kFenced}, .replayed = true},
           {.commands = {with_key(500'002, instant_pay(10'000, 0))},
            .legs = {pays(kWallet, kShop, 10'000)},
            .order = ExpectedOrder{10'000, 0, 10'000, 0, 0, 0, MoneyState::kCaptured}},
           {.commands = {resolve_key(500'002)}, .replayed = true}}};
}

inline PaymentVector group_under_one_key() {
  using R = PaymentResult;
  const auto group = [](u128 wallet, u128 order, u128 amount) {
    CommandWithParts pay = instant_pay(amount, kFeeA, order);
    pay.command.payer_account = wallet;
    return std::vector{open_account_of(wallet, kPayer, AccountRole::kWallet), top_up(order + 1'000, wallet, 20'000), pay};
  };
  const std::vector<R> failed = {R::kGroupMemberFailed, R::kGroupMemberFailed, R::kInsufficientFunds};
  const VectorStep refused{.commands = group(38, 1'002, 30'000), .group_key = 500'002, .codes = failed, .detail = 2};
  VectorStep again = refused;
  again.replayed = true;
  return {14, "a group under one key: a wallet, a top-up and a payment, or none of them", 0,
          {{.commands = group(37, 1'001, 10'000),
            .group_key = 500'001,
            .codes = {R::kDone, R::kDone, R::kDone},
            .legs = {pays(kChannel, 37, 20'000), pays(37, kShop, 9'680), pays(37, kFees, 320)},
            .order = ExpectedOrder{10'000, 0, 10'000, 0, 320, 0, MoneyState::kCaptured, 1'001},
            .balances = {{kChannel, -20'000}, {37, 10'000}, {kShop, 9'680}, {kFees, 320}}},
           refused, again,
           {.commands = {top_up(2'002, 38, 20'000)}, .codes = {R::kAccountNotFound}, .balances = {{kChannel, -20'000}}}}};
}

inline PaymentVector fee_on_top() {
  using C = CommandNumber;
  return {15, "a fee on top", 1'030,
          {{.commands = {hold_of(1'000, kFeeT)}, .legs = {holds(1'030)}, .order = ExpectedOrder{1'000, 0, 0, 0, 0, 0, MoneyState::kAuthorised}},
           {.commands = {on_order(C::kCapture, 400)}, .legs = {posts(400, 1'030), pays(kWallet, kFees, 12), holds(618)}},
           {.commands = {on_order(C::kCapture, 500, CommandFlags::kFinal)},
            .legs = {posts(500, 618), pays(kWallet, kFees, 15)},
            .order = ExpectedOrder{1'000, 100, 900, 0, 27, 0, MoneyState::kCaptured}},
           {.commands = {on_order(C::kRefund, 300)}, .legs = {pays(kShop, kWallet, 300), pays(kFees, kWallet, 9)}},
           {.commands = {on_order(C::kRefund, kAmountAll)},
            .legs = {pays(kShop, kWallet, 600), pays(kFees, kWallet, 18)},
            .order = ExpectedOrder{1'000, 100, 900, 900, 27, 27, MoneyState::kRefunded},
            .balances = {{kWallet, 1'030}, {kShop, 0}, {kFees, 0}}}}};
}

inline PaymentVector convert() {
  return {16, "a conversion, rounded half to even", 12'345,
          {{.commands = {conversion(12'345, 13'422)}, .codes = {PaymentResult::kRateMismatch}},
           {.commands = {conversion(12'345, 13'423)},
            .legs = {pays(kWallet, kEuroPosition, 12'345), pays(kDollarPosition, kDollarWallet, 13'423)},
            .balances = {{kWallet, 0}, {kDollarWallet, 13'423}, {kEuroPosition, 12'345}, {kDollarPosition, -13'423}}}}};
}

inline PaymentVector no_funds() {
  const VectorStep refused{.commands = {with_key(500'001, instant_pay(100, 0))}, .codes = {PaymentResult::kInsufficientFunds}};
  VectorStep again = refused;
  again.replayed = true;
  return {18, "a refusal is remembered under its key, and a new key gets through", 50,
          {refused,
           {.commands = {top_up(2'000, kWallet, 100)}, .legs = {pays(kChannel, kWallet, 100)}},
           again,
           {.commands = {with_key(500'002, instant_pay(100, 0))},
            .legs = {pays(kWallet, kShop, 100)},
            .order = ExpectedOrder{100, 0, 100, 0, 0, 0, MoneyState::kCaptured}}}};
}

/// All of them, with a key for every command that has none.
inline std::vector<PaymentVector> payment_vectors() {
  std::vector<PaymentVector> vectors = {instant_with_fee(), two_captures(), final_releases(), hotel(), refunds(), split_with_fee_returned(),
                                        split_in_three_captures(), expiry(), fence(), group_under_one_key(), fee_on_top(), convert(), no_funds()};
  for (PaymentVector& vector : vectors) {
    Keys keys(100'000);
    for (VectorStep& step : vector.steps) {
      if (step.group_key != 0) continue;
      for (CommandWithParts& command : step.commands) keys.give_to(command);
    }
  }
  return vectors;
}

}  // namespace florin::test
