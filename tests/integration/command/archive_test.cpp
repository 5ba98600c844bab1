#include <gmock/gmock.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <thread>

#include "segment_file.hpp"
#include "store_commands.hpp"

/// A server whose sealed segments move to an archive: it answers as one that keeps them, whatever happens on the way.
namespace florin::test {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class ArchiveCommand : public StoreCommands {
 protected:
  static void flip(const std::string& path, std::uint64_t offset) {
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    file.seekg(static_cast<std::streamoff>(offset));
    const int before = file.get();
    file.seekp(static_cast<std::streamoff>(offset));
    file.put(static_cast<char>(before ^ 1));
  }
  static std::uint64_t bytes(const std::string& folder, const char* extension) {
    std::uint64_t sum = 0;
    for (const auto& entry : fs::directory_iterator(folder)) sum += entry.path().extension() == extension ? entry.file_size() : 0;
    return sum;
  }
  static auto history_status(const RunningServer& server) { return status(server)["history"]; }

  static constexpr std::uint32_t kExtras = 7;  // a section: docs/history_format.md
};

TEST_F(ArchiveCommand, StatusTellsWhatIsInThePageCache) {
  Arguments settings = with_archive("2");
  settings.insert(settings.end(), {"--page-cache", "64MiB"});
  const RunningServer server(folder_, data_, settings);
  load_until(server, [&] { return archived() >= 2; });
  (void)history_of(server);
  const auto history = history_status(server);
  EXPECT_EQ(history["page_cache_max_bytes"], 64U << 20);
  EXPECT_GT(history["page_cache_bytes"], bytes(data_ + "/history", ".sealed") / 2) << "all of it was asked for";
  EXPECT_LE(history["page_cache_bytes"], bytes(data_ + "/history", ".sealed") + bytes(archive_, ".archive"));
  EXPECT_EQ(status(server)["memory"]["used_up"], false);
}

TEST_F(ArchiveCommand, AnswersAsBeforeAndAfterARestart) {
  std::string history;
  {
    RunningServer server(folder_, data_, small_);
    load_until(server, [&] { return sealed() >= 7; });
    history = history_of(server);
    EXPECT_EQ(server.end(SIGTERM).code, 0);
  }
  {
    RunningServer server(folder_, data_, with_archive("2"));
    ASSERT_TRUE(eventually([&] { return sealed() == 2; }));
    EXPECT_GE(archived(), 5U);
    EXPECT_EQ(history_of(server), history);
    EXPECT_EQ(florin({"verify", "--data", data_}).code, 0);
    EXPECT_EQ(server.end(SIGTERM).code, 0);
  }
  const Finished refused = florin([&] {
    auto arguments = small_;
    arguments.insert(arguments.begin(), {"serve", "--data", data_, "--listen", "127.0.0.1:0"});
    return arguments;
  }());
  EXPECT_EQ(refused.code, 2);
  EXPECT_THAT(refused.err, HasSubstr("sealed segment 1 is not in"));
  EXPECT_THAT(refused.err, HasSubstr("archived to " + archive_));
  {
    RunningServer server(folder_, data_, with_archive("0"));
    EXPECT_EQ(history_of(server), history);
    ASSERT_TRUE(eventually([&] { return sealed() == 0; }));
    EXPECT_EQ(history_of(server), history);
    const auto verified = florin({"verify", "--data", data_, "--json"});
    ASSERT_EQ(verified.code, 0) << verified.err;
    for (const auto& segment : verified.json()["history"]) EXPECT_TRUE(segment["archived"]);
    EXPECT_EQ(florin({"serve", "--data", folder_.path("third"), "--listen", "127.0.0.1:0", "--archive", archive_}).code, 5) << "in use";
  }
}

TEST_F(ArchiveCommand, DamageIsNamedAndBuiltAgain) {
  std::string history;
  {
    RunningServer server(folder_, data_, with_archive("0"));
    load_until(server, [&] { return archived() >= 4; });
    ASSERT_TRUE(eventually([&] { return sealed() == 0; }));
    history = history_of(server);
    EXPECT_EQ(server.end(SIGTERM).code, 0);
  }
  const std::string victim = archive_ + "/00000000000000000002.archive";
  flip(victim, SegmentFile(victim).directory() + 100);
  const Finished verified = florin({"verify", "--data", data_, "--quick"});
  EXPECT_EQ(verified.code, 4);
  EXPECT_THAT(verified.err, HasSubstr(victim));
  RunningServer server(folder_, data_, with_archive("0"));
  EXPECT_EQ(history_of(server), history);
  ASSERT_TRUE(eventually([&] { return sealed() == 0; }));
  EXPECT_EQ(history_of(server), history);
  EXPECT_EQ(florin({"verify", "--data", data_}).code, 0);
}

/// Files that say where archived segments are: one is damaged, one is lost. Both segments are used as they are.
TEST_F(ArchiveCommand, SegmentsAreFoundAgainThatNobodySaysTheFolderOf) {
  std::string history;
  {
    RunningServer server(folder_, data_, with_archive("0"));
    load_until(server, [&] { return archived() >= 4; });
    ASSERT_TRUE(eventually([&] { return sealed() == 0; }));
    history = history_of(server);
    EXPECT_EQ(server.end(SIGTERM).code, 0);
  }
  const std::string damaged = data_ + "/history/00000000000000000002.archived";
  const std::string lost = data_ + "/history/00000000000000000003.archived";
  flip(damaged, 40);
  const Finished verified = florin({"verify", "--data", data_, "--archive", archive_, "--quick"});
  EXPECT_EQ(verified.code, 4);
  EXPECT_THAT(verified.err, HasSubstr(damaged));
  fs::remove(lost);
  const auto archived_at = fs::last_write_time(archive_ + "/00000000000000000002.archive");
  {
    RunningServer server(folder_, data_, with_archive("0"));
    EXPECT_EQ(history_of(server), history);
    EXPECT_TRUE(eventually([&] { return fs::exists(damaged) && fs::exists(lost); }));
    const Finished stopped = server.end(SIGTERM);
    EXPECT_EQ(stopped.code, 0);
    EXPECT_THAT(stopped.err, HasSubstr("note: " + damaged));
  }
  EXPECT_EQ(fs::last_write_time(archive_ + "/00000000000000000002.archive"), archived_at);
  EXPECT_EQ(florin({"verify", "--data", data_}).code, 0);
}

/// The rare fields of its transfers, which a start does not read.
TEST_F(ArchiveCommand, DamageThatIsFoundWhileItRunsStopsItAndIsBuiltAgain) {
  std::string history;
  {
    RunningServer server(folder_, data_, with_archive("0"));
    load_until(server, [&] { return archived() >= 3; });
    ASSERT_TRUE(eventually([&] { return sealed() == 0; }));
    history = history_of(server);
    EXPECT_EQ(server.end(SIGTERM).code, 0);
  }
  const std::string victim = archive_ + "/00000000000000000001.archive";
  {
    RunningServer server(folder_, data_, with_archive("0"));
    flip(victim, SegmentFile(victim).offset_of(kExtras) + 9);
    const RunningCommand feed(folder_, {"feed", "--connect", server.address()});
    const Finished stopped = server.command().wait();
    EXPECT_EQ(stopped.code, 128 + SIGABRT);
    EXPECT_THAT(stopped.err, HasSubstr("sealed segment 1 cannot be read"));
    EXPECT_THAT(stopped.err, HasSubstr(victim));
  }
  EXPECT_TRUE(fs::exists(victim + ".damaged"));
  RunningServer server(folder_, data_, with_archive("0"));
  EXPECT_EQ(history_of(server), history);
  EXPECT_EQ(florin({"verify", "--data", data_}).code, 0);
}

/// The rare fields of its transfers, again.
TEST_F(ArchiveCommand, DamageOfOneThatIsToBeArchivedDoesNotKeepTheOthers) {
  std::string history;
  {
    RunningServer server(folder_, data_, small_);
    load_until(server, [&] { return sealed() >= 5; });
    history = history_of(server);
    EXPECT_EQ(server.end(SIGTERM).code, 0);
  }
  const std::string victim = data_ + "/history/00000000000000000002.sealed";
  flip(victim, SegmentFile(victim).offset_of(kExtras) + 9);
  {
    RunningServer server(folder_, data_, with_archive("0"));
    ASSERT_TRUE(eventually([&] { return sealed() == 0; }));
    EXPECT_GE(archived(), 4U);
    EXPECT_TRUE(fs::exists(victim + ".damaged"));
    EXPECT_FALSE(fs::exists(archive_ + "/00000000000000000002.archive"));
    EXPECT_EQ(load(server, 1'100).code, 0) << "it goes on";
    const Finished stopped = server.end(SIGTERM);
    EXPECT_EQ(stopped.code, 0);
    EXPECT_THAT(stopped.err, HasSubstr("sealed segment 2 is not archived: " + victim));
    EXPECT_THAT(stopped.err, HasSubstr("the next start builds it again"));
  }
  RunningServer server(folder_, data_, with_archive("0"));
  EXPECT_EQ(history_of(server), history_of_journal());
  ASSERT_TRUE(eventually([&] { return sealed() == 0; }));
  EXPECT_TRUE(fs::exists(archive_ + "/00000000000000000002.archive"));
  EXPECT_EQ(florin({"verify", "--data", data_}).code, 0);
}

TEST_F(ArchiveCommand, StatusSaysHowSegmentsAreStored) {
  RunningServer server(folder_, data_, with_archive("2"));
  load_until(server, [&] { return archived() >= 4; });
  ASSERT_TRUE(eventually([&] { return sealed() == 2; }));
  const auto says = [&](const char* form, std::uint64_t segments, std::uint64_t bytes) {
    const auto history = history_status(server);
    return history[std::string(form) + "_segments"] == segments && history[std::string(form) + "_bytes"] == bytes;
  };
  EXPECT_TRUE(eventually([&] { return says("archived", archived(), bytes(archive_, ".archive")); })) << history_status(server);
  EXPECT_TRUE(eventually([&] { return says("sealed", 2, bytes(data_ + "/history", ".sealed")); })) << history_status(server);
  EXPECT_TRUE(says("dropped", 0, 0)) << history_status(server);
  const std::uint64_t before = history_status(server)["archived_bytes"];
  ASSERT_EQ(florin({"drop-history", "--before-sequence", "3500", "--connect", server.address()}).code, 0);
  ASSERT_EQ(florin({"snapshot", "--connect", server.address()}).code, 0);
  EXPECT_TRUE(eventually([&] {
    const auto history = history_status(server);
    return history["dropped_segments"] >= 2 && history["dropped_bytes"] > 0 && history["archived_bytes"] < before;
  })) << history_status(server);
}

TEST_F(ArchiveCommand, KilledAgainAndAgainItLosesNothing) {
  std::size_t between = 0;
  for (int round = 0; round < 20; ++round) {
    RunningServer server(folder_, data_, with_archive("0"));
    ASSERT_EQ(load(server, 1'500).code, 0);
    std::this_thread::sleep_for(std::chrono::milliseconds(round * 3 % 40));
    server.end(SIGKILL);
    between += sealed() != 0 && archived() != 0 ? 1U : 0U;
  }
  EXPECT_GT(between, 0U);
  RunningServer server(folder_, data_, with_archive("0"));
  EXPECT_EQ(history_of(server), history_of_journal());
  ASSERT_TRUE(eventually([&] { return sealed() == 0; })) << sealed() << " are not archived\n" << florin({"status", "--connect", server.address()}).out;
  EXPECT_GE(archived(), 15U);
  EXPECT_EQ(count(archive_, ".tmp"), 0U);
  EXPECT_EQ(history_of(server), history_of_journal());
  EXPECT_EQ(florin({"verify", "--data", data_}).code, 0);
}

TEST_F(ArchiveCommand, BackupsTakeItAlong) {
  std::string history;
  std::size_t copied = 0;
  {
    RunningServer server(folder_, data_, small_);
    load_until(server, [&] { return sealed() >= 3; });
    ASSERT_EQ(backup().code, 0);
    copied = count(to_ + "/files/history", ".sealed");
    EXPECT_GE(copied, 3U);
    EXPECT_EQ(server.end(SIGTERM).code, 0);
  }
  {
    RunningServer server(folder_, data_, with_archive("0"));
    load_until(server, [&] { return archived() >= copied + 3; });
    ASSERT_TRUE(eventually([&] { return sealed() == 0; }));
    history = history_of(server);
    const auto taken = backup();
    ASSERT_EQ(taken.code, 0) << taken.err;
    EXPECT_TRUE(taken.json()["notes"].empty()) << taken.json()["notes"];
  }
  EXPECT_EQ(count(to_ + "/files/history", ".sealed"), copied) << "what was copied is not copied again in another form";
  EXPECT_EQ(count(to_ + "/files/history", ".archive"), archived() - copied);
  EXPECT_EQ(florin({"backup", "--verify", to_}).code, 0);
  fs::rename(archive_, folder_.path("moved"));
  const auto lost = backup();
  ASSERT_EQ(lost.code, 0) << "what is copied is there; what is not there is only missed";
  EXPECT_EQ(florin({"backup", "--data", data_, "--to", to_, "--archive", folder_.path("moved")}).code, 0);
  const std::string restored = folder_.path("restored");
  const auto result = florin({"restore", "--from", to_, "--to", restored, "--json"});
  ASSERT_EQ(result.code, 0) << result.err;
  EXPECT_EQ(florin({"verify", "--data", restored}).code, 0);
  EXPECT_GE(count(restored + "/history", ".archive"), 3U);
  RunningServer server(folder_, restored, small_);
  EXPECT_EQ(history_of(server), history);
}

}  // namespace
}  // namespace florin::test
