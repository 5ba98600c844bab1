#include <gmock/gmock.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>

#include "store_commands.hpp"

/// A store whose history was dropped, and whose segments have shrunk: its backups, what is made of them, and what is left after it was killed
/// on the way.
namespace florin::test {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class RetentionCommand : public StoreCommands {
 protected:
  static std::string sequence_of(const RunningServer& server) { return status(server)["sequence"].dump(); }
  /// All but what so many events have left behind that came last.
  static Beginning drop_all_but(const RunningServer& server, std::uint64_t kept) {
    const std::uint64_t sequence = status(server)["sequence"];
    const Finished dropped = florin({"drop-history", "--before-sequence", std::to_string(sequence - kept), "--connect", server.address(), "--json"});
    EXPECT_EQ(dropped.code, 0) << dropped.err;
    const auto json = dropped.json();
    return {json["first_sequence"], json["timestamp"]};
  }
  void shrink(const RunningServer& server, const Beginning& begins) const {
    // Refused while one is being taken that is due by itself.
    ASSERT_TRUE(eventually([&] { return florin({"snapshot", "--connect", server.address()}).code == 0; }));
    ASSERT_TRUE(eventually([&] { return segment_files(begins).to_shrink == 0; })) << status(server)["history"];
    EXPECT_GT(segment_files(begins).shrunk, 0U);
  }
  /// A load that is cut short by the end of the server, and remembers what was acknowledged.
  [[nodiscard]] RunningCommand recorded_load(const RunningServer& server) const {
    Arguments arguments = load_arguments(server, 1'000'000);
    arguments.insert(arguments.end(), {"--rate", "20000", "--record-acknowledged", acknowledged_});
    return {folder_, arguments};
  }
  void expect_acknowledged(const RunningServer& server) const {
    const Finished found = florin({"bench", "--connect", server.address(), "--check-acknowledged", acknowledged_});
    EXPECT_EQ(found.code, 0) << found.out << found.err;
  }
  [[nodiscard]] bool has_acknowledged() const { return fs::exists(acknowledged_); }
  static std::string content_of(const std::string& path) {
    std::ostringstream text;
    text << std::ifstream(path, std::ios::binary).rdbuf();
    return text.str();
  }
  static std::string sealed_file(const std::string& folder, std::uint64_t number) {
    const std::string digits = std::to_string(number);
    return folder + "/history/" + std::string(20 - digits.size(), '0') + digits + ".sealed";
  }

