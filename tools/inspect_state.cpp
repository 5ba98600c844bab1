#include "inspect_state.hpp"

#include <fmt/format.h>

#include <cstring>

#include "json_records.hpp"
#include "listing_notes.hpp"
#include "offline.hpp"
#include "output.hpp"
#include "pages.hpp"
#include "remote.hpp"

namespace florin::tools {
namespace {

template <typename Record>
std::vector<Record> records_of(const std::vector<std::byte>& body) {
  std::vector<Record> records(body.size() / sizeof(Record));
  if (!records.empty()) std::memcpy(records.data(), body.data(), records.size() * sizeof(Record));
  return records;
}

template <typename Record>
Result<Listing> append_history(const Ask& ask, Operation operation, const AccountFilter& filter, nlohmann::ordered_json& list) {
  list = nlohmann::ordered_json::array();
  return read_rows<Record>(ask, operation, filter, filter.limit, [&](const Record& record) { list.push_back(to_json(record)); });
}

Status inspect(const Ask& ask, ObjectKind kind, u128 id, std::uint32_t limit) {
  const bool is_account = kind == ObjectKind::kAccount;
  const auto answer = ask(is_account ? Operation::kLookupAccounts : Operation::kLookupTransfers, std::as_bytes(std::span(&id, 1)));
  if (!answer) return answer.error();
  if (answer->body.empty()) {
    return {ErrorKind::kNotFound, fmt::format("{} {} does not exist", is_account ? "account" : "transfer", to_decimal(id))};
  }
  if (!is_account) return write_json("-", to_json(records_of<Transfer>(answer->body).front()));
  auto json = to_json(records_of<Account>(answer->body).front());
  AccountFilter filter;
  filter.account_id = id;
  filter.limit = limit;
  filter.flags = AccountFilterFlags::kDebits | AccountFilterFlags::kCredits | AccountFilterFlags::kReversed;
  if (limit != 0) {
    const auto transfers = append_history<Transfer>(ask, Operation::kGetAccountTransfers, filter, json["newest_transfers"]);
    if (!transfers) return transfers.error();
    const auto balances = append_history<AccountBalance>(ask, Operation::kGetAccountBalances, filter, json["newest_balances"]);
    if (!balances) return balances.error();
    Listing listing = *transfers;
    add_up(listing, *balances);
    note_listing(listing);
  }
  return write_json("-", json);
}

}  // namespace

Status inspect_live(const Address& address, ObjectKind kind, u128 id, std::uint32_t limit) {
  return inspect(ask_remote(address), kind, id, limit);
}

Status inspect_offline(const std::string& data, ObjectKind kind, u128 id, std::uint32_t limit) {
  const auto store = OfflineStore::open(data);
  if (!store) return store.error();
  OfflineOptions options;
  options.use_snapshots = true;
  const auto rebuilt = store.value().rebuild(options);
  if (!rebuilt) return rebuilt.error();
  const pipeline::Recovered& recovered = rebuilt.value().recovered;
  core::StateMachine& machine = *recovered.state_machine;
  const auto ask = [&machine](Operation operation, std::span<const std::byte> body) -> Result<Answer> {
    auto read = read_state(machine, operation, body);
    if (!read) return read.error();
    return Answer{.sequence = machine.sequence(), .body = std::move(*read)};
  };
  return inspect(ask, kind, id, limit);
}

}  // namespace florin::tools
