#include "journal/snapshot_check.hpp"

#include <atomic>
#include <set>
#include <string>

#include "support/with_threads.hpp"

namespace florin::journal {
namespace {

/// A snapshot of small chunks, some of them bad.
class BadSnapshot final : public SnapshotReader {
 public:
  BadSnapshot(std::uint32_t chunks, std::set<std::uint32_t> bad) : bad_(std::move(bad)) {
    for (std::uint32_t i = 0; i < chunks; ++i) keys_.push_back({1, i});
  }
  [[nodiscard]] const SnapshotHeader& header() const noexcept override { return header_; }
  [[nodiscard]] const std::vector<ChunkKey>& chunks() const noexcept override { return keys_; }
  Result<std::span<const std::byte>> read(ChunkKey key) const override {
    ++reads;
    if (bad_.contains(key.chunk)) return Status(ErrorKind::kCorrupt, "chunk " + std::to_string(key.chunk));
    return std::span<const std::byte>();
  }

  mutable std::atomic<std::uint32_t> reads{0};

 private:
  SnapshotHeader header_;
  std::vector<ChunkKey> keys_;
  std::set<std::uint32_t> bad_;
};

class SnapshotCheck : public ::testing::TestWithParam<int> {
 protected:
  static Status check(const SnapshotReader& snapshot) {
    return test::with_threads(GetParam(), [&] { return check_chunks(snapshot); });
  }
};

TEST_P(SnapshotCheck, LooksAtEveryChunkOnce) {
  const BadSnapshot snapshot(1000, {});
  EXPECT_TRUE(check(snapshot));
  EXPECT_EQ(snapshot.reads, 1000U);
}

TEST_P(SnapshotCheck, NamesTheFirstOfSeveralFaults) {
  EXPECT_EQ(check(BadSnapshot(1000, {999, 500, 321})).message(), "chunk 321");
  EXPECT_EQ(check(BadSnapshot(1000, {0, 1})).message(), "chunk 0");
}

TEST_P(SnapshotCheck, NoChunksAreNoFault) { EXPECT_TRUE(check(BadSnapshot(0, {}))); }

INSTANTIATE_TEST_SUITE_P(Threads, SnapshotCheck, ::testing::Values(1, 2, 8));

}  // namespace
}  // namespace florin::journal
