#include "record/batch_walk.hpp"

#include <gmock/gmock.h>

#include <array>
#include <cstring>
#include <fstream>
#include <stdexcept>
#include <utility>

#include "journal/lmdb_journal.hpp"
#include "journal/read_only_journal.hpp"
#include "journal/segment_scanner.hpp"
#include "journal/testing/batch_factory.hpp"
#include "support/with_threads.hpp"
#include "unit/journal/temporary_folder.hpp"

namespace florin::journal {
namespace {

using ::testing::HasSubstr;
using testing::append_whole;
using testing::BatchFactory;
using testing::TemporaryFolder;

/// Remembers what it was shown, and fails if a slot is used for two batches at once. Its members are plain: the thread sanitizer
/// sees it if somebody who should be alone is not.
class Witness : public record::BatchVisitor {
 public:
  void announce(std::size_t slot, const record::BatchView& batch) override {
    ASSERT_LT(slot, slots_.size());
    slots_[slot].announced = batch.header().first_sequence;
    ++announced;
  }
  void prepare(std::size_t slot, const record::BatchView& batch) override {
    EXPECT_EQ(slots_[slot].announced, batch.header().first_sequence);
    EXPECT_FALSE(record::verify(batch.bytes()));
    if (batch.header().first_sequence == throw_at) throw std::runtime_error("no memory for it");
    slots_[slot].prepared = batch.header().first_sequence;
  }
  Result<bool> take(std::size_t slot, const record::BatchView& batch) override {
    EXPECT_EQ(slots_[slot].prepared, batch.header().first_sequence);
    if (batch.header().first_sequence == refuse_at) return Status(ErrorKind::kDiffers, "not that one");
    taken.push_back(batch.header().checksum);
    return taken.size() != enough;
  }

  std::vector<u128> taken;
  std::size_t announced = 0;
  std::size_t enough = 0;       ///< takes so many; 0: all
  std::uint64_t refuse_at = 0;  ///< sequence
  std::uint64_t throw_at = 0;   ///< sequence

 private:
  struct Slot {
    std::uint64_t announced = 0;
    std::uint64_t prepared = 0;
  };
  std::array<Slot, record::kWalkSlotsMax> slots_;
};

/// A journal of several segments whose batches are small and large in turn, walked by as many threads as the parameter says.
class BatchWalk : public ::testing::TestWithParam<int> {
 protected:
  static constexpr std::uint32_t kBatches = 120;

