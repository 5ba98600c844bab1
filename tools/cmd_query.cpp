#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "command_line.hpp"
#include "dropped_history.hpp"
#include "json_records.hpp"
#include "listing_notes.hpp"
#include "number_options.hpp"
#include "pages.hpp"
#include "remote.hpp"
#include "time_text.hpp"

/// florin query: what lies in the whole ledger, or on one account, in order of time.
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
  std::string account;
  std::string direction;
  std::uint32_t ledger = 0;
  std::uint16_t code = 0;
  u128 user_data_128 = 0;
  std::uint64_t user_data_64 = 0;
  std::uint32_t user_data_32 = 0;
  u128 amount_min = 0;
  u128 amount_max = 0;
  std::vector<std::string> statuses;
};

constexpr std::array<const char*, 5> kStatuses = {"none", "pending", "posted", "voided", "expired"};

using Names = std::set<std::string, std::less<>>;

/// Options that do not narrow rows of a kind. The server refuses for accounts what is for transfers only.
const std::map<std::string, Names, std::less<>>& not_for() {
  static const Names for_an_account{"--ledger", "--expiries-timestamp-min"};
  static const Names for_all{"--account", "--direction", "--expiries-timestamp-min"};
  static const std::map<std::string, Names, std::less<>> names{
      {"accounts", for_all},
      {"transfers", for_all},
      {"transfers-of", for_an_account},
      {"balances-of", for_an_account},
      {"events",
       {"--direction", "--reversed", "--ledger", "--code", "--user-data-128", "--user-data-64", "--user-data-32", "--amount-min", "--amount-max", "--status"}}};
  return names;
}

bool is_of_account(const Options& options) { return options.kind == "transfers-of" || options.kind == "balances-of"; }

/// What does not narrow these rows is refused: a list of all of them would look like an answer.
Status check_given(const Options& options) {
  const Names& others = not_for().at(options.kind);
  for (const CLI::Option* option : options.app->get_options()) {
    if (option->count() != 0 && others.contains(option->get_name())) return {ErrorKind::kUsage, fmt::format("{}: not for {}", option->get_name(), options.kind)};
  }
  if (is_of_account(options) && options.account.empty()) return {ErrorKind::kUsage, fmt::format("{} needs --account", options.kind)};
  return {};
}

/// What all filters of rows have in common.
template <typename Filter>
void fill(const Options& options, Filter& filter) {
  filter.user_data_128 = options.user_data_128;
  filter.user_data_64 = options.user_data_64;
  filter.user_data_32 = options.user_data_32;
  filter.code = options.code;
  filter.timestamp_min = options.timestamp_min;
  filter.timestamp_max = options.timestamp_max;
  filter.amount_min = options.amount_min;
  filter.amount_max = options.amount_max;
  for (const std::string& status : options.statuses) {
    const auto at = std::find(kStatuses.begin(), kStatuses.end(), status) - kStatuses.begin();
    filter.pending_statuses = static_cast<std::uint8_t>(filter.pending_statuses | 1U << at);
  }
}

Result<u128> account_of(const Options& options) { return options.account.empty() ? Result<u128>(0) : parse_id("--account", options.account); }

Result<QueryFilter> query_filter_of(const Options& options) {
  QueryFilter filter;
  fill(options, filter);
  filter.ledger = options.ledger;
  filter.flags = options.reversed ? QueryFilterFlags::kReversed : 0;
  return filter;
}

Result<AccountFilter> account_filter_of(const Options& options) {
  AccountFilter filter;
  fill(options, filter);
  const auto account = account_of(options);
  if (!account) return account.error();
  filter.account_id = *account;
  if (options.direction != "credits") filter.flags |= AccountFilterFlags::kDebits;
  if (options.direction != "debits") filter.flags |= AccountFilterFlags::kCredits;
  if (options.reversed) filter.flags |= AccountFilterFlags::kReversed;
  return filter;
}

Result<ChangeEventsFilter> events_filter_of(const Options& options) {
  ChangeEventsFilter filter;
  const auto account = account_of(options);
  if (!account) return account.error();
  filter.account_id = *account;
  filter.timestamp_min = options.timestamp_min;
  filter.timestamp_max = options.timestamp_max;
  filter.expiries_timestamp_min = options.expiries_timestamp_min;
  return filter;
}

