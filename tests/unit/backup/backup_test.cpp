#include "backup/backup.hpp"

#include <gmock/gmock.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <random>
#include <thread>

#include "backup/backup_check.hpp"
#include "backup/backup_folder.hpp"
#include "unit/backup/store_under_backup.hpp"

namespace florin::backup {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

Result<Manifest> check(const StoreUnderBackup& store) {
  Pace pace;
  return check_backup(store.to(), pace);
}

/// The backup is the store as it is, in the eyes of everybody who reads data folders.
void expect_equal(const StoreUnderBackup& store) {
  EXPECT_EQ(batches_of(store.to() + "/files"), batches_of(store.data()));
  const auto manifest = check(store);
  ASSERT_TRUE(manifest) << manifest.error().message();
  EXPECT_EQ(manifest->sequence, store.sequence());
}

BackupReport backed_up(const StoreUnderBackup& store) {
  auto report = store.backup();
  EXPECT_TRUE(report) << report.error().message();
  return report ? *report : BackupReport();
}

void expect_refused(const StoreUnderBackup& store, ErrorKind kind, const std::string& word) {
  const auto report = store.backup();
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().kind(), kind) << report.error().message();
  EXPECT_THAT(report.error().message(), HasSubstr(word));
}

TEST(Backup, HoldsAllOfAStoreThatIsBeingWritten) {
  StoreUnderBackup store;
  store.append(50);
  store.snapshot();
  store.seal(1);
  store.append(5);
  const BackupReport report = backed_up(store);
  expect_equal(store);
  EXPECT_EQ(report.previous_sequence, 0U);
  EXPECT_GE(report.manifest.files_of(FileKind::kSegment).size(), 3U);
  EXPECT_EQ(report.manifest.files_of(FileKind::kSnapshot).size(), 1U);
  EXPECT_EQ(report.manifest.files_of(FileKind::kSealed).size(), 1U);
  EXPECT_TRUE(report.notes.empty());
}

TEST(Backup, TakesOnlyWhatIsNewAndChangesNothingThatIsThere) {
  StoreUnderBackup store;
  store.append(40);
  store.snapshot();
  store.seal(1);
  const BackupReport first = backed_up(store);
  const auto before = files_below(store.to() + "/files");
  const BackupReport nothing = backed_up(store);
  EXPECT_EQ(nothing.files_new, 0U);
  EXPECT_EQ(nothing.manifest.files, first.manifest.files);
  store.append(1);
  store.seal(2);
  const BackupReport second = backed_up(store);
  EXPECT_EQ(second.files_new, 2U);
  EXPECT_EQ(second.previous_sequence, first.manifest.sequence);
  expect_equal(store);
  const auto after = files_below(store.to() + "/files");
  EXPECT_TRUE(std::includes(after.begin(), after.end(), before.begin(), before.end()));
}

TEST(Backup, FollowsAnyCourseOfAStore) {
  for (unsigned seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    StoreUnderBackup store;
    std::uint64_t sealed = 0;
    for (int step = 0; step < 40; ++step) {
      switch (random() % 8) {
        case 0: store.snapshot(); break;
        case 1: store.seal(++sealed); break;
        case 2: store.close(), store.reopen(); break;
        case 3:
        case 4: backed_up(store), expect_equal(store); break;
        default: store.append(static_cast<int>(random() % 12)); break;
      }
      if (testing::Test::HasFailure()) return;
    }
    const BackupReport report = backed_up(store);
    expect_equal(store);
    EXPECT_EQ(report.manifest.files_of(FileKind::kSealed).size(), sealed);
    EXPECT_LE(report.manifest.files_of(FileKind::kSnapshot).size(), 2U);
  }
}

TEST(Backup, IsConsistentBesideAWriter) {
  StoreUnderBackup store;
  std::atomic<bool> stops{false};
  std::thread writer([&] {
    for (std::uint64_t sealed = 0; !stops; ) {
      store.append(7);
      store.snapshot();
      store.seal(++sealed, 5000);
    }
  });
  for (int i = 0; i < 20; ++i) {
    const BackupReport report = backed_up(store);
    const auto manifest = check(store);
    EXPECT_TRUE(manifest) << manifest.error().message();
    EXPECT_TRUE(report.notes.empty()) << report.notes.front();
    for (const BackupFile& file : report.manifest.files) EXPECT_LE(file.last_sequence, report.manifest.sequence) << file.path();
  }
  stops = true;
  writer.join();
  backed_up(store);
  expect_equal(store);
}

