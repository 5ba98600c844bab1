#include <gmock/gmock.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <thread>

#include "store_commands.hpp"

namespace florin::test {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

/// A server under load, its backups, and what is made of them.
class BackupCommand : public StoreCommands {};

TEST_F(BackupCommand, WhileAServerIsUnderLoad) {
  RunningServer server(folder_, data_, {"--segment-size", "1MiB", "--snapshot-every", "5000", "--generation", "2000"});
  std::vector<std::string> arguments = load_arguments(server, 200'000);
  arguments.insert(arguments.end(), {"--rate", "25000"});  // so that it lasts
  RunningCommand bench(folder_, arguments);
  std::uint64_t sequence = 0;
  for (int i = 0; i < 5; ++i) {
    const auto taken = backup();
    ASSERT_EQ(taken.code, 0) << taken.err;
    EXPECT_EQ(taken.json()["previous_sequence"], sequence);
    EXPECT_GE(taken.json()["sequence"], sequence);
    sequence = taken.json()["sequence"];
    const auto checked = check();
    ASSERT_EQ(checked.code, 0) << checked.err;
    EXPECT_EQ(checked.json()["sequence"], sequence);
    expect_restores();
  }
  EXPECT_EQ(bench.wait().code, 0);
  const auto status = florin({"status", "--connect", server.address(), "--json"}).json();
  EXPECT_EQ(backup().json()["sequence"], status["sequence"]);
  const auto restored = florin({"restore", "--from", to_, "--to", folder_.path("again"), "--compare", status["state_hash"], "--json"});
  ASSERT_EQ(restored.code, 0) << restored.err;
  RunningServer second(folder_, folder_.path("again"));
  EXPECT_EQ(florin({"status", "--connect", second.address(), "--json"}).json()["state_hash"], status["state_hash"]);
}

TEST_F(BackupCommand, KilledAgainAndAgainItIsTheOneBeforeOrTheNext) {
  RunningServer server(folder_, data_, {"--segment-size", "1MiB", "--snapshot-every", "3000", "--generation", "1000"});
  ASSERT_EQ(load(server, 5'000).code, 0);
  ASSERT_EQ(backup().code, 0);
  std::uint64_t before = check().json()["sequence"];
  int killed = 0;
  for (int round = 0; round < 25; ++round) {
    ASSERT_EQ(load(server, 2'000).code, 0);
    RunningCommand command(folder_, backup_arguments());
    std::this_thread::sleep_for(std::chrono::milliseconds(round * 2));
    command.signal(SIGKILL);
    if (command.wait().code != 0) ++killed;
    const auto checked = check();
    ASSERT_EQ(checked.code, 0) << checked.err;
    ASSERT_GE(checked.json()["sequence"], before);
    before = checked.json()["sequence"];
    if (round % 8 == 0) expect_restores();
  }
  EXPECT_GT(killed, 0);
  ASSERT_EQ(backup().code, 0);
  EXPECT_EQ(check().json()["sequence"], florin({"status", "--connect", server.address(), "--json"}).json()["sequence"]);
  expect_restores();
}

TEST_F(BackupCommand, OfAKilledServersFolder) {
  RunningServer server(folder_, data_);
  ASSERT_EQ(load(server, 3'000).code, 0);
  server.end(SIGKILL);
  ASSERT_EQ(backup().code, 0);
  expect_restores();
  RunningServer next(folder_, data_);
  ASSERT_EQ(load(next, 1'000).code, 0);
  ASSERT_EQ(backup().code, 0);
  expect_restores();
}

TEST_F(BackupCommand, RestoresToAnySequence) {
  RunningServer server(folder_, data_, {"--segment-size", "1MiB"});
  ASSERT_EQ(load(server, 5'000).code, 0);
  ASSERT_EQ(florin({"snapshot", "--connect", server.address()}).code, 0);
  ASSERT_EQ(load(server, 5'000).code, 0);
  const auto taken = backup();
  ASSERT_EQ(taken.code, 0) << taken.err;
  for (const char* sequence : {"1", "60", "1051", "4000", "7777"}) expect_restores({"--to-sequence", sequence});
  expect_restores({"--to-sequence", "7777", "--from-snapshot"});
  const auto cut = florin({"restore", "--from", to_, "--to", folder_.path("cut"), "--to-sequence", "7777", "--json"}).json();
  EXPECT_EQ(cut["to_sequence"], 7777);
  ASSERT_LT(cut["sequence"], 7777) << "batches have 100 events";
  ASSERT_EQ(cut["notes"].size(), 1U);
  EXPECT_THAT(cut["notes"][0].get<std::string>(), HasSubstr("ended with sequence " + cut["sequence"].dump() + ": 7777 lies within a batch"));
  EXPECT_THAT(florin({"restore", "--help"}).out, HasSubstr("batch"));
  const auto beyond = florin({"restore", "--from", to_, "--to", folder_.path("beyond"), "--to-sequence", "999999"});
  EXPECT_EQ(beyond.code, 6);
}

TEST_F(BackupCommand, ARestoreThatFailsLeavesNothing) {
  {
    RunningServer server(folder_, data_);
    ASSERT_EQ(load(server, 1'000).code, 0);
  }
  ASSERT_EQ(backup().code, 0);
  const std::string to = folder_.path("restored");
  const Arguments refused{"restore", "--from", to_, "--to", to, "--compare", std::string(32, '0')};
  EXPECT_EQ(florin(refused).code, 11);
  EXPECT_FALSE(fs::exists(to));
  fs::create_directory(to);
  EXPECT_EQ(florin(refused).code, 11);
  EXPECT_TRUE(fs::exists(to)) << "it was there before";
  EXPECT_TRUE(fs::is_empty(to));
}

TEST_F(BackupCommand, NoServerRunsOnABackup) {
  {
    RunningServer server(folder_, data_);
    ASSERT_EQ(load(server, 1'000).code, 0);
  }
  ASSERT_EQ(backup().code, 0);
  for (const std::string& data : {to_, to_ + "/", to_ + "/files", to_ + "/files/"}) {
    const auto served = florin({"serve", "--data", data, "--listen", "127.0.0.1:0"});
    EXPECT_EQ(served.code, 2) << data;
    EXPECT_THAT(served.err, HasSubstr(data + ": is a backup, not a data folder: make one of it with florin restore --from " + to_));
  }
  EXPECT_EQ(check().code, 0);
  EXPECT_EQ(backup().code, 0);
}

TEST_F(BackupCommand, ExitCodesSayWhatIsWrong) {
  RunningServer server(folder_, data_);
  ASSERT_EQ(load(server, 2'000).code, 0);
  ASSERT_EQ(florin({"snapshot", "--connect", server.address()}).code, 0);
  ASSERT_EQ(backup().code, 0);
  EXPECT_EQ(florin({"backup", "--data", data_}).code, 2);
  EXPECT_EQ(florin({"backup", "--data", data_, "--to", to_, "--verify", to_}).code, 2);
  EXPECT_EQ(florin({"backup", "--data", data_, "--to", data_ + "/backup"}).code, 2);
  EXPECT_EQ(florin({"backup", "--data", folder_.path("absent"), "--to", to_}).code, 6);
  EXPECT_EQ(florin({"backup", "--verify", folder_.path("absent")}).code, 6);
  EXPECT_EQ(florin({"backup", "--data", data_, "--to", "/proc/florin"}).code, 3);
  const RunningServer other(folder_, folder_.path("other"));
  const auto refused = florin({"backup", "--data", folder_.path("other"), "--to", to_});
  EXPECT_EQ(refused.code, 11);
  EXPECT_THAT(refused.err, HasSubstr(to_));
  EXPECT_EQ(florin({"restore", "--from", to_, "--to", data_}).code, 2);
  EXPECT_EQ(florin({"restore", "--from", to_, "--to", folder_.path("x"), "--compare", std::string(32, '0')}).code, 11);
  EXPECT_FALSE(fs::exists(folder_.path("x") + "/journal"));
  for (const auto& entry : fs::recursive_directory_iterator(to_)) {
    const std::string path = entry.path();
    if (!entry.is_regular_file() || path.ends_with("LOCK")) continue;
    const auto size = static_cast<std::streamoff>(entry.file_size());
    const auto flip = [&] {
      std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
      file.seekg(size / 2);
      const char byte = static_cast<char>(file.get() ^ 1);
      file.seekp(size / 2);
      file.put(byte);
    };
    flip();
    const auto checked = check();
    EXPECT_EQ(checked.code, 4) << path;
    EXPECT_THAT(checked.err, HasSubstr(path));
    const auto restored = florin({"restore", "--from", to_, "--to", folder_.path("y")});
    EXPECT_EQ(restored.code, 4) << path;
    EXPECT_THAT(restored.err, HasSubstr(path));
    flip();
  }
  EXPECT_EQ(check().code, 0);
}

}  // namespace
}  // namespace florin::test
