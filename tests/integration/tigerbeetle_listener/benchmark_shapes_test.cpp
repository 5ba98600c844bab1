#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <map>
#include <numeric>
#include <vector>

#include "florin/account.hpp"
#include "florin/status_codes.hpp"
#include "florin/transfer.hpp"
#include "integration/tigerbeetle_listener/wire_client.hpp"
#include "support/random.hpp"

/// @file
/// What the peer's own `benchmark` program sends, with any of its options, and what it checks: clients with one request in flight each and one
/// batch a request; accounts, transfers, queries of accounts with a limit above what a reply holds; and then, as by `--validate`, every account and
/// every transfer is looked up and compared.

namespace florin::test {
namespace {

using tigerbeetle::OperationCode;

constexpr std::uint32_t kEventsPerRequest = 8'189;
constexpr std::uint32_t kQueryLimit = 8'190;  // its batches' size, trailer forgotten

enum class IdOrder { kSequential, kReversed, kRandom };
enum class Accounts { kUniform, kHot };

struct Options {
  const char* name = "";
  std::size_t clients = 1;
  std::uint32_t accounts = 1'000;
  std::uint32_t transfers = 20'000;
  std::uint32_t account_batch = kEventsPerRequest;
  std::uint32_t transfer_batch = kEventsPerRequest;
  IdOrder id_order = IdOrder::kSequential;
  Accounts distribution = Accounts::kUniform;
  bool history = false;
  bool imported = false;
  bool pending = false;
  std::uint32_t queries = 20;
};
void PrintTo(const Options& options, std::ostream* out) { *out << options.name; }

class Benchmark {
 public:
  Benchmark(const Options& options, std::uint16_t port) : options_(options) {
    for (std::size_t i = 0; i < options.clients; ++i) clients_.emplace_back(port, 1'000 + i);
  }

  void run() {
    for (WireClient& client : clients_) ASSERT_TRUE(client.enrol());
    make_accounts();
    make_transfers();
    ASSERT_NO_FATAL_FAILURE(create(OperationCode::kCreateAccounts, accounts_, options_.account_batch));
    ASSERT_NO_FATAL_FAILURE(create(OperationCode::kCreateTransfers, transfers_, options_.transfer_batch));
    ASSERT_NO_FATAL_FAILURE(query_accounts());
    ASSERT_NO_FATAL_FAILURE(validate(OperationCode::kLookupTransfers, transfers_));
    add_up();
    ASSERT_NO_FATAL_FAILURE(validate(OperationCode::kLookupAccounts, accounts_));
  }

 private:
  u128 id_of(std::uint32_t index, std::uint32_t count) const {
    switch (options_.id_order) {
      case IdOrder::kSequential: return index + 1;
      case IdOrder::kReversed: return count - index;
      case IdOrder::kRandom: break;
    }
    Random random(index);
    return random.next_u128();
  }

  void make_accounts() {
    for (std::uint32_t i = 0; i < options_.accounts; ++i) {
      Account account{.id = id_of(i, options_.accounts), .user_data_128 = random_.next_u128(), .user_data_64 = random_.next(), .ledger = 2, .code = 1};
      account.user_data_32 = static_cast<std::uint32_t>(random_.next());
      if (options_.history) account.flags |= AccountFlags::kHistory;
      if (options_.imported) {
        account.flags |= AccountFlags::kImported;
        account.timestamp = 1 + i;
      }
      accounts_.push_back(account);
    }
  }

  const Account& some_account() {
    const bool is_hot = options_.distribution == Accounts::kHot && random_.chance(80);
    return accounts_[random_.below(is_hot ? 4 : accounts_.size())];
  }

  void make_transfers() {
    for (std::uint32_t i = 0; i < options_.transfers; ++i) {
      const Account* debit = &some_account();
      const Account* credit = &some_account();
      while (credit == debit) credit = &some_account();
      Transfer transfer{.id = id_of(i, options_.transfers), .debit_account_id = debit->id, .credit_account_id = credit->id};
      transfer.amount = 1 + random_.below(10'000);
      transfer.user_data_128 = random_.next_u128();
      transfer.user_data_64 = random_.next();
      transfer.user_data_32 = static_cast<std::uint32_t>(random_.next());
      transfer.ledger = 2;
      transfer.code = static_cast<std::uint16_t>(1 + random_.below(65'535));
      if (options_.pending) transfer.flags |= TransferFlags::kPending;
      if (options_.imported) {
        transfer.flags |= TransferFlags::kImported;
        transfer.timestamp = options_.accounts + 1 + i;
      }
      transfers_.push_back(transfer);
    }
  }

  /// One request in flight for each client; replies are taken in the order in which they were asked for. Imported events must come in order.
  template <typename Element>
  void send_all(OperationCode operation, const std::vector<Element>& elements, std::uint32_t batch,
                const std::function<void(std::size_t first, std::size_t count, const WireClient::Message&)>& take) {
    std::size_t sent = 0;
    const std::size_t clients = options_.imported ? 1 : clients_.size();
    while (sent < elements.size()) {
      std::vector<std::pair<std::size_t, std::size_t>> in_flight;
      for (std::size_t i = 0; i < clients && sent < elements.size(); ++i) {
        const std::size_t count = std::min<std::size_t>(batch, elements.size() - sent);
        clients_[i].send(operation, one_batch(std::span(elements).subspan(sent, count)));
        in_flight.emplace_back(sent, count);
        sent += count;
      }
      for (std::size_t i = 0; i < in_flight.size(); ++i) {
        const auto reply = clients_[i].receive();
        ASSERT_TRUE(reply && reply->is_reply());
        ASSERT_NO_FATAL_FAILURE(take(in_flight[i].first, in_flight[i].second, *reply));
      }
    }
  }

  template <typename Event>
  void create(OperationCode operation, std::vector<Event>& events, std::uint32_t batch) {
    send_all(operation, events, batch, [&](std::size_t first, std::size_t count, const WireClient::Message& reply) {
      const auto results = elements_of_batch<CreateResult>(reply.body);
      ASSERT_EQ(results.size(), count);
      for (std::size_t i = 0; i < count; ++i) {
        ASSERT_EQ(results[i].status, kCreated) << first + i;
        ASSERT_GT(results[i].timestamp, 0U);
        ASSERT_TRUE(!options_.imported || results[i].timestamp == events[first + i].timestamp);
        events[first + i].timestamp = results[i].timestamp;
      }
    });
  }

  void query_accounts() {
    std::map<u128, std::vector<const Transfer*>> of_account;
    for (const Transfer& transfer : transfers_) {
      of_account[transfer.debit_account_id].push_back(&transfer);
      of_account[transfer.credit_account_id].push_back(&transfer);
    }
    std::vector<AccountFilter> filters;
    for (std::uint32_t i = 0; i < options_.queries; ++i) {
      filters.push_back({.account_id = i == 0 ? accounts_[0].id : some_account().id,
                         .limit = kQueryLimit,
                         .flags = AccountFilterFlags::kDebits | AccountFilterFlags::kCredits});
    }
    send_all(OperationCode::kGetAccountTransfers, filters, 1, [&](std::size_t first, std::size_t, const WireClient::Message& reply) {
      auto& expected = of_account[filters[first].account_id];
      std::ranges::sort(expected, {}, [](const Transfer* transfer) { return transfer->timestamp; });
      const auto rows = elements_of_batch<Transfer>(reply.body);
      ASSERT_EQ(rows.size(), std::min<std::size_t>(expected.size(), kEventsPerRequest));
      for (std::size_t i = 0; i < rows.size(); ++i) ASSERT_EQ(rows[i], *expected[i]);
    });
  }

  void add_up() {
    std::map<u128, Account*> by_id;
    for (Account& account : accounts_) by_id[account.id] = &account;
    for (const Transfer& transfer : transfers_) {
      Account& debit = *by_id[transfer.debit_account_id];
      Account& credit = *by_id[transfer.credit_account_id];
      (options_.pending ? debit.debits_pending : debit.debits_posted) += transfer.amount;
      (options_.pending ? credit.credits_pending : credit.credits_posted) += transfer.amount;
    }
  }

  template <typename Record>
  void validate(OperationCode operation, const std::vector<Record>& records) {
    std::vector<u128> ids;
    for (const Record& record : records) ids.push_back(record.id);
    send_all(operation, ids, kEventsPerRequest, [&](std::size_t first, std::size_t count, const WireClient::Message& reply) {
      const auto found = elements_of_batch<Record>(reply.body);
      ASSERT_EQ(found.size(), count);
      for (std::size_t i = 0; i < count; ++i) ASSERT_EQ(found[i], records[first + i]) << first + i;
    });
  }

  const Options& options_;
  Random random_{42};
  std::deque<WireClient> clients_;
  std::vector<Account> accounts_;
  std::vector<Transfer> transfers_;
};

class BenchmarkShapes : public testing::TestWithParam<Options> {};

TEST_P(BenchmarkShapes, CompleteAndValidate) {
  const TempFolder folder;
  TigerBeetleServer server(folder, {"--generation", "8000", "--memory-budget", "128MiB"});
  Benchmark(GetParam(), server.port()).run();
  EXPECT_EQ(server.stop().code, 0);
}

constexpr Options kShapes[] = {
    {.name = "Defaults"},
    {.name = "ManyClients", .clients = 64, .transfers = 60'000, .transfer_batch = 500},
    {.name = "SmallBatches", .clients = 10, .accounts = 300, .transfers = 3'000, .account_batch = 1, .transfer_batch = 1},
    {.name = "TwoHotAccounts", .clients = 2, .transfers = 40'000, .distribution = Accounts::kHot},
    {.name = "RandomIds", .clients = 4, .transfers = 30'000, .id_order = IdOrder::kRandom},
    {.name = "ReversedIds", .clients = 4, .id_order = IdOrder::kReversed},
    {.name = "History", .clients = 2, .history = true},
    {.name = "Pending", .clients = 2, .pending = true},
    {.name = "Imported", .clients = 2, .imported = true},
};
INSTANTIATE_TEST_SUITE_P(With, BenchmarkShapes, testing::ValuesIn(kShapes), [](const auto& each) { return std::string(each.param.name); });

}  // namespace
}  // namespace florin::test