TEST(Backup, EndsWithWhatAMetaPageCounts) {
  StoreUnderBackup store;
  store.append(3);
  const std::string segment = store.data() + "/journal/00000000000000000001.mdb";
  std::string meta(8192, ' ');
  std::ifstream(segment, std::ios::binary).read(meta.data(), 8192);
  const std::uint64_t counted = store.sequence();
  store.append(1);
  store.close();
  // As after a power loss: the batch is there, and nothing says that it was flushed.
  std::fstream(segment, std::ios::in | std::ios::out | std::ios::binary).write(meta.data(), 8192);
  EXPECT_EQ(backed_up(store).manifest.sequence, counted);
  // The next start takes it over.
  store.reopen();
  backed_up(store);
  expect_equal(store);
}

TEST(Backup, RemovesWhatAKilledOneLeft) {
  StoreUnderBackup store;
  store.append(20);
  backed_up(store);
  const auto before = files_below(store.to() + "/files");
  for (const char* name : {"journal/00000000000000000900.mdb", "journal/00000000000000000200.mdb.tmp", "snapshots/00000000000000000007.mdb",
                           "history/00000000000000000001.sealed.tmp"}) {
    std::ofstream(store.to() + "/files/" + name) << "half a file";
  }
  EXPECT_TRUE(check(store));
  backed_up(store);
  EXPECT_EQ(files_below(store.to() + "/files"), before);
}

TEST(Backup, OneThatWasNeverCompletedIsNone) {
  StoreUnderBackup store;
  { const auto folder = BackupFolder::open(store.to(), StoreUnderBackup::kStore); }
  const auto checked = check(store);
  ASSERT_FALSE(checked);
  EXPECT_EQ(checked.error().kind(), ErrorKind::kNotFound);
  backed_up(store);
  expect_equal(store);
}

TEST(Backup, KeepsTwoSnapshots) {
  StoreUnderBackup store;
  std::vector<std::uint64_t> taken;
  for (int i = 0; i < 4; ++i) {
    store.append(2);
    store.snapshot();
    taken.push_back(store.sequence());
    backed_up(store);
  }
  const auto kept = check(store)->files_of(FileKind::kSnapshot);
  ASSERT_EQ(kept.size(), 2U);
  EXPECT_EQ(kept[0].number, taken[2]);
  EXPECT_EQ(kept[1].number, taken[3]);
  EXPECT_EQ(files_below(store.to() + "/files/snapshots").size(), 2U);
}

TEST(Backup, ASealedSegmentThatWasBuiltAgainOtherwiseReplacesTheOld) {
  StoreUnderBackup store;
  store.append(2);
  store.seal(1, 1000);
  backed_up(store);
  store.append(2);
  store.seal(1, 2000);  // another cut of the past under the same number
  EXPECT_EQ(backed_up(store).files_new, 2U);
  expect_equal(store);
  EXPECT_EQ(files_below(store.to() + "/files/history"), files_below(store.data() + "/history"));
  fs::remove(store.data() + "/history/00000000000000000001.sealed");
  EXPECT_TRUE(backed_up(store).manifest.files_of(FileKind::kSealed).empty());
  EXPECT_TRUE(files_below(store.to() + "/files/history").empty());
}

TEST(Backup, ASegmentIsCopiedOnceInTheFormItHas) {
  StoreUnderBackup store;
  store.append(2);
  store.seal(1);
  EXPECT_EQ(backed_up(store).files_new, 2U);
  store.archive(1);
  EXPECT_EQ(backed_up(store).files_new, 0U);
  EXPECT_EQ(check(store)->files_of(FileKind::kSealed).size(), 1U);
  store.append(2);
  store.seal(2);
  store.archive(2);
  EXPECT_EQ(backed_up(store).files_new, 2U);
  EXPECT_EQ(check(store)->files_of(FileKind::kSealed).size(), 1U);
  EXPECT_EQ(check(store)->files_of(FileKind::kArchived).size(), 1U);
  fs::remove(store.archive_path(1));
  fs::remove(store.archive_path(2));
  const auto report = backed_up(store);
  EXPECT_TRUE(report.notes.empty()) << "what is copied stays";
  EXPECT_EQ(report.manifest.files_of(FileKind::kArchived).size(), 1U);
}

