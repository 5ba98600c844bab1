#include <gmock/gmock.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <fstream>
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

}  // namespace
}  // namespace florin::test
