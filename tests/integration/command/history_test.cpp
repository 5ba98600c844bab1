#include <gmock/gmock.h>

#include <chrono>
#include <fstream>
#include <sstream>
#include <thread>

#include "command.hpp"

/// feed, statement, trial-balance and drop-history: the past of a ledger, told in order and added up.

namespace florin::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

/// By name of the column.
std::vector<std::map<std::string, std::string>> csv_rows(const std::string& text) {
  std::vector<std::vector<std::string>> rows;
  for (std::string line : lines_of(text)) {
    EXPECT_EQ(line.back(), '\r');
    line.back() = ',';
    auto& row = rows.emplace_back();
    for (std::size_t at = 0, end = 0; (end = line.find(',', at)) != std::string::npos; at = end + 1) row.push_back(line.substr(at, end - at));
  }
  std::vector<std::map<std::string, std::string>> named;
  for (std::size_t i = 1; i < rows.size(); ++i) {
    EXPECT_EQ(rows[i].size(), rows[0].size());
    auto& row = named.emplace_back();
    for (std::size_t column = 0; column < rows[0].size(); ++column) row[rows[0][column]] = rows[i][column];
  }
  return named;
}

/// A payment, a hold that is posted in part, one that is voided and one that expires, between three accounts in two ledgers.
class HistoryCommands : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_EQ(florin({"create-accounts", "--connect", server.address()},
                     "{\"id\": 1, \"ledger\": 1, \"code\": 10}\n{\"id\": 2, \"ledger\": 1, \"code\": 20}\n"
                     "{\"id\": 3, \"ledger\": 2, \"code\": 10}\n{\"id\": 4, \"ledger\": 2, \"code\": 20}\n")
                  .code,
              0);
    create(transfer(10, 250, ", \"user_data_64\": 77"));
    create(transfer(11, 40, ", \"flags\": [\"pending\"]"));
    create("{\"id\": 12, \"pending_id\": 11, \"amount\": 30, \"flags\": [\"post_pending_transfer\"]}\n");
    create(transfer(13, 7, ", \"flags\": [\"pending\"]"));
    create("{\"id\": 14, \"pending_id\": 13, \"flags\": [\"void_pending_transfer\"]}\n");
    create(transfer(15, 5, ", \"flags\": [\"pending\"], \"timeout\": 10"));
    ASSERT_EQ(florin({"clock", "advance", "10000001000", "--connect", server.address()}).code, 0);
    create("{\"id\": 16, \"debit_account_id\": 2, \"credit_account_id\": 1, \"ledger\": 1, \"code\": 1, \"amount\": 1000}\n");
    create("{\"id\": 17, \"debit_account_id\": 3, \"credit_account_id\": 4, \"ledger\": 2, \"code\": 1, \"amount\": 9}\n");
  }

  static std::string transfer(int id, int amount, const std::string& more) {
    return "{\"id\": " + std::to_string(id) + ", \"debit_account_id\": 1, \"credit_account_id\": 2, \"ledger\": 1, \"code\": 1, \"amount\": " +
           std::to_string(amount) + more + "}\n";
  }
  void create(const std::string& line) const { ASSERT_EQ(florin({"create-transfers", "--connect", server.address()}, line).code, 0); }
  Finished run(std::vector<std::string> arguments) const {
    arguments.insert(arguments.end(), {"--connect", server.address()});
    return florin(arguments);
  }
  std::string timestamp_of(const std::string& transfer) const { return run({"lookup", "transfer", transfer}).json()["timestamp"]; }

  static std::vector<std::string> transfers_of(const std::string& out) {
    std::vector<std::string> ids;
    for (const std::string& line : lines_of(out)) ids.push_back(nlohmann::json::parse(line)["transfer"]["id"]);
    return ids;
  }
  static std::string cursor_of(const Finished& feed) {
    const std::string word = "--resume ";
    const std::size_t at = feed.err.find(word);
    EXPECT_NE(at, std::string::npos) << feed.err;
    return at == std::string::npos ? "" : feed.err.substr(at + word.size(), feed.err.find('\n', at) - at - word.size());
  }

  const TempFolder folder;
  const RunningServer server{folder, folder.path("ledger"), {"--test-clock"}};
};

