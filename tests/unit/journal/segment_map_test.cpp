#include "journal/segment_map.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <deque>
#include <vector>

#include "journal/lmdb_journal.hpp"
#include "journal/testing/batch_factory.hpp"
#include "record/batch_record.hpp"
#include "unit/journal/temporary_folder.hpp"

namespace florin::journal {
namespace {

using testing::append_whole;
using testing::BatchFactory;
using testing::TemporaryFolder;

/// A file that has each offset's megabyte at that offset.
class SegmentMapTest : public ::testing::Test {
 protected:
  void make(std::uint64_t megabytes) {
    Result<File> opened = File::open(folder_.path() + "/file", O_RDWR | O_CREAT);
    ASSERT_TRUE(opened);
    file_ = std::move(*opened);
    for (std::uint64_t at = 0; at < megabytes; ++at) {
      ASSERT_EQ(::pwrite(file_.descriptor(), &at, sizeof at, static_cast<off_t>(at << 20)), static_cast<ssize_t>(sizeof at));
    }
    ASSERT_EQ(::ftruncate(file_.descriptor(), static_cast<off_t>(megabytes << 20)), 0);
  }
  static std::uint64_t number(std::span<const std::byte> bytes) {
    std::uint64_t value = 0;
    std::memcpy(&value, bytes.data(), sizeof value);
    return value;
  }

  TemporaryFolder folder_;
  File file_;
};

TEST_F(SegmentMapTest, ShowsWhatTheFileHasInAnyOrder) {
  make(200);  // more than it keeps mapped
  SegmentMap map(file_, 200U << 20);
  for (std::uint64_t at = 0; at < 200; ++at) ASSERT_EQ(number(map.at(at << 20, 1U << 20)), at);
  for (const std::uint64_t at : {3U, 199U, 0U}) ASSERT_EQ(number(map.at(at << 20, 4096)), at);
}

TEST_F(SegmentMapTest, HasNothingBehindTheEnd) {
  make(1);
  SegmentMap map(file_, 1U << 20);
  EXPECT_EQ(map.at(0, 1U << 20).size(), 1U << 20);
  EXPECT_TRUE(map.at(1, 1U << 20).empty());
  EXPECT_TRUE(map.at(~std::uint64_t{0}, 16).empty());
  EXPECT_TRUE(SegmentMap().at(0, 1).empty());
}

TEST_F(SegmentMapTest, PagesThatAreGoneAreNoFault) {
  make(8);
  SegmentMap map(file_, 8U << 20);
  ASSERT_EQ(number(map.at(0, 4096)), 0U);
  ASSERT_EQ(::ftruncate(file_.descriptor(), (6U << 20) + 4096), 0);
  EXPECT_EQ(number(map.at(6U << 20, 4096)), 6U);  // a run ahead of it cannot be had
  EXPECT_TRUE(map.at(7U << 20, 4096).empty());
}

// The walk looks at up to kUnverifiedKept batches at once, which may be of as many segments.
TEST_F(SegmentMapTest, BatchesOutliveTheirSegmentsTurn) {
  LmdbJournalSettings settings;
  settings.folder = folder_.path();
  settings.segment_bytes = 16U << 10;
  settings.headroom_bytes = 0;
  BatchFactory factory;
  constexpr int kBatches = 150;
  {
    auto journal = LmdbJournal::open(settings);
    ASSERT_TRUE(journal);
    for (int i = 0; i < kBatches; ++i) {
      ASSERT_TRUE(append_whole(**journal, factory.make(1, 9000)));
      ASSERT_TRUE((*journal)->commit());
    }
  }
  auto journal = LmdbJournal::open(settings);
  ASSERT_TRUE(journal);
  auto cursor = (*journal)->read_from(1);
  ASSERT_TRUE(cursor);
  std::vector<u128> memory(kBatchBytesMax / sizeof(u128));
  std::deque<std::span<const std::byte>> kept;
  for (int i = 0; i < kBatches; ++i) {
    const auto batch = (*cursor)->next_unverified(std::as_writable_bytes(std::span(memory)));
    ASSERT_TRUE(batch) << batch.error().message();
    ASSERT_FALSE(batch->empty());
    ASSERT_NE(static_cast<const void*>(batch->data()), static_cast<const void*>(memory.data())) << "not mapped";
    kept.push_back(*batch);
    if (kept.size() > BatchCursor::kUnverifiedKept) kept.pop_front();
    for (const auto bytes : kept) ASSERT_FALSE(record::verify(bytes));
  }
}

}  // namespace
}  // namespace florin::journal
