#include "journal/write_behind.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <mutex>
#include <semaphore>
#include <vector>

namespace florin::journal {
namespace {

constexpr std::size_t kBytes = 4096;
constexpr WriteBehind::Pieces kWhole{.usual_bytes = kBytes, .late_bytes = kBytes};

void fill(WriteBehind& behind, int number) { std::memset(behind.buffer().data(), number, kBytes); }

TEST(WriteBehindTest, WritesEachBufferOnceAndInOrder) {
  std::vector<std::uint64_t> offsets;
  std::vector<int> firsts;
  WriteBehind behind(kBytes, kWhole, [&](std::span<const std::byte> bytes, std::uint64_t offset) {
    offsets.push_back(offset);
    firsts.push_back(std::to_integer<int>(bytes.back()));
    return Status::ok();
  });
  for (int i = 0; i < 100; ++i) {
    fill(behind, i);
    ASSERT_TRUE(behind.give(kBytes - static_cast<std::size_t>(i), static_cast<std::uint64_t>(i) * kBytes));
  }
  ASSERT_TRUE(behind.finish());
  ASSERT_EQ(offsets.size(), 100U);
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(offsets[static_cast<std::size_t>(i)], static_cast<std::uint64_t>(i) * kBytes);
    EXPECT_EQ(firsts[static_cast<std::size_t>(i)], i);
  }
}

TEST(WriteBehindTest, TheCallerFillsWhileTheFirstIsWritten) {
  std::mutex held;
  std::unique_lock lock(held);
  WriteBehind behind(kBytes, kWhole, [&](std::span<const std::byte>, std::uint64_t) {
    const std::lock_guard wait(held);
    return Status::ok();
  });
  fill(behind, 1);
  ASSERT_TRUE(behind.give(kBytes, 0)) << "returns though nothing is written yet";
  fill(behind, 2);
  ASSERT_TRUE(behind.give(kBytes, kBytes)) << "two are on their way, the third is the caller's";
  fill(behind, 3);
  lock.unlock();
  ASSERT_TRUE(behind.finish());
}

TEST(WriteBehindTest, PiecesAreSmallUntilTheNextBufferWaitsToo) {
  std::binary_semaphore began(0);
  std::binary_semaphore may_end(0);
  std::vector<std::size_t> pieces;
  std::vector<std::uint64_t> offsets;
  const auto write = [&](std::span<const std::byte> bytes, std::uint64_t offset) {
    pieces.push_back(bytes.size());
    offsets.push_back(offset);
    if (pieces.size() == 1) {
      began.release();
      may_end.acquire();
    }
    return Status::ok();
  };
  WriteBehind behind(kBytes, {.usual_bytes = kBytes / 4, .late_bytes = kBytes / 2}, write);
  ASSERT_TRUE(behind.give(kBytes, 0));
  began.acquire();
  ASSERT_TRUE(behind.give(kBytes, kBytes));
  may_end.release();
  ASSERT_TRUE(behind.finish());
  EXPECT_EQ(pieces, (std::vector<std::size_t>{kBytes / 4, kBytes / 2, kBytes / 4, kBytes / 4, kBytes / 4, kBytes / 4, kBytes / 4}));
  EXPECT_EQ(offsets, (std::vector<std::uint64_t>{0, kBytes / 4, kBytes * 3 / 4, kBytes, kBytes * 5 / 4, kBytes * 3 / 2, kBytes * 7 / 4}));
}

TEST(WriteBehindTest, AFailureIsToldAndNothingIsWrittenAfterIt) {
  int writes = 0;
  WriteBehind behind(kBytes, kWhole, [&](std::span<const std::byte>, std::uint64_t) {
    return ++writes == 2 ? Status(ErrorKind::kIo, "no space") : Status::ok();
  });
  Status status;
  for (int i = 0; i < 10 && status; ++i) status = behind.give(kBytes, 0);
  EXPECT_FALSE(status);
  for (int i = 0; i < 5; ++i) EXPECT_FALSE(behind.give(kBytes, 0));
  EXPECT_FALSE(behind.finish());
  EXPECT_EQ(behind.finish().message(), "no space");
  EXPECT_EQ(writes, 2);
}

TEST(WriteBehindTest, TheEndWaitsForWhatIsUnderWay) {
  int writes = 0;
  {
    WriteBehind behind(kBytes, kWhole, [&](std::span<const std::byte>, std::uint64_t) {
      ++writes;
      return Status::ok();
    });
    for (int i = 0; i < 3; ++i) ASSERT_TRUE(behind.give(kBytes, 0));
  }
  EXPECT_EQ(writes, 3);
}

}  // namespace
}  // namespace florin::journal
