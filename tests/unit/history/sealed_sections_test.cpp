/// The sections of this folder in a file of journal/, whole and damaged: what they answer is right, or damage.

#include <fcntl.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <memory>

#include "history/checkpoints.hpp"
#include "history/id_filter.hpp"
#include "history/id_run_builder.hpp"
#include "history/postings.hpp"
#include "history/user_data_filter.hpp"
#include "journal/sealed_folder.hpp"
#include "support/checkpoints.hpp"
#include "support/random.hpp"
#include "unit/journal/temporary_folder.hpp"

namespace florin::history {
namespace {

using journal::testing::TemporaryFolder;
using test::Random;

constexpr std::uint32_t kTransfers = 20'000;
constexpr std::uint32_t kAccounts = 3'000;
constexpr std::uint32_t kFilterBlock = 100;

class SealedSections : public ::testing::Test {
 protected:
  SealedSections() : store_(journal::SealedFolder::open(folder_.path()).value()) {
    std::vector<std::uint32_t> values;
    PostingsBuilder postings(kAccounts);
    std::vector<Checkpoint> checkpoints;
    UserDataFilterBuilder user_data(core::IdHash(7), kTransfers, kFilterBlock);
    for (std::uint32_t i = 0; i < kTransfers; ++i) {
      hashes_.push_back(random_.next());
      values.push_back(i);
      postings.count(i % kAccounts);
      checkpoints.push_back({.balances = {}, .ordinal = i % kAccounts, .posting = i});
      user_data.add(i, user_data_of(i));
    }
    postings.end_of_counts();
    for (std::uint32_t i = 0; i < kTransfers; ++i) postings.add(i % kAccounts, PostingEntry::of(i, 0));
    filter_.add(hashes_, 1);
    const auto writer = store_->create(1).value();
    SealedWriter& file = *writer;
    write(file, SectionKind::kIdRun, build_id_run(hashes_, values)->bytes());
    write(file, SectionKind::kPostings, postings.finish().bytes());
    write(file, SectionKind::kCheckpoints, test::build_checkpoints(checkpoints).bytes());
    if (!file.begin_section(static_cast<std::uint32_t>(SectionKind::kUserDataFilter))) std::abort();
    if (!user_data.finish([&](std::span<const std::byte> bytes) { return file.append(bytes); })) std::abort();
    if (!file.begin_section(static_cast<std::uint32_t>(SectionKind::kIdFilter))) std::abort();
    if (!filter_.save([&](std::span<const std::byte> bytes) { return file.append(bytes); })) std::abort();
    SealedHeader header;
    header.segment = 1;
    if (!file.publish(header)) std::abort();
    open();
  }

  static void write(SealedWriter& file, SectionKind kind, std::span<const std::byte> bytes) {
    if (!file.begin_section(static_cast<std::uint32_t>(kind)) || !file.append(bytes)) std::abort();
  }
  static core::UserData user_data_of(std::uint32_t i) { return {i + 1, 0, i % 50 + 1}; }
  void open() { reader_ = store_->open(1, 0).value(); }
  [[nodiscard]] VerifiedBytes section(SectionKind kind) const { return *reader_->section(static_cast<std::uint32_t>(kind)); }

