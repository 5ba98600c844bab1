#include <fmt/format.h>

#include <cstring>
#include <memory>
#include <vector>

#include "command_line.hpp"
#include "json_records.hpp"
#include "remote.hpp"

namespace florin::tools {
namespace {

struct Options {
  std::string kind;
  std::vector<std::string> ids;
  std::string connect;
  std::uint64_t at = 0;
  std::uint32_t limit = 10;
};

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
  if (found == ids.size()) return {};
  return {ErrorKind::kNotFound, fmt::format("{} of {} do not exist", ids.size() - found, ids.size())};
}

Status look_up_at(const Address& address, std::uint64_t timestamp_ns, std::span<const u128> ids) {
  const std::size_t asked = ids.size();
  std::size_t found = 0;
  PageEnd end;
  do {
    std::vector<u128> body = {timestamp_ns};  // AccountsAt
    body.insert(body.end(), ids.begin(), ids.end());
    const auto reply = remote_call(address, Operation::kGetAccountsAt, std::as_bytes(std::span(body)));
    if (!reply) return reply.error();
    found += print_records<Account>(reply.value());
    std::memcpy(&end, reply->body.data() + reply->body.size() - sizeof end, sizeof end);
  } while (next_page(ids, end));
  if (found == asked) return {};
  return {ErrorKind::kNotFound, fmt::format("{} of {} did not exist at that time", asked - found, asked)};
}

Status history(const Address& address, const Options& options, u128 account_id) {
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
  const auto address = parse_address(options.connect);
  if (!address) return address.error();
  std::vector<u128> ids;
  for (const auto& text : options.ids) {
    const auto id = parse_id(text);
    if (!id) return id.error();
    ids.push_back(id.value());
  }
  if (ids.size() > kAccountsAtMax) return {ErrorKind::kUsage, fmt::format("more than {} ids", kAccountsAtMax)};
  if (options.at != 0) {
    if (options.kind != "account") return {ErrorKind::kUsage, "--at is for accounts"};
    return look_up_at(*address, options.at, ids);
  }
  if (options.kind == "account" || options.kind == "transfer") return look_up(*address, options, ids);
  for (const u128 id : ids) {
    if (auto status = history(*address, options, id); !status) return status;
  }
  return {};
}

constexpr const char* kExamples =
    R"(  florin lookup account 1 2 --connect 127.0.0.1:3000
  florin lookup transfer 0xacc000000000000000000000000000ff --connect 127.0.0.1:3000
  florin lookup account 1 --at 1700000000000000000 --connect 127.0.0.1:3000     as it was right after that time
  florin lookup transfers-of 1 --limit 5 --connect 127.0.0.1:3000      newest first
  florin lookup balances-of 1 --connect 127.0.0.1:3000                 after each of its transfers, newest first

Prints one line of JSON a record. Exit code 6 if an id does not exist.
)";

}  // namespace

void add_lookup(CommandLine& line) {
  auto options = std::make_shared<Options>();
  CLI::App& app = line.add("lookup", "Look up accounts, transfers, and an account's history", kExamples,
                           [options] { return run(*options); });
  app.add_option("kind", options->kind, "account, transfer, transfers-of or balances-of")
      ->required()
      ->check(CLI::IsMember({"account", "transfer", "transfers-of", "balances-of"}));
  app.add_option("ids", options->ids, "Ids: decimal, or hexadecimal after 0x")
      ->required()
      ->type_name("ID")
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  app.add_option("--at", options->at, "Accounts as they were then, ns since 1970 UTC");
  app.add_option("--limit", options->limit, "Rows at most")->capture_default_str();
  app.add_option("--connect", options->connect, "Server")->type_name("HOST:PORT")->required();
}

}  // namespace florin::tools