TEST(Backup, ADamagedArchiveIsLeftOut) {
  StoreUnderBackup store;
  store.append(2);
  store.seal(1);
  store.archive(1);
  flip_byte(store.archive_path(1), 4'500);
  const auto report = backed_up(store);
  ASSERT_EQ(report.notes.size(), 1U);
  EXPECT_THAT(report.notes.front(), HasSubstr(store.archive_path(1)));
  EXPECT_TRUE(report.manifest.files_of(FileKind::kArchived).empty());
  // Built again, and archived again.
  store.seal(1);
  store.archive(1);
  EXPECT_TRUE(backed_up(store).notes.empty());
  EXPECT_EQ(check(store)->files_of(FileKind::kArchived).size(), 1U);
}

TEST(Backup, DamageInTheJournalIsNamedAndTheBackupBeforeStays) {
  StoreUnderBackup store;
  store.append(5);
  backed_up(store);
  const auto before = *check(store);
  store.append(60);
  store.close();
  const std::string segment = store.data() + "/journal/" + files_below(store.data() + "/journal")[3].first;
  for (std::uint64_t page = 4; page < 10; ++page) flip_byte(segment, page * 4096 + 300);  // a batch begins in every other one
  const auto report = store.backup();
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().kind(), ErrorKind::kCorrupt);
  EXPECT_THAT(report.error().message(), HasSubstr(segment));
  EXPECT_EQ(*check(store), before);
}

