#include "runtime/pointer_ring.hpp"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace florin::runtime {
namespace {

TEST(PointerRing, KeepsOrderAndBounds) {
  std::vector<int> items{1, 2, 3};
  PointerRing<int> ring(2);
  EXPECT_EQ(ring.pop(), nullptr);
  EXPECT_EQ(ring.front(), nullptr);
  EXPECT_TRUE(ring.push(&items[0]));
  EXPECT_TRUE(ring.push(&items[1]));
  EXPECT_FALSE(ring.push(&items[2]));
  EXPECT_EQ(ring.size(), 2U);
  EXPECT_EQ(ring.front(), &items[0]);
  EXPECT_EQ(ring.pop(), &items[0]);
  EXPECT_TRUE(ring.push(&items[2]));
  EXPECT_EQ(ring.pop(), &items[1]);
  EXPECT_EQ(ring.pop(), &items[2]);
  EXPECT_TRUE(ring.empty());
}

TEST(PointerRing, CarriesWhatTheItemsPointTo) {
  constexpr int kItems = 50000;
  std::vector<int> items(kItems, 0);
  PointerRing<int> ring(64);
  std::thread producer([&] {
    for (int i = 0; i < kItems; ++i) {
      items[static_cast<std::size_t>(i)] = i;
      while (!ring.push(&items[static_cast<std::size_t>(i)])) std::this_thread::yield();
    }
  });
  for (int i = 0; i < kItems; ++i) {
    int* item = nullptr;
    while ((item = ring.pop()) == nullptr) std::this_thread::yield();
    ASSERT_EQ(*item, i);
  }
  producer.join();
}

}  // namespace
}  // namespace florin::runtime
