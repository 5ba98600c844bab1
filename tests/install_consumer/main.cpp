#include <florin/account.hpp>
#include <florin/batch.hpp>
#include <florin/client.hpp>
#include <florin/frame.hpp>
#include <florin/journal.hpp>
#include <florin/query.hpp>
#include <florin/snapshot.hpp>
#include <florin/status.hpp>
#include <florin/status_codes.hpp>
#include <florin/transfer.hpp>
#include <florin/uint128.hpp>

#include <cstdio>
#include <string>
#include <vector>

namespace {

int fail(const std::string& what) {
  std::fprintf(stderr, "consumer: %s\n", what.c_str());
  return 1;
}

florin::Account account(std::uint64_t id) {
  florin::Account account;
  account.id = id;
  account.ledger = 1;
  account.code = 1;
  return account;
}

int move_money(florin::Client& client) {
  const std::vector<florin::Account> accounts = {account(1), account(2)};
  const auto created = client.create_accounts(accounts);
  if (!created) return fail(created.error().message());
  for (const florin::CreateResult& result : created->results) {
    if (result.status != florin::kCreated) return fail("account not created: " + std::to_string(result.status));
  }
  florin::Transfer transfer;
  transfer.id = 3;
  transfer.debit_account_id = 1;
  transfer.credit_account_id = 2;
  transfer.amount = 100;
  transfer.ledger = 1;
  transfer.code = 1;
  const auto moved = client.create_transfer(transfer);
  if (!moved) return fail(moved.error().message());
  if (moved->status != florin::kCreated) return fail("transfer not created: " + std::to_string(moved->status));
  const auto again = client.create_transfer(transfer);
  if (!again || again->status != static_cast<std::uint32_t>(florin::CreateTransferStatus::kExists) ||
      again->timestamp != moved->timestamp) {
    return fail("a transfer sent twice must answer `exists` with the first one's time");
  }
  const std::vector<florin::u128> ids = {2};
  const auto found = client.lookup_accounts(ids);
  if (!found) return fail(found.error().message());
  if (found->rows.size() != 1 || found->rows[0].credits_posted != 100) return fail("the money did not arrive");
  std::puts("moved 100");
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  florin::ClientOptions options;
  if (argc < 2) {
    options.address = "127.0.0.1:1";
    options.connect_timeout_ms = 200;
    const auto client = florin::Client::connect(options);
    if (client || client.error().kind() != florin::ErrorKind::kUnavailable) return fail("nobody listens there");
    std::puts(client.error().message().c_str());
    return 0;
  }
  options.address = argv[1];
  options.principal = 1;
  const auto client = florin::Client::connect(options);
  if (!client) return fail(client.error().message());
  return move_money(*client.value());
}
