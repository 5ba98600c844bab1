#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>
#include <future>

#include "command.hpp"

namespace florin::test {
namespace {

using testing::HasSubstr;

nlohmann::json bench(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), "bench");
  arguments.insert(arguments.end(), {"--json", "-"});
  const auto result = florin(arguments);
  EXPECT_EQ(result.code, 0) << result.err;
  return result.json();
}

TEST(Bench, AServerOfItsOwnAndNothingLeftBehind) {
  const TempFolder folder;
  const auto result = bench({"--data", folder.path(""), "--accounts", "100", "--transfers", "20000", "--batch", "1000"});
  EXPECT_EQ(result["outcomes"], nlohmann::json({{"created", 20000}}));
  EXPECT_EQ(result["transfers"], 20000);
  EXPECT_GT(result["transfers_per_second"], 0);
  for (const char* const name : {"p50", "p99", "p999", "max"}) EXPECT_GT(result["latency_ms"][name], 0) << name;
  for (const char* const name : {"processor", "cores", "kernel", "date"}) EXPECT_TRUE(result["conditions"].contains(name)) << name;
  EXPECT_EQ(result["conditions"]["server"]["status"]["transfers"], 20000);
  EXPECT_TRUE(std::filesystem::is_empty(folder.path("")));
}

TEST(Bench, AccountsThatExistAreUsedAndIdsAreNew) {
  const TempFolder folder;
  const RunningServer server(folder, folder.path("ledger"));
  for (int i = 0; i < 2; ++i) {
    const auto result = bench({"--connect", server.address(), "--accounts", "100", "--transfers", "5000", "--seed", "1"});
    EXPECT_EQ(result["outcomes"], nlohmann::json({{"created", 5000}}));
  }
  const auto status = florin({"status", "--connect", server.address(), "--json"}).json();
  EXPECT_EQ(status["accounts"], 100);
  EXPECT_EQ(status["transfers"], 10000);
}

TEST(Bench, EveryWorkloadIsCreatedWhole) {
  const TempFolder folder;
  const RunningServer server(folder, folder.path("ledger"));
  for (const std::vector<std::string>& workload : std::vector<std::vector<std::string>>{
           {"--batch", "1", "--connections", "20", "--in-flight", "5"},
           {"--batch", "100", "--connections", "3", "--in-flight", "2", "--rate", "50000"},
           {"--distribution", "zipf:0.99"},
           {"--distribution", "hot:50"},
           {"--limits-share", "50"},
           {"--batch", "500", "--pending-share", "15", "--post-share", "10", "--void-share", "5"}}) {
    auto arguments = workload;
    arguments.insert(arguments.end(), {"--connect", server.address(), "--accounts", "200", "--transfers", "20000"});
    EXPECT_EQ(bench(arguments)["outcomes"], nlohmann::json({{"created", 20000}})) << workload[0] << ' ' << workload[1];
  }
}

TEST(Bench, EveryMixOfPaymentsIsDoneAndTheAccountsAgree) {
  const TempFolder folder;
  const RunningServer server(folder, folder.path("ledger"));
  for (const std::vector<std::string>& mix : std::vector<std::vector<std::string>>{
           {"instant"},
           {"instant", "--distribution", "hot:50"},
           {"authorise-capture", "--batch", "100"},
           {"refunds", "--batch", "50", "--distribution", "zipf:0.99"},
           {"instant", "--retries", "--random-ids", "--batch", "300"},
           {"refunds", "--retries", "--batch", "1", "--connections", "20", "--in-flight", "5"},
           {"authorise-capture", "--retries", "--batch", "10", "--connections", "10", "--in-flight", "3"},
           {"authorise-capture", "--batch", "20", "--connections", "3", "--in-flight", "2", "--rate", "20000"}}) {
    std::vector<std::string> arguments = {"--connect", server.address(), "--accounts", "200", "--merchants", "20", "--transfers", "5000", "--payments"};
    arguments.insert(arguments.end(), mix.begin(), mix.end());
    const auto result = bench(arguments);
    const bool retries = result["workload"]["retries"];
    const double commands = 5000 * (mix[0] == "instant" ? 1 : mix[0] == "refunds" ? 1.2 : 2) * (retries ? 2 : 1);
    EXPECT_EQ(result["orders"], 5000) << mix[0];
    EXPECT_EQ(result["sums"]["orders"], 5000) << mix[0];
    EXPECT_EQ(result["outcomes"]["done"], commands) << mix[0];
    EXPECT_EQ(result["outcomes"].size(), 1U) << result["outcomes"];
    EXPECT_EQ(result["compared"], retries ? commands / 2 : 0) << mix[0];
    EXPECT_EQ(result["wrong"], 0) << mix[0];
    EXPECT_EQ(result["checked"], true) << mix[0];
    EXPECT_EQ(result["sums"]["held"], "0") << mix[0];
    EXPECT_GT(result["orders_per_second"], 0) << mix[0];
  }
  EXPECT_EQ(florin({"status", "--connect", server.address(), "--json"}).json()["orders"], 40'000);
}

TEST(Bench, PaymentsOnAServerOfTheirOwn) {
  const TempFolder folder;
  const auto result = florin({"bench", "--data", folder.path(""), "--accounts", "100", "--merchants", "10", "--transfers", "3000", "--payments", "refunds", "--batch", "100"});
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("3600 done; balances are what the answers say"));
  EXPECT_TRUE(std::filesystem::is_empty(folder.path("")));
}