  const std::string acknowledged_ = folder_.path("acknowledged");
};

/// What it has whole stays whole, what comes later comes shrunk: shrunk segments stand between whole ones then.
TEST_F(RetentionCommand, ABackupFromBeforeGoesOnAfterwards) {
  RunningServer server(folder_, data_, small_);
  load_until(server, [&] { return sealed() >= 3; });
  ASSERT_EQ(backup().code, 0);
  const std::uint64_t copied = count(to_ + "/files/history", ".sealed");
  const std::string whole = content_of(sealed_file(data_, 1));
  load_until(server, [&] { return sealed() >= copied + 5; });
  const std::string sequence = sequence_of(server);
  const std::string history_before = history_of(server);
  const Beginning begins = drop_all_but(server, 2'500);
  shrink(server, begins);
  ASSERT_EQ(load(server, 1'100).code, 0);
  const std::string history = history_of(server, begins);
  const auto taken = backup();
  ASSERT_EQ(taken.code, 0) << taken.err;
  EXPECT_TRUE(taken.json()["notes"].empty()) << taken.json()["notes"];
  EXPECT_EQ(check().code, 0);
  EXPECT_EQ(content_of(sealed_file(to_ + "/files", 1)), whole) << "what was copied is not copied again";
  EXPECT_NE(content_of(sealed_file(data_, 1)), whole);
  EXPECT_EQ(content_of(sealed_file(to_ + "/files", copied + 1)), content_of(sealed_file(data_, copied + 1)));

  const auto shrunk = status(server)["history"];
  const auto goes_on = [&](const std::string& restored) {
    const RunningServer again(folder_, restored, small_);
    EXPECT_EQ(status(again)["state_hash"], status(server)["state_hash"]);
    EXPECT_EQ(history_of(again, begins), history);
    EXPECT_TRUE(eventually([&] { return status(again)["history"]["shrunk_transfers"] == shrunk["shrunk_transfers"]; })) << "the whole ones shrink there";
    EXPECT_EQ(status(again)["history"]["shrunk_digest"], shrunk["shrunk_digest"]);
    EXPECT_EQ(history_of(again, begins), history);
  };
  expect_restores({}, goes_on);
  expect_restores({"--from-snapshot"});
  expect_restores({"--to-sequence", std::to_string(std::stoull(sequence) + 2)}, [&](const std::string& restored) {  // right behind the command
    const RunningServer again(folder_, restored, small_);
    EXPECT_NE(florin({"feed", "--connect", again.address()}).code, 0);
  });
  const auto is_whole = [&](const std::string& restored) {
    const RunningServer again(folder_, restored, small_);
    EXPECT_EQ(history_of(again), history_before);
  };
  expect_restores({"--to-sequence", sequence}, is_whole);
  expect_restores({"--to-sequence", sequence, "--from-snapshot"}, is_whole);
}

/// What the segments have lost is in the journal: a store of before the command builds them again, archived or not.
TEST_F(RetentionCommand, ABackupOfShrunkSegmentsLeadsToAnySequence) {
  for (const bool archives : {false, true}) {
    const Arguments arguments = archives ? with_archive("0") : small_;
    RunningServer server(folder_, data_, arguments);
    load_until(server, [&] { return (archives ? archived() : sealed()) >= 6; });
    const std::string sequence = sequence_of(server);
    const std::string history_before = history_of(server);
    const Beginning begins = drop_all_but(server, 2'500);
    shrink(server, begins);
    ASSERT_TRUE(eventually([&] { return !archives || sealed() == 0; })) << "what is left is archived again";
    ASSERT_EQ(load(server, 1'100).code, 0);
    const std::string history = history_of(server, begins);
    const auto taken = backup();
    ASSERT_EQ(taken.code, 0) << taken.err;
    EXPECT_TRUE(taken.json()["notes"].empty()) << taken.json()["notes"];
    EXPECT_EQ(count(to_ + "/files/history", ".archive") >= 5, archives);
    EXPECT_EQ(check().code, 0);
    for (const bool from_snapshot : {false, true}) {
      const Arguments how = from_snapshot ? Arguments{"--from-snapshot"} : Arguments{};
      expect_restores(how, [&](const std::string& restored) {
        const RunningServer again(folder_, restored, small_);
        EXPECT_EQ(history_of(again, begins), history);
        EXPECT_EQ(status(again)["history"]["shrunk_digest"], status(server)["history"]["shrunk_digest"]);
      });
      Arguments before{"--to-sequence", sequence};
      before.insert(before.end(), how.begin(), how.end());
      expect_restores(before, [&](const std::string& restored) {
        const RunningServer again(folder_, restored, small_);
        EXPECT_EQ(history_of(again), history_before);
      });
    }
    expect_restores({"--to-sequence", "2000"});
    EXPECT_EQ(server.end(SIGTERM).code, 0);
    for (const std::string& folder : {data_, archive_, to_}) fs::remove_all(folder);
  }
}

/// Each life drops what the one before wrote, is killed as soon as the first of its segments has shrunk, and leaves the others to the next one.
TEST_F(RetentionCommand, KilledAgainAndAgainWhileFilesShrinkItLosesNothing) {
  std::size_t between = 0;
  Beginning begins;
  {
    const RunningServer server(folder_, data_, with_archive("1"));
    load_until(server, [&] { return sealed() + archived() >= 6; });
  }
  for (int round = 0; round < 14; ++round) {
    RunningServer server(folder_, data_, with_archive("1"));
    if (has_acknowledged()) expect_acknowledged(server);
    begins = drop_all_but(server, 100);
    const std::size_t shrunk = segment_files(begins).shrunk;
    fs::remove(acknowledged_);
    RunningCommand bench = recorded_load(server);
    ASSERT_TRUE(eventually([&] { return has_acknowledged(); }));
    ASSERT_TRUE(eventually([&] { return segment_files(begins).shrunk > shrunk; }));
    std::this_thread::sleep_for(std::chrono::milliseconds(round % 4 * 10));
    server.end(SIGKILL);
    between += segment_files(begins).to_shrink != 0 ? 1U : 0U;
    EXPECT_NE(bench.wait().code, 0);
  }
  EXPECT_GT(between, 0U);
  RunningServer server(folder_, data_, with_archive("0"));
  expect_acknowledged(server);
  ASSERT_EQ(load(server, 1'100).code, 0);
  EXPECT_EQ(history_of(server, begins), history_of_journal(begins));
  shrink(server, begins);
  ASSERT_TRUE(eventually([&] { return sealed() == 0; }));
  EXPECT_EQ(history_of(server, begins), history_of_journal(begins));
  EXPECT_EQ(count(data_ + "/history", ".tmp") + count(archive_, ".tmp"), 0U);
  const auto verified = florin({"verify", "--data", data_});
  EXPECT_EQ(verified.code, 0) << verified.err;
}

/// Backups of a store that is killed under load while files shrink and are archived, some of them killed too. What is there then is whole, and
/// the next one completes it: with everything that was acknowledged.
TEST_F(RetentionCommand, BackupsOfAServerThatIsKilledAreWhole) {
  {
    const RunningServer server(folder_, data_, with_archive("1"));
    load_until(server, [&] { return sealed() + archived() >= 4; });
    ASSERT_EQ(backup().code, 0);
  }
  std::uint64_t sequence = check().json()["sequence"];
  std::size_t taken = 0;
  std::size_t killed = 0;
  for (int round = 0; round < 15; ++round) {
    RunningServer server(folder_, data_, with_archive("1"));
    if (has_acknowledged()) expect_acknowledged(server);
    if (round % 3 == 0) drop_all_but(server, 100);
    fs::remove(acknowledged_);
    RunningCommand bench = recorded_load(server);
    ASSERT_TRUE(eventually([&] { return has_acknowledged(); }));
    RunningCommand command(folder_, backup_arguments());
    std::this_thread::sleep_for(std::chrono::milliseconds(round * 7 % 60));
    if (round % 2 == 0) command.signal(SIGKILL);
    server.end(SIGKILL);
    EXPECT_NE(bench.wait().code, 0);
    const Finished ended = command.wait();
    taken += ended.code == 0 ? 1U : 0U;
    killed += ended.code == 128 + SIGKILL ? 1U : 0U;
    EXPECT_THAT(ended.code, testing::AnyOf(0, 128 + SIGKILL)) << ended.err;
    for (const bool is_completed : {false, true}) {
      ASSERT_EQ(is_completed ? backup().code : 0, 0);
      const auto checked = check();
      ASSERT_EQ(checked.code, 0) << checked.err;
      EXPECT_GE(checked.json()["sequence"], sequence);
      sequence = checked.json()["sequence"];
    }
    if (round % 5 != 0) continue;
    expect_restores({"--from-snapshot"}, [&](const std::string& restored) {
      const RunningServer again(folder_, restored, small_);
      expect_acknowledged(again);
    });
  }
  EXPECT_GT(taken, 0U);
  EXPECT_GT(killed, 0U);
}

}  // namespace
}  // namespace florin::test
