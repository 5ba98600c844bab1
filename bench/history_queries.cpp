#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "florin/client.hpp"

/// @file
/// Latency of queries over a long history, asked one at a time through the client. Prints JSON: of each kind p50, p99 and the rows of a
/// page. Of a store that `florin bench` has filled: the busy account is its first one.
///
///     history_queries HOST:PORT ROUNDS [KIND]     of one kind only, to look at it more closely

namespace florin::bench {
namespace {

struct Sample {
  double ms = 0;
  std::size_t rows = 0;
};

class Asking {
 public:
  Asking(unsigned rounds, std::string only) : rounds_(rounds), only_(std::move(only)) {}

  /// Asks `rounds` times; `ask(round)` returns how many rows came, or an error.
  void measure(const char* name, const std::function<Result<std::size_t>(unsigned)>& ask) {
    if (!only_.empty() && only_ != name) return;
    std::vector<Sample> samples;
    for (unsigned round = 0; round < rounds_; ++round) {
      const auto begin = std::chrono::steady_clock::now();
      const auto rows = ask(round);
      const double ms = std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin).count();
      if (!rows) {
        std::fprintf(stderr, "%s: %s\n", name, rows.error().message().c_str());
        std::exit(1);
      }
      samples.push_back({ms, *rows});
    }
    const Sample first = samples.front();
    std::ranges::sort(samples, {}, &Sample::ms);
    const auto at = [&](double share) { return samples[static_cast<std::size_t>(share * static_cast<double>(samples.size() - 1))].ms; };
    std::size_t rows = 0;
    for (const Sample& sample : samples) rows += sample.rows;
    json_[name] = {{"first_ms", first.ms}, {"p50_ms", at(0.5)}, {"p99_ms", at(0.99)}, {"rows", rows / samples.size()}};
  }
  void print() const { std::printf("%s\n", json_.dump(1).c_str()); }