/// Prints the rows of an operation that go with a filter, if there is one.
template <typename Row, typename Filter>
Status list(const Options& options, Operation operation, const Result<Filter>& filter) {
  if (!filter) return filter.error();
  const auto address = parse_address(options.connect);
  if (!address) return address.error();
  const std::uint64_t rows_max = options.limit == 0 ? std::numeric_limits<std::uint64_t>::max() : options.limit;
  const auto listing = read_rows<Row>(ask_remote(*address), operation, *filter, rows_max, [](const Row& row) { fmt::print("{}\n", to_json(row).dump()); });
  if (!listing) return with_kept_time(listing.error(), "--timestamp-min");
  note_listing(*listing);
  return {};
}

Status run(const Options& options) {
  if (Status status = check_given(options); !status) return status;
  if (options.kind == "events") return list<ChangeEvent>(options, Operation::kGetChangeEvents, events_filter_of(options));
  if (options.kind == "transfers-of") return list<Transfer>(options, Operation::kGetAccountTransfers, account_filter_of(options));
  if (options.kind == "balances-of") return list<AccountBalance>(options, Operation::kGetAccountBalances, account_filter_of(options));
  if (options.kind == "accounts") return list<Account>(options, Operation::kQueryAccounts, query_filter_of(options));
  return list<Transfer>(options, Operation::kQueryTransfers, query_filter_of(options));
}

constexpr const char* kExamples =
    R"(  florin query transfers --ledger 700 --amount-min 1000 --reversed --connect 127.0.0.1:3000     newest first
  florin query transfers --status pending --limit 0 --connect 127.0.0.1:3000                    all open holds
  florin query accounts --code 10 --connect 127.0.0.1:3000
  florin query transfers-of --account 1 --direction debits --amount-min 1000 --reversed --connect 127.0.0.1:3000
  florin query balances-of --account 1 --timestamp-min 1700000000000000000 --connect 127.0.0.1:3000      after each of its transfers
  florin query events --timestamp-min 1700000000000000000 --connect 127.0.0.1:3000              with both accounts as they were

Prints one line of JSON a record. Options that are not given do not narrow; bounds are inclusive. Events go by time, and by account, alone.
Standard error says "as of sequence N": what the answer is of; every page of 8,189 records, 2,730 events, is of a sequence of its own. If history
was dropped before a time, it says so too, unless --timestamp-min is given: then what is not kept any more is refused.
)";

}  // namespace

void add_query(CommandLine& line) {
  auto options = std::make_shared<Options>();
  CLI::App& app = line.add("query", "List accounts, transfers or events of the whole ledger, or what was on one account", kExamples, [options] { return run(*options); });
  options->app = &app;
  app.add_option("kind", options->kind, "accounts, transfers or events; of one account: transfers-of or balances-of")
      ->required()
      ->check(CLI::IsMember({"accounts", "transfers", "events", "transfers-of", "balances-of"}));
  app.add_option("--account", options->account, "Of this account: decimal, or hexadecimal after 0x; transfers-of, balances-of and events")->type_name("ID");
  app.add_option("--direction", options->direction, "Only what it was debited, or credited; transfers-of and balances-of")
      ->check(CLI::IsMember({"debits", "credits"}));
  add_number(app, "--limit", options->limit, "Rows at most; 0: all")->capture_default_str();
  app.add_flag("--reversed", options->reversed, "Newest first; not for events");
  // In a filter 0 is no bound, and any value.
  add_number(app, "--timestamp-min", options->timestamp_min, "Not before, ns since 1970 UTC", {.min = 1, .max = kTimestampMax});
  add_number(app, "--timestamp-max", options->timestamp_max, "Not after, ns since 1970 UTC", {.min = 1, .max = kTimestampMax});
  add_number(app, "--expiries-timestamp-min", options->expiries_timestamp_min, "The same as --timestamp-min for expiries alone; events only",
             {.min = 1, .max = kTimestampMax});
  add_number(app, "--ledger", options->ledger, "Of this ledger", {.min = 1});
  add_number(app, "--code", options->code, "With this code", {.min = 1});
  add_number(app, "--user-data-128", options->user_data_128, "With this user_data_128", {.min = 1});
  add_number(app, "--user-data-64", options->user_data_64, "With this user_data_64", {.min = 1});
  add_number(app, "--user-data-32", options->user_data_32, "With this user_data_32", {.min = 1});
  add_number(app, "--amount-min", options->amount_min, "Of at least this amount; transfers only");
  add_number(app, "--amount-max", options->amount_max, "Of at most this amount; transfers only", {.min = 1});
  app.add_option("--status", options->statuses, "Whose hold stands so (none: not a pending transfer); transfers only")
      ->check(CLI::IsMember(std::vector<std::string>(kStatuses.begin(), kStatuses.end())))
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  app.add_option("--connect", options->connect, "Server")->type_name("HOST:PORT")->required();
}

}  // namespace florin::tools
