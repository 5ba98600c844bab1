/// What every Journal promises, run on every implementation.

#include <functional>
#include <memory>

#include "journal/lmdb_journal.hpp"
#include "journal/memory_journal.hpp"
#include "journal/testing/batch_factory.hpp"
#include "unit/journal/temporary_folder.hpp"

namespace florin::journal {
namespace {

using testing::append_whole;
using testing::BatchFactory;
using testing::TemporaryFolder;

/// Somewhere to keep a journal while journals on it come and go.
class Place {
 public:
  virtual ~Place() = default;
  virtual Result<std::unique_ptr<Journal>> open() = 0;
};

class MemoryPlace final : public Place {
 public:
  Result<std::unique_ptr<Journal>> open() override {
    Result<std::unique_ptr<MemoryJournal>> journal = MemoryJournal::open(disk_);
    if (!journal) return journal.error();
    return std::unique_ptr<Journal>(std::move(*journal));
  }

 private:
  MemoryDisk disk_;
};

template <std::uint64_t kSegmentBytes>
class LmdbPlace final : public Place {
 public:
  Result<std::unique_ptr<Journal>> open() override {
    LmdbJournalSettings settings;
    settings.folder = folder_.path();
    settings.segment_bytes = kSegmentBytes;
    settings.allocate_step_bytes = 1U << 20;
    settings.headroom_bytes = 0;
    Result<std::unique_ptr<LmdbJournal>> journal = LmdbJournal::open(settings);
    if (!journal) return journal.error();
    return std::unique_ptr<Journal>(std::move(*journal));
  }

 private:
  TemporaryFolder folder_;
};

struct Kind {
  const char* name;
  std::function<std::unique_ptr<Place>()> make;
};

class JournalContract : public ::testing::TestWithParam<Kind> {
 protected:
  JournalContract() : place_(GetParam().make()) { reopen(); }

  void reopen() {
    journal_.reset();
    Result<std::unique_ptr<Journal>> journal = place_->open();
    ASSERT_TRUE(journal) << journal.error().message();
    journal_ = std::move(*journal);
  }

  void append(std::uint32_t requests, std::uint32_t body_bytes) {
    batches_.push_back(factory_.make(requests, body_bytes));
    const Status status = append_whole(*journal_, batches_.back());
    ASSERT_TRUE(status) << status.message();
  }

  void commit() {
    const Status status = journal_->commit();
    ASSERT_TRUE(status) << status.message();
  }

  /// Batches `begin` .. `end` - 1 are what a cursor at `sequence` finds, and nothing more.
  void expect_read(std::uint64_t sequence, std::size_t begin, std::size_t end) {
    Result<std::unique_ptr<BatchCursor>> cursor = journal_->read_from(sequence);
    ASSERT_TRUE(cursor) << cursor.error().message();
    for (std::size_t i = begin; i < end; ++i) expect_next(**cursor, i);
    expect_end(**cursor);
  }

  void expect_next(BatchCursor& cursor, std::size_t index) {
    const Result<std::span<const std::byte>> batch = cursor.next();
    ASSERT_TRUE(batch) << batch.error().message();
    ASSERT_EQ(batch->size(), batches_[index].size()) << "batch " << index;
    ASSERT_EQ(std::memcmp(batch->data(), batches_[index].bytes().data(), batch->size()), 0);
  }

  void expect_end(BatchCursor& cursor) {
    const Result<std::span<const std::byte>> batch = cursor.next();
    ASSERT_TRUE(batch) << batch.error().message();
    ASSERT_TRUE(batch->empty());
  }

