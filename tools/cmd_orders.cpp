#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <string>

#include "command_line.hpp"
#include "json_payments.hpp"
#include "number_options.hpp"
#include "remote.hpp"
#include "time_text.hpp"

/// florin orders: lists of orders by party, state and time, as lines of JSON.
namespace florin::tools {
namespace {

struct Options {
  std::string connect;
  std::string merchant;
  std::string payer;
  std::string money;
  std::string state;
  std::string created_from;
  std::string created_to;
  std::uint32_t ledger = 0;
  std::uint64_t limit = 100;
  bool newest_first = false;
};

/// The state with this name, as it is printed; spaces may be underscores.
template <typename State>
Result<State> state_named(std::string_view option, std::string text, int last) {
  std::string names;
  for (int i = 1; i <= last; ++i) {
    std::string name(name_of(static_cast<State>(i)));
    std::ranges::replace(name, ' ', '_');
    std::ranges::replace(text, ' ', '_');
    if (name == text) return static_cast<State>(i);
    names += (names.empty() ? "" : ", ") + name;
  }
  return Status(ErrorKind::kUsage, fmt::format("{}: '{}' is none of {}", option, text, names));
}

Result<OrderFilter> filter_of(const Options& options) {
  OrderFilter filter{.ledger = options.ledger};
  if (options.newest_first) filter.flags = OrderFilterFlags::kReversed;
  if (const std::string& party = options.merchant.empty() ? options.payer : options.merchant; !party.empty()) {
    filter.role = options.merchant.empty() ? PartyRole::kPayer : PartyRole::kMerchant;
    const auto id = parse_id(options.merchant.empty() ? "--payer" : "--merchant", party);
    if (!id) return id.error();
    filter.party = *id;
  }
  if (!options.money.empty()) {
    const auto money = state_named<MoneyState>("--money", options.money, static_cast<int>(MoneyState::kFailed));
    if (!money) return money.error();
    filter.money = *money;
  }
  if (!options.state.empty()) {
    const auto state = state_named<PublicState>("--state", options.state, static_cast<int>(PublicState::kCancelled));
    if (!state) return state.error();
    filter.public_state = *state;
  }
  if (!options.created_from.empty()) {
    const auto time = parse_moment("--from", options.created_from, DayPart::kStart);
    if (!time) return time.error();
    filter.created_min = *time;
  }
  if (!options.created_to.empty()) {
    const auto time = parse_moment("--to", options.created_to, DayPart::kEnd);
    if (!time) return time.error();
    filter.created_max = *time;
  }
  if (filter.created_max != 0 && filter.created_max < filter.created_min) return Status(ErrorKind::kUsage, "--to: is before --from");
  return filter;
}

Status run(const Options& options) {
  auto filter = filter_of(options);
  if (!filter) return filter.error();
  const auto client = connect_client(options.connect);
  if (!client) return client.error();
  std::uint64_t left = options.limit == 0 ? ~std::uint64_t{0} : options.limit;
  filter->limit = static_cast<std::uint32_t>(std::min<std::uint64_t>(left, kOrderListMax));
  return for_each_page(*filter, [&](const OrderFilter& page) { return (*client)->query_orders(page); }, [&](const std::vector<Order>& orders) {
    for (const Order& order : orders) {
      if (left == 0) break;
      fmt::print("{}\n", to_json(order).dump());
      --left;
    }
    return left != 0;
  });
}

constexpr const char* kExamples =
    R"(  florin orders --merchant 20 --newest-first --connect 127.0.0.1:3000
  florin orders --payer 10 --state paid --from 2026-01-01 --to 2026-01-31 --limit 0 --connect 127.0.0.1:3000
  florin orders --money partially_captured --ledger 978 --connect 127.0.0.1:3000                    of everybody

Prints one line of JSON an order, in the order in which they were created. Amounts in minor units, states of this moment.
)";

}  // namespace

void add_orders(CommandLine& line) {
  auto options = std::make_shared<Options>();
  CLI::App& app = line.add("orders", "List orders by party, state and time", kExamples, [options] { return run(*options); });
  CLI::Option* merchant = app.add_option("--merchant", options->merchant, "Of this merchant")->type_name("ID");
  app.add_option("--payer", options->payer, "Of this payer")->type_name("ID")->excludes(merchant);
  app.add_option("--money", options->money, "Where the money is: created, authorised, captured, ...")->type_name("STATE");
  app.add_option("--state", options->state, "In the words of shops: pending_payment, paid, shipped, completed, cancelled")->type_name("STATE");
  add_number(app, "--ledger", options->ledger, "Of this asset", {.min = 1});
  app.add_option("--from", options->created_from, "Created at this time or later")->type_name("TIME");
  app.add_option("--to", options->created_to, "Created at this time or earlier; a date: to its end")->type_name("TIME");
  app.add_flag("--newest-first", options->newest_first, "Newest first");
  add_number(app, "--limit", options->limit, "Orders at most; 0: all")->capture_default_str();
  app.add_option("--connect", options->connect, "Server")->type_name("HOST:PORT")->required();
}

}  // namespace florin::tools
