#include <gmock/gmock.h>

#include <sstream>

#include "command.hpp"

namespace florin::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

/// A ledger with two accounts, a payment, a hold that is posted, one that expires and one that stays.
class Query : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_EQ(florin({"create-accounts", "--connect", server.address()},
                     "{\"id\": 1, \"ledger\": 1, \"code\": 10}\n{\"id\": 2, \"ledger\": 1, \"code\": 20}\n")
                  .code,
              0);
    create(transfer(10, 250, ""));
    create(transfer(11, 40, ", \"flags\": [\"pending\"]"));
    create("{\"id\": 12, \"pending_id\": 11, \"amount\": 30, \"flags\": [\"post_pending_transfer\"]}\n");
    create(transfer(13, 5, ", \"flags\": [\"pending\"], \"timeout\": 10"));
    ASSERT_EQ(florin({"clock", "advance", "10000001000", "--connect", server.address()}).code, 0);
    create(transfer(14, 6, ", \"flags\": [\"pending\"]"));
  }

  static std::string transfer(int id, int amount, const std::string& more) {
    return "{\"id\": " + std::to_string(id) + ", \"debit_account_id\": 1, \"credit_account_id\": 2, \"ledger\": 1, \"code\": 1, \"amount\": " +
           std::to_string(amount) + more + "}\n";
  }
  void create(const std::string& line) const { ASSERT_EQ(florin({"create-transfers", "--connect", server.address()}, line).code, 0); }

  std::vector<nlohmann::json> rows(std::vector<std::string> arguments) const {
    arguments.insert(arguments.end(), {"--connect", server.address()});
    const auto result = florin(arguments);
    EXPECT_EQ(result.code, 0) << result.err;
    std::vector<nlohmann::json> all;
    std::istringstream lines(result.out);
    for (std::string line; std::getline(lines, line);) all.push_back(nlohmann::json::parse(line));
    return all;
  }
  std::vector<std::string> ids(const std::vector<std::string>& arguments) const {
    std::vector<std::string> all;
    for (const auto& row : rows(arguments)) all.push_back(row["id"]);
    return all;
  }

  const TempFolder folder;
  const RunningServer server{folder, folder.path("ledger"), {"--test-clock"}};
};

TEST_F(Query, ListsTransfersAndAccounts) {
  EXPECT_THAT(ids({"query", "transfers"}), ElementsAre("10", "11", "12", "13", "14"));
  EXPECT_THAT(ids({"query", "transfers", "--reversed", "--limit", "2"}), ElementsAre("14", "13"));
  EXPECT_THAT(ids({"query", "transfers", "--amount-min", "30", "--amount-max", "40"}), ElementsAre("11", "12"));
  EXPECT_THAT(ids({"query", "transfers", "--status", "posted", "--status", "expired"}), ElementsAre("11", "13"));
  EXPECT_THAT(ids({"query", "transfers", "--status", "pending", "--limit", "0"}), ElementsAre("14"));
  EXPECT_THAT(ids({"query", "transfers", "--ledger", "2"}), ElementsAre());
  EXPECT_THAT(ids({"query", "accounts"}), ElementsAre("1", "2"));
  EXPECT_THAT(ids({"query", "accounts", "--code", "20"}), ElementsAre("2"));
}

TEST_F(Query, ListsEventsWithTheAccountsAsTheyWere) {
  const auto events = rows({"query", "events", "--limit", "0"});
  std::vector<std::string> types;
  std::vector<std::string> pending;
  for (const auto& event : events) {
    types.push_back(event["type"]);
    pending.push_back(event["debit_account"]["debits_pending"]);
  }
  EXPECT_THAT(types, ElementsAre("single_phase", "two_phase_pending", "two_phase_posted", "two_phase_pending", "two_phase_expired", "two_phase_pending"));
  EXPECT_THAT(pending, ElementsAre("0", "40", "0", "5", "0", "6"));
  EXPECT_EQ(events[4]["transfer"]["id"], "13");
  const std::string since = events[4]["timestamp"];
  EXPECT_EQ(rows({"query", "events", "--timestamp-min", since}).size(), 2U);
}

TEST_F(Query, WhatDoesNotNarrowTheseRowsIsRefusedByName) {
  const std::vector<std::vector<std::string>> asked{{"events", "--ledger", "7"},      {"events", "--reversed"},         {"events", "--status", "voided"},
                                                    {"accounts", "--expiries-timestamp-min", "1"}, {"transfers", "--expiries-timestamp-min", "1"}};
  for (const auto& one : asked) {
    std::vector<std::string> arguments{"query"};
    arguments.insert(arguments.end(), one.begin(), one.end());
    arguments.insert(arguments.end(), {"--connect", server.address()});
    const auto result = florin(arguments);
    EXPECT_EQ(result.code, 2) << one[0] << " " << one[1];
    EXPECT_THAT(result.err, HasSubstr(one[1] + ": not for " + one[0]));
    EXPECT_EQ(result.out, "");
  }
}

TEST_F(Query, LooksUpAccountsAsTheyWere) {
  const std::string held = rows({"lookup", "transfer", "11"})[0]["timestamp"];
  const auto then = rows({"lookup", "account", "1", "2", "--at", held});
  ASSERT_EQ(then.size(), 2U);
  EXPECT_EQ(then[0]["debits_posted"], "250");
  EXPECT_EQ(then[0]["debits_pending"], "40");
  EXPECT_EQ(florin({"lookup", "account", "1", "--at", "5", "--connect", server.address()}).code, 6);
  EXPECT_EQ(florin({"lookup", "transfer", "10", "--at", "5", "--connect", server.address()}).code, 2);
}

TEST_F(Query, HistoryOfAnAccountIsThatOfEveryAccount) {
  EXPECT_THAT(ids({"lookup", "transfers-of", "1", "--limit", "3"}), ElementsAre("14", "13", "12"));
  EXPECT_EQ(rows({"lookup", "balances-of", "2"}).size(), 5U) << "without the flag history";
}

TEST_F(Query, NamesWhatIsWrong) {
  const auto refused = florin({"query", "transfers", "--timestamp-min", "5", "--timestamp-max", "4", "--connect", server.address()});
  EXPECT_EQ(refused.code, 10);
  EXPECT_THAT(refused.err, HasSubstr("timestamp_min"));
  EXPECT_THAT(florin({"query", "accounts", "--amount-min", "1", "--connect", server.address()}).err, HasSubstr("amount_min"));
  EXPECT_EQ(florin({"query", "transfers", "--amount-min", "x", "--connect", server.address()}).code, 2);
  EXPECT_EQ(florin({"query", "transfers", "--status", "open", "--connect", server.address()}).code, 2);
  EXPECT_EQ(florin({"query", "payments", "--connect", server.address()}).code, 2);
}

}  // namespace
}  // namespace florin::test