  BatchWalk() {
    LmdbJournalSettings settings;
    settings.folder = folder_.path();
    settings.segment_bytes = 2U << 20;
    settings.allocate_step_bytes = 1U << 20;
    settings.headroom_bytes = 0;
    auto journal = LmdbJournal::open(settings);
    BatchFactory factory;
    for (std::uint32_t i = 0; i < kBatches; ++i) {
      const AlignedBuffer batch = factory.make(i % 3 + 1, i % 4 == 3 ? 90'000 : 1000);
      checksums_.push_back(factory.last().checksum);
      first_sequences_.push_back(factory.last().first_sequence);
      EXPECT_TRUE(append_whole(**journal, batch));
      EXPECT_TRUE((*journal)->commit());
    }
  }

  void SetUp() override { open(); }

  void open() {
    auto journal = ReadOnlyJournal::open(folder_.path());
    ASSERT_TRUE(journal) << journal.error().message();
    journal_ = std::move(*journal);
    ASSERT_GE(journal_->segments().list().size(), 3U);
  }

  Status walk(std::uint64_t first_sequence = 1) {
    return test::with_threads(GetParam(), [&] {
      return record::walk([this](std::uint64_t sequence) { return journal_->read_from(sequence); }, first_sequence, witness_);
    });
  }

  /// What a cursor that verifies itself says, and how many batches it gets through.
  std::pair<std::size_t, Status> read_one_by_one() {
    auto cursor = journal_->read_from(1);
    if (!cursor) return {0, cursor.error()};
    for (std::size_t batches = 0;; ++batches) {
      const auto batch = (*cursor)->next();
      if (!batch) return {batches, batch.error()};
      if (batch->empty()) return {batches, Status()};
    }
  }

  struct Found {
    std::string path;
    ValuePlace place;
  };
  [[nodiscard]] Found find(std::size_t batch) const {
    const std::string path = journal_->segments().find(first_sequences_[batch])->path;
    const auto places = find_batches(File::open(path, 0).value());
    for (const ValuePlace& place : *places) {
      if (place.key == first_sequences_[batch]) return {path, place};
    }
    ADD_FAILURE() << "batch " << batch << " is not there";
    return {};
  }

  static void flip(const std::string& path, std::uint64_t offset) {
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    file.seekg(static_cast<std::streamoff>(offset));
    const char byte = static_cast<char>(file.get() ^ 0x10);
    file.seekp(static_cast<std::streamoff>(offset));
    file.put(byte);
  }
  void damage_body(std::size_t batch) const {
    const Found found = find(batch);
    flip(found.path, found.place.offset() + 700);
  }

  /// A whole copy of the batch at the end of its file, as a writer that was killed and began again may leave one.
  void copy_behind(std::size_t batch) const {
    const Found found = find(batch);
    std::fstream file(found.path, std::ios::in | std::ios::out | std::ios::binary);
    std::vector<char> pages(value_pages(found.place.size) * kPageBytes);
    file.seekg(static_cast<std::streamoff>(found.place.page * std::uint64_t{kPageBytes}));
    file.read(pages.data(), static_cast<std::streamsize>(pages.size()));
    file.clear();
    file.seekp(0, std::ios::end);
    const std::uint64_t page = (static_cast<std::uint64_t>(file.tellp()) + kPageBytes - 1) / kPageBytes;
    PageHeader header;
    std::memcpy(&header, pages.data(), sizeof header);
    header.number = page;
    std::memcpy(pages.data(), &header, sizeof header);
    file.seekp(static_cast<std::streamoff>(page * kPageBytes));
    file.write(pages.data(), static_cast<std::streamsize>(pages.size()));
  }

  [[nodiscard]] std::vector<u128> checksums(std::size_t begin, std::size_t end) const {
    return {checksums_.begin() + static_cast<std::ptrdiff_t>(begin), checksums_.begin() + static_cast<std::ptrdiff_t>(end)};
  }
  [[nodiscard]] std::string sequence_of(std::size_t batch) const { return "sequence " + std::to_string(first_sequences_[batch]); }

  TemporaryFolder folder_{TemporaryFolder::Where::kMemory};
  std::vector<u128> checksums_;
  std::vector<std::uint64_t> first_sequences_;
  std::unique_ptr<ReadOnlyJournal> journal_;
  Witness witness_;
};

TEST_P(BatchWalk, EveryBatchIsTakenOnceAndInOrder) {
  const Status status = walk();
  ASSERT_TRUE(status) << status.message();
  EXPECT_EQ(witness_.taken, checksums_);
}

TEST_P(BatchWalk, BeginsAtTheBatchThatHoldsTheSequence) {
  ASSERT_TRUE(walk(first_sequences_[51] - 1));
  EXPECT_EQ(witness_.taken, checksums(50, kBatches));
}

TEST_P(BatchWalk, NothingIsThereToBeWalkedAtTheEnd) {
  ASSERT_TRUE(walk(journal_->durable_sequence() + 1));
  EXPECT_TRUE(witness_.taken.empty());
  EXPECT_EQ(walk(journal_->durable_sequence() + 2).kind(), ErrorKind::kNotFound);
}

TEST_P(BatchWalk, ABadBodyComesAfterEveryBatchBeforeItAndIsNamed) {
  for (const std::size_t bad : {std::size_t{43}, std::size_t{20}, std::size_t{0}}) {  // large, small, first
    damage_body(bad);
    witness_.taken.clear();
    const Status status = walk();
    EXPECT_EQ(status.kind(), ErrorKind::kCorrupt);
    EXPECT_THAT(status.message(), HasSubstr(find(bad).path + ": " + sequence_of(bad) + ", offset"));
    EXPECT_THAT(status.message(), HasSubstr("checksum of a body"));
    EXPECT_EQ(status.message(), read_one_by_one().second.message());
    EXPECT_EQ(witness_.taken, checksums(0, bad));
  }
}

TEST_P(BatchWalk, ABadBodyAtTheFirstBatchWantedIsNamed) {
  damage_body(20);
  const Status status = walk(first_sequences_[20]);
  EXPECT_THAT(status.message(), HasSubstr(sequence_of(20)));
  EXPECT_TRUE(witness_.taken.empty());
}

TEST_P(BatchWalk, ABadHeaderComesAfterEveryBatchBeforeItAndIsNamed) {
  const Found found = find(43);
  flip(found.path, found.place.offset() + 60);
  const Status status = walk();
  EXPECT_EQ(status.kind(), ErrorKind::kCorrupt);
  EXPECT_THAT(status.message(), HasSubstr(sequence_of(43)));
  EXPECT_EQ(status.message(), read_one_by_one().second.message());
  EXPECT_EQ(witness_.taken, checksums(0, 43));
}

TEST_P(BatchWalk, TheEarlierOfTwoFaultsIsNamed) {
  damage_body(45);
  damage_body(43);
  const Found missing = find(44);
  flip(missing.path, missing.place.offset() + 60);
  EXPECT_THAT(walk().message(), HasSubstr(sequence_of(43)));
  EXPECT_EQ(witness_.taken, checksums(0, 43));
}

TEST_P(BatchWalk, AnotherWholeCopyOfABatchWillDo) {
  copy_behind(20);
  damage_body(20);
  ASSERT_EQ(read_one_by_one().first, kBatches);
  const Status status = walk();
  EXPECT_TRUE(status) << status.message();
  EXPECT_EQ(witness_.taken, checksums_);
}

TEST_P(BatchWalk, EndsWhenTheVisitorHasEnoughWhateverFollows) {
  damage_body(32);
  witness_.enough = 31;
  const Status status = walk();
  EXPECT_TRUE(status) << status.message();
  EXPECT_EQ(witness_.taken, checksums(0, 31));
  EXPECT_LE(witness_.announced, 31 + record::kWalkSlotsMax);
}

TEST_P(BatchWalk, TheVisitorsErrorEndsIt) {
  witness_.refuse_at = first_sequences_[31];
  const Status status = walk();
  EXPECT_EQ(status.kind(), ErrorKind::kDiffers);
  EXPECT_EQ(status.message(), "not that one");
  EXPECT_EQ(witness_.taken, checksums(0, 31));
}

#if !defined(__SANITIZE_THREAD__)  // what oneTBB waits for after an exception is out of its sight
TEST_P(BatchWalk, ExceptionsComeOut) {
  witness_.throw_at = first_sequences_[31];
  EXPECT_THROW(static_cast<void>(walk()), std::runtime_error);
  EXPECT_LE(witness_.taken.size(), 31U);
}
#endif

INSTANTIATE_TEST_SUITE_P(Threads, BatchWalk, ::testing::Values(1, 2, 8));

}  // namespace
}  // namespace florin::journal