TEST_F(HistoryCommands, FeedIsInOrderAndResumable) {
  const Finished all = run({"feed"});
  EXPECT_EQ(all.code, 0) << all.err;
  EXPECT_THAT(transfers_of(all.out), ElementsAre("10", "11", "12", "13", "14", "15", "15", "16", "17"));

  std::string pieces;
  std::string cursor = "1:1";
  for (int i = 0; i < 5; ++i) {
    const Finished piece = run({"feed", "--resume", cursor, "--limit", "2"});
    EXPECT_EQ(piece.code, 0) << piece.err;
    pieces += piece.out;
    cursor = cursor_of(piece);
  }
  EXPECT_EQ(pieces, all.out);
  EXPECT_EQ(run({"feed", "--resume", cursor}).out, "");
  EXPECT_THAT(transfers_of(run({"feed", "--account", "3"}).out), ElementsAre("17"));
}

/// Sequence 1 is the beginning of the ledger, 2 to 5 are the accounts, 6 is transfer 10.
TEST_F(HistoryCommands, FeedBetweenSequences) {
  EXPECT_THAT(transfers_of(run({"feed", "--from", "7", "--to", "9"}).out), ElementsAre("11", "12", "13"));
  EXPECT_THAT(transfers_of(run({"feed", "--from", "12", "--to", "12"}).out), ElementsAre("15")) << "the expiry";
  EXPECT_EQ(run({"feed", "--from", "100"}).code, 6);
  EXPECT_EQ(run({"feed", "--resume", "nowhere"}).code, 2);
}

