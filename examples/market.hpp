#pragma once

#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "florin/client.hpp"

/// @file
/// Who there is in the examples, and what they do with answers: print them, and stop at the first that is not what they count on.

namespace market {

inline constexpr std::uint32_t kEuro = 978;
inline constexpr florin::u128 kShop = 20, kAda = 21, kSeller = 22;
inline constexpr florin::u128 kShopAccount = 30, kWallet = 31, kSellerAccount = 32;
inline constexpr std::uint32_t kFee = 1;

[[noreturn]] inline void stop(std::string_view what, std::string_view why) {
  std::cerr << what << ": " << why << "\n";
  std::exit(1);
}

/// The value of a call, or the end.
template <typename Value>
Value value_of(std::string_view what, florin::Result<Value> result) {
  if (!result) stop(what, result.error().message());
  return std::move(result).value();
}

/// Prints what a command answered.
inline florin::PaymentAnswer tell(std::string_view what, const florin::PaymentAnswer& answer) {
  std::cout << what << ": " << answer.code_name() << ", amount " << florin::to_decimal(answer.outcome.amount) << ", fee "
            << florin::to_decimal(answer.outcome.fee) << (answer.is_replayed ? " (said again)" : "") << "\n";
  return answer;
}

/// Sends a command that must be done.
inline florin::PaymentAnswer send(florin::Client& client, std::string_view what, const florin::CommandWithParts& command) {
  const florin::PaymentAnswer answer = tell(what, value_of(what, client.send_payment(command)));
  if (!answer.is_done()) stop(what, answer.code_name());
  return answer;
}

/// What an account has: in minor units, credits less debits.
inline std::int64_t balance(florin::Client& client, florin::u128 account) {
  const auto found = value_of("lookup_accounts", client.lookup_accounts(std::span(&account, 1)));
  if (found.rows.empty()) stop("lookup_accounts", "no such account");
  return static_cast<std::int64_t>(florin::low64(found.rows[0].credits_posted)) - static_cast<std::int64_t>(florin::low64(found.rows[0].debits_posted));
}
inline void expect_balance(florin::Client& client, std::string_view name, florin::u128 account, std::int64_t expected) {
  const std::int64_t seen = balance(client, account);
  std::cout << name << " has " << seen << "\n";
  if (seen != expected) stop(name, "should have " + std::to_string(expected));
}

inline florin::Party party(florin::u128 id, std::string_view name, florin::PartyKind kind) {
  florin::Party result{.id = id, .kind = kind};
  std::copy(name.begin(), name.end(), result.name);
  return result;
}

/// Connects to the server that the command line names, and makes an asset, a fee of 30 + 2.9 %, a shop, a seller, and a payer with 100.00.
inline std::unique_ptr<florin::Client> open(int argc, char** argv) {
  if (argc != 2) stop("usage", std::string(argv[0]) + " HOST:PORT");
  auto client = value_of("connect", florin::Client::connect({.address = argv[1], .principal = 1}));
  namespace c = florin::commands;
  using florin::AccountRole;
  const std::vector<florin::CommandWithParts> commands = {
      c::DeclareAsset{.key = 1, .asset = {.code = {'E', 'U', 'R'}, .ledger = kEuro, .exponent = 2}},
      c::SetFeeSchedule{.key = 2, .schedule = {.fixed = 30, .id = kFee, .version = 1, .ledger = kEuro, .bps = 290}},
      c::RegisterParty{.key = 3, .party = party(kShop, "corner shop", florin::PartyKind::kMerchant)},
      c::RegisterParty{.key = 4, .party = party(kAda, "ada", florin::PartyKind::kUser)},
      c::RegisterParty{.key = 5, .party = party(kSeller, "seller", florin::PartyKind::kMerchant)},
      c::OpenAccount{.key = 6, .account = kShopAccount, .owner = kShop, .role = AccountRole::kMerchantPayable, .ledger = kEuro},
      c::OpenAccount{.key = 7, .account = kWallet, .owner = kAda, .role = AccountRole::kWallet, .ledger = kEuro},
      c::OpenAccount{.key = 8, .account = kSellerAccount, .owner = kSeller, .role = AccountRole::kMerchantPayable, .ledger = kEuro},
      c::TopUp{.key = 9, .id = 900, .wallet = kWallet, .amount = 10'000, .ledger = kEuro},
  };
  for (const auto& answer : value_of("open", client->send_payment_list(commands)).answers) {
    if (!answer.is_done()) stop("open", answer.code_name());
  }
  return client;
}

/// An order of Ada's at the shop, without a fee.
inline florin::commands::NewOrder order(florin::u128 id, florin::u128 amount, std::string_view reference) {
  return {.id = id, .amount = amount, .ledger = kEuro, .merchant = kShop, .payer = kAda, .payer_account = kWallet, .owner_account = kShopAccount,
          .reference = reference};
}

}  // namespace market
