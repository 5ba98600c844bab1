#include "core/queries/recent_filters.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

#include "support/builders.hpp"

namespace florin::core {
namespace {

/// Readers that search the same blocks at once: each block gets one filter, and nobody sees one that is half made.
TEST(RecentFilters, SeveralReadersMakeThemAtOnce) {
  constexpr std::uint32_t kBlock = 64;
  constexpr std::size_t kBlocks = 200;
  Tables tables(1, {.accounts = 10, .transfers = kBlock * kBlocks, .holds = 0, .postings = 0});
  Partition& partition = tables[0];
  tables.set_hash(IdHash(3));
  ASSERT_TRUE(partition.reserve(0, kBlock * kBlocks));
  for (std::uint64_t i = 1; i <= kBlock * kBlocks; ++i) {
    partition.create_transfer(test::transfer(i).user_data_64(i), i, partition.hash()(i), 1, 2);
  }
  tables.settle();
  LedgerView::Part part;
  part.transfers.end = kBlock * kBlocks;
  RecentFilters filters(tables, kBlock);
  std::atomic<std::uint32_t> denied{0};
  const auto search = [&] {
    for (std::size_t block = 0; block < kBlocks; ++block) {
      const BlockFilter* filter = filters.find(0, block);
      if (filter == nullptr) filter = &filters.make(0, block, part);
      for (std::uint64_t i = block * kBlock; i < (block + 1) * kBlock; ++i) {
        if (!filter->may_have(SoughtUserData({0, i + 1, 0}, tables.hash()))) denied.fetch_add(1);
      }
    }
  };
  {
    std::vector<std::jthread> readers;
    for (int i = 0; i < 3; ++i) readers.emplace_back(search);
  }
  EXPECT_EQ(denied.load(), 0U);
  EXPECT_LE(filters.bytes(), filters.bytes_max());
  EXPECT_GT(filters.bytes(), kBlocks * 64);
}

}  // namespace
}  // namespace florin::core
