#include <fmt/format.h>

#include <algorithm>
#include <iostream>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include "command_line.hpp"
#include "json_payments.hpp"
#include "number_options.hpp"
#include "password.hpp"
#include "remote.hpp"

/// florin pay: payment commands as lines of JSON in, one request for all of them, their answers as lines of JSON out.
namespace florin::tools {
namespace {

struct Options {
  std::string connect;
  u128 principal = 0;
  std::string group;
  bool stop_on_first = false;
  bool password_stdin = false;
};

Result<std::vector<CommandInJson>> read_commands() {
  std::vector<CommandInJson> commands;
  std::string line;
  for (std::size_t number = 1; std::getline(std::cin, line); ++number) {
    if (line.empty()) continue;
    CommandInJson command;
    auto status = Status(ErrorKind::kUsage, "is not JSON");
    const auto json = nlohmann::json::parse(line, nullptr, false);
    if (!json.is_discarded()) status = from_json(json, command);
    if (!status) return status.with_context(fmt::format("line {}", number));
    commands.push_back(std::move(command));
  }
  if (commands.empty()) return Status(ErrorKind::kUsage, "no lines on standard input");
  return commands;
}

bool can_have_password(const PaymentCommand& command) {
  return command.command == CommandNumber::kRegisterParty ||
         (command.command == CommandNumber::kSetCredential && command.kind == static_cast<std::uint8_t>(CredentialChange::kPassword));
}

/// Whose password stands on standard input: of the one command that can have one and does not say where it is.
Result<CommandInJson*> owner_of_line(std::vector<CommandInJson>& commands) {
  CommandInJson* owner = nullptr;
  for (CommandInJson& each : commands) {
    if (!can_have_password(each.command.command) || !each.password_variable.empty()) continue;
    if (owner != nullptr) return Status(ErrorKind::kUsage, "--password-stdin: more than one command could have this password; give the others 'password_env'");
    owner = &each;
  }
  if (owner == nullptr) return Status(ErrorKind::kUsage, "--password-stdin: there is no register_party, and no set_credential of kind password, without 'password_env'");
  return owner;
}

/// Hashes the password that belongs to a command.
Status set_password(PaymentCommand& command, std::string_view password, PasswordUse use) {
  use.party = command.id;
  if (command.key != 0) use.key = command.key;
  const auto hash = hash_password(password, use);
  if (!hash) return hash.error();
  if (command.command == CommandNumber::kSetCredential) {
    set_record(command, *hash);
    return {};
  }
  Party party = party_in(command);
  std::copy(std::begin(hash->salt), std::end(hash->salt), party.salt);
  std::copy(std::begin(hash->scrypt), std::end(hash->scrypt), party.scrypt);
  party.log2_n = hash->log2_n;
  party.r = hash->r;
  party.p = hash->p;
  set_party(command, party);
  return {};
}

/// Of a variable, which is overwritten.
Status set_password(CommandInJson& read, const PasswordUse& use) {
  const PasswordVariable password(read.password_variable);
  if (password.text().empty()) return {ErrorKind::kUsage, fmt::format("field 'password_env': the environment has no {}", read.password_variable)};
  return set_password(read.command.command, password.text(), use);
}

Result<PaymentsReply> send(Client& client, const Options& options, std::vector<CommandInJson> read, const PasswordLine* line) {
  const auto group = options.group.empty() ? Result<u128>(0) : parse_id("--group", options.group);
  if (!group) return group.error();
  const PasswordUse use{.store_id = client.store_id(), .principal = options.principal, .key = *group};
  if (line != nullptr) {
    const auto owner = owner_of_line(read);
    if (!owner) return owner.error();
    if (Status status = set_password((*owner)->command.command, line->text(), use); !status) return status;
  }
  std::vector<CommandWithParts> commands;
  for (CommandInJson& each : read) {
    if (!each.password_variable.empty()) {
      if (Status status = set_password(each, use); !status) return status;
    }
    commands.push_back(std::move(each.command));
  }
  if (options.stop_on_first) return client.send_payment_list(commands);
  return options.group.empty() ? client.send_payments(commands) : client.send_payment_group(*group, commands);
}

Status run(const Options& options) {
  std::unique_ptr<PasswordLine> password;
  if (options.password_stdin) {
    auto line = PasswordLine::read();  // before anybody else reads from there
    if (!line) return line.error();
    password = std::move(*line);
  }
  auto commands = read_commands();
  if (!commands) return commands.error();
  const auto client = connect_client(options.connect, options.principal);
  if (!client) return client.error();
  const auto reply = send(**client, options, std::move(*commands), password.get());
  if (!reply) return reply.error();
  std::size_t refused = 0;
  for (const PaymentAnswer& answer : reply->answers) {
    if (!answer.is_done()) ++refused;
    fmt::print("{}\n", to_json(answer).dump());
  }
  if (refused == 0) return {};
  return {ErrorKind::kRefused, fmt::format("{} of {} were refused", refused, reply->answers.size())};
}

constexpr const char* kExamples =
    R"(  echo '{"command": "pay", "key": 1, "id": 1000, "amount": 250, "ledger": 978, "merchant": 20, "payer": 21, "payer_account": 31,
    "owner_account": 30, "reference": "basket 7", "flags": ["automatic"]}' | tr -d '\n' | florin pay --connect 127.0.0.1:3000
  echo '{"command": "refund", "key": 2, "id": 1000, "amount": "all"}' | florin pay --connect 127.0.0.1:3000
  florin pay --group 77 --connect 127.0.0.1:3000 < checkout.jsonl         all of these lines or none, under one key
  echo '{"command": "register_party", "key": 3, "id": 21, "name": "ada", "password_env": "ADA"}' | ADA=... florin pay ...     only its hash is sent
  { cat secret; echo '{"command": "set_credential", "key": 4, "id": 21, "kind": "password"}'; } | florin pay --password-stdin --connect 127.0.0.1:3000
  florin pay --stop-on-first --connect 127.0.0.1:3000 < steps.jsonl       after the first refusal the rest is skipped

A line is a command: its name, its key, and the fields that docs/payments.md gives it. The same line again, with the same key, answers
what it answered first, and changes nothing. Prints one line of JSON a command; "next" says what to do: ok, same (send again with the same
key), new (with a new key, when the reason is gone), final. Exit code 10 if one was refused.
)";

}  // namespace

void add_pay(CommandLine& line) {
  auto options = std::make_shared<Options>();
  CLI::App& app = line.add("pay", "Send payment commands from lines of JSON on standard input", kExamples, [options] { return run(*options); });
  add_number(app, "--principal", options->principal, "Who acts, and whose keys these are");
  CLI::Option* group = app.add_option("--group", options->group, "All of them or none, under this key")->type_name("KEY");
  app.add_flag("--stop-on-first", options->stop_on_first, "Skip what comes after a refusal")->excludes(group);
  app.add_flag("--password-stdin", options->password_stdin, "The first line of standard input is the password of the one command that sets one");
  app.add_option("--connect", options->connect, "Server")->type_name("HOST:PORT")->required();
}

}  // namespace florin::tools
