#include <gmock/gmock.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <fstream>
#include <regex>
#include <string>
#include <thread>

#include "command.hpp"
#include "support/sanitizers.hpp"

/// A server with little memory: it stays within it, and says what it would need.
namespace florin::test {
namespace {

using testing::HasSubstr;

/// Bytes of the process that no file is behind.
std::uint64_t anonymous_bytes(pid_t process) {
  std::ifstream status("/proc/" + std::to_string(process) + "/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("RssAnon:")) return std::stoull(line.substr(8)) << 10;
  }
  return 0;
}

/// The most of them while it lives.
class AnonymousPeak {
 public:
  explicit AnonymousPeak(pid_t process) : thread_([this, process] {
    while (!stops_) {
      bytes_ = std::max(bytes_.load(), anonymous_bytes(process));
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
  }) {}
  ~AnonymousPeak() {
    stops_ = true;
    thread_.join();
  }
  AnonymousPeak(const AnonymousPeak&) = delete;
  AnonymousPeak& operator=(const AnonymousPeak&) = delete;
  [[nodiscard]] std::uint64_t bytes() const { return bytes_; }

 private:
  std::atomic<std::uint64_t> bytes_{0};
  std::atomic<bool> stops_{false};
  std::thread thread_;
};

/// With figures: on standard error, once, and in the status.
void expect_shortage_is_told(const RunningServer& server, std::uint64_t budget) {
  const std::string told = server.err();
  const std::string words = "florin: the memory budget of " + std::to_string(budget >> 20) + " MiB does not hold more: 10000 accounts, ";
  EXPECT_THAT(told, HasSubstr(words));
  EXPECT_EQ(told.find(words), told.rfind(words)) << "it was told of each request";
  const nlohmann::json memory = florin({"status", "--connect", server.address(), "--json"}).json()["memory"];
  EXPECT_EQ(memory["budget_bytes"], budget);
  EXPECT_LE(memory["used_bytes"], budget);
  EXPECT_GT(memory["used_bytes"], budget / 10 * 9);
  EXPECT_EQ(memory["used_up"], true);
  EXPECT_GT(memory["refused"], 0);
  EXPECT_GT(memory["refused_needs_bytes"], budget);
}

/// Holds with user data and ids in no order, which is all that takes memory, until nothing more is taken in; and generation after generation is
/// sealed meanwhile.
TEST(MemoryBudget, HoldsEverythingWhileSegmentsAreSealed) {
  constexpr std::uint64_t kBudget = std::uint64_t{128} << 20;
  const TempFolder folder;
  const std::string data = folder.path("ledger");
  std::string state;
  {
    RunningServer server(folder, data, {"--memory-budget", "128MiB", "--snapshot-every", "300000"});
    {
      const AnonymousPeak peak(server.command().process());
      const Finished load = florin({"bench", "--connect", server.address(), "--transfers", "1500000", "--pending-share", "90", "--random-user-data",
                                    "--random-ids", "--in-flight", "2"});
      EXPECT_THAT(load.out, HasSubstr("out_of_memory")) << load.err;
      EXPECT_GT(peak.bytes(), kBudget / 2);
      if (kSanitizer == Sanitizer::kNone) {
        EXPECT_LE(peak.bytes(), kBudget);
      }
    }
    EXPECT_EQ(florin({"snapshot", "--connect", server.address()}).code, 0);
    expect_shortage_is_told(server, kBudget);
    const nlohmann::json status = florin({"status", "--connect", server.address(), "--json"}).json();
    EXPECT_GE(status["history"]["segments"], 3);
    state = status["state_hash"];
    EXPECT_EQ(server.end(SIGTERM).code, 0);
  }
  const Finished refused = florin({"serve", "--data", data, "--listen", "127.0.0.1:0", "--memory-budget", "96MiB"});
  EXPECT_EQ(refused.code, 7);
  EXPECT_THAT(refused.err, HasSubstr("the memory budget of 96 MiB does not hold the snapshot: 10000 accounts, "));
  EXPECT_THAT(refused.err, HasSubstr(" need at least 1"));
  // A ledger that is full comes up again with what it had.
  RunningServer server(folder, data, {"--memory-budget", "128MiB"});
  ASSERT_FALSE(server.address().empty());
  EXPECT_EQ(florin({"status", "--connect", server.address(), "--json"}).json()["state_hash"], state);
}

/// What recovery from a snapshot and from what came after it needs is not more than the life before it had: segments are sealed at other moments then.
TEST(MemoryBudget, AFullLedgerStartsAgainFromASnapshotTakenUnderLoad) {
  const TempFolder folder;
  const std::string data = folder.path("ledger");
  const std::vector<std::string> options{"--memory-budget", "256MiB", "--snapshot-every", "1000000"};
  for (const int signal : {SIGKILL, SIGTERM}) {
    std::filesystem::remove_all(data);
    std::string state;
    {
      RunningServer server(folder, data, options);
      const auto fill = [&](const char* accounts, const char* transfers) {
        return florin({"bench", "--connect", server.address(), "--accounts", accounts, "--transfers", transfers, "--random-ids"});
      };
      ASSERT_EQ(fill("200000", "1900000").code, 0);
      EXPECT_THAT(fill("2000000", "1000").err, HasSubstr("request_out_of_memory"));
      state = florin({"status", "--connect", server.address(), "--json"}).json()["state_hash"];
      server.end(signal);
    }
    RunningServer server(folder, data, options);
    ASSERT_FALSE(server.address().empty()) << server.err();
    EXPECT_EQ(florin({"status", "--connect", server.address(), "--json"}).json()["state_hash"], state);
  }
}

TEST(MemoryBudget, TooSmallForAnEmptyLedgerIsRefused) {
  const TempFolder folder;
  const Finished refused = florin({"serve", "--data", folder.path("ledger"), "--listen", "127.0.0.1:0", "--memory-budget", "1MiB"});
  EXPECT_EQ(refused.code, 7);
  EXPECT_THAT(refused.err, HasSubstr("the memory budget of 1 MiB is too small for a new store: at least "));
}

/// A row of "What a budget holds" in docs/operations.md.
struct BudgetRow {
  std::string budget;
  std::string set_apart[2];  ///< with one partition and with two; "-": the budget is too small
  std::string accounts[2];
};

std::vector<BudgetRow> budget_rows() {
  const std::string figure = R"( (-|[\d,]+(?: MiB)?) \|)";
  const std::regex row(R"(\| (\d+ [MG]iB) \|)" + figure + figure + figure + figure);
  std::vector<BudgetRow> rows;
  std::ifstream page(FLORIN_DOCS "/operations.md");
  for (std::string line; std::getline(page, line);) {
    std::smatch match;
    if (std::regex_match(line, match, row)) rows.push_back({.budget = match[1], .set_apart = {match[2], match[4]}, .accounts = {match[3], match[5]}});
  }
  return rows;
}

/// "1,234,567"; all behind the first three digits is 0.
std::string rounded_down(std::uint64_t number) {
  std::string digits = std::to_string(number);
  for (std::size_t at = 3; at < digits.size(); ++at) digits[at] = '0';
  for (std::size_t at = digits.size(); at > 3;) digits.insert(at -= 3, ",");
  return digits;
}

constexpr std::uint64_t kAccountBytes = 176;

TEST(MemoryBudget, HoldsWhatTheManualSays) {
  const auto rows = budget_rows();
  EXPECT_EQ(rows.size(), 9U);
  for (const BudgetRow& row : rows) {
    for (const int partitions : {1, 2}) {
      SCOPED_TRACE(row.budget + " and partitions: " + std::to_string(partitions));
      const std::string& set_apart = row.set_apart[partitions - 1];
      const TempFolder folder;
      const std::vector<std::string> settings{"--memory-budget", row.budget, "--partitions", std::to_string(partitions)};
      if (set_apart == "-") {
        std::vector<std::string> serve{"serve", "--data", folder.path("ledger"), "--listen", "127.0.0.1:0"};
        serve.insert(serve.end(), settings.begin(), settings.end());
        EXPECT_EQ(florin(serve).code, 7);
        continue;
      }
      const RunningServer server(folder, folder.path("ledger"), settings);
      ASSERT_FALSE(server.address().empty()) << server.err();
      const nlohmann::json memory = florin({"status", "--connect", server.address(), "--json"}).json()["memory"];
      const std::uint64_t used = memory["used_bytes"];
      EXPECT_EQ(rounded_down(used >> 20) + " MiB", set_apart);
      EXPECT_EQ(rounded_down((memory["budget_bytes"].get<std::uint64_t>() - used) / kAccountBytes), row.accounts[partitions - 1]);
    }
  }
}

/// To the last account, of a budget that holds few.
TEST(MemoryBudget, IsFullOfAccountsWhenTheManualSays) {
  const TempFolder folder;
  const RunningServer server(folder, folder.path("ledger"), {"--memory-budget", "67MiB", "--partitions", "1"});
  const nlohmann::json memory = florin({"status", "--connect", server.address(), "--json"}).json()["memory"];
  const int accounts = static_cast<int>((memory["budget_bytes"].get<std::uint64_t>() - memory["used_bytes"].get<std::uint64_t>()) / kAccountBytes);
  const auto create = [&](int first, int last) {
    std::string lines;
    for (int id = first; id <= last; ++id) lines += "{\"id\": " + std::to_string(id) + ", \"ledger\": 1, \"code\": 1}\n";
    return florin({"create-accounts", "--connect", server.address()}, lines);
  };
  EXPECT_EQ(create(1, accounts).code, 0);
  const Finished refused = create(accounts + 1, accounts + 1);
  EXPECT_EQ(refused.code, 10);
  EXPECT_THAT(refused.err, HasSubstr("out_of_memory"));
}

}  // namespace
}  // namespace florin::test
