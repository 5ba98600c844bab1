#include "market.hpp"

/// A basket is paid: one command makes the order, takes the money, keeps the platform's fee and gives the shop the rest.
int main(int argc, char** argv) {
  const auto client = market::open(argc, argv);
  florin::commands::NewOrder basket = market::order(1'000, 2'500, "basket 7");
  basket.fee_schedule = market::kFee;
  basket.is_automatic = true;
  const florin::commands::Pay pay{.key = 100, .order = basket};
  market::send(*client, "pay", pay);

  // The button was pressed twice: the key is the same, and so is the answer.
  const auto again = market::send(*client, "pay again", pay);
  if (!again.is_replayed) market::stop("pay again", "was paid twice");
  market::expect_balance(*client, "ada", market::kWallet, 7'500);
  market::expect_balance(*client, "the shop", market::kShopAccount, 2'398);

  market::send(*client, "fulfil", florin::commands::Fulfil{.key = 101, .order = 1'000});
  for (const florin::StoryLine& line : market::value_of("story", florin::read_story(*client, 1'000, florin::StoryOf::kOrder))) {
    std::cout << "  " << line.sequence << " " << name_of(line.event) << " " << name_of(line.money_to) << "\n";
  }
}