  /// Asks each section about everything; an answer has to be right, or damage with its place. False if there was any damage.
  [[nodiscard]] bool ask_everything() const {
    bool is_whole = true;
    const auto expect = [&is_whole](Found found, const Status& why) {
      if (found == Found::kYes) return;
      EXPECT_EQ(found, Found::kDamaged);
      EXPECT_EQ(why.kind(), ErrorKind::kCorrupt);
      EXPECT_NE(why.message().find("offset"), std::string::npos) << why.message();
      is_whole = false;
    };
    if (const auto run = IdRun::open(section(SectionKind::kIdRun))) {
      for (std::uint32_t i = 0; i < kTransfers; ++i) {
        expect(run->find(hashes_[i], [i](IdEntry entry) { return entry.index() == i; }), run->check(hashes_[i]));
      }
      std::uint32_t visited = 0;
      bool is_visited = true;
      for (std::uint32_t part = 0; part < IdRun::kParts; ++part) {
        is_visited &= run->visit(part, [&visited](std::uint64_t, IdEntry) { ++visited; }).is_ok();
      }
      EXPECT_TRUE(!is_visited || visited == kTransfers);
      is_whole &= is_visited;
    } else {
      is_whole = false;
    }
    if (const auto postings = Postings::open(section(SectionKind::kPostings))) {
      for (std::uint32_t ordinal = 0; ordinal < kAccounts; ++ordinal) {
        PostingRange range;
        const Found found = postings->find(ordinal, range);
        expect(found, postings->check(ordinal));
        if (found != Found::kYes) continue;
        PostingCursor cursor(*postings, range, range.begin);
        PostingEntry entry;
        for (std::uint32_t i = ordinal; i < kTransfers && cursor.status(); i += kAccounts) {
          if (cursor.next(entry)) {
            EXPECT_EQ(entry.index(), i);
          }
        }
        is_whole &= cursor.status().is_ok();
      }
    } else {
      is_whole = false;
    }
    if (const auto checkpoints = Checkpoints::open(section(SectionKind::kCheckpoints))) {
      for (std::uint32_t i = 0; i < kTransfers; ++i) {
        Checkpoint checkpoint;
        const Found found = checkpoints->find(i % kAccounts, i, checkpoint);
        expect(found, checkpoints->check(i % kAccounts, i));
        if (found == Found::kYes) {
          EXPECT_EQ(checkpoint.posting, i);
        }
      }
    } else {
      is_whole = false;
    }
    if (const auto filter = UserDataFilter::open(section(SectionKind::kUserDataFilter), kTransfers)) {
      for (std::uint32_t i = 0; i < kTransfers; ++i) {
        const core::SoughtUserData sought(user_data_of(i), core::IdHash(7));
        expect(filter->find(sought, i / kFilterBlock), filter->check(sought, i / kFilterBlock));
      }
    } else {
      is_whole = false;
    }
    if (IdFilter filter; filter.load(section(SectionKind::kIdFilter))) {
      for (const std::uint64_t hash : hashes_) EXPECT_TRUE(filter.may_hold(hash));
    } else {
      is_whole = false;
    }
    return is_whole;
  }

  void flip(std::uint64_t offset) const {
    const std::string path = folder_.path() + "/history/00000000000000000001.sealed";
    const int file = ::open(path.c_str(), O_RDWR);
    char byte = 0;
    ASSERT_EQ(::pread(file, &byte, 1, static_cast<off_t>(offset)), 1);
    byte = static_cast<char>(byte ^ 0x10);
    ASSERT_EQ(::pwrite(file, &byte, 1, static_cast<off_t>(offset)), 1);
    ::close(file);
  }

  Random random_{1};
  TemporaryFolder folder_{TemporaryFolder::Where::kMemory};
  std::unique_ptr<journal::SealedFolder> store_;
  std::vector<std::uint64_t> hashes_;
  IdFilter filter_;
  std::unique_ptr<SealedReader> reader_;
};

TEST_F(SealedSections, AnswerFromTheFile) {
  const auto run = IdRun::open(section(SectionKind::kIdRun));
  const auto postings = Postings::open(section(SectionKind::kPostings));
  const auto checkpoints = Checkpoints::open(section(SectionKind::kCheckpoints));
  IdFilter filter;
  ASSERT_TRUE(filter.load(section(SectionKind::kIdFilter)));
  const auto user_data = UserDataFilter::open(section(SectionKind::kUserDataFilter), kTransfers);
  ASSERT_TRUE(run && postings && checkpoints && user_data);
  for (std::uint32_t i = 0; i < kTransfers; ++i) {
    ASSERT_EQ(run->find(hashes_[i], [i](IdEntry entry) { return entry.index() == i; }), Found::kYes);
    ASSERT_TRUE(filter.may_hold(hashes_[i]));
    PostingRange range;
    ASSERT_EQ(postings->find(i % kAccounts, range), Found::kYes);
    Checkpoint checkpoint;
    ASSERT_EQ(checkpoints->find(i % kAccounts, i, checkpoint), Found::kYes);
    ASSERT_EQ(checkpoint.posting, i);
    ASSERT_EQ(user_data->find(core::SoughtUserData(user_data_of(i), core::IdHash(7)), i / kFilterBlock), Found::kYes);
  }
}

// One damaged place after the other; whatever is asked is answered as before, or with damage and its place.
TEST_F(SealedSections, ADamagedFileNeverAnswersWrongly) {
  const std::uint64_t bytes = std::filesystem::file_size(folder_.path() + "/history/00000000000000000001.sealed");
  std::uint64_t damaged = 0;
  for (int round = 0; round < 25; ++round) {
    const std::uint64_t offset = 4096 + random_.below(bytes - 8192);
    flip(offset);
    auto reader = store_->open(1, 0);
    if (reader) {
      reader_ = std::move(*reader);
      damaged += ask_everything() ? 0U : 1U;
      EXPECT_FALSE(reader_->verify());
    }
    flip(offset);
  }
  EXPECT_GT(damaged, 10U);  // the rest lies where nothing is asked: empty buckets, zeros between sections
}

}  // namespace
}  // namespace florin::history
