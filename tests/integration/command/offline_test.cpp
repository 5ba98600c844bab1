#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>

#include "command.hpp"

namespace florin::test {
namespace {

using testing::HasSubstr;

/// A folder with a journal of 10,000 transfers in many batches, of a server that was stopped.
class Offline : public testing::Test {
 protected:
  void SetUp() override {
    RunningServer server(folder_, data_);
    const auto loaded = florin({"bench", "--connect", server.address(), "--accounts", "50", "--transfers", "10000", "--batch", "100",
                                "--pending-share", "15", "--post-share", "10", "--void-share", "5"});
    ASSERT_EQ(loaded.code, 0) << loaded.err;
    status_ = florin({"status", "--connect", server.address(), "--json"}).json();
    ASSERT_EQ(server.end(SIGTERM).code, 0);
  }

  [[nodiscard]] std::string segment() const {
    for (const auto& entry : std::filesystem::directory_iterator(data_ + "/journal")) {
      if (entry.path().extension() == ".mdb" && entry.file_size() > 100'000) return entry.path();
    }
    return "";
  }

  /// Flips a bit of the batch that holds `sequence`, found by the text of its header.
  void damage(std::uint64_t offset) const {
    std::fstream file(segment(), std::ios::in | std::ios::out | std::ios::binary);
    file.seekg(static_cast<std::streamoff>(offset));
    const char byte = static_cast<char>(file.get() ^ 0x10);
    file.seekp(static_cast<std::streamoff>(offset));
    file.put(byte);
  }

  TempFolder folder_;
  std::string data_ = folder_.path("ledger");
  nlohmann::json status_;
};

TEST_F(Offline, ReplayGivesTheServersHashWithAnyNumberOfPartitions) {
  for (const std::string partitions : {"1", "2", "3", "8"}) {
    const auto replayed = florin({"replay", "--data", data_, "--partitions", partitions, "--json"}).json();
    EXPECT_EQ(replayed["state_hash"], status_["state_hash"]) << partitions;
    EXPECT_EQ(replayed["sequence"], status_["sequence"]);
    EXPECT_EQ(replayed["transfers"], 10000);
  }
}

TEST_F(Offline, ReplayStopsWhereToldAndCompares) {
  const auto part = florin({"replay", "--data", data_, "--to", "1051", "--json"}).json();
  EXPECT_EQ(part["sequence"], 1051);
  EXPECT_EQ(part["transfers"], 1000);
  const std::string hash = status_["state_hash"];
  EXPECT_EQ(florin({"replay", "--data", data_, "--compare", hash}).code, 0);
  EXPECT_EQ(florin({"replay", "--data", data_, "--to", "1051", "--compare", hash}).code, 11);
}

TEST_F(Offline, ACopyWillDo) {
  std::filesystem::copy(data_, folder_.path("copy"), std::filesystem::copy_options::recursive);
  EXPECT_EQ(florin({"replay", "--data", folder_.path("copy"), "--json"}).json()["state_hash"], status_["state_hash"]);
}

TEST_F(Offline, VerifyIsContentWithASoundFolder) {
  const auto verified = florin({"verify", "--data", data_, "--json"});
  EXPECT_EQ(verified.code, 0) << verified.err;
  EXPECT_EQ(verified.json()["ok"], true);
  EXPECT_EQ(verified.json()["invariants"], "hold");
  EXPECT_EQ(verified.json()["state_hash"], status_["state_hash"]);
  EXPECT_EQ(florin({"verify", "--data", data_, "--quick"}).code, 0);
}

TEST_F(Offline, DamageIsNamedByEveryOneWhoReads) {
  damage(std::filesystem::file_size(segment()) > 700'000 ? 600'000 : 60'000);
  const auto verified = florin({"verify", "--data", data_, "--json"});
  EXPECT_EQ(verified.code, 4) << verified.out;
  EXPECT_EQ(verified.json()["ok"], false);
  EXPECT_GT(verified.json()["first_bad_sequence"], 1);
  EXPECT_THAT(verified.err, HasSubstr(segment()));
  EXPECT_EQ(florin({"replay", "--data", data_}).code, 4);
  const auto served = florin({"serve", "--data", data_, "--listen", "127.0.0.1:0"});
  EXPECT_EQ(served.code, 4);
  EXPECT_THAT(served.err, HasSubstr("sequence"));
}

TEST_F(Offline, InspectShowsWhatIsThere) {
  const auto journal = florin({"inspect", "journal", "--data", data_, "--from", "1", "--limit", "3", "--json"}).json();
  EXPECT_EQ(journal["last_sequence"], status_["sequence"]);
  ASSERT_EQ(journal["batches"].size(), 3U);
  EXPECT_EQ(journal["batches"][0]["requests"][0]["operation"], "genesis");
  EXPECT_EQ(journal["batches"][1]["requests"][0]["operation"], "create_accounts");
  EXPECT_EQ(florin({"inspect", "snapshot", "--data", data_}).code, 6);
  EXPECT_EQ(florin({"inspect", "account", "1", "--data", data_}).code, 6);
}

TEST_F(Offline, AbsentFoldersAreNotFound) {
  EXPECT_EQ(florin({"replay", "--data", folder_.path("absent")}).code, 6);
  EXPECT_EQ(florin({"verify", "--data", folder_.path("absent")}).code, 6);
  EXPECT_EQ(florin({"inspect", "journal", "--data", folder_.path("absent")}).code, 6);
}

}  // namespace
}  // namespace florin::test
