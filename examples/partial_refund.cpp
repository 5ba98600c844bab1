#include "market.hpp"

/// A shop sends a part of an order, takes the money for that, gives some of it back, then all of the rest, and cannot give more.
int main(int argc, char** argv) {
  const auto client = market::open(argc, argv);
  market::send(*client, "hold", florin::commands::Pay{.key = 100, .order = market::order(1'000, 5'000, "three books")});
  market::send(*client, "two were sent", florin::commands::Capture{.key = 101, .order = 1'000, .amount = 3'500, .is_final = true});
  market::send(*client, "one came back", florin::commands::Refund{.key = 102, .order = 1'000, .amount = 1'500});
  market::send(*client, "the other one too", florin::commands::Refund{.key = 103, .order = 1'000});
  const florin::commands::Refund one_more{.key = 104, .order = 1'000, .amount = 1};
  const auto more = market::tell("and more", market::value_of("refund", client->send_payment(one_more)));
  if (more.outcome.code != florin::PaymentResult::kMoneyReturned) market::stop("refund", "gave back more than was taken");
  market::expect_balance(*client, "ada", market::kWallet, 10'000);
  market::expect_balance(*client, "the shop", market::kShopAccount, 0);
}
