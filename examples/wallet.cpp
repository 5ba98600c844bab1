#include "market.hpp"

/// Money comes into a wallet, goes to another and out again; never more than there is.
int main(int argc, char** argv) {
  const auto client = market::open(argc, argv);
  constexpr florin::u128 kSavings = 33;
  market::send(*client, "open", florin::commands::OpenAccount{.key = 100, .account = kSavings, .owner = market::kAda, .ledger = market::kEuro});
  market::send(*client, "top up", florin::commands::TopUp{.key = 101, .id = 901, .wallet = market::kWallet, .amount = 500, .ledger = market::kEuro});
  market::send(*client, "save", florin::commands::WalletTransfer{.key = 102, .id = 902, .from = market::kWallet, .to = kSavings, .amount = 8'000,
                                                                 .ledger = market::kEuro});
  const florin::commands::Withdraw too_much{.key = 103, .id = 903, .wallet = market::kWallet, .amount = 2'501, .ledger = market::kEuro};
  const auto refused = market::tell("withdraw 2501", market::value_of("withdraw", client->send_payment(too_much)));
  if (refused.outcome.code != florin::PaymentResult::kInsufficientFunds) market::stop("withdraw 2501", "was not refused");
  const florin::commands::Withdraw all{.key = 104, .id = 903, .wallet = market::kWallet, .amount = 2'500, .ledger = market::kEuro};
  market::send(*client, "withdraw 2500", all);
  market::expect_balance(*client, "the wallet", market::kWallet, 0);
  market::expect_balance(*client, "the savings", kSavings, 8'000);
}
