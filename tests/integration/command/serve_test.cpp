#include <gmock/gmock.h>

#include <filesystem>
#include <thread>
#include <vector>

#include "command.hpp"

namespace florin::test {
namespace {

using testing::HasSubstr;

nlohmann::json status(const RunningServer& server) { return florin({"status", "--connect", server.address(), "--json"}).json(); }

constexpr const char* kTwoAccounts = "{\"id\": 1, \"ledger\": 1, \"code\": 10}\n{\"id\": 2, \"ledger\": 1, \"code\": 10}\n";
constexpr const char* kTransfer =
    "{\"id\": 100, \"debit_account_id\": 1, \"credit_account_id\": 2, \"amount\": 250, \"ledger\": 1, \"code\": 1}\n";

TEST(Serve, StopsOnSigtermAndSigintAndComesBackEqual) {
  const TempFolder folder;
  nlohmann::json before;
  for (const int number : {SIGTERM, SIGINT}) {
    RunningServer server(folder, folder.path("ledger"));
    ASSERT_FALSE(server.address().empty());
    if (number == SIGTERM) {
      ASSERT_EQ(florin({"create-accounts", "--connect", server.address()}, kTwoAccounts).code, 0);
      before = status(server);
      EXPECT_EQ(before["accounts"], 2);
    } else {
      EXPECT_EQ(status(server)["sequence"], before["sequence"]);
      EXPECT_EQ(status(server)["state_hash"], before["state_hash"]);
    }
    const auto ended = server.end(number);
    EXPECT_EQ(ended.code, 0) << ended.err;
  }
}

TEST(Serve, NamesWhatStandsInTheWay) {
  const TempFolder folder;
  const RunningServer server(folder, folder.path("ledger"));
  const auto locked = florin({"serve", "--data", folder.path("ledger"), "--listen", "127.0.0.1:0"});
  EXPECT_EQ(locked.code, 5);
  EXPECT_THAT(locked.err, HasSubstr("in use"));
  const auto taken = florin({"serve", "--data", folder.path("other"), "--listen", server.address()});
  EXPECT_EQ(taken.code, 5);
  EXPECT_THAT(taken.err, HasSubstr(server.address()));
  const auto forbidden = florin({"serve", "--data", "/proc/florin", "--listen", "127.0.0.1:0"});
  EXPECT_EQ(forbidden.code, 3);
  EXPECT_THAT(forbidden.err, HasSubstr("/proc/florin"));
  EXPECT_EQ(florin({"serve", "--listen", "127.0.0.1:0"}).code, 2);
}

TEST(Serve, RecordsInRecordsOut) {
  const TempFolder folder;
  const RunningServer server(folder, folder.path("ledger"));
  ASSERT_EQ(florin({"create-accounts", "--connect", server.address()}, kTwoAccounts).code, 0);
  const auto created = florin({"create-transfers", "--connect", server.address()}, kTransfer);
  EXPECT_EQ(created.code, 0) << created.err;
  EXPECT_EQ(created.json()["result"], "created");
  const auto again = florin({"create-transfers", "--connect", server.address()}, kTransfer);
  EXPECT_EQ(again.code, 0);
  EXPECT_EQ(again.json()["result"], "exists");

  EXPECT_EQ(florin({"lookup", "account", "2", "--connect", server.address()}).json()["credits_posted"], "250");
  EXPECT_EQ(florin({"lookup", "transfer", "0x64", "--connect", server.address()}).json()["amount"], "250");
  EXPECT_EQ(florin({"lookup", "transfers-of", "1", "--connect", server.address()}).json()["id"], "100");
  EXPECT_EQ(florin({"lookup", "account", "3", "--connect", server.address()}).code, 6);
  const auto inspected = florin({"inspect", "account", "1", "--connect", server.address()}).json();
  EXPECT_EQ(inspected["debits_posted"], "250");
  EXPECT_EQ(inspected["newest_transfers"][0]["id"], "100");
  EXPECT_EQ(florin({"inspect", "transfer", "101", "--connect", server.address()}).code, 6);
}

TEST(Serve, BadRecordsAreRefusedBeforeAnythingIsSent) {
  const TempFolder folder;
  const RunningServer server(folder, folder.path("ledger"));
  for (const std::string line : {"{\"id\": 1, \"ledgr\": 1}", "[1]", "{\"id\": -1}", "{\"id\": 1, \"ledger\": 4294967296}", "nonsense",
                                 "{\"id\": 1, \"flags\": [\"unknown\"]}", ""}) {
    const auto result = florin({"create-accounts", "--connect", server.address()}, std::string(kTwoAccounts).substr(0, 37) + line + "\n");
    if (line.empty()) continue;
    EXPECT_EQ(result.code, 2) << line << ": " << result.err;
    EXPECT_THAT(result.err, HasSubstr("line 2")) << line;
  }
  EXPECT_EQ(florin({"create-accounts", "--connect", server.address()}, "").code, 2);
  const auto refused = florin({"create-accounts", "--connect", server.address()}, "{\"id\": 9}\n");
  EXPECT_EQ(refused.code, 10);
  EXPECT_EQ(refused.json()["result"], "ledger_must_not_be_zero");
}

TEST(Serve, TheTestClockMovesOnlyWhenTold) {
  const TempFolder folder;
  const RunningServer server(folder, folder.path("ledger"), {"--test-clock"});
  ASSERT_EQ(florin({"create-accounts", "--connect", server.address()}, kTwoAccounts).code, 0);
  const std::string hold = "{\"id\": 7, \"debit_account_id\": 1, \"credit_account_id\": 2, \"amount\": 5, \"ledger\": 1, \"code\": 1, "
                           "\"flags\": [\"pending\"], \"timeout\": 10}\n";
  ASSERT_EQ(florin({"create-transfers", "--connect", server.address()}, hold).code, 0);
  const auto pending = [&] { return florin({"lookup", "account", "1", "--connect", server.address()}).json()["debits_pending"]; };
  EXPECT_EQ(florin({"clock", "advance", "9000000000", "--connect", server.address()}).code, 0);
  EXPECT_EQ(pending(), "5");
  EXPECT_EQ(florin({"clock", "advance", "1000001000", "--connect", server.address()}).code, 0);
  EXPECT_EQ(pending(), "0");  // the time-out runs from the hold's own time, some ns after the clock's start
}

TEST(Serve, AnotherClockRefusesToBeMoved) {
  const TempFolder folder;
  const RunningServer server(folder, folder.path("ledger"));
  const auto result = florin({"clock", "advance", "1", "--connect", server.address()});
  EXPECT_EQ(result.code, 10);
  EXPECT_THAT(result.err, HasSubstr("not_permitted"));
}

/// It takes one at a time, be it asked for or due, as one often is when a server has just started.
TEST(Serve, ASnapshotWaitsForTheOneThatIsBeingTaken) {
  const TempFolder folder;
  const RunningServer server(folder, folder.path("ledger"));
  const auto take_some = [&] {
    for (int i = 0; i < 5; ++i) {
      const Finished taken = florin({"snapshot", "--connect", server.address()});
      EXPECT_EQ(taken.code, 0) << taken.err;
    }
  };
  std::vector<std::jthread> users;
  for (int i = 0; i < 4; ++i) users.emplace_back(take_some);
}

TEST(Serve, ASnapshotOfAnIdleServerIsPublished) {
  const TempFolder folder;
  RunningServer server(folder, folder.path("ledger"));
  ASSERT_EQ(florin({"create-accounts", "--connect", server.address()}, kTwoAccounts).code, 0);
  const auto taken = florin({"snapshot", "--connect", server.address(), "--json"});
  ASSERT_EQ(taken.code, 0) << taken.err;
  const auto hash = status(server)["state_hash"];
  EXPECT_EQ(server.end(SIGKILL).code, 128 + SIGKILL);
  const auto listed = florin({"snapshot", "--data", folder.path("ledger"), "--json"}).json();
  ASSERT_EQ(listed.size(), 1U);
  EXPECT_EQ(listed[0]["sequence"], 3);
  EXPECT_EQ(listed[0]["state_hash"], hash);
  EXPECT_EQ(florin({"inspect", "snapshot", "--data", folder.path("ledger"), "--json"}).json()["state_hash"], hash);
  const auto replayed = florin({"replay", "--data", folder.path("ledger"), "--from-snapshot", "--json"}).json();
  EXPECT_EQ(replayed["from_snapshot"], 3);
  EXPECT_EQ(replayed["state_hash"], hash);
}

}  // namespace
}  // namespace florin::test