/// Each of two runs at once sees money in its accounts that nobody answered it for.
TEST(Bench, PaymentsOfSomebodyElseAreNoticedInTheAccounts) {
  const TempFolder folder;
  const RunningServer server(folder, folder.path("ledger"));
  const auto run = [&](const char* duration) {
    return florin({"bench", "--connect", server.address(), "--accounts", "100", "--merchants", "10", "--payments", "instant", "--batch", "10", "--duration", duration});
  };
  auto longer = std::async(std::launch::async, run, "2");
  auto shorter = std::async(std::launch::async, run, "1");
  EXPECT_EQ(shorter.get().code, 11);
  const auto result = longer.get();
  EXPECT_EQ(result.code, 11);
  EXPECT_THAT(result.err, HasSubstr("the accounts differ from the answers"));
}

TEST(Bench, OptionsThatPaymentsHaveNoUseFor) {
  EXPECT_EQ(florin({"bench", "--payments", "refund"}).code, 2);
  for (const std::vector<std::string>& wrong : std::vector<std::vector<std::string>>{
           {"--pending-share", "10"}, {"--limits-share", "10"}, {"--random-user-data"}, {"--record-acknowledged", "x"}, {"--check-acknowledged", "x"}}) {
    std::vector<std::string> arguments = {"bench", "--payments", "instant"};
    arguments.insert(arguments.end(), wrong.begin(), wrong.end());
    const auto result = florin(arguments);
    EXPECT_EQ(result.code, 2) << wrong[0];
    EXPECT_THAT(result.err, HasSubstr("--payments")) << wrong[0];
  }
}

TEST(Bench, ResultsAreCompared) {
  const TempFolder folder;
  const RunningServer server(folder, folder.path("ledger"));
  const std::vector<std::string> arguments = {"bench", "--connect", server.address(), "--accounts", "100", "--transfers", "5000"};
  auto first = arguments;
  first.insert(first.end(), {"--json", folder.path("first.json")});
  ASSERT_EQ(florin(first).code, 0);
  auto second = arguments;
  second.insert(second.end(), {"--compare", folder.path("first.json")});
  const auto compared = florin(second);
  EXPECT_EQ(compared.code, 0) << compared.err;
  EXPECT_THAT(compared.out, HasSubstr("transfers_per_second"));
  EXPECT_THAT(compared.out, testing::Not(HasSubstr("workloads differ")));
  std::ofstream(folder.path("other.json")) << "{}";
  second.back() = folder.path("other.json");
  EXPECT_EQ(florin(second).code, 4);
}

TEST(Bench, NothingAcknowledgedIsLostByKill) {
  const TempFolder folder;
  const auto log = folder.path("acknowledged");
  {
    RunningServer server(folder, folder.path("ledger"));
    RunningCommand load(folder, {"bench", "--connect", server.address(), "--accounts", "100", "--duration", "60", "--batch", "500",
                                 "--connections", "4", "--record-acknowledged", log});
    const std::vector<std::string> ask = {"status", "--connect", server.address(), "--json"};
    while (florin(ask).json()["transfers"] < 100'000) {
    }
    server.end(SIGKILL);
    EXPECT_EQ(load.wait().code, 8);
  }
  const auto replayed = florin({"replay", "--data", folder.path("ledger"), "--json"}).json();
  RunningServer server(folder, folder.path("ledger"));
  const auto status = florin({"status", "--connect", server.address(), "--json"}).json();
  EXPECT_EQ(status["state_hash"], replayed["state_hash"]);
  EXPECT_EQ(status["sequence"], replayed["sequence"]);
  const auto checked = florin({"bench", "--connect", server.address(), "--check-acknowledged", log});
  EXPECT_EQ(checked.code, 0) << checked.err;
  EXPECT_THAT(checked.out, HasSubstr(" 0 missing, 0 different"));
  // The same log against a server that has none of it: the check must be able to fail.
  const RunningServer empty(folder, folder.path("empty"));
  EXPECT_EQ(florin({"bench", "--connect", empty.address(), "--check-acknowledged", log}).code, 11);
}

}  // namespace
}  // namespace florin::test
