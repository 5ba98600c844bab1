#include <gmock/gmock.h>

#include <vector>

#include "journal/columns.hpp"
#include "support/random.hpp"

namespace florin::journal {
namespace {

std::vector<std::byte> some_bytes(std::size_t size) {
  test::Random random(size);
  std::vector<std::byte> bytes(size);
  for (std::byte& byte : bytes) byte = static_cast<std::byte>(random.below(256));
  return bytes;
}

/// Sizes around those of a tile of 16 bytes, rows that are none, and more than there are bytes.
TEST(ColumnsTest, EveryByteIsInItsColumnAndComesBack) {
  for (const std::size_t row_bytes : {1U, 3U, 4U, 15U, 16U, 17U, 24U, 32U, 48U, 80U, 200U, 5'000U}) {
    for (const std::size_t size : {0U, 1U, 47U, 48U, 255U, 256U, 257U, 4'096U, 8'192U}) {
      const std::vector<std::byte> from = some_bytes(size);
      const std::size_t rows = size / row_bytes;
      std::vector<std::byte> columns(size);
      to_columns(from, row_bytes, columns);
      for (std::size_t i = 0; i < size; ++i) {
        const std::size_t place = i < rows * row_bytes ? i % row_bytes * rows + i / row_bytes : i;
        ASSERT_EQ(columns[place], from[i]) << i << " of " << size << " in rows of " << row_bytes;
      }
      std::vector<std::byte> back(size);
      to_rows(columns, row_bytes, back);
      ASSERT_EQ(back, from) << size << " in rows of " << row_bytes;
    }
  }
}

}  // namespace
}  // namespace florin::journal
