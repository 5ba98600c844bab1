#include "journal/lmdb_journal.hpp"

#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include <filesystem>
#include <fstream>
#include <thread>

#include "journal/read_only_journal.hpp"
#include "journal/testing/batch_factory.hpp"
#include "unit/journal/temporary_folder.hpp"

namespace florin::journal {
namespace {

using testing::append_whole;
using testing::BatchFactory;
using testing::TemporaryFolder;

class LmdbJournalTest : public ::testing::Test {
 protected:
  [[nodiscard]] LmdbJournalSettings settings() const {
    LmdbJournalSettings settings;
    settings.folder = folder_.path();
    settings.segment_bytes = 64U << 10;
    settings.allocate_step_bytes = 64U << 10;
    settings.headroom_bytes = 0;
    return settings;
  }

  std::unique_ptr<LmdbJournal> open() {
    auto journal = LmdbJournal::open(settings());
    EXPECT_TRUE(journal) << journal.error().message();
    return journal ? std::move(*journal) : nullptr;
  }

  void fill(LmdbJournal& journal, int batches, std::uint32_t body_bytes = 1000) {
    for (int i = 0; i < batches; ++i) {
      ASSERT_TRUE(append_whole(journal, factory_.make(1, body_bytes)));
      ASSERT_TRUE(journal.commit());
    }
  }

  [[nodiscard]] std::vector<std::string> segments() const {
    SegmentCatalog catalog;
    EXPECT_TRUE(catalog.load(folder_.path() + "/journal"));
    std::vector<std::string> paths;
    for (const SegmentName& name : catalog.list()) paths.push_back(name.path);
    return paths;
  }

  static std::size_t count(Journal& journal, std::uint64_t from) {
    auto cursor = journal.read_from(from);
    EXPECT_TRUE(cursor) << cursor.error().message();
    std::size_t batches = 0;
    for (;;) {
      const auto batch = (*cursor)->next();
      EXPECT_TRUE(batch) << batch.error().message();
      if (!batch || batch->empty()) return batches;
      ++batches;
    }
  }

