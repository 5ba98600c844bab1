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
  /// All that is to shrink has shrunk. A segment has a thousand transfers and what a batch brings beyond.
  static bool has_shrunk(const RunningServer& server) {
    const auto history = status(server)["history"];
    return history["shrunk_transfers"].get<std::uint64_t>() + 1'200 > history["dropped_transfers"].get<std::uint64_t>();
  }
  static void shrink(const RunningServer& server) {
    ASSERT_EQ(florin({"snapshot", "--connect", server.address()}).code, 0);
    ASSERT_TRUE(eventually([&] { return has_shrunk(server); })) << status(server)["history"];
  }
  static std::string content_of(const std::string& path) {
    std::ostringstream text;
    text << std::ifstream(path, std::ios::binary).rdbuf();
    return text.str();
  }
  static std::string sealed_file(const std::string& folder, std::uint64_t number) {
    const std::string digits = std::to_string(number);
    return folder + "/history/" + std::string(20 - digits.size(), '0') + digits + ".sealed";
  }
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
  shrink(server);
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
    shrink(server);
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

}  // namespace
}  // namespace florin::test
