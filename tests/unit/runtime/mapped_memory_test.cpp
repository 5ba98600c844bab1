#include "runtime/mapped_memory.hpp"

#include <gtest/gtest.h>

#include <utility>

namespace florin::runtime {
namespace {

TEST(MappedMemory, IsZeroAndWritable) {
  const MappedMemory memory(1U << 20);
  EXPECT_EQ(memory.data()[0], std::byte{0});
  EXPECT_EQ(memory.data()[(1U << 20) - 1], std::byte{0});
  memory.data()[12345] = std::byte{7};
  EXPECT_EQ(memory.data()[12345], std::byte{7});
}

TEST(MappedMemory, MovesItsOwnership) {
  MappedMemory first(4096);
  first.data()[0] = std::byte{9};
  MappedMemory second(std::move(first));
  EXPECT_EQ(second.data()[0], std::byte{9});
  MappedMemory third;
  third = std::move(second);
  EXPECT_EQ(third.data()[0], std::byte{9});
  EXPECT_EQ(third.size(), 4096U);
}

TEST(MappedMemory, RefusalIsAnException) { EXPECT_THROW(MappedMemory(std::size_t{1} << 60), std::bad_alloc); }

}  // namespace
}  // namespace florin::runtime