TEST(Backup, DamagedFilesThatFollowFromTheJournalAreLeftOut) {
  StoreUnderBackup store;
  store.append(5);
  store.snapshot();
  const std::uint64_t older = store.sequence();
  store.append(1);
  store.snapshot();
  store.seal(1);
  const BackupFile newest{FileKind::kSnapshot, store.sequence(), 0, 0, 0, 0};
  flip_byte(store.data() + "/" + newest.path(), 60'000);
  flip_byte(store.data() + "/history/00000000000000000001.sealed", 50'000);
  const BackupReport report = backed_up(store);
  ASSERT_EQ(report.notes.size(), 2U);
  EXPECT_THAT(report.notes[0], HasSubstr(store.data() + "/snapshots/"));
  EXPECT_THAT(report.notes[1], HasSubstr(store.data() + "/history/"));
  expect_equal(store);
  ASSERT_EQ(report.manifest.files_of(FileKind::kSnapshot).size(), 1U);
  EXPECT_EQ(report.manifest.files_of(FileKind::kSnapshot)[0].number, older);
}

TEST(Backup, OfAnotherStoreIsRefused) {
  StoreUnderBackup store;
  store.append(3);
  const StoreUnderBackup other(make_u128(1, 2));
  BackupOptions options;
  options.data = other.data();
  options.to = store.to();
  Pace pace;
  ASSERT_TRUE(take_backup(options, pace));
  expect_refused(store, ErrorKind::kDiffers, store.to());
}

TEST(Backup, OfAnotherPastIsRefused) {
  StoreUnderBackup store;
  store.append(3);
  fs::copy(store.data(), store.path("older"), fs::copy_options::recursive);
  store.append(2);
  backed_up(store);
  BackupOptions options;
  options.data = store.path("older");
  options.to = store.to();
  Pace pace;
  const auto behind = take_backup(options, pace);
  ASSERT_FALSE(behind);
  EXPECT_EQ(behind.error().kind(), ErrorKind::kDiffers);
  EXPECT_THAT(behind.error().message(), HasSubstr("another past"));
  expect_equal(store);
}

TEST(Backup, FoldersWithinEachOtherAreRefused) {
  StoreUnderBackup store;
  store.append(1);
  Pace pace;
  for (const std::string& to : {store.data(), store.data() + "/backup", store.data() + "/journal/../x", store.path("")}) {
    const auto report = take_backup({store.data(), to, 1U << 20}, pace);
    ASSERT_FALSE(report) << to;
    EXPECT_EQ(report.error().kind(), ErrorKind::kUsage) << report.error().message();
  }
  EXPECT_FALSE(fs::exists(store.data() + "/backup"));
}

TEST(Backup, AFolderOfOtherThingsIsRefused) {
  StoreUnderBackup store;
  fs::create_directories(store.to());
  std::ofstream(store.to() + "/photo.jpg") << "mine";
  expect_refused(store, ErrorKind::kUsage, "photo.jpg");
  EXPECT_TRUE(fs::exists(store.to() + "/photo.jpg"));
}

TEST(Backup, AFolderThatAServerUsedIsRefused) {
  StoreUnderBackup store;
  backed_up(store);
  std::ofstream(store.to() + "/files/LOCK") << "1";
  expect_refused(store, ErrorKind::kUsage, store.to() + "/files");
}

TEST(Backup, TwoAtOnceAreRefused) {
  StoreUnderBackup store;
  backed_up(store);
  const auto folder = BackupFolder::open(store.to(), StoreUnderBackup::kStore);
  ASSERT_TRUE(folder);
  expect_refused(store, ErrorKind::kBusy, store.to());
  EXPECT_EQ(check(store).error().kind(), ErrorKind::kBusy);
}

TEST(Backup, OfNothingIsNotFound) {
  StoreUnderBackup store;
  Pace pace;
  EXPECT_EQ(take_backup({store.path("absent"), store.to(), 1U << 20}, pace).error().kind(), ErrorKind::kNotFound);
  EXPECT_FALSE(fs::exists(store.to()));
}

TEST(Backup, OfAJournalWithoutItsBeginningTakesASnapshot) {
  StoreUnderBackup store;
  store.append(60);
  store.prune_before(300);
  expect_refused(store, ErrorKind::kNotFound, "snapshot");
  store.snapshot();
  backed_up(store);
  expect_equal(store);
  store.append(60);
  store.prune_before(1000);
  expect_refused(store, ErrorKind::kNotFound, "begin a new folder");
}

TEST(Backup, AJournalThatLostItsBeginningSinceGoesOnInTheBackup) {
  StoreUnderBackup store;
  store.append(60);
  backed_up(store);
  store.append(3);
  store.snapshot();
  store.prune_before(store.sequence());
  const BackupReport report = backed_up(store);
  EXPECT_EQ(report.manifest.first_sequence, 1U);
  EXPECT_EQ(check(store)->sequence, store.sequence());
}

TEST(BackupCheck, DamageOfAnyFileIsNamed) {
  StoreUnderBackup store;
  store.append(30);
  store.snapshot();
  store.seal(1);
  store.append(2);
  store.seal(2);
  store.archive(2);
  const BackupReport report = backed_up(store);
  ASSERT_EQ(report.manifest.files_of(FileKind::kArchived).size(), 1U);
  for (const BackupFile& file : report.manifest.files) {
    const std::string path = store.to() + "/files/" + file.path();
    for (std::uint64_t offset = 0; offset < file.bytes; offset += 4999) {
      flip_byte(path, offset);
      const auto checked = check(store);
      ASSERT_FALSE(checked) << path << " " << offset;
      ASSERT_EQ(checked.error().kind(), ErrorKind::kCorrupt);
      ASSERT_THAT(checked.error().message(), HasSubstr(path));
      flip_byte(path, offset);
    }
    const std::string kept = store.path("kept");
    fs::copy_file(path, kept, fs::copy_options::overwrite_existing);
    fs::resize_file(path, file.bytes - 1);
    EXPECT_THAT(check(store).error().message(), HasSubstr(path));
    fs::remove(path);
    EXPECT_THAT(check(store).error().message(), HasSubstr(path));
    EXPECT_EQ(check(store).error().kind(), ErrorKind::kCorrupt);
    fs::copy_file(kept, path);
  }
  expect_equal(store);
}

TEST(Backup, DoesNotGoOnFromFilesThatAreGoneOrCut) {
  StoreUnderBackup store;
  store.append(3);
  const std::string path = store.to() + "/files/" + backed_up(store).manifest.files.front().path();
  store.append(3);
  fs::resize_file(path, fs::file_size(path) - 1);
  expect_refused(store, ErrorKind::kCorrupt, path);
  fs::remove(path);
  expect_refused(store, ErrorKind::kCorrupt, path);
}

TEST(BackupCheck, TheManifestsDamageIsNamed) {
  StoreUnderBackup store;
  const std::string path = store.to() + "/MANIFEST";
  const Manifest manifest = backed_up(store).manifest;
  const auto expect_named = [&] {
    const auto checked = check(store);
    ASSERT_FALSE(checked);
    ASSERT_EQ(checked.error().kind(), ErrorKind::kCorrupt);
    ASSERT_THAT(checked.error().message(), HasSubstr(path));
    expect_refused(store, ErrorKind::kCorrupt, path);
  };
  const std::uint64_t bytes = fs::file_size(path);
  for (std::uint64_t offset = 0; offset < bytes && !testing::Test::HasFailure(); ++offset) {
    SCOPED_TRACE(offset);
    flip_byte(path, offset);
    expect_named();
    flip_byte(path, offset);
  }
  EXPECT_EQ(*check(store), manifest);
  for (std::uint64_t cut = bytes; cut-- != 0 && !testing::Test::HasFailure();) {
    SCOPED_TRACE(cut);
    fs::resize_file(path, cut);
    expect_named();
  }
}

TEST(Pace, HoldsTheRate) {
  Pace pace(1'000'000);
  const auto begin = std::chrono::steady_clock::now();
  for (int i = 0; i < 10; ++i) pace.add(20'000);
  EXPECT_GE(std::chrono::steady_clock::now() - begin, std::chrono::milliseconds(199));
  EXPECT_EQ(pace.bytes(), 200'000U);
}

}  // namespace
}  // namespace florin::backup