  std::unique_ptr<Place> place_;
  std::unique_ptr<Journal> journal_;
  BatchFactory factory_;
  std::vector<AlignedBuffer> batches_;
};

TEST_P(JournalContract, EmptyJournalHasNothing) {
  EXPECT_EQ(journal_->durable_sequence(), 0U);
  expect_read(1, 0, 0);
  EXPECT_EQ(journal_->read_from(2).error().kind(), ErrorKind::kNotFound);
}

TEST_P(JournalContract, CommittedBatchesAreReadBackInOrder) {
  append(1, 48);
  append(3, 128);
  commit();
  append(1, 5000);
  commit();
  EXPECT_EQ(journal_->durable_sequence(), 5U);
  expect_read(1, 0, 3);
}

TEST_P(JournalContract, NothingIsDurableBeforeCommit) {
  append(1, 48);
  EXPECT_EQ(journal_->durable_sequence(), 0U);
  commit();
  append(1, 48);
  EXPECT_EQ(journal_->durable_sequence(), 1U);
  expect_read(1, 0, 1);
}

TEST_P(JournalContract, UncommittedBatchesAreGoneAfterReopening) {
  append(1, 48);
  commit();
  append(1, 48);
  reopen();
  EXPECT_EQ(journal_->durable_sequence(), 1U);
  expect_read(1, 0, 1);
}

TEST_P(JournalContract, GoesOnAfterReopening) {
  for (int round = 0; round < 4; ++round) {
    append(2, 128);
    commit();
    append(1, 9000);
    commit();
    reopen();
    EXPECT_EQ(journal_->durable_sequence(), batches_.size() / 2 * 3);
    expect_read(1, 0, batches_.size());
  }
}

TEST_P(JournalContract, CursorStartsAtTheBatchThatContainsTheSequence) {
  append(5, 16);  // 1..5
  append(5, 16);  // 6..10
  commit();
  append(1, 16);  // 11
  commit();
  expect_read(1, 0, 3);
  expect_read(5, 0, 3);
  expect_read(6, 1, 3);
  expect_read(10, 1, 3);
  expect_read(11, 2, 3);
  expect_read(12, 3, 3);
  reopen();
  expect_read(7, 1, 3);
  expect_read(12, 3, 3);
}

TEST_P(JournalContract, CursorSeesBatchesCommittedLater) {
  append(1, 48);
  commit();
  Result<std::unique_ptr<BatchCursor>> cursor = journal_->read_from(1);
  ASSERT_TRUE(cursor);
  expect_next(**cursor, 0);
  expect_end(**cursor);
  for (std::size_t i = 1; i < 100; ++i) {
    append(1, static_cast<std::uint32_t>(i * 300));
    expect_end(**cursor);
    commit();
    expect_next(**cursor, i);
    expect_end(**cursor);
  }
}

TEST_P(JournalContract, ManyBatchesOfAllSizes) {
  std::uint64_t state = 42;
  for (int i = 0; i < 300; ++i) {
    state = state * 6364136223846793005ULL + 1442695040888963407ULL;
    const auto requests = static_cast<std::uint32_t>(1 + (state >> 33) % 7);
    const auto body_bytes = static_cast<std::uint32_t>((state >> 40) % ((i % 10 == 0) ? 100000 : 2000));
    append(requests, body_bytes);
    if ((state >> 20) % 3 == 0) commit();
  }
  append(1, 1048320);
  append(1, 2097152);
  commit();
  expect_read(1, 0, batches_.size());
  reopen();
  expect_read(1, 0, batches_.size());
  append(1, 48);
  commit();
  expect_read(1, 0, batches_.size());
}

TEST_P(JournalContract, BatchInPiecesIsJoined) {
  const AlignedBuffer batch = factory_.make(2, 700);
  const std::byte* bytes = batch.bytes().data();
  const std::vector<BytesView> pieces{{bytes, 128}, {bytes + 128, 192}, {bytes + 320, 0}, {bytes + 320, batch.size() - 320}};
  ASSERT_TRUE(journal_->append(pieces));
  commit();
  batches_.emplace_back(batch.size());
  std::memcpy(batches_.back().bytes().data(), bytes, batch.size());
  expect_read(1, 0, 1);
}

TEST_P(JournalContract, BatchThatDoesNotContinueIsRefusedForGood) {
  append(1, 48);
  commit();
  BatchFactory other;
  const AlignedBuffer first_again = other.make(1, 48);
  const Status refused = append_whole(*journal_, first_again);
  EXPECT_EQ(refused.kind(), ErrorKind::kInternal);
  const AlignedBuffer good = factory_.make(1, 48);
  EXPECT_EQ(append_whole(*journal_, good).message(), refused.message());
  EXPECT_EQ(journal_->commit().message(), refused.message());
  reopen();
  EXPECT_EQ(journal_->durable_sequence(), 1U);
}

TEST_P(JournalContract, HasRoom) { EXPECT_TRUE(journal_->has_room(kBatchBytesMax)); }

TEST_P(JournalContract, CommitOfNothingIsOk) {
  commit();
  append(1, 48);
  commit();
  commit();
  EXPECT_EQ(journal_->durable_sequence(), 1U);
}

INSTANTIATE_TEST_SUITE_P(
    Each, JournalContract,
    ::testing::Values(Kind{"memory", [] { return std::make_unique<MemoryPlace>(); }},
                      Kind{"lmdb", [] { return std::make_unique<LmdbPlace<64U << 20>>(); }},
                      Kind{"lmdb_tiny_segments", [] { return std::make_unique<LmdbPlace<16U << 10>>(); }}),
    [](const auto& kind) { return std::string(kind.param.name); });

}  // namespace
}  // namespace florin::journal
