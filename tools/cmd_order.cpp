#include <fmt/format.h>

#include <memory>
#include <string>

#include "command_line.hpp"
#include "json_payments.hpp"
#include "number_options.hpp"
#include "output.hpp"
#include "remote.hpp"
#include "time_text.hpp"

/// florin order: an order and its story, by id, by its merchant's reference, or by the key of a command on it.
namespace florin::tools {
namespace {

struct Options {
  std::string connect;
  u128 principal = 0;
  std::string id;
  std::string merchant;
  std::string reference;
  std::string key;
  bool is_json = false;
};

Result<RowsReply<Order>> by_id(Client& client, u128 id) { return client.lookup_orders(std::span<const u128>(&id, 1)); }

Result<RowsReply<Order>> by_reference(Client& client, const Options& options) {
  const auto merchant = parse_id("--merchant", options.merchant);
  if (!merchant) return merchant.error();
  return client.find_order(*merchant, options.reference);
}

/// The order that a command of this key was about. A group's members are asked from the last one on.
Result<RowsReply<Order>> by_key(Client& client, const std::string& text) {
  const auto key = parse_id("--key", text);
  if (!key) return key.error();
  const auto outcomes = client.lookup_key(*key);
  if (!outcomes) return outcomes.error();
  for (auto outcome = outcomes->rows.rbegin(); outcome != outcomes->rows.rend(); ++outcome) {
    if (outcome->command < CommandNumber::kCreateOrder || outcome->command > CommandNumber::kAttemptResolve) continue;
    auto found = by_id(client, outcome->object_id);
    if (!found || !found->rows.empty()) return found;
  }
  return RowsReply<Order>{};
}

Result<RowsReply<Order>> find(Client& client, const Options& options) {
  if (!options.key.empty()) return by_key(client, options.key);
  if (!options.merchant.empty()) return by_reference(client, options);
  const auto id = parse_id("id", options.id);
  if (!id) return id.error();
  return by_id(client, *id);
}

Status print_text(const Order& order, const std::vector<StoryLine>& story) {
  if (Status status = print_fields(to_json(order)); !status) return status;
  fmt::print("\n{:>12}  {:<30}  {:<15}  {:<20}  {:>20}  {:>12}\n", "sequence", "time", "event", "money", "amount", "fee");
  for (const StoryLine& line : story) {
    fmt::print("{:>12}  {:<30}  {:<15}  {:<20}  {:>20}  {:>12}\n", line.sequence, to_iso8601(line.timestamp), name_of(line.event), name_of(line.money_to),
               to_decimal(line.amount), to_decimal(line.fee));
  }
  return {};
}

Status print_json(const Order& order, const std::vector<StoryLine>& story) {
  auto lines = nlohmann::ordered_json::array();
  for (const StoryLine& line : story) lines.push_back(to_json(line));
  return write_json("-", {{"order", to_json(order)}, {"story", std::move(lines)}});
}

Status run(const Options& options) {
  const int ways = static_cast<int>(!options.id.empty()) + static_cast<int>(!options.merchant.empty()) + static_cast<int>(!options.key.empty());
  if (ways != 1) return {ErrorKind::kUsage, "give one of: an id, --merchant with --reference, --key"};
  const auto client = connect_client(options.connect, options.principal);
  if (!client) return client.error();
  const auto found = find(**client, options);
  if (!found) return found.error();
  if (found->rows.empty()) return {ErrorKind::kNotFound, "no such order"};
  const Order& order = found->rows.front();
  const auto story = read_story(**client, order.hot.id, StoryOf::kOrder);
  if (!story) return story.error();
  return options.is_json ? print_json(order, *story) : print_text(order, *story);
}

constexpr const char* kExamples =
    R"(  florin order 1000 --connect 127.0.0.1:3000
  florin order --merchant 20 --reference "basket 7" --connect 127.0.0.1:3000
  florin order --key 1 --principal 7 --json --connect 127.0.0.1:3000        the order of the command with this key

Prints the order and its story, oldest first. Amounts in minor units. Exit code 6 if there is no such order.
)";

}  // namespace

void add_order(CommandLine& line) {
  auto options = std::make_shared<Options>();
  CLI::App& app = line.add("order", "Print an order and its story", kExamples, [options] { return run(*options); });
  app.add_option("id", options->id, "Decimal, or hexadecimal after 0x")->type_name("ID");
  CLI::Option* merchant = app.add_option("--merchant", options->merchant, "Of this merchant")->type_name("ID");
  CLI::Option* reference = app.add_option("--reference", options->reference, "The merchant's name for it")->needs(merchant);
  merchant->needs(reference);
  app.add_option("--key", options->key, "A command of this key, of the same principal")->type_name("KEY");
  add_number(app, "--principal", options->principal, "Who asks; only keys depend on it");
  app.add_flag("--json", options->is_json, "JSON instead of text");
  app.add_option("--connect", options->connect, "Server")->type_name("HOST:PORT")->required();
}

}  // namespace florin::tools
