#include <gtest/gtest.h>

#include <vector>

#include "florin/account.hpp"
#include "florin/query.hpp"
#include "florin/status_codes.hpp"
#include "florin/transfer.hpp"
#include "integration/tigerbeetle_listener/wire_client.hpp"
#include "tigerbeetle/create_results.hpp"

/// @file
/// Operations as clients of release 0.16 send them: bodies that are elements and nothing else, and results of what failed.

namespace florin::test {
namespace {

using tigerbeetle::OperationCode;
using tigerbeetle::SparseResult;

template <typename Element>
Bytes bytes_of(const std::vector<Element>& elements, std::size_t size = sizeof(Element)) {
  Bytes bytes;
  for (const Element& element : elements) {
    const auto whole = std::as_bytes(std::span(&element, 1));
    bytes.insert(bytes.end(), whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
  }
  return bytes;
}

template <typename Row>
std::vector<Row> rows_of(const std::optional<WireClient::Message>& reply) {
  EXPECT_TRUE(reply && reply->is_reply());
  if (!reply || !reply->is_reply()) return {};
  EXPECT_EQ(reply->body.size() % sizeof(Row), 0U);
  std::vector<Row> rows(reply->body.size() / sizeof(Row));
  std::memcpy(rows.data(), reply->body.data(), rows.size() * sizeof(Row));
  return rows;
}

Account account(u128 id, std::uint16_t flags) {
  Account account{.id = id};
  account.ledger = account.code = 1;
  account.flags = flags;
  return account;
}

Transfer transfer(u128 id, u128 amount, std::uint16_t flags = 0) {
  Transfer transfer{.id = id, .debit_account_id = 1, .credit_account_id = 2, .amount = amount};
  transfer.ledger = transfer.code = 1;
  transfer.flags = flags;
  return transfer;
}

TEST(OldReleases, EveryOperationWithoutBatches) {
  const TempFolder folder;
  TigerBeetleServer server(folder);
  WireClient client(server.port(), 7, tigerbeetle::Release::of(0, 16, 4));
  ASSERT_TRUE(client.enrol());
  const std::vector accounts{account(1, AccountFlags::kHistory), account(2, 0), account(0, 0)};
  const auto account_results = rows_of<SparseResult>(client.call(OperationCode::kCreateAccountsUnbatched, bytes_of(accounts)));
  ASSERT_EQ(account_results.size(), 1U) << "of what failed only";
  EXPECT_EQ(account_results[0].index, 2U);
  const std::vector transfers{transfer(10, 5), transfer(10, 6), transfer(11, 7, TransferFlags::kPending)};
  const auto results = rows_of<SparseResult>(client.call(OperationCode::kCreateTransfersUnbatched, bytes_of(transfers)));
  ASSERT_EQ(results.size(), 1U);
  EXPECT_EQ(results[0].result, static_cast<std::uint32_t>(CreateTransferStatus::kExistsWithDifferentAmount));

  EXPECT_EQ(rows_of<Account>(client.call(OperationCode::kLookupAccountsUnbatched, bytes_of(std::vector<u128>{2, 9, 1}))).size(), 2U);
  EXPECT_EQ(rows_of<Transfer>(client.call(OperationCode::kLookupTransfersUnbatched, bytes_of(std::vector<u128>{11, 12}))).at(0).amount, 7U);

  const std::vector of_debits{AccountFilter{.account_id = 1, .limit = 10, .flags = AccountFilterFlags::kDebits}};
  const auto found = rows_of<Transfer>(client.call(OperationCode::kGetAccountTransfersUnbatched, bytes_of(of_debits)));
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0].id, 10U);
  const auto balances = rows_of<AccountBalance>(client.call(OperationCode::kGetAccountBalancesUnbatched, bytes_of(of_debits)));
  ASSERT_EQ(balances.size(), 2U);
  EXPECT_EQ(balances[1].debits_pending, 7U);
  constexpr std::size_t kQueryFilterBytes = 64;
  const std::vector everything{QueryFilter{.limit = 10}};
  EXPECT_EQ(rows_of<Account>(client.call(OperationCode::kQueryAccountsUnbatched, bytes_of(everything, kQueryFilterBytes))).size(), 2U);
  EXPECT_EQ(rows_of<Transfer>(client.call(OperationCode::kQueryTransfersUnbatched, bytes_of(everything, kQueryFilterBytes))).size(), 2U);
  const std::vector all_events{ChangeEventsFilter{.limit = 10}};
  const auto events = rows_of<ChangeEvent>(client.call(OperationCode::kGetChangeEvents, bytes_of(all_events)));
  ASSERT_EQ(events.size(), 2U);
  EXPECT_EQ(events[1].type, ChangeEventType::kTwoPhasePending);
  EXPECT_EQ(events[1].sequence, 0U) << "reserved by the peer";
  EXPECT_EQ(server.stop().code, 0);
}

/// 8,190 rows: more than one of florin's own pages has.
TEST(OldReleases, ALimitIsCutToWhatAReplyWithoutATrailerHolds) {
  const TempFolder folder;
  TigerBeetleServer server(folder);
  WireClient client(server.port(), 7, tigerbeetle::Release::of(0, 16, 4));
  ASSERT_TRUE(client.enrol());
  ASSERT_TRUE(client.call(OperationCode::kCreateAccountsUnbatched, bytes_of(std::vector{account(1, 0), account(2, 0)})));
  std::vector<Transfer> transfers;
  for (u128 id = 100; id < 100 + 8'190; ++id) transfers.push_back(transfer(id, 1));
  for (int request = 0; request < 2; ++request) {
    EXPECT_EQ(rows_of<SparseResult>(client.call(OperationCode::kCreateTransfersUnbatched, bytes_of(transfers))).size(), 0U);
    for (Transfer& each : transfers) each.id += 10'000;
  }
  const std::vector of_all{AccountFilter{.account_id = 2, .limit = 0xFFFF'FFFF, .flags = AccountFilterFlags::kCredits}};
  const auto found = rows_of<Transfer>(client.call(OperationCode::kGetAccountTransfersUnbatched, bytes_of(of_all)));
  ASSERT_EQ(found.size(), 8'190U);
  EXPECT_EQ(found.front().id, 100U);
  EXPECT_EQ(found.back().id, 100U + 8'189U);
  EXPECT_EQ(server.stop().code, 0);
}

}  // namespace
}  // namespace florin::test
