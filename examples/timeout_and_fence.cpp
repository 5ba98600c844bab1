#include "market.hpp"

namespace {

/// Pays exactly once, whatever the network does: when no answer comes, the key is asked about. Either the payment is done, and this is its answer; or
/// the key is fenced, the lost request can do nothing any more, and another key is safe.
florin::PaymentAnswer pay_once(florin::Client& client, const florin::commands::NewOrder& order, florin::u128 key, florin::CallOptions options) {
  while (true) {
    const auto sent = client.send_payment(florin::commands::Pay{.key = key, .order = order}, options);
    if (sent) return market::tell("pay", *sent);
    std::cout << "pay: " << sent.error().message() << "\n";
    const auto resolved = market::tell("resolve", market::value_of("resolve", client.resolve_key(key)));
    if (resolved.outcome.code != florin::PaymentResult::kFenced) return resolved;
    ++key;
    options = {};  // with time enough
  }
}

}  // namespace

/// A client with very little patience.
int main(int argc, char** argv) {
  const auto client = market::open(argc, argv);
  for (florin::u128 i = 0; i < 5; ++i) {
    const std::string reference = "order " + florin::to_decimal(i);
    florin::commands::NewOrder order = market::order(1'000 + i, 100, reference);
    order.is_automatic = true;
    if (!pay_once(*client, order, 100 + 10 * i, {.timeout_ms = 1}).is_done()) market::stop("pay", "was refused");
  }

  // A request that never arrived: its key is fenced, so it cannot arrive later either.
  florin::commands::NewOrder late = market::order(2'000, 100, "late");
  late.is_automatic = true;
  market::tell("resolve", market::value_of("resolve", client->resolve_key(500)));
  const auto refused = market::tell("pay, late", market::value_of("pay", client->send_payment(florin::commands::Pay{.key = 500, .order = late})));
  if (refused.outcome.code != florin::PaymentResult::kKeyFenced) market::stop("pay, late", "was not fenced off");
  market::send(*client, "pay, new key", florin::commands::Pay{.key = 501, .order = late});
  market::expect_balance(*client, "ada", market::kWallet, 10'000 - 6 * 100);
}
