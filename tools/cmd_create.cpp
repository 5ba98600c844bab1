#include <fmt/format.h>

#include <cstring>
#include <iostream>
#include <memory>
#include <vector>

#include "command_line.hpp"
#include "florin/status_codes.hpp"
#include "json_records.hpp"
#include "output.hpp"
#include "protocol/create_reply.hpp"
#include "remote.hpp"

/// florin create-accounts and create-transfers: lines of JSON in, one request for all of them, lines of JSON out.
namespace florin::tools {
namespace {

struct Options {
  std::string connect;
};

std::string_view status_name(const Account& /*record*/, std::uint32_t status) {
  return name_of(static_cast<CreateAccountStatus>(status));
}
std::string_view status_name(const Transfer& /*record*/, std::uint32_t status) {
  return name_of(static_cast<CreateTransferStatus>(status));
}

template <typename Record>
Result<std::vector<Record>> read_records() {
  std::vector<Record> records;
  std::string line;
  for (std::size_t number = 1; std::getline(std::cin, line); ++number) {
    if (line.empty()) continue;
    Record record;
    auto status = Status(ErrorKind::kUsage, "is not JSON");
    const auto json = nlohmann::json::parse(line, nullptr, false);
    if (!json.is_discarded()) status = from_json(json, record);
    if (!status) return status.with_context(fmt::format("line {}", number));
    records.push_back(record);
  }
  if (records.empty()) return Status(ErrorKind::kUsage, "no lines on standard input");
  if (records.size() > kEventsMax) return Status(ErrorKind::kUsage, fmt::format("more than {} lines", kEventsMax));
  return records;
}

template <typename Record>
Status create(const Options& options, Operation operation) {
  const auto address = parse_address(options.connect);
  if (!address) return address.error();
  const auto records = read_records<Record>();
  if (!records) return records.error();
  const auto reply = remote_call(*address, operation, std::as_bytes(std::span(records.value())));
  if (!reply) return reply.error();

  const auto count = static_cast<std::uint32_t>(records.value().size());
  protocol::CreateReplyView view;
  if (!protocol::parse_create_reply(reply.value().header, reply.value().body, count, view)) {
    return {ErrorKind::kInternal, "the reply contradicts itself"};
  }
  std::vector<CreateResult> results(count);
  protocol::expand_results(reply.value().header.second, view.entries, results);
  std::uint32_t failed = 0;
  for (std::uint32_t i = 0; i < count; ++i) {
    const auto name = status_name(Record{}, results[i].status);
    if (results[i].status != kCreated && name != "exists") ++failed;
    const nlohmann::ordered_json line = {{"id", to_decimal(records.value()[i].id)},
                                         {"result", name},
                                         {"timestamp", std::to_string(results[i].timestamp)}};
    fmt::print("{}\n", line.dump());
  }
  if (failed == 0) return {};
  return {ErrorKind::kRefused, fmt::format("{} of {} were not created", failed, count)};
}

constexpr const char* kAccountExamples =
    R"(  echo '{"id": 1, "ledger": 1, "code": 10, "flags": ["debits_must_not_exceed_credits"]}' |
    florin create-accounts --connect 127.0.0.1:3000

Fields: id, user_data_128, user_data_64, user_data_32, ledger, code, flags. Values above 2^53 are written as strings,
"0x..." too. All lines go in one request, so linked chains work. Exit code 10 if one was neither created nor there before.
)";
constexpr const char* kTransferExamples =
    R"(  echo '{"id": 100, "debit_account_id": 1, "credit_account_id": 2, "amount": 250, "ledger": 1, "code": 1}' |
    florin create-transfers --connect 127.0.0.1:3000
  echo '{"id": 101, "pending_id": 99, "amount": "0xffffffffffffffffffffffffffffffff", "flags": ["post_pending_transfer"]}' |
    florin create-transfers --connect 127.0.0.1:3000

Fields: id, debit_account_id, credit_account_id, amount, pending_id, user_data_128, user_data_64, user_data_32, timeout,
ledger, code, flags. All lines go in one request, so linked chains work. Sending the same lines again is safe: they answer
"exists". Exit code 10 if one was neither created nor there before.
)";

}  // namespace

void add_create(CommandLine& line) {
  auto options = std::make_shared<Options>();
  CLI::App& accounts = line.add("create-accounts", "Create accounts from lines of JSON on standard input", kAccountExamples,
                                [options] { return create<Account>(*options, Operation::kCreateAccounts); });
  accounts.add_option("--connect", options->connect, "Server")->type_name("HOST:PORT")->required();
  CLI::App& transfers = line.add("create-transfers", "Create transfers from lines of JSON on standard input", kTransferExamples,
                                 [options] { return create<Transfer>(*options, Operation::kCreateTransfers); });
  transfers.add_option("--connect", options->connect, "Server")->type_name("HOST:PORT")->required();
}

}  // namespace florin::tools
