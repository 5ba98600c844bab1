#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <memory>
#include <thread>

#include "journal/sealed_folder.hpp"
#include "support/sanitizers.hpp"
#include "unit/journal/temporary_folder.hpp"

namespace florin::journal {
namespace {

using testing::TemporaryFolder;

constexpr u128 kStore = make_u128(7, 9);

std::vector<std::byte> some_bytes(std::size_t size, unsigned seed) {
  std::vector<std::byte> bytes(size);
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::byte>(i * 7 + seed + i / 251);
  return bytes;
}

class SealedSegmentTest : public ::testing::Test {
 protected:
  SealedSegmentTest() : store_(SealedFolder::open(folder_.path()).value()) {}

  static SealedHeader header(std::uint64_t segment) {
    SealedHeader header;
    header.segment = segment;
    header.first_position = 100 * segment;
    header.last_position = 100 * segment + 99;
    header.batch_checksum = make_u128(3, segment);
    header.hash_seed = 5;
    header.store_id = kStore;
    return header;
  }

  /// Section i has kind i + 1 and sizes[i] bytes of some_bytes(size, i), appended in pieces of `piece` bytes.
  void write(std::uint64_t segment, const std::vector<std::size_t>& sizes, std::size_t piece = 100'000) {
    auto writer = store_->create(segment);
    ASSERT_TRUE(writer) << writer.error().message();
    for (unsigned i = 0; i < sizes.size(); ++i) {
      ASSERT_TRUE((*writer)->begin_section(i + 1));
      const std::vector<std::byte> bytes = some_bytes(sizes[i], i);
      for (std::size_t at = 0; at < bytes.size(); at += piece) {
        const Status status = (*writer)->append(std::span(bytes).subspan(at, std::min(piece, bytes.size() - at)));
        ASSERT_TRUE(status) << status.message();
      }
    }
    const Status status = (*writer)->publish(header(segment));
    ASSERT_TRUE(status) << status.message();
  }

  [[nodiscard]] std::string path(std::uint64_t segment) const {
    const std::string digits = std::to_string(segment);
    return folder_.path() + "/history/" + std::string(20 - digits.size(), '0') + digits + ".sealed";
  }

