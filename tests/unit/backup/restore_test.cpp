#include "backup/restore.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "unit/backup/store_under_backup.hpp"

namespace florin::backup {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

/// A store with everything that a data folder can hold, and a backup of it taken in three turns.
class Restore : public testing::Test {
 protected:
  void SetUp() override {
    for (std::uint64_t turn = 1; turn <= 3; ++turn) {
      store_.append(20);
      store_.snapshot();
      store_.append(3);
      store_.seal(turn, 10'000);
      store_.append(2);
      ASSERT_TRUE(store_.backup());
    }
  }

  Result<Restoration> stage(std::uint64_t to_sequence = ~std::uint64_t{0}) {
    Pace pace;
    return Restoration::stage({store_.to(), target(), to_sequence}, pace);
  }
  [[nodiscard]] std::string target() const { return store_.path("restored"); }

  StoreUnderBackup store_;
};

TEST_F(Restore, GivesTheStoreBack) {
  auto restoration = stage();
  ASSERT_TRUE(restoration) << restoration.error().message();
  EXPECT_EQ(restoration->sequence(), store_.sequence());
  EXPECT_FALSE(fs::exists(target() + "/journal"));
  ASSERT_TRUE(restoration->publish());
  EXPECT_EQ(batches_of(target()), batches_of(store_.data()));
  EXPECT_EQ(files_below(target() + "/history"), files_below(store_.data() + "/history"));
  EXPECT_EQ(files_below(target() + "/snapshots").size(), 1U);
  EXPECT_FALSE(fs::exists(target() + "/restoring.tmp"));
}

TEST_F(Restore, EndsWithTheLastWholeBatchOfAnySequence) {
  const std::vector<std::byte> all = batches_of(store_.data());
  for (std::uint64_t sequence = 1; sequence <= store_.sequence(); sequence += sequence % 10 == 1 ? 1U : 8U) {
    SCOPED_TRACE(sequence);
    auto restoration = stage(sequence);
    ASSERT_TRUE(restoration) << restoration.error().message();
    const auto end = std::upper_bound(store_.ends().begin(), store_.ends().end(), sequence) - 1;
    ASSERT_EQ(restoration->sequence(), *end);
    ASSERT_TRUE(restoration->publish());
    const std::vector<std::byte> batches = batches_of(target());
    ASSERT_TRUE(std::equal(batches.begin(), batches.end(), all.begin()));
    const bool is_whole = sequence == store_.sequence();
    ASSERT_EQ(batches.size() == all.size(), is_whole);
    for (const auto& [name, bytes] : files_below(target() + "/snapshots")) ASSERT_LE(file_named("snapshots/" + name)->number, *end);
    fs::remove_all(target());
  }
}

TEST_F(Restore, CanBeGoneOnWithAndBackedUpAgain) {
  ASSERT_TRUE(stage()->publish());
  journal::LmdbJournalSettings settings;
  settings.folder = target();
  settings.headroom_bytes = 0;
  auto journal = journal::LmdbJournal::open(settings);
  ASSERT_TRUE(journal) << journal.error().message();
  journal::testing::BatchFactory factory((*journal)->last_batch());
  ASSERT_TRUE(journal::testing::append_whole(**journal, factory.make(10, 100)));
  ASSERT_TRUE((*journal)->commit());
  Pace pace;
  const auto report = take_backup({target(), store_.to(), 1U << 20}, pace);
  ASSERT_TRUE(report) << report.error().message();
  EXPECT_EQ(report->manifest.sequence, store_.sequence() + 10);
  // The original's past and this one's are two from here on.
  store_.append(1);
  EXPECT_EQ(store_.backup().error().kind(), ErrorKind::kDiffers);
}

TEST_F(Restore, OverDataIsRefused) {
  fs::create_directories(target() + "/journal");
  EXPECT_EQ(stage().error().kind(), ErrorKind::kUsage);
  EXPECT_THAT(stage().error().message(), HasSubstr(target()));
  fs::remove_all(target());
  fs::create_directories(target() + "/history");
  EXPECT_EQ(stage().error().kind(), ErrorKind::kUsage);
}

TEST_F(Restore, IntoTheBackupIsRefused) {
  Pace pace;
  EXPECT_EQ(Restoration::stage({store_.to(), store_.to() + "/restored"}, pace).error().kind(), ErrorKind::kUsage);
  EXPECT_FALSE(fs::exists(store_.to() + "/restored"));
}

TEST_F(Restore, BeginsAgainWhereOneWasKilled) {
  fs::create_directories(target() + "/restoring.tmp/journal");
  fs::create_directories(target() + "/history");
  std::ofstream(target() + "/restoring.tmp/journal/00000000000000000001.mdb") << "half a file";
  auto restoration = stage();
  ASSERT_TRUE(restoration) << restoration.error().message();
  ASSERT_TRUE(restoration->publish());
  EXPECT_EQ(batches_of(target()), batches_of(store_.data()));
}

TEST_F(Restore, LeavesNothingBehindUnlessItIsPublished) {
  {
    const auto restoration = stage();
    ASSERT_TRUE(restoration) << restoration.error().message();
    EXPECT_TRUE(fs::exists(restoration->staged()));
  }
  EXPECT_FALSE(fs::exists(target()));
  fs::create_directories(target() + "/lost+found");
  const Manifest manifest = stage()->manifest();
  flip_byte(store_.to() + "/files/" + manifest.files.back().path(), 0);
  ASSERT_FALSE(stage());
  EXPECT_TRUE(fs::exists(target() + "/lost+found"));
  EXPECT_FALSE(fs::exists(target() + "/restoring.tmp"));
}

TEST_F(Restore, BeyondTheBackupIsNotFound) {
  EXPECT_EQ(stage(store_.sequence() + 1).error().kind(), ErrorKind::kNotFound);
  EXPECT_EQ(stage(0).error().kind(), ErrorKind::kNotFound);
  EXPECT_FALSE(fs::exists(target()));
}

TEST_F(Restore, OfNothingIsNotFound) {
  Pace pace;
  const auto restoration = Restoration::stage({store_.path("absent"), target()}, pace);
  EXPECT_EQ(restoration.error().kind(), ErrorKind::kNotFound);
  EXPECT_FALSE(fs::exists(store_.path("absent")));
}

TEST_F(Restore, DamageOfAnyFileThatIsNeededIsNamed) {
  const Manifest manifest = stage()->manifest();
  const auto snapshots = manifest.files_of(FileKind::kSnapshot);
  for (const BackupFile& file : manifest.files) {
    if (file == snapshots.front()) continue;  // an older one, of use for earlier sequences only
    const std::string path = store_.to() + "/files/" + file.path();
    for (const std::uint64_t offset : {std::uint64_t{0}, file.bytes / 2, file.bytes - 1}) {
      flip_byte(path, offset);
      const auto restoration = stage();
      ASSERT_FALSE(restoration) << path;
      EXPECT_EQ(restoration.error().kind(), ErrorKind::kCorrupt);
      EXPECT_THAT(restoration.error().message(), HasSubstr(path));
      flip_byte(path, offset);
    }
    fs::rename(path, path + ".away");
    EXPECT_THAT(stage().error().message(), HasSubstr(path));
    EXPECT_EQ(stage().error().kind(), ErrorKind::kCorrupt);
    fs::rename(path + ".away", path);
  }
  flip_byte(store_.to() + "/MANIFEST", 60);
  EXPECT_THAT(stage().error().message(), HasSubstr("MANIFEST"));
  EXPECT_FALSE(fs::exists(target() + "/journal"));
}

TEST_F(Restore, DamageBehindTheCutOfASegmentIsNamedToo) {
  const Manifest manifest = stage()->manifest();
  const BackupFile segment = manifest.files.front();
  const std::string path = store_.to() + "/files/" + segment.path();
  flip_byte(path, segment.bytes - 1);
  const auto restoration = stage(segment.last_sequence - 1);
  ASSERT_FALSE(restoration);
  EXPECT_THAT(restoration.error().message(), HasSubstr(path));
}

}  // namespace
}  // namespace florin::backup