/// Sequence 14 is transfer 17, 15 a hold, and 16 its expiry. What is imported then is older than that: transfers 30 and 31, of a request each, and
/// 32 and 33 of one.
TEST_F(HistoryCommands, FeedBetweenSequencesOfImportedHistory) {
  const std::uint64_t newest = std::stoull(timestamp_of("17"));
  const auto imported = [&](int id, std::uint64_t later_ns) {
    return transfer(id, 1, ", \"flags\": [\"imported\"], \"timestamp\": " + std::to_string(newest + later_ns));
  };
  create(transfer(18, 5, ", \"flags\": [\"pending\"], \"timeout\": 1"));
  ASSERT_EQ(florin({"clock", "advance", "2000000000", "--connect", server.address()}).code, 0);
  create(imported(30, 10'000));
  create(imported(31, 20'000));
  create(imported(32, 30'000) + imported(33, 40'000));
  create(transfer(34, 1, ""));
  const auto ids = [&](const char* from, const char* to) { return transfers_of(run({"feed", "--from", from, "--to", to}).out); };
  EXPECT_THAT(ids("15", "22"), ElementsAre("18", "18", "30", "31", "32", "33", "34"));
  EXPECT_THAT(ids("16", "16"), ElementsAre("18")) << "the expiry";
  EXPECT_THAT(ids("17", "17"), ElementsAre("30"));
  EXPECT_THAT(ids("18", "20"), ElementsAre("31", "32", "33"));
  EXPECT_THAT(ids("21", "21"), ElementsAre("34"));
  const Finished first = run({"feed", "--from", "16", "--to", "17"});
  EXPECT_THAT(transfers_of(first.out), ElementsAre("18", "30"));
  EXPECT_THAT(transfers_of(run({"feed", "--resume", cursor_of(first)}).out), ElementsAre("31", "32", "33", "34"));
}

TEST_F(HistoryCommands, FeedFollowsUntilItIsInterrupted) {
  RunningCommand feed(folder, {"feed", "--follow", "--from", "14", "--connect", server.address()});
  const auto eventually_printed = [&](std::size_t count) {
    for (int i = 0; i < 6'000 && lines_of(feed.out()).size() < count; ++i) std::this_thread::sleep_for(std::chrono::milliseconds(10));
    return lines_of(feed.out()).size() == count;
  };
  EXPECT_TRUE(eventually_printed(1));
  create(transfer(20, 1, ""));
  EXPECT_TRUE(eventually_printed(2));
  create(transfer(21, 1, ""));
  EXPECT_TRUE(eventually_printed(3));
  feed.signal(SIGINT);
  const Finished finished = feed.wait();
  EXPECT_EQ(finished.code, 0) << finished.err;
  EXPECT_THAT(transfers_of(finished.out), ElementsAre("17", "20", "21"));
  create(transfer(22, 1, ""));
  EXPECT_THAT(transfers_of(run({"feed", "--resume", cursor_of(finished)}).out), ElementsAre("22"));
}

TEST_F(HistoryCommands, FeedFollowsToASequenceThatIsYetToCome) {
  RunningCommand feed(folder, {"feed", "--follow", "--from", "14", "--to", "16", "--connect", server.address()});
  create(transfer(20, 1, ""));
  create(transfer(21, 1, ""));
  create(transfer(22, 1, ""));
  const Finished finished = feed.wait();
  EXPECT_EQ(finished.code, 0) << finished.err;
  EXPECT_THAT(transfers_of(finished.out), ElementsAre("17", "20", "21"));
}

TEST_F(HistoryCommands, StatementLeadsFromOneBalanceToTheOther) {
  const Finished statement = run({"statement", "1"});
  ASSERT_EQ(statement.code, 0) << statement.err;
  const auto rows = csv_rows(statement.out);
  std::vector<std::string> kinds, ids, debits, credits, pending, balances, held;
  for (auto row : rows) {
    kinds.push_back(row["kind"]);
    ids.push_back(row["transfer_id"]);
    debits.push_back(row["debit"]);
    credits.push_back(row["credit"]);
    pending.push_back(row["debit_pending"]);
    balances.push_back(row["balance"]);
    held.push_back(row["debits_pending"]);
  }
  EXPECT_THAT(kinds, ElementsAre("opening", "transfer", "hold", "post", "hold", "void", "hold", "expiry", "transfer", "closing"));
  EXPECT_THAT(ids, ElementsAre("", "10", "11", "12", "13", "14", "15", "15", "16", ""));
  EXPECT_THAT(debits, ElementsAre("", "250", "0", "30", "0", "0", "0", "0", "0", ""));
  EXPECT_THAT(credits, ElementsAre("", "0", "0", "0", "0", "0", "0", "0", "1000", ""));
  EXPECT_THAT(pending, ElementsAre("", "0", "40", "-40", "7", "-7", "5", "-5", "0", ""));
  EXPECT_THAT(held, ElementsAre("0", "0", "40", "0", "7", "0", "5", "0", "0", "0"));
  EXPECT_THAT(balances, ElementsAre("0", "-250", "-250", "-280", "-280", "-280", "-280", "-280", "720", "720"));
  EXPECT_EQ(rows[1].at("counterparty_id"), "2");
  EXPECT_EQ(rows[1].at("user_data_64"), "77");
  EXPECT_EQ(rows[1].at("timestamp"), timestamp_of("10"));
  const std::string time = rows[1].at("time");
  const auto moment = csv_rows(run({"statement", "1", "--from", time, "--to", time}).out);
  ASSERT_EQ(moment.size(), 3U) << "times are read as they are written";
  EXPECT_EQ(moment[1], rows[1]);
}

/// Of the holds that end in it nobody knows the amounts any more.
TEST_F(HistoryCommands, StatementBehindHoldsThatWereDropped) {
  const std::string post = timestamp_of("12");
  const std::string whole = run({"statement", "1", "--from", post}).out;
  ASSERT_EQ(run({"drop-history", "--before", post}).code, 0);
  const Finished statement = run({"statement", "1", "--from", post});
  EXPECT_EQ(statement.code, 0) << statement.err;
  const auto rows = csv_rows(statement.out);
  ASSERT_EQ(rows.size(), csv_rows(whole).size());
  EXPECT_EQ(rows[1].at("debit_pending"), "-40");
  for (std::size_t i = 0; i + 1 < rows.size(); ++i) EXPECT_EQ(rows[i], csv_rows(whole)[i]);  // the last one tells the time of now
}

TEST_F(HistoryCommands, StatementOfAPeriodAsJson) {
  const std::string path = folder.path("statement.json");
  const Finished statement = run({"statement", "2", "--from", timestamp_of("12"), "--to", timestamp_of("15"), "--format", "json", "--exponent", "2", "--output", path});
  ASSERT_EQ(statement.code, 0) << statement.err;
  EXPECT_EQ(statement.out, "");
  std::ifstream file(path);
  const auto json = nlohmann::json::parse(file);
  EXPECT_EQ(json["account"]["id"], "2");
  EXPECT_EQ(json["opening"]["credits_posted"], "2.50");
  EXPECT_EQ(json["opening"]["credits_pending"], "0.40");
  ASSERT_EQ(json["lines"].size(), 4U);
  EXPECT_EQ(json["lines"][0]["credit"], "0.30");
  EXPECT_EQ(json["lines"][0]["credit_pending"], "-0.40");
  EXPECT_EQ(json["lines"][3]["balances"]["credits_pending"], "0.05");
  EXPECT_EQ(json["closing"]["balance"], "2.80");
  EXPECT_FALSE(std::filesystem::exists(path + ".part"));
}

TEST_F(HistoryCommands, StatementOfNothing) {
  const auto rows = csv_rows(run({"statement", "1", "--to", "1970-01-02"}).out);
  ASSERT_EQ(rows.size(), 2U) << "opening and closing";
  EXPECT_EQ(rows[1].at("balance"), "0");
  EXPECT_EQ(run({"statement", "99"}).code, 6);
  EXPECT_EQ(run({"statement", "1", "--from", "2026-02-30"}).code, 2);
  EXPECT_EQ(run({"statement", "1", "--from", "6", "--to", "5"}).code, 2);
  const std::string nowhere = folder.path("no/such/folder");
  EXPECT_EQ(run({"statement", "1", "--output", nowhere}).code, 3);
}

TEST_F(HistoryCommands, TrialBalanceNowAndThen) {
  const Finished table = run({"trial-balance"});
  EXPECT_EQ(table.code, 0) << table.err;
  EXPECT_THAT(table.out, HasSubstr("Debits equal credits."));
  const auto now = run({"trial-balance", "--json"}).json();
  EXPECT_EQ(now["balanced"], true);
  EXPECT_EQ(now["sequence"], "14");
  EXPECT_EQ(now["timestamp"], timestamp_of("17"));
  ASSERT_EQ(now["ledgers"].size(), 2U);
  EXPECT_EQ(now["ledgers"][0]["debits_posted"], "1280");
  EXPECT_EQ(now["ledgers"][0]["credits_posted"], "1280");
  EXPECT_EQ(now["ledgers"][1]["debits_posted"], "9");
  EXPECT_EQ(now["ledgers"][1]["accounts"], "2");

  const auto then = run({"trial-balance", "--json", "--at", timestamp_of("11"), "--ledger", "1"}).json();
  ASSERT_EQ(then["ledgers"].size(), 1U);
  EXPECT_EQ(then["ledgers"][0]["debits_posted"], "250");
  EXPECT_EQ(then["ledgers"][0]["credits_pending"], "40");
  EXPECT_EQ(then["sequence"], "7");
  EXPECT_EQ(run({"trial-balance", "--json", "--at-sequence", "7", "--ledger", "1"}).json(), then);
  EXPECT_EQ(run({"trial-balance", "--at-sequence", "100"}).code, 6);
  EXPECT_EQ(run({"trial-balance", "--at", "yesterday"}).code, 2);
}

TEST_F(HistoryCommands, DropHistory) {
  const auto before_13 = run({"drop-history", "--before", timestamp_of("13"), "--dry-run", "--json"}).json();
  EXPECT_EQ(before_13["status"], "would_be_dropped");
  EXPECT_EQ(before_13["transfers"], "3");
  EXPECT_EQ(before_13["first_sequence"], "9");
  EXPECT_EQ(run({"feed", "--from", "6"}).code, 0) << "that was a dry run";

  const auto balances = run({"trial-balance", "--json"}).json()["ledgers"];
  const Finished dropped = run({"drop-history", "--before-sequence", "9"});
  EXPECT_EQ(dropped.code, 0) << dropped.err;
  EXPECT_THAT(dropped.out, HasSubstr("is dropped: the first 3 transfers of the ledger"));
  EXPECT_THAT(dropped.out, HasSubstr("sequence 9."));
  EXPECT_EQ(run({"drop-history", "--before", "1", "--json"}).json()["status"], "already_dropped");
  EXPECT_EQ(run({"trial-balance", "--json"}).json()["ledgers"], balances);

  const Finished feed = run({"feed", "--from", "6"});
  EXPECT_NE(feed.code, 0);
  EXPECT_THAT(feed.err, HasSubstr("was dropped"));
  EXPECT_EQ(run({"feed", "--from", "9"}).code, 0);
  EXPECT_EQ(run({"drop-history", "--before", "2100-01-01"}).code, 2);
  EXPECT_EQ(run({"drop-history", "--before-sequence", "100"}).code, 6);
  EXPECT_EQ(run({"drop-history"}).code, 2);
}

}  // namespace
}  // namespace florin::test
