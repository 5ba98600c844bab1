#include "market.hpp"

/// One payment, three who earn by it: the platform its fee, the seller 80 % of what is left, the shop the rest.
int main(int argc, char** argv) {
  const auto client = market::open(argc, argv);
  florin::commands::NewOrder lamp = market::order(1'000, 10'000, "lamp");
  lamp.fee_schedule = market::kFee;
  lamp.parts = {{.account = market::kSellerAccount, .bps = 8'000}};
  lamp.is_automatic = true;
  market::send(*client, "pay", florin::commands::Pay{.key = 100, .order = lamp});
  const florin::u128 fees = florin::platform_account_id(market::kEuro, florin::AccountRole::kFeeIncome);
  market::expect_balance(*client, "the platform", fees, 320);
  market::expect_balance(*client, "the seller", market::kSellerAccount, 7'744);
  market::expect_balance(*client, "the shop", market::kShopAccount, 1'936);
}
