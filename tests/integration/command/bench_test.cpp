#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>

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
