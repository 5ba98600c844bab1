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
  const std::vector<std::vector<std::string>> asked{{"query", "events", "--ledger", "7"},
                                                    {"query", "events", "--reversed"},
                                                    {"query", "events", "--status", "voided"},
                                                    {"query", "events", "--direction", "debits"},
                                                    {"query", "accounts", "--expiries-timestamp-min", "1"},
                                                    {"query", "accounts", "--account", "1"},
                                                    {"query", "transfers", "--expiries-timestamp-min", "1"},
                                                    {"query", "transfers", "--direction", "credits"},
                                                    {"query", "transfers-of", "--ledger", "1"},
                                                    {"query", "balances-of", "--expiries-timestamp-min", "1"},
                                                    {"lookup", "account", "--limit", "5", "1"},
                                                    {"lookup", "transfer", "--at", "5", "10"},
                                                    {"lookup", "transfers-of", "--at-sequence", "5", "1"}};
  for (const auto& one : asked) {
    std::vector<std::string> arguments = one;
    arguments.insert(arguments.end(), {"--connect", server.address()});
    const auto result = florin(arguments);
    EXPECT_EQ(result.code, 2) << one[1] << " " << one[2];
    EXPECT_THAT(result.err, HasSubstr(one[2] + ": not for " + one[1]));
    EXPECT_EQ(result.out, "");
  }
}

/// 12 posts hold 11 in part, 13 expired, 14 is open; 15 goes the other way.
TEST_F(Query, TransfersOfAnAccountByEveryFilterThereIs) {
  create("{\"id\": 15, \"debit_account_id\": 2, \"credit_account_id\": 1, \"ledger\": 1, \"code\": 9, \"amount\": 7, \"user_data_128\": 70, "
         "\"user_data_64\": 80, \"user_data_32\": 90}\n");
  const auto of_1 = [&](std::vector<std::string> filter) {
    filter.insert(filter.begin(), {"query", "transfers-of", "--account", "1"});
    return ids(filter);
  };
  EXPECT_THAT(of_1({}), ElementsAre("10", "11", "12", "13", "14", "15"));
  EXPECT_THAT(of_1({"--direction", "debits"}), ElementsAre("10", "11", "12", "13", "14"));
  EXPECT_THAT(of_1({"--direction", "credits"}), ElementsAre("15"));
  EXPECT_THAT(of_1({"--reversed", "--limit", "2"}), ElementsAre("15", "14"));
  EXPECT_THAT(of_1({"--code", "9"}), ElementsAre("15"));
  EXPECT_THAT(of_1({"--user-data-128", "70"}), ElementsAre("15"));
  EXPECT_THAT(of_1({"--user-data-64", "80"}), ElementsAre("15"));
  EXPECT_THAT(of_1({"--user-data-32", "90"}), ElementsAre("15"));
  EXPECT_THAT(of_1({"--amount-min", "7", "--amount-max", "40"}), ElementsAre("11", "12", "15"));
  EXPECT_THAT(of_1({"--status", "posted", "--status", "pending"}), ElementsAre("11", "14"));
  const auto timestamp_of = [&](const std::string& id) { return rows({"lookup", "transfer", id})[0]["timestamp"].get<std::string>(); };
  EXPECT_THAT(of_1({"--timestamp-min", timestamp_of("12"), "--timestamp-max", timestamp_of("14")}), ElementsAre("12", "13", "14"));

  const auto balances = rows({"query", "balances-of", "--account", "0x2", "--direction", "debits"});
  ASSERT_EQ(balances.size(), 1U);
  EXPECT_EQ(balances[0]["debits_posted"], "7");
  EXPECT_EQ(rows({"query", "events", "--account", "3", "--limit", "0"}).size(), 0U);
  EXPECT_EQ(rows({"query", "events", "--account", "2", "--limit", "0"}).size(), 7U) << "six transfers, and the expiry of 13";
  const auto refused = florin({"query", "transfers-of", "--connect", server.address()});
  EXPECT_EQ(refused.code, 2);
  EXPECT_THAT(refused.err, HasSubstr("transfers-of needs --account"));
}