 private:
  unsigned rounds_;
  std::string only_;  // the one kind to ask for; empty: all
  nlohmann::ordered_json json_;
};

template <typename Page>
Result<std::size_t> rows_of(const Result<Page>& page) {
  if (!page) return page.error();
  return page->rows.size();
}

/// Transfers that lie evenly over the whole past: ids, times and user data to ask for.
std::vector<Transfer> spread(Client& client, unsigned wanted) {
  QueryFilter edge;
  edge.limit = 1;
  const auto oldest = client.query_transfers(edge);
  edge.flags = QueryFilterFlags::kReversed;
  const auto newest = client.query_transfers(edge);
  if (!oldest || !newest || oldest->rows.empty() || newest->rows.empty()) return {};
  const std::uint64_t begin = oldest->rows[0].timestamp;
  const std::uint64_t span = newest->rows[0].timestamp - begin;
  std::vector<Transfer> found;
  for (unsigned i = 0; i < wanted; ++i) {
    QueryFilter filter;
    filter.limit = 1;
    filter.timestamp_min = begin + span / wanted * i;
    const auto page = client.query_transfers(filter);
    if (page && !page->rows.empty()) found.push_back(page->rows[0]);
  }
  return found;
}

/// Rows of all pages.
template <typename Filter, typename Ask>
Result<std::size_t> count_all(const Filter& filter, Ask&& ask) {
  std::size_t rows = 0;
  const Status status = for_each_page(filter, ask, [&](const auto& some) {
    rows += some.size();
    return true;
  });
  return status ? Result<std::size_t>(rows) : Result<std::size_t>(status);
}

/// Values that one transfer has, or none.
void measure_user_data(Asking& asking, Client& client, std::vector<Transfer> old, u128 busy) {
  for (Transfer& transfer : old) {
    if (transfer.user_data_64 == 0) transfer = old.back();
  }
  const auto transfers = [&](const QueryFilter& filter) {
    return count_all(filter, [&](const QueryFilter& page) { return client.query_transfers(page); });
  };
  asking.measure("rare_user_data", [&](unsigned i) { return transfers({.user_data_64 = old[i].user_data_64, .limit = 10}); });
  asking.measure("rare_user_data_128", [&](unsigned i) { return transfers({.user_data_128 = old[i].user_data_128, .limit = 10}); });
  asking.measure("three_user_data", [&](unsigned i) {
    return transfers({.user_data_128 = old[i].user_data_128, .user_data_64 = old[i].user_data_64, .user_data_32 = old[i].user_data_32, .limit = 10});
  });
  asking.measure("absent_user_data", [&](unsigned i) { return transfers({.user_data_64 = old[i].user_data_64 ^ 0x5A5A5A5A, .limit = 10}); });
  asking.measure("account_user_data", [&](unsigned i) {
    AccountFilter filter;
    filter.account_id = busy;
    filter.user_data_64 = old[i].user_data_64;
    filter.limit = 10;
    filter.flags = AccountFilterFlags::kDebits | AccountFilterFlags::kCredits;
    return count_all(filter, [&](const AccountFilter& page) { return client.get_account_transfers(page); });
  });
}

int run(const std::string& address, unsigned rounds, const std::string& only) {
  auto connected = Client::connect({.address = address});
  if (!connected) {
    std::fprintf(stderr, "%s\n", connected.error().message().c_str());
    return 1;
  }
  Client& client = **connected;
  const std::vector<Transfer> old = spread(client, rounds);
  if (old.empty()) {
    std::fprintf(stderr, "there are no transfers\n");
    return 1;
  }
  QueryFilter first;
  first.limit = 1;
  const auto accounts = client.query_accounts(first);
  if (!accounts || accounts->rows.empty()) return 1;
  const u128 busy = accounts->rows[0].id;

  Asking asking(static_cast<unsigned>(old.size()), only);
  const auto page_of = [&](u128 account, std::uint64_t from) {
    AccountFilter filter;
    filter.account_id = account;
    filter.timestamp_min = from;
    filter.limit = kQueryRowsMax;
    filter.flags = AccountFilterFlags::kDebits | AccountFilterFlags::kCredits;
    return filter;
  };
  asking.measure("account_transfers", [&](unsigned i) { return rows_of(client.get_account_transfers(page_of(busy, old[i].timestamp))); });
  asking.measure("account_transfers_again", [&](unsigned i) { return rows_of(client.get_account_transfers(page_of(busy, old[i].timestamp))); });
  asking.measure("account_balances", [&](unsigned i) { return rows_of(client.get_account_balances(page_of(busy, old[i].timestamp))); });
  asking.measure("balance_at", [&](unsigned i) { return rows_of(client.get_accounts_at(old[i].timestamp, std::span(&old[i].debit_account_id, 1))); });
  asking.measure("busy_balance_at", [&](unsigned i) { return rows_of(client.get_accounts_at(old[i].timestamp, std::span(&busy, 1))); });
  asking.measure("lookup_transfer", [&](unsigned i) { return rows_of(client.lookup_transfers(std::span(&old[i].id, 1))); });
  asking.measure("change_events", [&](unsigned i) {
    ChangeEventsFilter filter;
    filter.timestamp_min = old[i].timestamp;
    filter.limit = kChangeEventsMax;
    return rows_of(client.get_change_events(filter));
  });
  // The first transfer came with the accounts, and has none.
  if (old.back().user_data_64 != 0) measure_user_data(asking, client, old, busy);
  asking.print();
  return 0;
}

}  // namespace
}  // namespace florin::bench

int main(int count, char** arguments) {
  if (count != 3 && count != 4) {
    std::fprintf(stderr, "usage: history_queries HOST:PORT ROUNDS [KIND]\n");
    return 2;
  }
  return florin::bench::run(arguments[1], static_cast<unsigned>(std::strtoul(arguments[2], nullptr, 10)), count == 4 ? arguments[3] : "");
}
