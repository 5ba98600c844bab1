/// Power loss at any moment: every acknowledged batch must come back, the chain whole, and the journal must go on.
/// kill -9 keeps the page cache and so proves nothing about flushes; here the disk forgets what was not flushed, in pieces.

#include <filesystem>

#include "crash/journal/disk_recorder.hpp"
#include "journal/lmdb_journal.hpp"
#include "journal/testing/batch_factory.hpp"
#include "unit/journal/temporary_folder.hpp"

namespace florin::journal {
namespace {

using testing::append_whole;
using testing::BatchFactory;
using testing::DiskRecorder;
using testing::TemporaryFolder;

struct Case {
  const char* name;
  std::uint64_t segment_bytes;
  int commits;
  std::uint32_t batches_max;     ///< a commit
  std::uint32_t body_bytes_max;
  std::uint64_t allocate_step_bytes = 64U << 10;
  int crashes = 600;
  int rounds = 40;
};

class PowerLoss : public ::testing::TestWithParam<Case> {
 protected:
  [[nodiscard]] LmdbJournalSettings settings(const std::string& folder) const {
    LmdbJournalSettings settings;
    settings.folder = folder;
    settings.segment_bytes = GetParam().segment_bytes;
    settings.allocate_step_bytes = GetParam().allocate_step_bytes;
    settings.headroom_bytes = 0;
    settings.zero_ahead = true;
    return settings;
  }

  /// Writes on behind what is there, marking every acknowledgement.
  void work(const std::string& folder, int commits) {
    auto journal = LmdbJournal::open(settings(folder));
    ASSERT_TRUE(journal) << journal.error().message();
    BatchFactory factory = (*journal)->last_batch().number == 0 ? BatchFactory() : BatchFactory((*journal)->last_batch());
    DiskRecorder::mark((*journal)->durable_sequence());
    for (int i = 0; i < commits; ++i) {
      const std::uint64_t batches = 1 + random_() % GetParam().batches_max;
      for (std::uint64_t b = 0; b < batches; ++b) {
        const auto size = static_cast<std::uint32_t>(random_() % GetParam().body_bytes_max);
        ASSERT_TRUE(append_whole(**journal, factory.make(1, size)));
      }
      ASSERT_TRUE((*journal)->commit());
      DiskRecorder::mark((*journal)->durable_sequence());
    }
  }

  /// Opens what the disk kept, reads all of it, writes on, and reads again.
  void check(const std::string& folder, std::uint64_t acknowledged) {
    auto journal = LmdbJournal::open(settings(folder));
    ASSERT_TRUE(journal) << journal.error().message();
    ASSERT_GE((*journal)->durable_sequence(), acknowledged);
    expect_whole(**journal);
    BatchFactory factory = (*journal)->last_batch().number == 0 ? BatchFactory() : BatchFactory((*journal)->last_batch());
    ASSERT_TRUE(append_whole(**journal, factory.make(1, 500)));
    ASSERT_TRUE((*journal)->commit());
    expect_whole(**journal);
  }

  static void expect_whole(LmdbJournal& journal) {
    auto cursor = journal.read_from(1);
    ASSERT_TRUE(cursor) << cursor.error().message();
    std::uint64_t sequence = 0;
    for (;;) {
      const auto batch = (*cursor)->next();
      ASSERT_TRUE(batch) << batch.error().message();
      if (batch->empty()) break;
      sequence = record::BatchView(*batch).last_sequence();
    }
    ASSERT_EQ(sequence, journal.durable_sequence());
  }

  std::mt19937_64 random_{20261121};
};

TEST_P(PowerLoss, NothingAcknowledgedIsLost) {
  const TemporaryFolder folder(TemporaryFolder::Where::kMemory);
  std::filesystem::create_directory(folder.path() + "/journal");
  DiskRecorder::start(folder.path() + "/journal");
  work(folder.path(), GetParam().commits);
  work(folder.path(), GetParam().commits / 2);  // and a second run behind the first
  DiskRecorder::stop();
  for (int i = 0; i < GetParam().crashes; ++i) {
    const std::size_t event = 1 + random_() % DiskRecorder::event_count();
    const TemporaryFolder disk(TemporaryFolder::Where::kMemory);
    std::filesystem::create_directory(disk.path() + "/journal");
    DiskRecorder::rebuild(event, random_, disk.path() + "/journal");
    SCOPED_TRACE("crash " + std::to_string(i) + " before event " + std::to_string(event) + " of " +
                 std::to_string(DiskRecorder::event_count()));
    check(disk.path(), DiskRecorder::mark_at(event));
    if (HasFatalFailure()) return;
  }
}

/// A crash, a recovery that adopts and writes on, and a crash in the middle of that: the second recovery finds all.
TEST_P(PowerLoss, NothingIsLostWhenRecoveryIsInterruptedToo) {
  constexpr int kCrashes = 8;
  for (int round = 0; round < GetParam().rounds; ++round) {
    const TemporaryFolder first(TemporaryFolder::Where::kMemory);
    std::filesystem::create_directory(first.path() + "/journal");
    DiskRecorder::start(first.path() + "/journal");
    work(first.path(), 10);
    DiskRecorder::stop();
    const std::size_t event = 1 + random_() % DiskRecorder::event_count();
    const std::uint64_t acknowledged = DiskRecorder::mark_at(event);
    const TemporaryFolder second(TemporaryFolder::Where::kMemory);
    const std::string files = second.path() + "/journal";
    std::filesystem::create_directory(files);
    // What survived the first crash is durable to the second run; record it as written and flushed.
    const TemporaryFolder survived(TemporaryFolder::Where::kMemory);
    DiskRecorder::rebuild(event, random_, survived.path());
    DiskRecorder::start(files);
    for (const auto& entry : std::filesystem::directory_iterator(survived.path())) {
      DiskRecorder::import(entry.path().string(), entry.path().filename().string());
    }
    DiskRecorder::mark(acknowledged);
    const std::size_t begin = DiskRecorder::event_count();
    work(second.path(), 5);
    DiskRecorder::stop();
    for (int i = 0; i < kCrashes; ++i) {
      const std::size_t again = begin + random_() % (DiskRecorder::event_count() - begin + 1);
      const TemporaryFolder disk(TemporaryFolder::Where::kMemory);
      std::filesystem::create_directory(disk.path() + "/journal");
      DiskRecorder::rebuild(again, random_, disk.path() + "/journal");
      SCOPED_TRACE("round " + std::to_string(round) + " crash " + std::to_string(i));
      check(disk.path(), DiskRecorder::mark_at(again));
      if (HasFatalFailure()) return;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Each, PowerLoss,
                         ::testing::Values(Case{"small_batches", 1U << 20, 60, 1, 800},
                                           Case{"mixed_in_tiny_segments", 48U << 10, 60, 4, 9000},
                                           Case{"large_batches", 512U << 10, 20, 3, 90000},
                                           Case{"zeroed_ahead", 8U << 20, 40, 3, 700000, 1U << 20, 60, 4}),
                         [](const auto& kind) { return std::string(kind.param.name); });

}  // namespace
}  // namespace florin::journal