TEST_F(Query, LooksUpAccountsAsTheyWere) {
  const std::string held = rows({"lookup", "transfer", "11"})[0]["timestamp"];
  const auto then = rows({"lookup", "account", "1", "2", "--at", held});
  ASSERT_EQ(then.size(), 2U);
  EXPECT_EQ(then[0]["debits_posted"], "250");
  EXPECT_EQ(then[0]["debits_pending"], "40");
  EXPECT_EQ(florin({"lookup", "account", "1", "--at", "5", "--connect", server.address()}).code, 6);
}

/// Sequence 1 is the beginning of the ledger, 2 and 3 are the accounts, 4 is transfer 10, 5 is 11.
TEST_F(Query, LooksUpAccountsAsOfASequence) {
  EXPECT_EQ(rows({"lookup", "account", "1", "2", "--at-sequence", "5"}),
            rows({"lookup", "account", "1", "2", "--at", rows({"lookup", "transfer", "11"})[0]["timestamp"]}));
  EXPECT_EQ(rows({"lookup", "account", "1", "--at-sequence", "4"})[0]["debits_pending"], "0");
  EXPECT_EQ(rows({"lookup", "account", "1", "--at-sequence", "4"})[0]["debits_posted"], "250");
  EXPECT_EQ(rows({"lookup", "account", "1", "--at", "2100-01-01"}), rows({"lookup", "account", "1"})) << "times as people write them; that one is now";
  const auto asked = [&](std::vector<std::string> more) {
    more.insert(more.begin(), {"lookup", "account", "1", "2", "--connect", server.address()});
    return florin(more);
  };
  const auto young = asked({"--at-sequence", "2"});
  EXPECT_EQ(young.code, 6);
  EXPECT_THAT(young.err, HasSubstr("1 of 2 did not exist at that time"));
  const auto unknown = asked({"--at-sequence", "1000"});
  EXPECT_EQ(unknown.code, 6);
  EXPECT_THAT(unknown.err, HasSubstr("the ledger knows no sequence 1000"));
  EXPECT_EQ(asked({"--at-sequence", "4", "--at", "5"}).code, 2) << "one of the two";
  EXPECT_EQ(asked({"--at-sequence", "0"}).code, 2);
}

/// On standard error, so that standard output is lines of JSON and nothing else. The newest sequence is 9: transfer 14, behind the expiry of 13.
TEST_F(Query, NamesTheSequenceThatTheAnswerIsOf) {
  const auto expect_sequence = [&](std::vector<std::string> arguments, const std::string& words) {
    arguments.insert(arguments.end(), {"--connect", server.address()});
    EXPECT_EQ(florin(arguments).err, words) << arguments[0] << ' ' << arguments[1];
  };
  for (const char* kind : {"transfers", "accounts", "events"}) expect_sequence({"query", kind}, "as of sequence 9\n");
  expect_sequence({"query", "transfers-of", "--account", "1", "--limit", "1"}, "as of sequence 9\n");
  expect_sequence({"query", "transfers", "--ledger", "7"}, "as of sequence 9\n");
  expect_sequence({"lookup", "account", "1"}, "as of sequence 9\n");
  expect_sequence({"lookup", "transfer", "10"}, "as of sequence 9\n");
  expect_sequence({"lookup", "transfers-of", "1", "2"}, "as of sequence 9\n");
  expect_sequence({"lookup", "account", "1", "--at-sequence", "5"}, "as of sequence 5\n");
  expect_sequence({"lookup", "account", "1", "--at", rows({"lookup", "transfer", "11"})[0]["timestamp"]}, "as of sequence 5\n");
  expect_sequence({"lookup", "account", "3"}, "as of sequence 9\nflorin lookup: 1 of 1 do not exist\n");
  create(transfer(15, 1, ""));
  expect_sequence({"query", "transfers"}, "as of sequence 10\n");
  for (const char* name : {"query", "lookup"}) EXPECT_THAT(florin({name, "--help"}).out, HasSubstr("\"as of sequence N\""));
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