  TemporaryFolder folder_;
  BatchFactory factory_;
};

TEST_F(LmdbJournalTest, RotatesBySize) {
  auto journal = open();
  fill(*journal, 100);
  EXPECT_GE(segments().size(), 4U);
  EXPECT_EQ(count(*journal, 1), 100U);
  EXPECT_EQ(count(*journal, 51), 50U);
}

TEST_F(LmdbJournalTest, ClosedSegmentsTakeNoMoreSpaceThanTheyNeed) {
  open();
  { auto journal = open(); fill(*journal, 2); }
  for (const std::string& path : segments()) EXPECT_LT(std::filesystem::file_size(path), 32U << 10);
  for (const auto& entry : std::filesystem::directory_iterator(folder_.path() + "/journal")) {
    EXPECT_NE(entry.path().extension(), ".tmp");
  }
}

TEST_F(LmdbJournalTest, SecondOpenerIsToldWhoHoldsTheFolder) {
  auto journal = open();
  LmdbJournalSettings impatient = settings();
  impatient.lock_patience = std::chrono::milliseconds(0);
  const auto second = LmdbJournal::open(impatient);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().kind(), ErrorKind::kBusy);
  EXPECT_NE(second.error().message().find("in use by process " + std::to_string(::getpid())), std::string::npos)
      << second.error().message();
}

// A killed server may still be giving its memory back when the next one starts.
TEST_F(LmdbJournalTest, WaitsForAHolderThatIsEnding) {
  auto journal = open();
  std::thread ending([&journal] {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    journal.reset();
  });
  const auto second = LmdbJournal::open(settings());
  ending.join();
  EXPECT_TRUE(second) << second.error().message();
}

TEST_F(LmdbJournalTest, NoPermissionIsSaid) {
  ASSERT_EQ(::chmod(folder_.path().c_str(), 0500), 0);
  const uid_t user = ::geteuid();
  constexpr uid_t kNobody = 65534;
  if (user == 0 && ::seteuid(kNobody) != 0) FAIL() << "cannot become somebody who may not";
  const auto journal = LmdbJournal::open(settings());
  ASSERT_EQ(::seteuid(user), 0);
  ASSERT_FALSE(journal);
  EXPECT_EQ(journal.error().kind(), ErrorKind::kIo);
  EXPECT_NE(journal.error().message().find("Permission denied"), std::string::npos) << journal.error().message();
}

TEST_F(LmdbJournalTest, FolderThatCannotBeMadeIsSaid) {
  LmdbJournalSettings wrong = settings();
  wrong.folder = "/proc/florin";
  EXPECT_EQ(LmdbJournal::open(wrong).error().kind(), ErrorKind::kIo);
  std::ofstream(folder_.path() + "/file") << "x";
  wrong.folder = folder_.path() + "/file";
  EXPECT_EQ(LmdbJournal::open(wrong).error().kind(), ErrorKind::kIo);
}

TEST_F(LmdbJournalTest, SettingsOutOfRangeAreRefused) {
  LmdbJournalSettings wrong = settings();
  wrong.segment_bytes = 1;
  EXPECT_EQ(LmdbJournal::open(wrong).error().kind(), ErrorKind::kUsage);
}

TEST_F(LmdbJournalTest, HeadRoomThatIsNotThereMeansNoRoom) {
  LmdbJournalSettings tight = settings();
  tight.headroom_bytes = 1ULL << 60;
  auto journal = LmdbJournal::open(tight);
  ASSERT_TRUE(journal);
  EXPECT_FALSE((*journal)->has_room(1U << 30));
  // Reads go on, and so does a write that was sequenced before: the head-room is for that.
  fill(**journal, 1);
  EXPECT_EQ(count(**journal, 1), 1U);
}

TEST_F(LmdbJournalTest, FailedWriteIsFinalAndClear) {
  // A file size limit stands in for a full disk; in a child, because the limit is the process's.
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    ::signal(SIGXFSZ, SIG_IGN);
    auto journal = LmdbJournal::open(settings());
    if (!journal) ::_exit(10);
    fill(**journal, 3);
    const rlimit limit{40U << 10, 40U << 10};
    ::setrlimit(RLIMIT_FSIZE, &limit);
    Status status;
    std::uint64_t acknowledged = 3;
    for (int i = 0; i < 100 && status; ++i) {
      status = append_whole(**journal, factory_.make(1, 8000));
      if (status) status = (*journal)->commit();
      if (status) ++acknowledged;
    }
    if (status || status.kind() != ErrorKind::kIo) ::_exit(11);
    if ((*journal)->append({}).message() != status.message()) ::_exit(12);
    if ((*journal)->commit().message() != status.message()) ::_exit(13);
    if ((*journal)->has_room(1)) ::_exit(14);
    if ((*journal)->durable_sequence() != acknowledged) ::_exit(15);
    ::_exit(static_cast<int>(acknowledged) + 100);
  }
  int result = 0;
  ASSERT_EQ(::waitpid(child, &result, 0), child);
  ASSERT_TRUE(WIFEXITED(result));
  ASSERT_GT(WEXITSTATUS(result), 100) << WEXITSTATUS(result);
  auto journal = open();
  EXPECT_GE(count(*journal, 1), static_cast<std::size_t>(WEXITSTATUS(result) - 100));
}

TEST_F(LmdbJournalTest, CursorOnAnotherThreadFollowsTheWriterThroughRotations) {
  { auto journal = open(); fill(*journal, 5); }
  auto journal = open();
  constexpr std::uint64_t kLast = 600;
  auto cursor = journal->read_from(6);  // the end for now, in a segment of the run before
  ASSERT_TRUE(cursor) << cursor.error().message();
  std::uint64_t read = 5;
  std::string failure;
  std::thread reader([&] {
    while (read < kLast) {
      const std::uint64_t durable = journal->durable_sequence();
      const auto batch = (*cursor)->next();
      if (!batch) {
        failure = batch.error().message();
        return;
      }
      if (batch->empty() && durable > read) failure = "a durable batch was not seen";
      if (!failure.empty()) return;
      if (!batch->empty()) read = record::BatchView(*batch).last_sequence();
    }
  });
  fill(*journal, kLast - 5, 3000);
  reader.join();
  EXPECT_EQ(failure, "");
  EXPECT_EQ(read, kLast);
  EXPECT_GE(segments().size(), 10U);
}

