#include <gmock/gmock.h>

#include <filesystem>
#include <sstream>

#include "command.hpp"

/// What commands say of history that was dropped: never nothing, and always how to ask instead.
namespace florin::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

/// Ten payments; those before the sixth are dropped. Sequence 1 is the beginning of the ledger, 2 and 3 are the accounts, 4 to 13 are transfers 1 to
/// 10, 14 is the command.
class DroppedHistory : public testing::Test {
 protected:
  void SetUp() override {
    create_accounts("{\"id\": 1, \"ledger\": 1, \"code\": 10}\n{\"id\": 2, \"ledger\": 1, \"code\": 10}\n");
    for (int id = 1; id <= 10; ++id) create(transfer(id));
    begins = timestamp_of("6");
    ASSERT_EQ(run({"drop-history", "--before", begins}).code, 0);
  }

  static std::string transfer(int id, const std::string& more = "") {
    return "{\"id\": " + std::to_string(id) + ", \"debit_account_id\": 1, \"credit_account_id\": 2, \"ledger\": 1, \"code\": 1, \"amount\": 5" + more + "}\n";
  }
  void create(const std::string& line) const { ASSERT_EQ(florin({"create-transfers", "--connect", server.address()}, line).code, 0); }
  void create_accounts(const std::string& lines) const { ASSERT_EQ(florin({"create-accounts", "--connect", server.address()}, lines).code, 0); }
  Finished run(std::vector<std::string> arguments) const {
    arguments.insert(arguments.end(), {"--connect", server.address()});
    return florin(arguments);
  }
  std::string timestamp_of(const std::string& transfer) const { return run({"lookup", "transfer", transfer}).json()["timestamp"]; }
  static std::size_t count_lines(const std::string& text) { return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n')); }

  /// Refused, nothing printed, and the option with the time that helps.
  void expect_advised(const std::vector<std::string>& arguments, const std::string& option) const {
    const Finished refused = run(arguments);
    EXPECT_EQ(refused.code, 10) << arguments[0];
    EXPECT_EQ(refused.out, "") << arguments[0];
    EXPECT_THAT(refused.err, HasSubstr("(" + begins + ") was dropped: ask with " + option + " " + begins + " or later"));
  }
  /// The sequence that a refused feed says to begin with.
  std::string advice_of(const Finished& feed) const {
    const std::string words = "ask with --from ";
    const std::size_t at = feed.err.find(words);
    EXPECT_NE(at, std::string::npos) << feed.err;
    return at == std::string::npos ? "" : feed.err.substr(at + words.size(), feed.err.find(' ', at + words.size()) - at - words.size());
  }

  const TempFolder folder;
  const RunningServer server{folder, folder.path("ledger"), {"--test-clock"}};
  std::string begins;
};

TEST_F(DroppedHistory, ListsSayThatTheyLackSomething) {
  const std::string words = "history before ";
  for (const std::vector<std::string>& list : std::vector<std::vector<std::string>>{{"query", "transfers"},
                                                                                    {"query", "transfers", "--reversed"},
                                                                                    {"query", "transfers", "--limit", "2"},
                                                                                    {"query", "events"},
                                                                                    {"query", "transfers-of", "--account", "1"},
                                                                                    {"query", "balances-of", "--account", "1"},
                                                                                    {"lookup", "transfers-of", "1", "2"},
                                                                                    {"lookup", "balances-of", "1"},
                                                                                    {"inspect", "account", "1"}}) {
    const Finished listed = run(list);
    EXPECT_EQ(listed.code, 0) << listed.err;
    EXPECT_THAT(listed.err, HasSubstr("(" + begins + ") was dropped: not listed\n")) << list[0] << ' ' << list[1];
    EXPECT_EQ(listed.err.find(words), listed.err.rfind(words)) << "once";
  }
  for (const std::vector<std::string>& list : std::vector<std::vector<std::string>>{{"query", "transfers", "--timestamp-min", begins},
                                                                                    {"query", "transfers", "--reversed", "--limit", "2"},
                                                                                    {"lookup", "transfers-of", "1", "--limit", "5"},
                                                                                    {"query", "accounts"},
                                                                                    {"query", "accounts", "--limit", "1"}}) {
    EXPECT_THAT(run(list).err, Not(HasSubstr(words))) << list[1] << ": it lacks nothing";
  }
}

TEST_F(DroppedHistory, ATransferIsNotShownWithFieldsThatNobodyKnows) {
  const Finished looked_up = run({"lookup", "transfer", "3", "6"});
  EXPECT_EQ(looked_up.code, 0);
  std::istringstream lines(looked_up.out);
  std::string dropped;
  std::string kept;
  std::getline(lines, dropped);
  std::getline(lines, kept);
  const auto json = nlohmann::json::parse(dropped);
  EXPECT_EQ(json.size(), 3U) << dropped;
  EXPECT_EQ(json["id"], "3");
  EXPECT_EQ(json["dropped"], true);
  EXPECT_LT(json["timestamp"].get<std::string>(), begins);
  EXPECT_EQ(nlohmann::json::parse(kept)["amount"], "5");
  EXPECT_EQ(run({"inspect", "transfer", "3"}).json(), json);
}

TEST_F(DroppedHistory, WhatIsAskedForSaysHowToAskInstead) {
  expect_advised({"query", "transfers", "--timestamp-min", "1"}, "--timestamp-min");
  expect_advised({"query", "events", "--timestamp-min", "1"}, "--timestamp-min");
  expect_advised({"trial-balance", "--at", "1"}, "--at");
  expect_advised({"trial-balance", "--at-sequence", "4"}, "--at");
  expect_advised({"lookup", "account", "1", "--at", "1"}, "--at");
  expect_advised({"lookup", "account", "1", "--at-sequence", "4"}, "--at");
  EXPECT_EQ(run({"query", "transfers", "--timestamp-min", begins}).code, 0);
  EXPECT_EQ(run({"trial-balance", "--at", begins}).code, 0);
  EXPECT_EQ(run({"lookup", "account", "1", "--at", begins}).code, 0);
}

TEST_F(DroppedHistory, AStatementIsRefusedBeforeAnythingIsPrinted) {
  const std::string path = folder.path("statement.csv");
  expect_advised({"statement", "1"}, "--from");
  expect_advised({"statement", "1", "--format", "json"}, "--from");
  expect_advised({"statement", "1", "--output", path}, "--from");
  EXPECT_FALSE(std::filesystem::exists(path));
  const Finished statement = run({"statement", "1", "--from", begins});
  EXPECT_EQ(statement.code, 0) << statement.err;
  EXPECT_EQ(count_lines(statement.out), 8U) << "header, opening, five transfers, closing";
}

TEST_F(DroppedHistory, TheFeedNamesTheSequenceToBeginWith) {
  for (const std::vector<std::string>& asked :
       std::vector<std::vector<std::string>>{{"feed"}, {"feed", "--from", "4"}, {"feed", "--from", "8"}, {"feed", "--resume", "1:1"}}) {
    const Finished refused = run(asked);
    EXPECT_EQ(refused.code, 10) << refused.err;
    EXPECT_EQ(refused.out, "");
    EXPECT_THAT(refused.err, Not(HasSubstr("--resume"))) << "that would be refused again";
    EXPECT_EQ(advice_of(refused), "9");
    const Finished feed = run({"feed", "--from", advice_of(refused)});
    EXPECT_EQ(feed.code, 0) << feed.err;
    EXPECT_EQ(count_lines(feed.out), 5U);
  }
}

/// Transfer 20 is imported when accounts and the command have come in between: its timestamp is before that of the event that is the first to be kept,
/// and it is dropped.
TEST_F(DroppedHistory, TheFeedsAdviceHoldsBehindImportedHistory) {
  const std::uint64_t newest = std::stoull(timestamp_of("10"));
  ASSERT_EQ(run({"clock", "advance", "1000000"}).code, 0);
  create(transfer(20, ", \"flags\": [\"imported\"], \"timestamp\": " + std::to_string(newest + 10'000)));
  create(transfer(21));
  const Finished dropped = run({"drop-history", "--before", std::to_string(newest + 20'000), "--json"});
  ASSERT_EQ(dropped.code, 0) << dropped.err;
  const Finished refused = run({"feed"});
  EXPECT_EQ(advice_of(refused), dropped.json()["first_sequence"].get<std::string>());
  const Finished feed = run({"feed", "--from", advice_of(refused)});
  EXPECT_EQ(feed.code, 0) << feed.err;
  ASSERT_EQ(count_lines(feed.out), 1U);
  EXPECT_EQ(nlohmann::json::parse(feed.out)["transfer"]["id"], "21");
}

}  // namespace
}  // namespace florin::test
