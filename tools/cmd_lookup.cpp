#include <fmt/format.h>

#include <cstring>
#include <memory>
#include <vector>

#include "as_of.hpp"
#include "command_line.hpp"
#include "dropped_history.hpp"
#include "json_records.hpp"
#include "listing_notes.hpp"
#include "number_options.hpp"
#include "pages.hpp"
#include "remote.hpp"

namespace florin::tools {
namespace {

struct Options {
  const CLI::App* app = nullptr;  // says which of them were given
  std::string kind;
  std::vector<std::string> ids;
  std::string connect;
  AsOf as_of;
  std::uint32_t limit = 10;

  [[nodiscard]] bool is_history() const { return kind == "transfers-of" || kind == "balances-of"; }
};

/// What would change nothing is refused: the answer would look like what was asked for.
Status check_given(const Options& options) {
  for (const CLI::Option* option : options.app->get_options()) {
    if (option->count() == 0) continue;
    const std::string name = option->get_name();
    const bool is_as_of = name == "--at" || name == "--at-sequence";
    if ((is_as_of && options.kind != "account") || (name == "--limit" && !options.is_history())) {
      return {ErrorKind::kUsage, fmt::format("{}: not for {}", name, options.kind)};
    }
  }
  return {};
}

/// Prints the records of a reply, one line each; returns how many there are.
template <typename Record>
std::size_t print_records(const RemoteReply& reply) {
  const std::size_t count = reply.header.count;
  for (std::size_t i = 0; i < count; ++i) {
    Record record;
    std::memcpy(&record, reply.body.data() + i * sizeof record, sizeof record);
    fmt::print("{}\n", to_json(record).dump());
  }
  return count;
}

Status look_up(const Address& address, const Options& options, const std::vector<u128>& ids) {
  const bool accounts = options.kind == "account";
  const auto reply = remote_call(address, accounts ? Operation::kLookupAccounts : Operation::kLookupTransfers,
                                 std::as_bytes(std::span(ids)));
  if (!reply) return reply.error();
  const std::size_t found = accounts ? print_records<Account>(reply.value()) : print_records<Transfer>(reply.value());
  note_sequence(reply->header.first);
  if (found == ids.size()) return {};
  return {ErrorKind::kNotFound, fmt::format("{} of {} do not exist", ids.size() - found, ids.size())};
}

Status look_up_at(const Options& options, const Address& address, std::span<const u128> ids) {
  const auto client = connect_client(options.connect);
  if (!client) return client.error();
  const auto timestamp_ns = timestamp_of(**client, options.as_of);
  if (!timestamp_ns) return with_kept_time(timestamp_ns.error(), "--at");
  const std::size_t asked = ids.size();
  std::size_t found = 0;
  PageEnd end;
  do {
    std::vector<u128> body = {*timestamp_ns};  // AccountsAt
    body.insert(body.end(), ids.begin(), ids.end());
    const auto reply = remote_call(address, Operation::kGetAccountsAt, std::as_bytes(std::span(body)));
    if (!reply) return with_kept_time(reply.error(), "--at");
    found += print_records<Account>(reply.value());
    std::memcpy(&end, reply->body.data() + reply->body.size() - sizeof end, sizeof end);
  } while (next_page(ids, end));
  const auto sequence = sequence_at(**client, *timestamp_ns);
  if (!sequence) return sequence.error();
  note_sequence(*sequence);
  if (found == asked) return {};
  return {ErrorKind::kNotFound, fmt::format("{} of {} did not exist at that time", asked - found, asked)};
}

Result<Listing> history(const Address& address, const Options& options, u128 account_id) {
  AccountFilter filter;
  filter.account_id = account_id;
  filter.flags = AccountFilterFlags::kDebits | AccountFilterFlags::kCredits | AccountFilterFlags::kReversed;
  const auto print = [](const auto& row) { fmt::print("{}\n", to_json(row).dump()); };
  if (options.kind == "transfers-of") {
    return read_rows<Transfer>(ask_remote(address), Operation::kGetAccountTransfers, filter, options.limit, print);
  }
  return read_rows<AccountBalance>(ask_remote(address), Operation::kGetAccountBalances, filter, options.limit, print);
}

Status run(const Options& options) {
  if (Status status = check_given(options); !status) return status;
  const auto address = parse_address(options.connect);
  if (!address) return address.error();
  std::vector<u128> ids;
  for (const auto& text : options.ids) {
    const auto id = parse_id("ids", text);
    if (!id) return id.error();
    ids.push_back(id.value());
  }
  if (ids.size() > kAccountsAtMax) return {ErrorKind::kUsage, fmt::format("more than {} ids", kAccountsAtMax)};
  if (!options.as_of.is_now()) return look_up_at(options, *address, ids);
  if (!options.is_history()) return look_up(*address, options, ids);
  Listing listing;
  for (const u128 id : ids) {
    const auto one = history(*address, options, id);
    if (!one) return one.error();
    add_up(listing, *one);
  }
  note_listing(listing);
  return {};
}

constexpr const char* kExamples =
    R"(  florin lookup account 1 2 --connect 127.0.0.1:3000
  florin lookup transfer 0xacc000000000000000000000000000ff --connect 127.0.0.1:3000
  florin lookup account 1 2 --at 2026-01-31 --connect 127.0.0.1:3000            as they were at the end of that day, UTC
  florin lookup account 1 2 --at-sequence 5000 --connect 127.0.0.1:3000         as they were right after that event
  florin lookup transfers-of 1 --limit 5 --connect 127.0.0.1:3000      newest first; `florin query transfers-of` has filters
  florin lookup balances-of 1 --connect 127.0.0.1:3000                 after each of its transfers, newest first

Prints one line of JSON a record. Exit code 6 if an id does not exist. Standard error says "as of sequence N": what the answer is of. Of a
transfer whose history was dropped there are id, timestamp and "dropped": true; and a list that lacks such transfers says so on standard error.
)";

}  // namespace

void add_lookup(CommandLine& line) {
  auto options = std::make_shared<Options>();
  CLI::App& app = line.add("lookup", "Look up accounts, transfers, and an account's history", kExamples,
                           [options] { return run(*options); });
  options->app = &app;
  app.add_option("kind", options->kind, "account, transfer, transfers-of or balances-of")
      ->required()
      ->check(CLI::IsMember({"account", "transfer", "transfers-of", "balances-of"}));
  app.add_option("ids", options->ids, "Ids: decimal, or hexadecimal after 0x")
      ->required()
      ->type_name("ID")
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  add_as_of(app, options->as_of);
  add_number(app, "--limit", options->limit, "Rows at most, of transfers-of and balances-of", {.min = 1})->capture_default_str();
  app.add_option("--connect", options->connect, "Server")->type_name("HOST:PORT")->required();
}

}  // namespace florin::tools
