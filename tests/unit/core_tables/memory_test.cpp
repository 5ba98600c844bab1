#include <gtest/gtest.h>
#include <sys/mman.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <new>
#include <thread>
#include <vector>

#include "core/memory/append_log.hpp"
#include "core/memory/region.hpp"
#include "core/memory/stream_log.hpp"

namespace florin::core {
namespace {

constexpr std::size_t kMiB = std::size_t{1} << 20;

TEST(Region, ReservesFarMoreThanThereIsMemory) {
  // Not more than this: the thread sanitizer leaves a program one and a half TiB, in pieces that differ from run to run.
  constexpr std::size_t kBytes = std::size_t{256} << 30;
  const Region region(kBytes);
  ASSERT_NE(region.data(), nullptr);
  EXPECT_EQ(region.bytes_max(), kBytes);
  region.data()[0] = std::byte{1};
  region.data()[kBytes - 1] = std::byte{2};
  EXPECT_EQ(region.data()[kBytes / 2], std::byte{0});
}

TEST(Region, RefusesWhatTheAddressSpaceDoesNotHave) { EXPECT_THROW(Region(std::size_t{1} << 62), std::bad_alloc); }

TEST(Region, RoundsUpAndAlignsToHugePages) {
  const Region region(2 * kMiB + 1, Region::Head::kHugePages);
  EXPECT_EQ(region.bytes_max(), 4 * kMiB);
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(region.data()) % (2 * kMiB), 0U);
  region.data()[region.bytes_max() - 1] = std::byte{1};
}

TEST(Region, TouchChangesNothing) {
  const Region region(8 * kMiB);
  std::memset(region.data(), 0x5A, 10'000);
  region.touch(0, 4 * kMiB);
  region.touch(5'000, 20 * kMiB);  // beyond the end: as far as there is
  region.touch(7, 7);
  for (std::size_t i = 0; i < 10'000; ++i) ASSERT_EQ(region.data()[i], std::byte{0x5A});
  for (std::size_t i = 10'000; i < 8 * kMiB; ++i) ASSERT_EQ(region.data()[i], std::byte{0});
}

TEST(Region, DiscardZeroesWholePagesAndLeavesTheRest) {
  const Region region(2 * kMiB);
  std::memset(region.data(), 1, kMiB);
  region.discard(5'000, 20'000);
  const auto inside = [](std::size_t i) { return i >= 8'192 && i < 16'384; };
  for (std::size_t i = 0; i < kMiB; ++i) ASSERT_EQ(region.data()[i], inside(i) ? std::byte{0} : std::byte{1}) << i;
  region.discard(100, 200);  // no whole page in it
  EXPECT_EQ(region.data()[150], std::byte{1});
}

TEST(Region, MovesWithItsContent) {
  Region first(2 * kMiB);
  first.data()[3] = std::byte{9};
  std::byte* const where = first.data();
  Region second(std::move(first));
  EXPECT_EQ(second.data(), where);
  EXPECT_EQ(first.data(), nullptr);  // NOLINT: what a moved-from region is, is what this asks
  Region third;
  third = std::move(second);
  EXPECT_EQ(third.data(), where);
  EXPECT_EQ(third.data()[3], std::byte{9});
  third = Region();
  EXPECT_EQ(third.data(), nullptr);
}

struct Row {
  std::uint64_t a = 0;
  std::uint64_t b = 0;
};

TEST(AppendLog, GrowsWithoutMovingAndShrinksAtItsEnd) {
  AppendLog<Row> log(1'000'000);
  EXPECT_EQ(log.size(), 0U);
  EXPECT_EQ(log.push({1, 2}), 0U);
  const Row* const first = &log[0];
  for (std::uint64_t i = 1; i < 300'000; ++i) ASSERT_EQ(log.push({i, ~i}), i);
  EXPECT_EQ(&log[0], first);
  EXPECT_EQ(log.size(), 300'000U);
  EXPECT_EQ(log.room(), 700'000U);
  EXPECT_EQ(log.bytes(), 300'000U * sizeof(Row));
  EXPECT_EQ(log[299'999].b, ~std::uint64_t{299'999});
  log.truncate(10);
  EXPECT_EQ(log.room(), 999'990U);
  log.back_slot() = {77, 78};
  EXPECT_EQ(log.size(), 10U) << "not in it before commit_back()";
  log.commit_back();
  EXPECT_EQ(log[10].a, 77U);
  EXPECT_EQ(log[9].a, 9U);
}

TEST(AppendLog, ReservesHugeCapacitiesForNothing) {
  AppendLog<Row> log((std::uint64_t{1} << 31) - 2);
  log.push({5, 6});
  EXPECT_EQ(log.room(), (std::uint64_t{1} << 31) - 3);
  EXPECT_EQ(log.bytes(), sizeof(Row));
}

TEST(AppendLog, IsFullAtItsCapacity) {
  AppendLog<Row> log(3);
  for (std::uint64_t i = 0; i < 3; ++i) log.push({i, i});
  EXPECT_EQ(log.room(), 0U);
}

/// touch_ahead() runs beside the writer: what is written must stay.
TEST(AppendLog, TouchingAheadWhileWritingLosesNothing) {
  constexpr std::uint64_t kRows = 400'000;
  AppendLog<Row> log(kRows);
  std::atomic<bool> done{false};
  std::thread toucher([&] {
    while (!done.load()) log.touch_ahead(kMiB);
  });
  for (std::uint64_t i = 0; i < kRows; ++i) log.push({i, i * 3});
  done.store(true);
  toucher.join();
  log.touch_ahead(64 * kMiB);
  for (std::uint64_t i = 0; i < kRows; ++i) ASSERT_EQ(log[i].b, i * 3);
}

template <typename T>
class StreamLogOf : public testing::Test {};

struct Odd {  // four in three lines
  std::uint64_t a, b, c, d, e, f;
  Odd() : Odd(0) {}
  explicit Odd(std::uint64_t value) : a(value), b(~value), c(value * 3), d(value ^ 5), e(value + 1), f(value) {}
  friend bool operator==(const Odd&, const Odd&) = default;
};
using StreamedTypes = testing::Types<Odd, std::uint64_t, std::uint32_t>;
TYPED_TEST_SUITE(StreamLogOf, StreamedTypes);

TYPED_TEST(StreamLogOf, ShowsEveryElementAtAnyTime) {
  StreamLog<TypeParam> log(10'000);
  for (std::uint64_t i = 0; i < 3'000; ++i) {
    EXPECT_EQ(log.push(TypeParam(static_cast<std::uint32_t>(i))), i);
    EXPECT_EQ(log[i], TypeParam(static_cast<std::uint32_t>(i)));
    EXPECT_EQ(log[i / 2], TypeParam(static_cast<std::uint32_t>(i / 2)));
  }
  log.settle();
  for (std::uint64_t i = 0; i < 3'000; ++i) ASSERT_EQ(log.settled(i), TypeParam(static_cast<std::uint32_t>(i)));
}

TYPED_TEST(StreamLogOf, GoesRoundInItsMemoryAsLongAsTheOldIsForgotten) {
  StreamLog<TypeParam> log(100);
  const std::size_t capacity = log.room();
  std::uint32_t value = 0;
  for (std::size_t round = 0; round < 200; ++round) {
    while (log.room() != 0) log.push(TypeParam(value++));
    EXPECT_LE(log.count(), capacity);
    if (round % 3 == 0) {  // a chain that is rolled back at the seam
      log.truncate(log.size() - round % 17);
      value = static_cast<std::uint32_t>(log.size());
    }
    if (round % 2 == 0) log.settle();
    for (std::size_t i = log.first(); i < log.size(); ++i) ASSERT_EQ(log[i], TypeParam(static_cast<std::uint32_t>(i)));
    log.forget_before(log.size() - round % 59);
    EXPECT_EQ(log.count(), round % 59);
  }
  log.settle();
  for (std::size_t i = log.first(); i < log.size(); ++i) ASSERT_EQ(log.settled(i), TypeParam(static_cast<std::uint32_t>(i)));
}

/// How much of the `mib` MiB from `begin` on is memory by now, in MiB.
std::size_t resident_mib(const void* begin, std::size_t mib) {
  std::vector<unsigned char> pages(mib * kMiB / 4096);
  EXPECT_EQ(mincore(const_cast<void*>(begin), mib * kMiB, pages.data()), 0);
  return static_cast<std::size_t>(std::ranges::count_if(pages, [](unsigned char page) { return (page & 1) != 0; })) * 4096 / kMiB;
}

/// A log that goes on behind what an earlier life forgot begins anywhere in its memory, and fills from there around.
TEST(StreamLog, TouchingAheadBeginsWhereTheLogDoes) {
  constexpr std::size_t kCapacity = 8 * kMiB / sizeof(std::uint64_t) - 8;  // 8 MiB of memory
  StreamLog<std::uint64_t> log(kCapacity);
  const void* const memory = &log.settled(0);
  log.start_at(10 * (kCapacity + 8) + kCapacity / 2);
  log.touch_ahead(6 * kMiB);
  const std::size_t touched = resident_mib(memory, 8);
  EXPECT_GE(touched, 6U) << "around the end too";
  for (std::uint64_t i = 0; i < 6 * kMiB / sizeof(std::uint64_t); ++i) log.push(i);
  EXPECT_EQ(resident_mib(memory, 8), touched) << "what was filled had been touched";
  log.touch_ahead(64 * kMiB);
  EXPECT_EQ(resident_mib(memory, 8), 8U);
  EXPECT_EQ(log[log.size() - 1], 6 * kMiB / sizeof(std::uint64_t) - 1);
}

TYPED_TEST(StreamLogOf, GoesOnBehindAnyEndItIsCutBackTo) {
  std::uint32_t value = 0;
  std::vector<TypeParam> twin;
  StreamLog<TypeParam> log(10'000);
  for (std::size_t round = 0; round < 300; ++round) {
    for (std::size_t i = 0; i < round % 23; ++i) {
      log.push(TypeParam(++value));
      twin.emplace_back(value);
    }
    if (round % 7 == 0) log.settle();
    const std::size_t cut = round * 5 % 19;
    if (round % 2 == 0 && cut <= twin.size()) {
      twin.erase(twin.end() - static_cast<std::ptrdiff_t>(cut), twin.end());
      log.truncate(twin.size());
    }
    ASSERT_EQ(log.size(), twin.size());
    for (std::size_t i = 0; i < twin.size(); ++i) ASSERT_EQ(log[i], twin[i]) << "round " << round << " element " << i;
  }
}

}  // namespace
}  // namespace florin::core
