#include "journal/testing/faulty_journal.hpp"

#include "journal/testing/batch_factory.hpp"

namespace florin::journal::testing {
namespace {

class FaultyJournalTest : public ::testing::Test {
 protected:
  std::unique_ptr<FaultyJournal> open(JournalFaults faults) {
    auto journal = FaultyJournal::open(disk_, faults);
    EXPECT_TRUE(journal) << journal.error().message();
    return std::move(*journal);
  }
  Status append(Journal& journal) { return append_whole(journal, factory_.make(1, 4000)); }

  static constexpr std::uint64_t kBatchBytes = sizeof(BatchHeader) + sizeof(RequestHeader) + 4000;

  MemoryDisk disk_;
  BatchFactory factory_;
};

TEST_F(FaultyJournalTest, FailedAppendIsFinal) {
  JournalFaults faults;
  faults.fail_append_at = 2;
  auto journal = open(faults);
  ASSERT_TRUE(append(*journal));
  EXPECT_EQ(append(*journal).kind(), ErrorKind::kIo);
  EXPECT_EQ(journal->commit().kind(), ErrorKind::kIo);
  EXPECT_EQ(append(*journal).kind(), ErrorKind::kIo);
  EXPECT_FALSE(journal->has_room(1));
  EXPECT_EQ(disk_.size(), 0U);
}

TEST_F(FaultyJournalTest, FailedCommitKeepsWhatTheFaultSays) {
  using Survivors = JournalFaults::Survivors;
  const std::vector<std::pair<Survivors, std::size_t>> cases{{Survivors::kNone, 1}, {Survivors::kHalf, 3}, {Survivors::kAll, 4}};
  for (const auto& [survivors, expected] : cases) {
    disk_.truncate(0);
    factory_ = BatchFactory();
    JournalFaults faults;
    faults.fail_commit_at = 2;
    faults.survivors = survivors;
    auto journal = open(faults);
    ASSERT_TRUE(append(*journal));
    ASSERT_TRUE(journal->commit());
    for (int i = 0; i < 3; ++i) ASSERT_TRUE(append(*journal));
    EXPECT_FALSE(journal->commit());
    EXPECT_EQ(journal->durable_sequence(), 1U);
    EXPECT_EQ(disk_.size(), expected);
    EXPECT_EQ(open({})->durable_sequence(), expected);
  }
}

TEST_F(FaultyJournalTest, FillsUp) {
  JournalFaults faults;
  faults.room_bytes = 2 * kBatchBytes;
  auto journal = open(faults);
  EXPECT_TRUE(journal->has_room(2 * kBatchBytes));
  ASSERT_TRUE(append(*journal));
  EXPECT_TRUE(journal->has_room(kBatchBytes));
  EXPECT_FALSE(journal->has_room(kBatchBytes + 1));
}

TEST_F(FaultyJournalTest, DamageIsFoundOnOpening) {
  {
    auto journal = open({});
    for (int i = 0; i < 3; ++i) ASSERT_TRUE(append(*journal));
    ASSERT_TRUE(journal->commit());
  }
  flip_byte(disk_, 1, 700);
  EXPECT_EQ(FaultyJournal::open(disk_, {}).error().kind(), ErrorKind::kCorrupt);
  flip_byte(disk_, 1, 700);
  EXPECT_TRUE(FaultyJournal::open(disk_, {}));
  tear_last(disk_);
  EXPECT_EQ(FaultyJournal::open(disk_, {}).error().kind(), ErrorKind::kCorrupt);
}

}  // namespace
}  // namespace florin::journal::testing