  TemporaryFolder folder_{TemporaryFolder::Where::kMemory};
  std::unique_ptr<SealedFolder> store_;
};

void expect_sections(const SealedReader& reader, const std::vector<std::size_t>& sizes) {
  ASSERT_EQ(reader.sections().size(), sizes.size());
  for (unsigned i = 0; i < sizes.size(); ++i) {
    EXPECT_EQ(reader.sections()[i].kind, i + 1);
    EXPECT_EQ(reader.sections()[i].bytes, sizes[i]);
    const auto section = reader.section(i + 1);
    ASSERT_TRUE(section);
    const std::vector<std::byte> expected = some_bytes(sizes[i], i);
    const std::byte* const bytes = section->at(0, sizes[i]);
    ASSERT_NE(bytes, nullptr) << section->status(0, sizes[i]).message();
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(bytes) % kSealedPageBytes, 0U);
    EXPECT_TRUE(std::equal(expected.begin(), expected.end(), bytes));
  }
}

TEST_F(SealedSegmentTest, SectionsOfOddSizesComeBack) {
  const std::vector<std::size_t> sizes{1,      0,       4095,    4096,      4097,    65'535, 65'536,
                                       65'537, 131'072, 700'001, 9U << 20, (4U << 20) - 4096, 12'345};
  for (const std::size_t piece : {std::size_t{997}, std::size_t{65'536}, std::size_t{100'000}, std::size_t{32} << 20}) {
    write(1, sizes, piece);
    const auto reader = store_->open(1, kStore);
    ASSERT_TRUE(reader) << reader.error().message();
    EXPECT_EQ((*reader)->header().last_position, 199U);
    EXPECT_EQ((*reader)->header().batch_checksum, make_u128(3, 1));
    expect_sections(**reader, sizes);
    EXPECT_TRUE((*reader)->verify());
    EXPECT_EQ((*reader)->section(99).error().kind(), ErrorKind::kNotFound);
    ASSERT_TRUE(store_->remove(1));
  }
}

TEST_F(SealedSegmentTest, WithoutSections) {
  write(1, {});
  auto reader = store_->open(1, kStore);
  ASSERT_TRUE(reader) << reader.error().message();
  EXPECT_TRUE((*reader)->verify());
}

/// Past the page cache, and where the file system cannot do that.
TEST_F(SealedSegmentTest, OnFilesAndInMemory) {
  for (const auto where : {testing::TemporaryFolder::Where::kDisk, testing::TemporaryFolder::Where::kMemory}) {
    const testing::TemporaryFolder folder(where);
    store_ = SealedFolder::open(folder.path()).value();
    write(2, {200'000, 9'000'000, 1});
    const auto reader = store_->open(2, kStore);
    ASSERT_TRUE(reader) << reader.error().message();
    expect_sections(**reader, {200'000, 9'000'000, 1});
  }
}

TEST_F(SealedSegmentTest, PlacesOutsideASectionHaveNothing) {
  write(1, {100, 70'000});
  const auto reader = store_->open(1, kStore);
  const VerifiedBytes bytes = *(*reader)->section(1);
  EXPECT_NE(bytes.at(100, 0), nullptr);
  for (const auto& [offset, count] : std::vector<std::pair<std::uint64_t, std::uint64_t>>{{0, 101}, {100, 1}, {~0ULL, 2}, {1, ~0ULL}}) {
    EXPECT_EQ(bytes.at(offset, count), nullptr);
    EXPECT_EQ(bytes.status(offset, count).kind(), ErrorKind::kCorrupt);
  }
}

/// A long history has more of them than a process may have open files.
TEST_F(SealedSegmentTest, AnOpenOneIsNoOpenFile) {
  const auto open_files = [] { return std::distance(std::filesystem::directory_iterator("/proc/self/fd"), {}); };
  write(1, {100'000});
  const auto before = open_files();
  const auto reader = store_->open(1, kStore);
  ASSERT_TRUE(reader) << reader.error().message();
  EXPECT_EQ(open_files(), before);
  expect_sections(**reader, {100'000});
}

TEST_F(SealedSegmentTest, ListIsAscendingAndOtherFilesAreLeftAlone) {
  for (const std::uint64_t segment : {12U, 3U, 100U}) write(segment, {10});
  std::ofstream(folder_.path() + "/history/notes.txt") << "x";
  std::ofstream(folder_.path() + "/history/00000000000000000000.sealed") << "x";
  EXPECT_EQ(*store_->list(), (std::vector<std::uint64_t>{3, 12, 100}));
  ASSERT_TRUE(store_->remove(12));
  EXPECT_EQ(*store_->list(), (std::vector<std::uint64_t>{3, 100}));
  EXPECT_EQ(store_->open(12, kStore).error().kind(), ErrorKind::kNotFound);
}

TEST_F(SealedSegmentTest, UnpublishedLeavesNothingAndTornOnesAreRemoved) {
  {
    auto writer = store_->create(3);
    ASSERT_TRUE(writer);
    ASSERT_TRUE((*writer)->begin_section(1));
    ASSERT_TRUE((*writer)->append(some_bytes(10'000'000, 1)));
  }
  EXPECT_TRUE(std::filesystem::is_empty(folder_.path() + "/history"));
  std::ofstream(path(4) + ".tmp") << "torn";
  EXPECT_TRUE(store_->list()->empty());
  EXPECT_EQ(store_->open(4, kStore).error().kind(), ErrorKind::kNotFound);
  store_ = SealedFolder::open(folder_.path()).value();
  EXPECT_TRUE(std::filesystem::is_empty(folder_.path() + "/history"));
}

TEST_F(SealedSegmentTest, AReadOnlyFolderChangesNothing) {
  write(1, {10});
  std::ofstream(path(4) + ".tmp") << "torn";
  const auto readonly = SealedFolder::open_readonly(folder_.path());
  EXPECT_EQ(*readonly->list(), std::vector<std::uint64_t>{1});
  EXPECT_TRUE(readonly->open(1, kStore));
  EXPECT_EQ(readonly->create(2).error().kind(), ErrorKind::kUsage);
  EXPECT_EQ(readonly->remove(1).kind(), ErrorKind::kUsage);
  EXPECT_TRUE(std::filesystem::exists(path(4) + ".tmp"));
  EXPECT_TRUE(SealedFolder::open_readonly(folder_.path() + "/none")->list()->empty());
}

TEST_F(SealedSegmentTest, MisuseIsFinal) {
  auto writer = store_->create(1);
  EXPECT_EQ((*writer)->append(some_bytes(1, 1)).kind(), ErrorKind::kInternal);
  EXPECT_EQ((*writer)->begin_section(1).kind(), ErrorKind::kInternal);
  writer = store_->create(1);
  ASSERT_TRUE((*writer)->begin_section(1));
  EXPECT_EQ((*writer)->begin_section(1).kind(), ErrorKind::kInternal);
  writer = store_->create(1);
  EXPECT_EQ((*writer)->publish(header(2)).kind(), ErrorKind::kInternal);
  EXPECT_EQ((*writer)->publish(header(1)).kind(), ErrorKind::kInternal);
}

TEST_F(SealedSegmentTest, OfAnotherStoreOrUnderAnotherNameItIsRefused) {
  write(1, {10});
  EXPECT_EQ(store_->open(1, kStore + 1).error().kind(), ErrorKind::kCorrupt);
  std::filesystem::rename(path(1), path(2));
  const auto other = store_->open(2, kStore);
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().kind(), ErrorKind::kCorrupt);
  EXPECT_NE(other.error().message().find(path(2)), std::string::npos);
}

/// A file for damaging it in place.
class Victim {
 public:
  explicit Victim(const std::string& path) : file_(::open(path.c_str(), O_RDWR)) {
    std::ifstream in(path, std::ios::binary);
    original_.assign(std::istreambuf_iterator<char>(in), {});
  }
  ~Victim() { ::close(file_); }
  Victim(const Victim&) = delete;
  Victim& operator=(const Victim&) = delete;

  [[nodiscard]] std::size_t size() const { return original_.size(); }
  void put(std::size_t offset, int mask) {
    const char byte = static_cast<char>(original_[offset] ^ mask);
    ASSERT_EQ(::pwrite(file_, &byte, 1, static_cast<off_t>(offset)), 1);
  }
  void cut(std::size_t size) { ASSERT_EQ(::ftruncate(file_, static_cast<off_t>(size)), 0); }

 private:
  int file_;
  std::vector<char> original_;
};

bool all_touched(const SealedReader& reader) {
  return std::all_of(reader.sections().begin(), reader.sections().end(), [&](const SealedSection& section) {
    return reader.section(section.kind)->at(0, section.bytes) != nullptr;
  });
}

/// Of the bytes that are flipped and cut: one thread does it.
constexpr std::size_t kStride = test::PerSanitizer<std::size_t>{.none = 1, .address = 1, .thread = 37}.here();

TEST_F(SealedSegmentTest, EveryFlippedByteIsNoticed) {
  const std::vector<std::size_t> sizes{5000, 0, 1};
  write(1, sizes);
  Victim victim(path(1));
  for (std::size_t offset = 0; offset < victim.size(); offset += kStride) {
    victim.put(offset, 1 << offset % 8);
    const auto reader = store_->open(1, kStore);
    if (reader) {
      const Status status = (*reader)->verify();
      ASSERT_EQ(status.kind(), ErrorKind::kCorrupt) << offset;
      ASSERT_NE(status.message().find("section"), std::string::npos) << status.message();
      ASSERT_NE(status.message().find(path(1)), std::string::npos) << status.message();
      const auto fresh = store_->open(1, kStore);
      ASSERT_FALSE(all_touched(**fresh)) << offset;  // zeros behind a section are of its last block
    } else {
      ASSERT_EQ(reader.error().kind(), ErrorKind::kCorrupt) << offset << ": " << reader.error().message();
    }
    victim.put(offset, 0);
  }
  const auto reader = store_->open(1, kStore);
  ASSERT_TRUE(reader);
  expect_sections(**reader, sizes);
}

TEST_F(SealedSegmentTest, EveryCutIsNoticed) {
  write(1, {5000, 70'000, 1});
  Victim victim(path(1));
  for (std::size_t size = victim.size() - 1; size < victim.size(); size -= kStride) {
    victim.cut(size);
    const auto reader = store_->open(1, kStore);
    ASSERT_FALSE(reader) << size;
    ASSERT_EQ(reader.error().kind(), ErrorKind::kCorrupt) << size << ": " << reader.error().message();
  }
}

TEST_F(SealedSegmentTest, ALongerFileIsNoticed) {
  write(1, {5000});
  std::ofstream(path(1), std::ios::binary | std::ios::app) << 'x';
  EXPECT_EQ(store_->open(1, kStore).error().kind(), ErrorKind::kCorrupt);
}

TEST_F(SealedSegmentTest, DamageOfABlockLeavesTheOthersReadable) {
  write(1, {300'000});
  Victim(path(1)).put(4096 + 70'000, 1);
  const auto reader = store_->open(1, kStore);
  ASSERT_TRUE(reader);
  const VerifiedBytes bytes = *(*reader)->section(1);
  EXPECT_NE(bytes.at(0, 65'536), nullptr);
  EXPECT_NE(bytes.at(131'072, 300'000 - 131'072), nullptr);
  EXPECT_EQ(bytes.at(65'530, 7), nullptr);
  EXPECT_EQ(bytes.at(131'071, 1), nullptr);
  const Status status = bytes.status(0, 300'000);
  EXPECT_EQ(status.kind(), ErrorKind::kCorrupt);
  EXPECT_EQ(status.message(), path(1) + ": section 1: offset " + std::to_string(4096 + 65'536) + ": checksum of the block");
  EXPECT_TRUE((*reader)->verify_blocks(2, 100));
  EXPECT_EQ((*reader)->verify_blocks(0, 2).kind(), ErrorKind::kCorrupt);
}

TEST_F(SealedSegmentTest, PagesThatAreGoneAreNoFault) {
  write(1, {300'000});
  const auto reader = store_->open(1, kStore);
  ASSERT_TRUE(reader);
  Victim(path(1)).cut(4096 + 65'536);
  const VerifiedBytes bytes = *(*reader)->section(1);
  EXPECT_NE(bytes.at(0, 65'536), nullptr);
  EXPECT_EQ(bytes.at(70'000, 1), nullptr);
  EXPECT_NE(bytes.status(70'000, 1).message().find("cannot be read"), std::string::npos);
}

TEST_F(SealedSegmentTest, ManyThreadsTouchTheSameBlocks) {
  constexpr std::size_t kBytes = 5'000'000;
  write(1, {kBytes});
  const auto reader = store_->open(1, kStore);
  ASSERT_TRUE(reader);
  const VerifiedBytes bytes = *(*reader)->section(1);
  const std::vector<std::byte> expected = some_bytes(kBytes, 0);
  std::vector<std::thread> threads;
  std::vector<char> same(4, 1);
  for (std::size_t thread = 0; thread < same.size(); ++thread) {
    threads.emplace_back([&, thread] {
      for (std::size_t at = thread * 1013; at < kBytes; at += 4099) {
        const std::byte* const byte = bytes.at(at, 1);
        if (byte == nullptr || *byte != expected[at]) same[thread] = 0;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(std::count(same.begin(), same.end(), 1), 4);
}

/// Takes every block for sound, and remembers which the disk was asked for.
class AskedBlocks final : public BlockVerifier {
 public:
  AskedBlocks() { bytes_.resize(4 * VerifiedBytes::kBlockBytes + 5); }

  [[nodiscard]] VerifiedBytes bytes() const { return VerifiedBytes(bytes_, *this, &verified_, 3); }
  Status verify_block(std::uint64_t block) const override {
    verified_ |= std::uint64_t{1} << block;
    return Status::ok();
  }
  void read_ahead(std::span<const std::byte> block) const noexcept override {
    const auto at = static_cast<std::uint64_t>(block.data() - bytes_.data());
    asked_.push_back(at / VerifiedBytes::kBlockBytes);
    EXPECT_EQ(at % VerifiedBytes::kBlockBytes, 0U);
    EXPECT_EQ(block.size(), std::min(VerifiedBytes::kBlockBytes, bytes_.size() - at));
  }
  [[nodiscard]] std::vector<std::uint64_t> asked() { return std::exchange(asked_, {}); }

 private:
  std::vector<std::byte> bytes_;
  mutable std::atomic<std::uint64_t> verified_ = 0;
  mutable std::vector<std::uint64_t> asked_;
};

TEST(VerifiedBytes, TheDiskIsAskedForWhatNobodyHasTouched) {
  AskedBlocks blocks;
  const VerifiedBytes bytes = blocks.bytes();
  bytes.read_ahead(VerifiedBytes::kBlockBytes - 1, 2);
  EXPECT_EQ(blocks.asked(), (std::vector<std::uint64_t>{0, 1}));
  ASSERT_NE(bytes.at(VerifiedBytes::kBlockBytes, 1), nullptr);
  bytes.read_ahead(0, ~std::uint64_t{0});
  EXPECT_EQ(blocks.asked(), (std::vector<std::uint64_t>{0, 2, 3, 4}));
  bytes.read_ahead(bytes.size(), 1);
  bytes.read_ahead(0, 0);
  EXPECT_TRUE(blocks.asked().empty());
}

}  // namespace
}  // namespace florin::journal
