#include "market.hpp"

/// A hotel holds money at check-in, more for the minibar, and takes what the stay cost.
int main(int argc, char** argv) {
  const auto client = market::open(argc, argv);
  florin::commands::NewOrder stay = market::order(1'000, 4'000, "room 12");
  stay.tolerance_bps = 1'500;  // the last capture may be 15 % above what is held
  stay.hold_s = 3 * 86'400;
  market::send(*client, "hold", florin::commands::Pay{.key = 100, .order = stay});
  market::send(*client, "minibar", florin::commands::Increment{.key = 101, .order = 1'000, .amount = 500});
  market::send(*client, "breakfast was not had", florin::commands::Decrement{.key = 102, .order = 1'000, .amount = 200});
  market::expect_balance(*client, "ada, with 4300 held,", market::kWallet, 10'000);
  market::send(*client, "check-out", florin::commands::Capture{.key = 103, .order = 1'000, .amount = 4'100, .is_final = true});
  market::expect_balance(*client, "ada", market::kWallet, 5'900);
  market::expect_balance(*client, "the hotel", market::kShopAccount, 4'100);
}
