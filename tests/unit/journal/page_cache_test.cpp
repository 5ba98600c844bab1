/// What of mapped files stays in the page cache: files of blocks that are all alike but for a number.

#include "journal/page_cache.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/magic.h>
#include <sys/mman.h>
#include <sys/statfs.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <memory>
#include <thread>
#include <vector>

#include "journal/sealed_folder.hpp"
#include "journal/segment_names.hpp"
#include "unit/journal/temporary_folder.hpp"

namespace florin::journal {
namespace {

constexpr u128 kStore = make_u128(7, 9);
constexpr std::uint64_t kBytes = 4U << 20;
constexpr std::uint64_t kFiles = 5;

class PageCacheTest : public ::testing::Test {
 protected:
  void open(std::uint64_t bytes_max) {
    cache_ = std::make_shared<PageCache>(bytes_max);
    cache_->set_on_over([this] { ++calls_; });
    store_ = SealedFolder::open(folder_.path(), SealedFolder::kSealed, cache_).value();
    for (std::uint64_t segment = 1; segment <= kFiles; ++segment) {
      const auto writer = store_->create(segment).value();
      EXPECT_TRUE(writer->begin_section(1));
      EXPECT_TRUE(writer->append(std::vector(kBytes, static_cast<std::byte>(segment))));
      SealedHeader header;
      header.segment = segment;
      header.store_id = kStore;
      EXPECT_TRUE(writer->publish(header));
      readers_.push_back(store_->open(segment, kStore).value());
    }
  }
  [[nodiscard]] VerifiedBytes bytes(std::uint64_t segment) const { return *readers_[segment - 1]->section(1); }
  void read(std::uint64_t segment) const {
    const std::byte* const found = bytes(segment).at(0, kBytes);
    ASSERT_NE(found, nullptr);
    EXPECT_TRUE(std::all_of(found, found + kBytes, [segment](std::byte byte) { return byte == static_cast<std::byte>(segment); }));
  }
  /// Pages of a file that are in memory, whoever has them.
  [[nodiscard]] std::uint64_t resident_bytes(std::uint64_t segment) const {
    std::vector<unsigned char> pages(kBytes / 4096);
    EXPECT_EQ(::mincore(const_cast<std::byte*>(bytes(segment).at(0, 1)), kBytes, pages.data()), 0);
    return static_cast<std::uint64_t>(std::count_if(pages.begin(), pages.end(), [](unsigned char page) { return (page & 1) != 0; })) * 4096;
  }
  [[nodiscard]] bool is_on_a_disk() const {
    struct statfs system {};
    return ::statfs(folder_.path().c_str(), &system) == 0 && system.f_type != TMPFS_MAGIC;
  }
  void flip(std::uint64_t segment, std::uint64_t offset) const {
    const File file = File::open(path_of_segment(folder_.path() + "/history", segment, SealedFolder::kSealed), O_RDWR).value();
    const std::byte other{0xA5};
    ASSERT_EQ(::pwrite(file.descriptor(), &other, 1, static_cast<off_t>(offset)), 1);
  }

  testing::TemporaryFolder folder_{testing::TemporaryFolder::Where::kDisk};  // what lies in memory anyway is not forgotten
  std::shared_ptr<PageCache> cache_;
  std::atomic<int> calls_ = 0;
  std::unique_ptr<SealedFolder> store_;
  std::vector<std::unique_ptr<SealedReader>> readers_;
};

TEST_F(PageCacheTest, ForgetsWholeFilesAboveItsLimit) {
  open(3 * kBytes);
  for (std::uint64_t segment = 1; segment <= 3; ++segment) read(segment);
  EXPECT_EQ(cache_->bytes(), 3 * kBytes);
  read(2);
  EXPECT_EQ(cache_->bytes(), 3 * kBytes) << "counted once";
  EXPECT_EQ(calls_, 0);
  EXPECT_EQ(resident_bytes(1), kBytes);
  read(4);
  EXPECT_GT(calls_, 0);
  EXPECT_TRUE(cache_->is_over());
  cache_->trim();
  EXPECT_EQ(cache_->bytes(), 2 * kBytes);
  if (is_on_a_disk()) {
    EXPECT_LE(resident_bytes(1), VerifiedBytes::kBlockBytes) << "but for the one that was looked at";
  }
  for (std::uint64_t segment = 1; segment <= kFiles; ++segment) read(segment);
  readers_.clear();
  EXPECT_EQ(cache_->bytes(), 0U);
}

TEST_F(PageCacheTest, WithoutALimitNothingIsForgotten) {
  open(0);
  for (std::uint64_t segment = 1; segment <= kFiles; ++segment) read(segment);
  EXPECT_FALSE(cache_->is_over());
  EXPECT_EQ(calls_, 0);
}

TEST_F(PageCacheTest, WhatComesBackIsCheckedAgain) {
  open(kBytes);
  read(1);
  flip(1, kSealedPageBytes + 70'000);
  EXPECT_NE(bytes(1).at(70'000, 1), nullptr) << "a block that was checked";
  read(2);
  cache_->trim();
  EXPECT_NE(bytes(1).at(0, 1), nullptr);
  EXPECT_EQ(bytes(1).at(70'000, 1), nullptr);
  EXPECT_EQ(bytes(1).status(70'000, 1).kind(), ErrorKind::kCorrupt);
}

TEST_F(PageCacheTest, ReadersGoOnWhileFilesAreForgotten) {
  open(2 * kBytes);
  std::atomic<bool> is_over = false;
  std::thread trimmer([&] {
    while (!is_over) {
      if (cache_->is_over()) cache_->trim();
      std::this_thread::yield();
    }
  });
  std::vector<std::thread> threads;
  for (std::uint64_t first = 1; first <= 2; ++first) {
    threads.emplace_back([&, first] {
      for (std::uint64_t round = 0; round < 4; ++round) {
        for (std::uint64_t segment = first; segment <= kFiles; ++segment) read(segment);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  is_over = true;
  trimmer.join();
}

}  // namespace
}  // namespace florin::journal