/// Found on a busy machine: the reader stood in the newest segment and the writer had rotated more than once when it went on.
TEST_F(LmdbJournalTest, CursorGoesOnAfterTheWriterRotatedManyTimes) {
  auto journal = open();
  fill(*journal, 3);
  auto cursor = journal->read_from(1);
  ASSERT_TRUE(cursor) << cursor.error().message();
  std::uint64_t read = 0;
  const auto read_to = [&](std::uint64_t end) {
    while (read < end) {
      const auto batch = (*cursor)->next();
      ASSERT_TRUE(batch) << batch.error().message();
      ASSERT_FALSE(batch->empty());
      read = record::BatchView(*batch).last_sequence();
    }
  };
  read_to(2);
  fill(*journal, 200, 3000);
  ASSERT_GE(segments().size(), 5U);
  read_to(203);
  EXPECT_TRUE((*cursor)->next()->empty());
}

TEST_F(LmdbJournalTest, PruneDropsWholeSegmentsOnly) {
  auto journal = open();
  fill(*journal, 100);
  const std::size_t before = segments().size();
  ASSERT_TRUE(journal->prune_before(60));
  EXPECT_LT(segments().size(), before);
  EXPECT_EQ(count(*journal, 60), 41U);
  EXPECT_EQ(journal->read_from(1).error().kind(), ErrorKind::kNotFound);
  ASSERT_TRUE(journal->prune_before(1000));
  EXPECT_GE(segments().size(), 1U);
  journal.reset();
  journal = open();
  EXPECT_EQ(journal->durable_sequence(), 100U);
  fill(*journal, 1);
  EXPECT_EQ(journal->durable_sequence(), 101U);
}

TEST_F(LmdbJournalTest, ReadOnlyReadsWhileTheServerWritesAndTouchesNothing) {
  auto journal = open();
  fill(*journal, 50);
  auto copy = ReadOnlyJournal::open(folder_.path());
  ASSERT_TRUE(copy) << copy.error().message();
  EXPECT_EQ((*copy)->durable_sequence(), 50U);
  EXPECT_EQ(count(**copy, 1), 50U);
  EXPECT_EQ((*copy)->append({}).kind(), ErrorKind::kUsage);
  fill(*journal, 50);
  EXPECT_EQ((*copy)->durable_sequence(), 50U);
}

TEST_F(LmdbJournalTest, ReadOnlyNeedsAJournal) {
  EXPECT_EQ(ReadOnlyJournal::open(folder_.path()).error().kind(), ErrorKind::kNotFound);
  EXPECT_TRUE(std::filesystem::is_empty(folder_.path()));
}

TEST_F(LmdbJournalTest, CopyThatEndsBetweenSegmentsEndsThereWithANote) {
  { auto journal = open(); fill(*journal, 100); }
  const std::vector<std::string> paths = segments();
  ASSERT_GE(paths.size(), 4U);
  // As if the second segment had been copied when it was half as long: its meta page is as old as its tail.
  LmdbJournalSettings other = settings();
  const TemporaryFolder source;
  other.folder = source.path();
  {
    auto journal = LmdbJournal::open(other);
    ASSERT_TRUE(journal);
    BatchFactory again;
    const std::uint64_t begin = std::stoull(std::filesystem::path(paths[1]).stem().string());
    for (std::uint64_t i = 1; i < begin + 3; ++i) {
      ASSERT_TRUE(append_whole(**journal, again.make(1, 1000)));
      ASSERT_TRUE((*journal)->commit());
    }
  }
  std::filesystem::copy_file(source.path() + "/journal/" + std::filesystem::path(paths[1]).filename().string(), paths[1],
                             std::filesystem::copy_options::overwrite_existing);
  auto copy = ReadOnlyJournal::open(folder_.path());
  ASSERT_TRUE(copy) << copy.error().message();
  EXPECT_NE((*copy)->note().find("copied while the server wrote"), std::string::npos) << (*copy)->note();
  EXPECT_EQ(count(**copy, 1), (*copy)->durable_sequence());
  // To its owner the same folder is damaged.
  const auto owner = LmdbJournal::open(settings());
  ASSERT_FALSE(owner);
  EXPECT_EQ(owner.error().kind(), ErrorKind::kCorrupt);
}

TEST_F(LmdbJournalTest, MissingSegmentIsNamed) {
  { auto journal = open(); fill(*journal, 100); }
  const std::vector<std::string> paths = segments();
  std::filesystem::remove(paths[2]);
  const auto journal = LmdbJournal::open(settings());
  ASSERT_FALSE(journal);
  EXPECT_EQ(journal.error().kind(), ErrorKind::kCorrupt);
  EXPECT_NE(journal.error().message().find(paths[1]), std::string::npos) << journal.error().message();
}

}  // namespace
}  // namespace florin::journal
