#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <functional>
#include <limits>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "command_line.hpp"
#include "json_records.hpp"
#include "pages.hpp"
#include "remote.hpp"

/// florin query: what lies in the whole ledger, in order of time.
namespace florin::tools {
namespace {

struct Options {
  const CLI::App* app = nullptr;  // says which of them were given
  std::string kind;
  std::string connect;
  std::uint64_t limit = 10;
  bool reversed = false;
  std::uint64_t timestamp_min = 0;
  std::uint64_t timestamp_max = 0;
  std::uint64_t expiries_timestamp_min = 0;
  std::uint32_t ledger = 0;
  std::uint16_t code = 0;
  std::string user_data_128;
  std::uint64_t user_data_64 = 0;
  std::uint32_t user_data_32 = 0;
  std::string amount_min;
  std::string amount_max;
  std::vector<std::string> statuses;
};

constexpr std::array<const char*, 5> kStatuses = {"none", "pending", "posted", "voided", "expired"};

/// Reads a number of 128 bits; nothing is 0.
Status read(const std::string& text, const char* option, u128& number) {
  if (text.empty() || parse_u128(text, number)) return {};
  return {ErrorKind::kUsage, fmt::format("{}: '{}' is no number of 128 bits", option, text)};
}

/// What does not narrow these rows is refused: a list of all of them would look like an answer.
Status check_given(const Options& options) {
  static const std::set<std::string, std::less<>> not_for_events{"--reversed",     "--ledger",       "--code",       "--user-data-128", "--user-data-64",
                                                                 "--user-data-32", "--amount-min", "--amount-max", "--status"};
  static const std::set<std::string, std::less<>> for_events_only{"--expiries-timestamp-min"};  // the server refuses what is for transfers only
  const auto& others = options.kind == "events" ? not_for_events : for_events_only;
  for (const CLI::Option* option : options.app->get_options()) {
    if (option->count() != 0 && others.contains(option->get_name())) return {ErrorKind::kUsage, fmt::format("{}: not for {}", option->get_name(), options.kind)};
  }
  return {};
}

Result<QueryFilter> filter_of(const Options& options) {
  QueryFilter filter;
  filter.user_data_64 = options.user_data_64;
  filter.user_data_32 = options.user_data_32;
  filter.ledger = options.ledger;
  filter.code = options.code;
  filter.timestamp_min = options.timestamp_min;
  filter.timestamp_max = options.timestamp_max;
  filter.flags = options.reversed ? QueryFilterFlags::kReversed : 0;
  if (auto status = read(options.user_data_128, "--user-data-128", filter.user_data_128); !status) return status;
  if (auto status = read(options.amount_min, "--amount-min", filter.amount_min); !status) return status;
  if (auto status = read(options.amount_max, "--amount-max", filter.amount_max); !status) return status;
  for (const std::string& status : options.statuses) {
    const auto at = std::find(kStatuses.begin(), kStatuses.end(), status) - kStatuses.begin();
    filter.pending_statuses = static_cast<std::uint8_t>(filter.pending_statuses | 1U << at);
  }
  return filter;
}

Status run(const Options& options) {
  if (Status status = check_given(options); !status) return status;
  const auto address = parse_address(options.connect);
  if (!address) return address.error();
  const Ask ask = ask_remote(address.value());
  const std::uint64_t rows_max = options.limit == 0 ? std::numeric_limits<std::uint64_t>::max() : options.limit;
  const auto print = [](const auto& row) { fmt::print("{}\n", to_json(row).dump()); };
  if (options.kind == "events") {
    ChangeEventsFilter filter;
    filter.timestamp_min = options.timestamp_min;
    filter.timestamp_max = options.timestamp_max;
    filter.expiries_timestamp_min = options.expiries_timestamp_min;
    return read_rows<ChangeEvent>(ask, Operation::kGetChangeEvents, filter, rows_max, print);
  }
  const auto filter = filter_of(options);
  if (!filter) return filter.error();
  if (options.kind == "accounts") return read_rows<Account>(ask, Operation::kQueryAccounts, filter.value(), rows_max, print);
  return read_rows<Transfer>(ask, Operation::kQueryTransfers, filter.value(), rows_max, print);
}

constexpr const char* kExamples =
    R"(  florin query transfers --ledger 700 --amount-min 1000 --reversed --connect 127.0.0.1:3000     newest first
  florin query transfers --status pending --limit 0 --connect 127.0.0.1:3000                    all open holds
  florin query accounts --code 10 --connect 127.0.0.1:3000
  florin query events --timestamp-min 1700000000000000000 --connect 127.0.0.1:3000              with both accounts as they were

Prints one line of JSON a record. Options that are not given do not narrow; bounds are inclusive. Events go by time alone.
)";

}  // namespace

void add_query(CommandLine& line) {
  auto options = std::make_shared<Options>();
  CLI::App& app = line.add("query", "List accounts, transfers or events of the whole ledger", kExamples, [options] { return run(*options); });
  options->app = &app;
  app.add_option("kind", options->kind, "accounts, transfers or events")->required()->check(CLI::IsMember({"accounts", "transfers", "events"}));
  app.add_option("--limit", options->limit, "Rows at most; 0: all")->capture_default_str();
  app.add_flag("--reversed", options->reversed, "Newest first; not for events");
  app.add_option("--timestamp-min", options->timestamp_min, "Not before, ns since 1970 UTC");
  app.add_option("--timestamp-max", options->timestamp_max, "Not after, ns since 1970 UTC");
  app.add_option("--expiries-timestamp-min", options->expiries_timestamp_min, "The same as --timestamp-min for expiries alone; events only");
  app.add_option("--ledger", options->ledger, "Of this ledger");
  app.add_option("--code", options->code, "With this code");
  app.add_option("--user-data-128", options->user_data_128, "With this user_data_128");
  app.add_option("--user-data-64", options->user_data_64, "With this user_data_64");
  app.add_option("--user-data-32", options->user_data_32, "With this user_data_32");
  app.add_option("--amount-min", options->amount_min, "Of at least this amount; transfers only");
  app.add_option("--amount-max", options->amount_max, "Of at most this amount; transfers only");
  app.add_option("--status", options->statuses, "Whose hold stands so (none: not a pending transfer); transfers only")
      ->check(CLI::IsMember(std::vector<std::string>(kStatuses.begin(), kStatuses.end())))
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  app.add_option("--connect", options->connect, "Server")->type_name("HOST:PORT")->required();
}

}  // namespace florin::tools
