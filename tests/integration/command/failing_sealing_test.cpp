#include <gmock/gmock.h>

#include <chrono>
#include <filesystem>
#include <fstream>

#include "store_commands.hpp"

/// A server that cannot write sealed segments any more: their folder is gone, as that of a disk that was lost, or is full. It goes on, and ends when it is
/// told to.
namespace florin::test {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class FailingSealing : public StoreCommands {
 protected:
  /// A file is in the place of the folder: nobody can make anything in it.
  void break_folder() const {
    fs::rename(data_ + "/history", data_ + "/elsewhere");
    std::ofstream(data_ + "/history") << "in the way";
  }
  void mend_folder() const {
    fs::remove(data_ + "/history");
    fs::rename(data_ + "/elsewhere", data_ + "/history");
  }
  /// Until a generation waits in vain to be sealed.
  static void load_until_it_fails(const RunningServer& server) {
    load_until(server, [&] { return status(server)["history"]["failing"] == true; });
  }
  static Finished snapshot(const RunningServer& server) { return florin({"snapshot", "--connect", server.address()}); }
};

TEST_F(FailingSealing, ASnapshotIsRefusedAndSigtermEndsTheServer) {
  std::string state;
  {
    RunningServer server(folder_, data_, small_);
    load_until(server, [&] { return sealed() >= 2; });
    break_folder();
    load_until_it_fails(server);
    const Finished refused = snapshot(server);
    EXPECT_EQ(refused.code, 10);
    EXPECT_THAT(refused.err, HasSubstr("the server answers disk_full: the snapshot failed: what it builds on cannot be sealed"));
    EXPECT_EQ(status(server)["snapshot"]["running"], false);
    EXPECT_GE(status(server)["snapshot"]["failed"], 1);
    state = status(server)["state_hash"];

    const auto asked = std::chrono::steady_clock::now();
    const Finished ended = server.end(SIGTERM);
    EXPECT_LT(std::chrono::steady_clock::now() - asked, std::chrono::seconds(5)) << "nothing was under way that it could have waited for";
    EXPECT_EQ(ended.code, 0);
    EXPECT_THAT(ended.err, HasSubstr("florin: sealing failed and is tried again: "));
    EXPECT_THAT(ended.err, HasSubstr("florin: no snapshot of sequence "));
    EXPECT_THAT(ended.err, HasSubstr(": what it builds on cannot be sealed\n"));
  }
  mend_folder();
  RunningServer server(folder_, data_, small_);
  EXPECT_EQ(status(server)["state_hash"], state) << "the journal has everything";
  const Finished taken = snapshot(server);
  EXPECT_EQ(taken.code, 0) << taken.err;
}

TEST_F(FailingSealing, TheNextSnapshotIsTakenWhenItIsMended) {
  RunningServer server(folder_, data_, small_);
  break_folder();
  load_until_it_fails(server);
  const std::uint64_t published = status(server)["snapshot"]["published"];
  mend_folder();
  EXPECT_TRUE(eventually([&] { return status(server)["history"]["failing"] == false; }));
  EXPECT_THAT(server.err(), HasSubstr("florin: sealing works again\n"));
  load_until(server, [&] { return status(server)["snapshot"]["published"] > published; });
  EXPECT_EQ(snapshot(server).code, 0);
}

}  // namespace
}  // namespace florin::test
