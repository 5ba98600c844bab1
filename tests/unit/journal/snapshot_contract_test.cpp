/// What every SnapshotStore promises, run on every implementation.

#include <filesystem>
#include <fstream>
#include <functional>

#include "journal/lmdb_snapshot_store.hpp"
#include "journal/memory_snapshot_store.hpp"
#include "journal/snapshot_check.hpp"
#include "unit/journal/temporary_folder.hpp"

namespace florin::journal {
namespace {

using testing::TemporaryFolder;

std::vector<std::byte> some_bytes(std::size_t size, unsigned seed) {
  std::vector<std::byte> bytes(size);
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::byte>(i * 7 + seed + i / 251);
  return bytes;
}

class Place {
 public:
  virtual ~Place() = default;
  virtual SnapshotStore& store() = 0;
};

class MemoryPlace final : public Place {
 public:
  SnapshotStore& store() override { return store_; }

 private:
  MemorySnapshotStore store_;
};

class LmdbPlace final : public Place {
 public:
  LmdbPlace() : store_(LmdbSnapshotStore::open(folder_.path()).value()) {}
  SnapshotStore& store() override { return *store_; }

 private:
  TemporaryFolder folder_;
  std::unique_ptr<LmdbSnapshotStore> store_;
};

struct Kind {
  const char* name;
  std::function<std::unique_ptr<Place>()> make;
};

class SnapshotContract : public ::testing::TestWithParam<Kind> {
 protected:
  SnapshotContract() : place_(GetParam().make()), store_(place_->store()) {}

  static SnapshotHeader header(std::uint64_t sequence) {
    SnapshotHeader header;
    header.sequence = sequence;
    header.state_hash = make_u128(1, sequence);
    return header;
  }

  void write(std::uint64_t sequence, const std::vector<std::pair<ChunkKey, std::size_t>>& chunks) {
    auto writer = store_.create(sequence);
    ASSERT_TRUE(writer) << writer.error().message();
    for (const auto& [key, size] : chunks) {
      const Status status = (*writer)->put(key, some_bytes(size, key.table * 10 + key.chunk));
      ASSERT_TRUE(status) << status.message();
    }
    const Status status = (*writer)->publish(header(sequence));
    ASSERT_TRUE(status) << status.message();
  }

  std::unique_ptr<Place> place_;
  SnapshotStore& store_;
};

TEST_P(SnapshotContract, ChunksComeBackInOrderOfKey) {
  write(7, {{{2, 0}, 100}, {{1, 5}, 0}, {{1, 3}, 5000}, {{9, 1}, 12U << 20}, {{3, 0}, 2432}, {{3, 1}, 16U << 20}});
  auto reader = store_.open(7);
  ASSERT_TRUE(reader) << reader.error().message();
  EXPECT_EQ((*reader)->header().state_hash, header(7).state_hash);
  EXPECT_EQ((*reader)->chunks(), (std::vector<ChunkKey>{{1, 3}, {1, 5}, {2, 0}, {3, 0}, {3, 1}, {9, 1}}));
  const std::vector<std::size_t> sizes{5000, 0, 100, 2432, 16U << 20, 12U << 20};
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    const ChunkKey key = (*reader)->chunks()[i];
    const auto bytes = (*reader)->read(key);
    ASSERT_TRUE(bytes) << bytes.error().message();
    const std::vector<std::byte> expected = some_bytes(sizes[i], key.table * 10 + key.chunk);
    ASSERT_EQ(bytes->size(), expected.size());
    EXPECT_TRUE(std::equal(bytes->begin(), bytes->end(), expected.begin()));
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(bytes->data()) % 16, 0U);
  }
  EXPECT_EQ((*reader)->read({1, 4}).error().kind(), ErrorKind::kNotFound);
}

TEST_P(SnapshotContract, EmptySnapshot) {
  write(1, {});
  auto reader = store_.open(1);
  ASSERT_TRUE(reader) << reader.error().message();
  EXPECT_TRUE((*reader)->chunks().empty());
}

TEST_P(SnapshotContract, UnpublishedLeavesNothing) {
  {
    auto writer = store_.create(3);
    ASSERT_TRUE(writer);
    ASSERT_TRUE((*writer)->put({1, 1}, some_bytes(100000, 1)));
  }
  EXPECT_TRUE(store_.list()->empty());
  EXPECT_EQ(store_.open(3).error().kind(), ErrorKind::kNotFound);
}

TEST_P(SnapshotContract, ListIsNewestFirstAndOldOnesGo) {
  for (const std::uint64_t sequence : {5U, 100U, 7U, 12345678U}) write(sequence, {{{1, 0}, 10}});
  EXPECT_EQ(*store_.list(), (std::vector<std::uint64_t>{12345678, 100, 7, 5}));
  ASSERT_TRUE(keep_newest(store_, 2));
  EXPECT_EQ(*store_.list(), (std::vector<std::uint64_t>{12345678, 100}));
  EXPECT_TRUE(store_.open(100));
}

TEST_P(SnapshotContract, SameChunkTwiceIsRefused) {
  auto writer = store_.create(3);
  ASSERT_TRUE(writer);
  ASSERT_TRUE((*writer)->put({1, 1}, some_bytes(10, 1)));
  EXPECT_EQ((*writer)->put({1, 1}, some_bytes(10, 1)).kind(), ErrorKind::kInternal);
}

TEST_P(SnapshotContract, HeaderOfAnotherSequenceIsRefused) {
  auto writer = store_.create(3);
  ASSERT_TRUE(writer);
  EXPECT_EQ((*writer)->publish(header(4)).kind(), ErrorKind::kInternal);
}

TEST_P(SnapshotContract, ManySmallChunks) {
  std::vector<std::pair<ChunkKey, std::size_t>> chunks;
  for (std::uint32_t i = 0; i < 3000; ++i) chunks.push_back({{i * 7919 % 3000, i}, i});
  write(1, chunks);
  auto reader = store_.open(1);
  ASSERT_TRUE(reader) << reader.error().message();
  EXPECT_EQ((*reader)->chunks().size(), 3000U);
  for (const ChunkKey key : (*reader)->chunks()) ASSERT_TRUE((*reader)->read(key));
  EXPECT_TRUE(check_chunks(**reader));
}

INSTANTIATE_TEST_SUITE_P(Each, SnapshotContract,
                         ::testing::Values(Kind{"memory", [] { return std::make_unique<MemoryPlace>(); }},
                                           Kind{"lmdb", [] { return std::make_unique<LmdbPlace>(); }}),
                         [](const auto& kind) { return std::string(kind.param.name); });

TEST(LmdbSnapshotStore, LeftoversOfAnInterruptedSnapshotGoAtStart) {
  const TemporaryFolder folder;
  std::filesystem::create_directory(folder.path() + "/snapshots");
  const std::string leftover = folder.path() + "/snapshots/00000000000000000009.mdb.tmp";
  std::ofstream(leftover) << "half";
  ASSERT_TRUE(LmdbSnapshotStore::open(folder.path()));
  EXPECT_FALSE(std::filesystem::exists(leftover));
}

TEST(LmdbSnapshotStore, ReadOnlyChangesNothing) {
  const TemporaryFolder folder;
  const auto store = LmdbSnapshotStore::open_readonly(folder.path());
  EXPECT_TRUE(store->list()->empty());
  EXPECT_EQ(store->create(1).error().kind(), ErrorKind::kUsage);
  EXPECT_EQ(store->remove(1).kind(), ErrorKind::kUsage);
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}

}  // namespace
}  // namespace florin::journal
