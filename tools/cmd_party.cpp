#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include "command_line.hpp"
#include "json_payments.hpp"
#include "json_records.hpp"
#include "output.hpp"
#include "password.hpp"
#include "remote.hpp"

/// florin party: a party with its accounts and public keys, by id or by name; or whether a password is its own.
namespace florin::tools {
namespace {

struct Options {
  std::string connect;
  std::string id;
  std::string name;
  std::string password_variable;
  bool password_stdin = false;
  bool is_json = false;
};

Result<Party> find(Client& client, const Options& options) {
  Result<RowsReply<Party>> found = RowsReply<Party>{};
  if (options.name.empty()) {
    const auto id = parse_id("id", options.id);
    if (!id) return id.error();
    found = client.lookup_parties(std::span<const u128>(&*id, 1));
  } else {
    found = client.find_party(options.name);
  }
  if (!found) return found.error();
  if (found->rows.empty()) return Status(ErrorKind::kNotFound, "no such party");
  return found->rows.front();
}

/// Its accounts are those that carry its id, as the ledger has them.
Result<std::vector<Account>> accounts_of(Client& client, u128 party) {
  std::vector<Account> all;
  const QueryFilter filter{.user_data_128 = party, .limit = kQueryRowsMax};
  const Status status = for_each_page(filter, [&](const QueryFilter& page) { return client.query_accounts(page); }, [&](const std::vector<Account>& rows) {
    all.insert(all.end(), rows.begin(), rows.end());
    return true;
  });
  if (!status) return status;
  return all;
}

Result<std::vector<Credential>> keys_of(Client& client, u128 party) {
  std::vector<Credential> all;
  const CredentialFilter filter{.party = party, .limit = kCredentialsMax};
  const Status status = for_each_page(filter, [&](const CredentialFilter& page) { return client.get_credentials(page); }, [&](const std::vector<Credential>& rows) {
    all.insert(all.end(), rows.begin(), rows.end());
    return true;
  });
  if (!status) return status;
  return all;
}

Status print_text(const Party& party, const std::vector<Account>& accounts, const std::vector<Credential>& keys) {
  if (Status status = print_fields(to_json(party)); !status) return status;
  if (!accounts.empty()) {
    fmt::print("\n{:>40}  {:>10}  {:>6}  {:>20}  {:>20}\n", "account", "ledger", "code", "debits_posted", "credits_posted");
  }
  for (const Account& account : accounts) {
    fmt::print("{:>40}  {:>10}  {:>6}  {:>20}  {:>20}\n", to_decimal(account.id), account.ledger, account.code, to_decimal(account.debits_posted),
               to_decimal(account.credits_posted));
  }
  if (!keys.empty()) fmt::print("\n{:>20}  {:>9}  {:<7}  {}\n", "key", "algorithm", "status", "sha256");
  for (const Credential& key : keys) {
    const auto json = to_json(key);
    fmt::print("{:>20}  {:>9}  {:<7}  {}\n", key.key_id, key.algorithm, json["status"].get<std::string>(), json["sha256"].get<std::string>());
  }
  return {};
}

Status print_json(const Party& party, const std::vector<Account>& accounts, const std::vector<Credential>& keys) {
  auto account_list = nlohmann::ordered_json::array();
  for (const Account& account : accounts) account_list.push_back(to_json(account));
  auto key_list = nlohmann::ordered_json::array();
  for (const Credential& key : keys) key_list.push_back(to_json(key));
  return write_json("-", {{"party", to_json(party)}, {"accounts", std::move(account_list)}, {"keys", std::move(key_list)}});
}

Status show(Client& client, const Party& party, const Options& options) {
  const auto accounts = accounts_of(client, party.id);
  if (!accounts) return accounts.error();
  const auto keys = keys_of(client, party.id);
  if (!keys) return keys.error();
  return options.is_json ? print_json(party, *accounts, *keys) : print_text(party, *accounts, *keys);
}

/// The hash is worked out here and compared there: neither the password nor the hash that is kept goes over the wire.
Status verify(Client& client, const Party& party, std::string_view password, const Options& options) {
  const auto hash = hash_password_again(password, party);
  if (!hash) return hash.error();
  PasswordProof proof{.party = party.id};
  std::copy(std::begin(hash->scrypt), std::end(hash->scrypt), proof.scrypt);
  const auto verdict = client.verify_credential(proof);
  if (!verdict) return verdict.error();
  if (verdict->rows.empty()) return {ErrorKind::kNotFound, "no such party"};
  const PasswordVerdict& said = verdict->rows.front();
  if (options.is_json) {
    if (Status status = write_json("-", {{"right", said.is_right == 1}, {"status", status_name(said.status)}}); !status) return status;
  } else if (said.is_right == 1) {
    fmt::print("the password is right; the party is {}\n", status_name(said.status));
  }
  return said.is_right == 1 ? Status() : Status(ErrorKind::kRefused, "the password is not right");
}

Status run(const Options& options) {
  if (options.id.empty() == options.name.empty()) return {ErrorKind::kUsage, "give one of: an id, --name"};
  std::unique_ptr<PasswordLine> line;
  if (options.password_stdin) {
    auto read = PasswordLine::read();
    if (!read) return read.error();
    line = std::move(*read);
  }
  const auto client = connect_client(options.connect);
  if (!client) return client.error();
  const auto party = find(**client, options);
  if (!party) return party.error();
  if (line != nullptr) return verify(**client, *party, line->text(), options);
  if (options.password_variable.empty()) return show(**client, *party, options);
  const PasswordVariable password(options.password_variable);
  if (password.text().empty()) return {ErrorKind::kUsage, fmt::format("--password-env: the environment has no {}", options.password_variable)};
  return verify(**client, *party, password.text(), options);
}

constexpr const char* kExamples =
    R"(  florin party 21 --connect 127.0.0.1:3000
  florin party --name "corner shop" --json --connect 127.0.0.1:3000
  florin party --name ada --password-stdin --connect 127.0.0.1:3000 < secret        is this her password?
  ADA=... florin party --name ada --password-env ADA --connect 127.0.0.1:3000

Prints a party, its accounts and its public keys, the newest key first. With a password it says whether that is the party's, and exits with 10 if it is
not; the password and its hash stay where they are. Exit code 6 if there is no such party.
)";

}  // namespace

void add_party(CommandLine& line) {
  auto options = std::make_shared<Options>();
  CLI::App& app = line.add("party", "Print a party, its accounts and keys; check a password", kExamples, [options] { return run(*options); });
  app.add_option("id", options->id, "Decimal, or hexadecimal after 0x")->type_name("ID");
  app.add_option("--name", options->name, "Its unique name")->type_name("NAME");
  CLI::Option* stdin_option = app.add_flag("--password-stdin", options->password_stdin, "Is the first line of standard input its password?");
  app.add_option("--password-env", options->password_variable, "Is this variable of the environment its password?")->type_name("NAME")->excludes(stdin_option);
  app.add_flag("--json", options->is_json, "JSON instead of text");
  app.add_option("--connect", options->connect, "Server")->type_name("HOST:PORT")->required();
}

}  // namespace florin::tools
