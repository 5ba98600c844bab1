#include <gtest/gtest.h>

#include <cstring>

#include "integration/client/scripted_server.hpp"

namespace florin::client::test {
namespace {

using Reply = ScriptedServer::Reply;

std::unique_ptr<Client> connect(const ClientOptions& options) {
  auto client = Client::connect(options);
  EXPECT_TRUE(client.has_value()) << (client ? "" : client.error().message());
  return client ? std::move(client).value() : nullptr;
}

TEST(ClientConnect, BadAddressIsUsage) {
  for (const char* address : {"", "nowhere", "host:", ":1", "host:port", "127.0.0.1:12x"}) {
    const auto client = Client::connect({.address = address});
    ASSERT_FALSE(client) << address;
    EXPECT_EQ(client.error().kind(), ErrorKind::kUsage) << address;
  }
}

TEST(ClientConnect, NobodyListeningIsUnavailable) {
  std::string address;
  { address = ScriptedServer().address(); }
  const auto client = Client::connect({.address = address, .connect_timeout_ms = 100});
  ASSERT_FALSE(client);
  EXPECT_EQ(client.error().kind(), ErrorKind::kUnavailable);
  EXPECT_NE(client.error().message().find("refused"), std::string::npos) << client.error().message();
}

TEST(ClientConnect, DeclinedHelloIsRefusedWithTheReason) {
  ScriptedServer server;
  server.hello_code = ReplyCode::kPrincipalNotTrusted;
  const auto client = Client::connect(server.options());
  ASSERT_FALSE(client);
  EXPECT_EQ(client.error().kind(), ErrorKind::kRefused);
  EXPECT_NE(client.error().message().find("principal_not_trusted"), std::string::npos);
}

TEST(ClientConnect, ServerThatAnswersNoHelloIsUnavailable) {
  ScriptedServer server;
  server.handle(Operation::kHello, [](auto&, auto) { return std::nullopt; });
  ClientOptions options = server.options();
  options.connect_timeout_ms = 100;
  const auto client = Client::connect(options);
  ASSERT_FALSE(client);
  EXPECT_EQ(client.error().kind(), ErrorKind::kUnavailable);
}

TEST(ClientConnect, HelloNamesPrincipalAndClient) {
  ScriptedServer server;
  ClientOptions options = server.options();
  options.principal = make_u128(3, 4);
  options.client = make_u128(5, 6);
  const auto client = connect(options);
  ASSERT_TRUE(client);
  EXPECT_EQ(low64(client->store_id()), 99U);
  const auto seen = server.seen();
  ASSERT_EQ(seen.size(), 1U);
  Hello hello;
  std::memcpy(&hello, seen[0].body.data(), sizeof hello);
  EXPECT_EQ(hello.principal, make_u128(3, 4));
  EXPECT_EQ(hello.client, make_u128(5, 6));
}

TEST(ClientCalls, CreateGivesOneResultPerEvent) {
  ScriptedServer server;
  const auto client = connect(server.options());
  ASSERT_TRUE(client);
  ASSERT_TRUE(client->create_transfer(transfer(2)));
  const std::vector<Transfer> transfers = {transfer(1), transfer(2), transfer(3)};
  const auto reply = client->create_transfers(transfers);
  ASSERT_TRUE(reply);
  ASSERT_EQ(reply->results.size(), 3U);
  EXPECT_EQ(reply->results[0], (CreateResult{server.timestamp_of(1), kCreated, 0}));
  EXPECT_EQ(reply->results[1].status, static_cast<std::uint32_t>(CreateTransferStatus::kExists));
  EXPECT_EQ(reply->results[1].timestamp, server.timestamp_of(2));
  EXPECT_EQ(reply->results[2], (CreateResult{server.timestamp_of(3), kCreated, 0}));
  EXPECT_TRUE(reply->post_balances.empty());
}

TEST(ClientCalls, BalancesAndReceiptWhenAsked) {
  ScriptedServer server;
  const auto client = connect(server.options());
  ASSERT_TRUE(client);
  const std::vector<Transfer> transfers = {transfer(1), transfer(2)};
  const auto reply = client->create_transfers(transfers, {.post_balances = true, .latency_receipt = true});
  ASSERT_TRUE(reply);
  ASSERT_EQ(reply->post_balances.size(), 2U);
  EXPECT_EQ(low64(reply->post_balances[1].credit_account.credits_posted), 0x0707070707070707U);
  EXPECT_EQ(reply->info.receipt.queue_ns, 0x0303030303030303U);
  const auto single = client->create_transfer(transfer(3), {.latency_receipt = true});
  ASSERT_FALSE(single);
  EXPECT_EQ(single.error().kind(), ErrorKind::kUsage);
}

TEST(ClientCalls, RowsAreDecoded) {
  ScriptedServer server;
  server.handle(Operation::kLookupAccounts, [](auto&, std::span<const std::byte> ids) {
    Reply reply{.count = 2};
    reply.body.resize(2 * kEventBytes);
    for (std::size_t i = 0; i < 2; ++i) std::memcpy(reply.body.data() + i * kEventBytes, ids.data() + i * 16, 16);
    return reply;
  });
  const auto client = connect(server.options());
  ASSERT_TRUE(client);
  const std::vector<u128> ids = {7, 8, 9};
  const auto reply = client->lookup_accounts(ids);
  ASSERT_TRUE(reply);
  ASSERT_EQ(reply->rows.size(), 2U);
  EXPECT_EQ(low64(reply->rows[1].id), 8U);
  const auto none = client->lookup_transfers(ids);
  ASSERT_TRUE(none);
  EXPECT_TRUE(none->rows.empty());
  EXPECT_TRUE(client->get_account_transfers({.account_id = 1}));
  EXPECT_TRUE(client->get_account_balances({.account_id = 1}));
  EXPECT_TRUE(client->query_accounts({.limit = 1}));
  EXPECT_TRUE(client->query_transfers({.limit = 1}));
  EXPECT_TRUE(client->get_change_events({.limit = 1}));
  EXPECT_TRUE(client->get_accounts_at(5, ids));
  EXPECT_TRUE(client->get_moment({.sequence = 5}));
  EXPECT_TRUE(client->get_trial_balance({.ledger = 1}));
}

/// They are received into memory that is used again, while others, of all sizes, are on their way behind them.
TEST(ClientCalls, LargeRepliesKeepTheirRows) {
  ScriptedServer server;
  server.handle(Operation::kQueryTransfers, [](auto&, std::span<const std::byte> body) {
    QueryFilter filter;
    std::memcpy(&filter, body.data(), sizeof filter);
    Reply reply{.count = filter.limit};
    reply.body.resize(reply.count * sizeof(Transfer) + sizeof(PageEnd));
    for (std::uint32_t i = 0; i < filter.limit; ++i) {
      const u128 id = make_u128(filter.timestamp_min, i);
      std::memcpy(reply.body.data() + i * sizeof(Transfer), &id, sizeof id);
    }
    return reply;
  });
  const auto client = connect(server.options());
  ASSERT_TRUE(client);
  const std::vector<std::uint32_t> sizes{0, 1, 511, 512, kQueryRowsMax, 513, kQueryRowsMax, 2, 5'000, 600, 0, 4'000};
  for (std::uint64_t round = 1; round <= 20; ++round) {
    std::vector<std::promise<void>> done(sizes.size());
    for (std::size_t call = 0; call < sizes.size(); ++call) {
      const QueryFilter filter{.timestamp_min = round * 100 + call, .limit = sizes[call]};
      client->query_transfers_async(filter, [&, call, filter](const Result<PageReply<Transfer>>& page) {
        EXPECT_TRUE(page && page->rows.size() == sizes[call]);
        for (std::uint32_t i = 0; page && i < page->rows.size(); ++i) EXPECT_TRUE(page->rows[i].id == make_u128(filter.timestamp_min, i));
        done[call].set_value();
      });
    }
    for (std::promise<void>& one : done) one.get_future().get();
  }
}

TEST(ClientCalls, QueriesArePagedThrough) {
  ScriptedServer server;
  server.handle(Operation::kQueryTransfers, [](auto&, std::span<const std::byte> body) {
    QueryFilter filter;
    std::memcpy(&filter, body.data(), sizeof filter);
    // Two rows, then an empty page that goes on, then one row.
    const std::uint64_t from = filter.timestamp_min;
    Reply reply{.count = from == 0 ? 2U : from == 10 ? 0U : 1U};
    reply.body.resize(reply.count * sizeof(Transfer) + sizeof(PageEnd));
    const PageEnd end{.resume = from == 0 ? 10U : from == 10 ? 20U : 0U};
    std::memcpy(reply.body.data() + reply.count * sizeof(Transfer), &end, sizeof end);
    return reply;
  });
  server.handle(Operation::kGetAccountsAt, [](auto&, std::span<const std::byte> body) {
    Reply reply{.count = 1};
    reply.body.resize(sizeof(Account) + sizeof(PageEnd));
    std::memcpy(reply.body.data(), body.data() + sizeof(AccountsAt), sizeof(u128));
    const PageEnd end{.resume = body.size() > sizeof(AccountsAt) + sizeof(u128) ? 2U : 0U};
    std::memcpy(reply.body.data() + sizeof(Account), &end, sizeof end);
    return reply;
  });
  const auto client = connect(server.options());
  ASSERT_TRUE(client);
  std::vector<std::size_t> pages;
  const Status status = for_each_page(
      QueryFilter{.limit = 2}, [&](const QueryFilter& page) { return client->query_transfers(page); },
      [&](const std::vector<Transfer>& rows) {
        pages.push_back(rows.size());
        return true;
      });
  EXPECT_TRUE(status);
  EXPECT_EQ(pages, (std::vector<std::size_t>{2, 0, 1}));

  const std::vector<u128> ids = {7, 8, 9};
  std::span<const u128> left = ids;
  std::vector<std::uint64_t> found;
  PageEnd end;
  do {
    const auto page = client->get_accounts_at(5, left, {.latency_receipt = false});
    ASSERT_TRUE(page);
    for (const Account& account : page->rows) found.push_back(low64(account.id));
    end = page->end;
  } while (next_page(left, end));
  EXPECT_EQ(found, (std::vector<std::uint64_t>{7, 8, 9}));
  EXPECT_EQ(client->get_accounts_at(5, {}).error().kind(), ErrorKind::kUsage);
}

TEST(ClientCalls, ReplyThatContradictsItselfIsAnError) {
  ScriptedServer server;
  server.handle(Operation::kLookupAccounts, [](auto&, auto) { return Reply{.count = 5}; });
  server.handle(Operation::kCreateAccounts, [](auto&, auto) { return Reply{.count = 1}; });
  server.handle(Operation::kQueryTransfers, [](auto&, auto) { return Reply{}; });
  const auto client = connect(server.options());
  ASSERT_TRUE(client);
  const std::vector<u128> ids = {7};
  EXPECT_EQ(client->lookup_accounts(ids).error().kind(), ErrorKind::kCorrupt);
  EXPECT_EQ(client->create_account({}).error().kind(), ErrorKind::kOutcomeUnknown);
  EXPECT_EQ(client->query_transfers({.limit = 1}).error().kind(), ErrorKind::kCorrupt) << "the end of the page is missing";
}

TEST(ClientCalls, StatusPingSnapshotAndClock) {
  ScriptedServer server;
  server.handle(Operation::kStatus, [](auto&, auto) {
    return Reply{.body = {std::byte{'{'}, std::byte{'}'}}};
  });
  const auto client = connect(server.options());
  ASSERT_TRUE(client);
  const auto status = client->status();
  ASSERT_TRUE(status);
  EXPECT_EQ(status->text, "{}");
  EXPECT_TRUE(client->ping());
  EXPECT_TRUE(client->snapshot());
  ASSERT_TRUE(client->clock_advance(12345));
  std::uint64_t ns = 0;
  std::memcpy(&ns, server.seen().back().body.data(), sizeof ns);
  EXPECT_EQ(ns, 12345U);
}

TEST(ClientCalls, SizesOutsideTheLimitsAreUsage) {
  ScriptedServer server;
  const auto client = connect(server.options());
  ASSERT_TRUE(client);
  EXPECT_EQ(client->create_transfers({}).error().kind(), ErrorKind::kUsage);
  EXPECT_EQ(client->create_transfers(std::vector<Transfer>(kEventsMax + 1)).error().kind(), ErrorKind::kUsage);
  EXPECT_EQ(client->lookup_accounts({}).error().kind(), ErrorKind::kUsage);
  EXPECT_TRUE(client->create_transfers(std::vector<Transfer>(kEventsMax)));
}

TEST(ClientCalls, RefusalsAreDefiniteAndNamed) {
  const std::pair<ReplyCode, ErrorKind> expected[] = {
      {ReplyCode::kMalformedBody, ErrorKind::kRefused},     {ReplyCode::kInvalidFilter, ErrorKind::kRefused},
      {ReplyCode::kBusy, ErrorKind::kBusy},                 {ReplyCode::kDeadlineExceeded, ErrorKind::kDeadline},
      {ReplyCode::kStopping, ErrorKind::kUnavailable},      {ReplyCode::kOutOfMemory, ErrorKind::kOutOfMemory},
      {ReplyCode::kDiskFull, ErrorKind::kRefused},          {ReplyCode::kNotPermitted, ErrorKind::kRefused},
      {ReplyCode::kInternal, ErrorKind::kOutcomeUnknown},
  };
  ScriptedServer server;
  const auto client = connect(server.options());
  ASSERT_TRUE(client);
  for (const auto& [code, kind] : expected) {
    server.handle(Operation::kCreateTransfers, [code = code](auto&, auto) {
      return Reply{.code = code, .body = {std::byte{'w'}, std::byte{'h'}, std::byte{'y'}}};
    });
    const auto single = client->create_transfer(transfer(1));
    ASSERT_FALSE(single);
    EXPECT_EQ(single.error().kind(), kind) << name_of(code);
    EXPECT_NE(single.error().message().find(std::string(name_of(code)) + ": why"), std::string::npos) << single.error().message();
    const auto many = client->create_transfers(std::vector{transfer(1)});
    ASSERT_FALSE(many);
    EXPECT_EQ(many.error().kind(), kind);
  }
}

TEST(ClientCalls, BlockingInsideACallbackIsUsage) {
  ScriptedServer server;
  const auto client = connect(server.options());
  ASSERT_TRUE(client);
  std::promise<ErrorKind> inner;
  client->ping_async([&](const Result<ReplyInfo>&) { inner.set_value(client->ping().error().kind()); });
  EXPECT_EQ(inner.get_future().get(), ErrorKind::kUsage);
}

TEST(ClientCalls, CallbacksMayCallAgain) {
  ScriptedServer server;
  const auto client = connect(server.options());
  ASSERT_TRUE(client);
  std::promise<void> finished;
  int left = 100;
  std::function<void(Result<CreateResult>)> next = [&](const Result<CreateResult>& result) {
    EXPECT_TRUE(result);
    if (--left == 0) return finished.set_value();
    client->create_transfer_async(transfer(static_cast<std::uint64_t>(left)), next);
  };
  client->create_transfer_async(transfer(1000), next);
  finished.get_future().get();
}

TEST(ClientCalls, FullQueueIsBusy) {
  ScriptedServer server;
  ClientOptions options = server.options();
  options.queue_bytes_max = 300;
  const auto client = connect(options);
  ASSERT_TRUE(client);
  server.hold(true);
  auto first = client->create_transfers_future(std::vector{transfer(1), transfer(2)});
  EXPECT_EQ(client->create_transfers(std::vector{transfer(3)}).error().kind(), ErrorKind::kBusy);
  EXPECT_EQ(client->create_transfer(transfer(3)).error().kind(), ErrorKind::kBusy);
  server.hold(false);
  EXPECT_TRUE(first.get());
  for (std::uint64_t i = 10; i < 20; ++i) {
    EXPECT_TRUE(client->create_transfers(std::vector{transfer(i)})) << "answers give their share back";
    EXPECT_TRUE(client->create_transfer(transfer(i + 100)));
  }
}

}  // namespace
}  // namespace florin::client::test
