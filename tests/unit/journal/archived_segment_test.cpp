#include <gmock/gmock.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <memory>
#include <thread>

#include "journal/archive_reader.hpp"
#include "journal/archive_stub.hpp"
#include "journal/history_store.hpp"
#include "support/random.hpp"
#include "support/sanitizers.hpp"
#include "unit/journal/temporary_folder.hpp"

namespace florin::journal {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using test::PerSanitizer;
using testing::TemporaryFolder;

constexpr u128 kStore = make_u128(7, 9);
constexpr std::uint64_t kStride = PerSanitizer<std::uint64_t>{.none = 1, .address = 7, .thread = 101}.here();
constexpr int kReads = PerSanitizer<int>{.none = 20'000, .address = 4'000, .thread = 1'000}.here();
constexpr std::uint64_t kBlock = BlockSource::kBlockBytes;
constexpr std::uint64_t kKeptBlock = VerifiedBytes::kBlockBytes;

/// Of an odd kind zstd makes less, of an even one it cannot.
std::vector<std::byte> some_bytes(std::size_t size, std::uint32_t kind) {
  test::Random random(kind);
  std::vector<std::byte> bytes(size);
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::byte>(kind % 2 == 0 ? random.below(256) : i / 40 * kind);
  return bytes;
}

bool is_kept(std::uint32_t kind) { return kind == 2 || kind == 5; }

/// Rows that fill blocks and that do not, and bytes.
SectionForm form_of(std::uint32_t kind) { return {.is_read_in_place = is_kept(kind), .row_bytes = static_cast<std::uint16_t>(kind == 1 ? 48 : kind)}; }

class ArchivedSegmentTest : public ::testing::Test {
 protected:
  void open(const std::string& archive) {
    store_.reset();
    auto store = try_open(archive);
    ASSERT_TRUE(store) << store.error().message();
    store_ = std::move(*store);
  }
  [[nodiscard]] Result<std::unique_ptr<HistoryStore>> try_open(const std::string& archive) const {
    return HistoryStore::open({.data = data(), .archive = archive, .cache_bytes = 0});
  }
  [[nodiscard]] std::string data() const { return folder_.path() + "/data"; }
  [[nodiscard]] std::string archive() const { return folder_.path() + "/archive"; }
  [[nodiscard]] std::string archive_path(std::uint64_t segment) const { return archive() + "/0000000000000000000" + std::to_string(segment) + ".archive"; }
  [[nodiscard]] std::string in_history(std::uint64_t segment, const char* extension) const {
    return data() + "/history/0000000000000000000" + std::to_string(segment) + extension;
  }

  void SetUp() override { open(archive()); }

  /// Section i has kind i + 1 and sizes[i] bytes.
  void seal(std::uint64_t segment, const std::vector<std::size_t>& sizes, u128 store_id = kStore) {
    auto writer = store_->create(segment);
    ASSERT_TRUE(writer) << writer.error().message();
    for (std::uint32_t i = 0; i < sizes.size(); ++i) {
      ASSERT_TRUE((*writer)->begin_section(i + 1));
      ASSERT_TRUE((*writer)->append(some_bytes(sizes[i], i + 1)));
    }
    ASSERT_TRUE((*writer)->publish({.segment = segment, .last_sequence = 10 * segment, .batch_checksum = 3, .store_id = store_id}));
  }
  void write_archive(std::uint64_t segment, u128 store_id = kStore) {
    auto writer = store_->begin_archive(segment, store_id, form_of);
    ASSERT_TRUE(writer) << writer.error().message();
    for (bool is_written = false; !is_written;) {
      const auto step = (*writer)->step();
      ASSERT_TRUE(step) << step.error().message();
      is_written = *step;
    }
  }
  void archive(std::uint64_t segment) {
    write_archive(segment);
    ASSERT_TRUE(store_->finish_archive(segment, kStore));
  }
  [[nodiscard]] Status read_whole(std::uint64_t segment) const {
    const auto reader = store_->open(segment, kStore);
    return reader ? (*reader)->verify() : reader.error();
  }

  TemporaryFolder folder_{TemporaryFolder::Where::kMemory};
  std::unique_ptr<HistoryStore> store_;
};

void expect_sections(const SealedReader& reader, const std::vector<std::size_t>& sizes) {
  test::Random random(1);
  ASSERT_EQ(reader.sections().size(), sizes.size());
  for (std::uint32_t i = 0; i < sizes.size(); ++i) {
    const auto section = reader.section(i + 1);
    ASSERT_TRUE(section) << section.error().message();
    ASSERT_EQ(section->size(), sizes[i]);
    EXPECT_EQ(section->is_in_place(), is_kept(i + 1));
    const std::vector<std::byte> expected = some_bytes(sizes[i], i + 1);
    std::vector<std::byte> copy(sizes[i]);
    ASSERT_TRUE(section->read(0, copy)) << section->status(0, sizes[i]).message();
    EXPECT_EQ(copy, expected);
    for (int once = 0; once < 100 && sizes[i] != 0; ++once) {
      const std::size_t offset = random.below(sizes[i]);
      const std::size_t count = random.below(std::min<std::size_t>(sizes[i] - offset, 200));
      ASSERT_TRUE(section->read(offset, std::span(copy).first(count)));
      EXPECT_TRUE(std::equal(copy.begin(), copy.begin() + static_cast<std::ptrdiff_t>(count), expected.begin() + static_cast<std::ptrdiff_t>(offset)));
    }
    EXPECT_FALSE(section->read(sizes[i], std::span(copy.data(), 1)));
    EXPECT_EQ(section->status(sizes[i], 1).kind(), ErrorKind::kCorrupt);
    if (section->is_in_place() || sizes[i] == 0) continue;
    EXPECT_EQ(section->at(0, sizes[i]), nullptr) << "it is nowhere in one piece";
  }
}

TEST_F(ArchivedSegmentTest, ReadsAsTheSealedOne) {
  const std::vector<std::vector<std::size_t>> all{
      {}, {0}, {1}, {kBlock}, {0, 0, 5}, {10, 20, 30, 40, 50, 60}, {kBlock - 1, kKeptBlock, kBlock + 1}, {3 * kBlock + 7, 2 * kKeptBlock + 4096, 900'000, 100'000, 1, 0}};
  for (const auto& sizes : all) {
    seal(1, sizes);
    archive(1);
    EXPECT_FALSE(fs::exists(in_history(1, ".sealed")));
    const auto reader = store_->open(1, kStore);
    ASSERT_TRUE(reader) << reader.error().message();
    EXPECT_EQ((*reader)->header().last_sequence, 10U);
    EXPECT_EQ((*reader)->header().batch_checksum, 3U);
    EXPECT_EQ((*reader)->section(99).error().kind(), ErrorKind::kNotFound);
    EXPECT_TRUE((*reader)->verify());
    // Kept ones come first.
    std::vector<std::size_t> read(sizes.size());
    for (const SealedSection& section : (*reader)->sections()) read[section.kind - 1] = section.bytes;
    EXPECT_EQ(read, sizes);
    expect_sections(**reader, sizes);
    ASSERT_TRUE(store_->remove(1));
  }
}

TEST_F(ArchivedSegmentTest, IsSmallerWhereThatIsPossible) {
  seal(1, {1 << 20});
  seal(2, {0, 0, 0, 1 << 20});
  archive(1);
  archive(2);
  EXPECT_LT(fs::file_size(archive_path(1)), 200'000U);
  EXPECT_LT(fs::file_size(archive_path(2)), (1U << 20) + 20'000U) << "blocks that do not get smaller are as they were";
}

/// Packed, kept and incompressible sections; a file of some 20 KiB.
const std::vector<std::size_t> kSmall{20'000, 3'000, 0, 5'000, 10};

TEST_F(ArchivedSegmentTest, FindsEveryByteThatIsFlipped) {
  seal(1, kSmall);
  archive(1);
  std::fstream file(archive_path(1), std::ios::binary | std::ios::in | std::ios::out);
  const std::uint64_t size = fs::file_size(archive_path(1));
  for (std::uint64_t offset = 0; offset < size; offset += kStride) {
    const auto change = [&] {
      file.seekg(static_cast<std::streamoff>(offset));
      const int before = file.get();
      file.seekp(static_cast<std::streamoff>(offset));
      file.put(static_cast<char>(before ^ (1 << offset % 8)));
      file.flush();
    };
    change();
    const Status status = read_whole(1);
    ASSERT_EQ(status.kind(), ErrorKind::kCorrupt) << offset << " of " << size;
    ASSERT_THAT(status.message(), HasSubstr(archive_path(1)));
    change();
  }
  EXPECT_TRUE(read_whole(1));
}

TEST_F(ArchivedSegmentTest, FindsThatItWasCutOrGrew) {
  seal(1, kSmall);
  archive(1);
  const std::uint64_t size = fs::file_size(archive_path(1));
  const std::string copy = folder_.path() + "/copy";
  fs::copy(archive_path(1), copy);
  for (std::uint64_t bytes = 0; bytes < size; bytes += kStride) {
    fs::resize_file(archive_path(1), bytes);
    ASSERT_EQ(read_whole(1).kind(), ErrorKind::kCorrupt) << bytes << " of " << size;
    fs::copy_file(copy, archive_path(1), fs::copy_options::overwrite_existing);
  }
  fs::resize_file(archive_path(1), size + 1);
  EXPECT_EQ(read_whole(1).kind(), ErrorKind::kCorrupt);
}

TEST_F(ArchivedSegmentTest, DamageOfOneBlockIsNamedAndTheOthersAreRead) {
  seal(1, {3 * kBlock});
  archive(1);
  std::fstream file(archive_path(1), std::ios::binary | std::ios::in | std::ios::out);
  file.seekp(4096 + 2);
  file.put('!');
  file.close();
  const auto reader = store_->open(1, kStore);
  ASSERT_TRUE(reader);
  const VerifiedBytes section = *(*reader)->section(1);
  std::vector<std::byte> copy(10);
  EXPECT_FALSE(section.read(0, copy));
  EXPECT_FALSE(section.read(kBlock - 5, copy));
  EXPECT_TRUE(section.read(kBlock, copy));
  EXPECT_THAT(section.status(0, 10).message(), HasSubstr("section 1: offset 4096"));
  EXPECT_TRUE(section.status(kBlock, 10));
}

TEST_F(ArchivedSegmentTest, IsOfItsStoreAndNumber) {
  seal(1, {100});
  archive(1);
  EXPECT_EQ(store_->open(1, kStore + 1).error().kind(), ErrorKind::kCorrupt);
  fs::copy(archive_path(1), archive_path(2));
  EXPECT_THAT(store_->open(2, kStore).error().message(), HasSubstr("another sealed segment than its name says"));
  EXPECT_EQ(store_->open(3, kStore).error().kind(), ErrorKind::kNotFound);
}

/// What was read last is kept, in as much memory as was allowed.
TEST_F(ArchivedSegmentTest, CacheHasItsBounds) {
  const std::uint64_t blocks = 3 * BlockCache::kFramesMin;
  seal(1, {blocks * kBlock});
  archive(1);
  EXPECT_EQ(store_->memory_bytes(), BlockCache::kFramesMin * kBlock);
  const auto reader = store_->open(1, kStore);
  const VerifiedBytes section = *(*reader)->section(1);
  const auto read = [&](std::uint64_t block) {
    std::byte byte{};
    ASSERT_TRUE(section.read(block * kBlock + 77, {&byte, 1}));
    ASSERT_EQ(byte, static_cast<std::byte>((block * kBlock + 77) / 40));
  };
  for (std::uint64_t block = 0; block < BlockCache::kFramesMin; ++block) read(block);
  const std::uint64_t misses = store_->cache().misses();
  for (std::uint64_t block = 0; block < BlockCache::kFramesMin; ++block) read(block);
  EXPECT_EQ(store_->cache().misses(), misses);
  for (std::uint64_t block = 0; block < blocks; ++block) read(block);
  EXPECT_GT(store_->cache().misses(), misses);
}

/// More blocks than there are frames, so that frames change under who looks for them; another file takes them too.
TEST_F(ArchivedSegmentTest, ThreadsReadAtOnce) {
  const std::uint64_t blocks = 2 * BlockCache::kFramesMin;
  seal(1, {blocks * kBlock});
  seal(2, {blocks * kBlock});
  archive(1);
  archive(2);
  const auto first = store_->open(1, kStore);
  const auto second = store_->open(2, kStore);
  std::vector<std::thread> threads;
  for (std::uint64_t seed = 0; seed < 3; ++seed) {
    threads.emplace_back([&, seed] {
      test::Random random(seed);
      std::array<std::byte, 80> bytes;
      for (int i = 0; i < kReads; ++i) {
        const VerifiedBytes section = *(random.below(2) == 0 ? *first : *second)->section(1);
        const std::uint64_t offset = random.below(4) == 0 ? random.below(4 * kBlock) : random.below(section.size() - bytes.size());
        ASSERT_TRUE(section.read(offset, bytes));
        for (std::size_t b = 0; b < bytes.size(); ++b) ASSERT_EQ(bytes[b], static_cast<std::byte>((offset + b) / 40));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

TEST_F(ArchivedSegmentTest, OfBothTheSealedOneIsUsed) {
  seal(1, {1000});
  write_archive(1);
  EXPECT_THAT(*store_->find(1), HasSubstr(".sealed"));
  EXPECT_THAT(*store_->unarchived(), ElementsAre(1));
  open(archive());
  EXPECT_THAT(*store_->list(), ElementsAre(1));
  EXPECT_THAT(*store_->unarchived(), ElementsAre(1));
  ASSERT_TRUE(ArchiveStub({.store_id = to_hex(kStore), .folder = archive()}).write(in_history(1, ".archived")));
  EXPECT_THAT(*store_->find(1), HasSubstr(".sealed"));
  archive(1);
  EXPECT_EQ(*store_->find(1), archive_path(1));
  EXPECT_THAT(*store_->unarchived(), ElementsAre());
  EXPECT_THAT(*store_->list(), ElementsAre(1));
}

TEST_F(ArchivedSegmentTest, UnfinishedFilesAreRemovedAndOthersAreNot) {
  std::ofstream(archive_path(1) + ".tmp") << "unfinished";
  std::ofstream(archive() + "/letter.tmp") << "somebody else's";
  open(archive());
  EXPECT_FALSE(fs::exists(archive_path(1) + ".tmp"));
  EXPECT_TRUE(fs::exists(archive() + "/letter.tmp"));
  seal(1, {100});
  {
    const auto writer = store_->begin_archive(1, kStore, form_of);
    ASSERT_TRUE(writer);
    EXPECT_TRUE(fs::exists(archive_path(1) + ".tmp"));
  }
  EXPECT_FALSE(fs::exists(archive_path(1) + ".tmp")) << "the writer has gone";
}

TEST_F(ArchivedSegmentTest, ANewLifeWithoutTheArchiveIsRefused) {
  seal(1, {100});
  seal(2, {100});
  archive(1);
  const auto without = try_open("");
  ASSERT_FALSE(without);
  EXPECT_EQ(without.error().kind(), ErrorKind::kUsage);
  EXPECT_THAT(without.error().message(), HasSubstr("sealed segment 1 is not in"));
  EXPECT_THAT(without.error().message(), HasSubstr("archived to " + archive()));
  const auto elsewhere = try_open(folder_.path() + "/elsewhere");
  ASSERT_FALSE(elsewhere);
  EXPECT_EQ(elsewhere.error().kind(), ErrorKind::kNotFound);
  EXPECT_THAT(elsewhere.error().message(), HasSubstr("sealed segment 1 is not in"));
  fs::rename(archive(), folder_.path() + "/moved");
  EXPECT_TRUE(try_open(folder_.path() + "/moved"));
}

/// What says where it is, is as good as lost with one byte of it. That was believed, or refused the start.
TEST_F(ArchivedSegmentTest, IsFoundAgainWhateverByteOfItsStubIsFlipped) {
  seal(1, {100});
  archive(1);
  const std::string stub = in_history(1, ".archived");
  std::ifstream file(stub, std::ios::binary);
  const std::string content{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  const auto expect_found_again = [&](const std::string& damaged) {
    std::ofstream(stub, std::ios::binary) << damaged;
    EXPECT_EQ(store_->check_stub(1).kind(), ErrorKind::kCorrupt);
    EXPECT_THAT(store_->check_stub(1).message(), HasSubstr(stub));
    open(archive());
    EXPECT_THAT(store_->notes(), ElementsAre(HasSubstr(stub)));
    EXPECT_FALSE(fs::exists(stub));
    EXPECT_TRUE(fs::exists(stub + ".damaged"));
    EXPECT_TRUE(read_whole(1));
    EXPECT_TRUE(store_->note_archived(kStore));
    EXPECT_TRUE(store_->check_stub(1));
    EXPECT_TRUE(HistoryStore::open_readonly(data())->open(1, kStore)) << "it says again where that is";
  };
  for (std::size_t i = 0; i < content.size() && !HasFailure(); i += kStride) {
    std::string flipped = content;
    flipped[i] = static_cast<char>(flipped[i] ^ (1 << i % 8));
    expect_found_again(flipped);
  }
  for (std::size_t bytes = 0; bytes < content.size() && !HasFailure(); bytes += kStride) expect_found_again(content.substr(0, bytes));
  expect_found_again(content + "\n");
  EXPECT_TRUE(store_->notes().size() == 1);
  open(archive());
  EXPECT_TRUE(store_->notes().empty());
}

TEST_F(ArchivedSegmentTest, OneWhoseStubIsLostIsNotedAgain) {
  seal(1, {100});
  seal(2, {100}, kStore + 1);
  archive(1);
  auto writer = store_->begin_archive(2, kStore + 1, form_of);
  ASSERT_TRUE(writer);
  while (!*(*writer)->step()) {
  }
  ASSERT_TRUE(store_->finish_archive(2, kStore + 1));
  fs::remove(in_history(1, ".archived"));
  fs::remove(in_history(2, ".archived"));
  open(archive());
  EXPECT_TRUE(store_->notes().empty());
  ASSERT_TRUE(store_->note_archived(kStore));
  EXPECT_EQ(try_open("").error().kind(), ErrorKind::kUsage) << "a start without the archive is refused as before";
  EXPECT_FALSE(fs::exists(in_history(2, ".archived"))) << "that is somebody else's";
}

/// Nobody knows where it is: it is to be built again. Unless others say that a folder is missing; then nothing is changed.
TEST_F(ArchivedSegmentTest, ADamagedStubIsNoReasonToRefuseAStartAndOthersAre) {
  seal(1, {100});
  seal(2, {100});
  archive(1);
  archive(2);
  std::ofstream(in_history(1, ".archived")) << "damaged\n";
  EXPECT_EQ(try_open("").error().kind(), ErrorKind::kUsage);
  EXPECT_TRUE(fs::exists(in_history(1, ".archived")));
  fs::remove(in_history(2, ".archived"));
  const auto without = try_open("");
  ASSERT_TRUE(without);
  EXPECT_EQ((*without)->open(1, kStore).error().kind(), ErrorKind::kNotFound);
  EXPECT_THAT((*without)->notes(), ElementsAre(HasSubstr(in_history(1, ".archived"))));
}

TEST_F(ArchivedSegmentTest, AnArchiveOfAnotherStoreIsLeftAlone) {
  seal(1, {100});
  archive(1);
  seal(1, {100}, kStore + 1);  // in the place of the archived one
  const auto writer = store_->begin_archive(1, kStore + 1, form_of);
  ASSERT_FALSE(writer);
  EXPECT_EQ(writer.error().kind(), ErrorKind::kDiffers);
  fs::remove(in_history(1, ".sealed"));
  ASSERT_TRUE(ArchiveStub({.store_id = to_hex(kStore + 1), .folder = archive()}).write(in_history(1, ".archived")));
  EXPECT_EQ(try_open(archive()).error().kind(), ErrorKind::kDiffers);
}

/// What is damaged is for open() to say, and to be built again.
TEST_F(ArchivedSegmentTest, ADamagedOneIsNotTakenForOneOfAnotherStore) {
  seal(1, {100});
  archive(1);
  {
    std::fstream file(archive_path(1), std::ios::binary | std::ios::in | std::ios::out);
    file.seekp(32 + 80);  // the store's id
    file.put('!');
  }
  ASSERT_TRUE(try_open(archive()));
  EXPECT_EQ(store_->open(1, kStore).error().kind(), ErrorKind::kCorrupt);
  seal(1, {100});
  archive(1);
  EXPECT_TRUE(read_whole(1));
}

TEST_F(ArchivedSegmentTest, WhoReadsOnlyFindsItWhereItWasPut) {
  seal(1, {100});
  archive(1);
  const auto readonly = HistoryStore::open_readonly(data());
  EXPECT_THAT(*readonly->list(), ElementsAre(1));
  EXPECT_TRUE(readonly->open(1, kStore));
  EXPECT_EQ(readonly->set_aside(1).kind(), ErrorKind::kUsage);
  EXPECT_EQ(readonly->remove(1).kind(), ErrorKind::kUsage);
  fs::rename(archive(), folder_.path() + "/moved");
  EXPECT_EQ(readonly->open(1, kStore).error().kind(), ErrorKind::kNotFound);
  EXPECT_TRUE(HistoryStore::open_readonly(data(), folder_.path() + "/moved")->open(1, kStore));
  // As in a backup.
  fs::rename(folder_.path() + "/moved/00000000000000000001.archive", in_history(1, ".archive"));
  fs::remove(in_history(1, ".archived"));
  EXPECT_TRUE(readonly->open(1, kStore));
  EXPECT_TRUE(try_open(""));
}

TEST_F(ArchivedSegmentTest, AnEarlierOneInTheDataFolderGivesWay) {
  std::ofstream(in_history(1, ".archive")) << "damaged";
  EXPECT_EQ(store_->open(1, kStore).error().kind(), ErrorKind::kCorrupt);
  seal(1, {100});
  archive(1);
  EXPECT_TRUE(read_whole(1));
  // Unless it is the archive.
  fs::rename(archive_path(1), in_history(1, ".archive"));
  open(data() + "/history");
  seal(2, {100});
  archive(2);
  EXPECT_TRUE(read_whole(2));
}

TEST_F(ArchivedSegmentTest, DamagedItIsSetAside) {
  seal(1, {100});
  seal(2, {100});
  archive(1);
  ASSERT_TRUE(store_->set_aside(1));
  EXPECT_TRUE(fs::exists(archive_path(1) + ".damaged"));
  EXPECT_THAT(*store_->list(), ElementsAre(2));
  EXPECT_TRUE(try_open(archive())) << "it is to be built again";
  write_archive(2);
  ASSERT_TRUE(store_->set_aside(2));
  EXPECT_TRUE(fs::exists(in_history(2, ".sealed.damaged"))) << "the one that was in use";
  EXPECT_TRUE(fs::exists(archive_path(2)));
}

}  // namespace
}  // namespace florin::journal
