#include "journal/columns.hpp"

#include <immintrin.h>

#include <algorithm>

namespace florin::journal {
namespace {

constexpr std::size_t kTile = 16;

/// Of a matrix of 16 x 16 bytes. Interleaving the upper half of its rows with the lower one is one step of four, after which every byte has changed
/// its row for its column.
void transpose_tile(const std::byte* from, std::size_t from_width, std::byte* to, std::size_t to_width) noexcept {
  __m128i rows[kTile];
  __m128i next[kTile];
  for (std::size_t i = 0; i < kTile; ++i) rows[i] = _mm_loadu_si128(reinterpret_cast<const __m128i*>(from + i * from_width));
  for (int step = 0; step < 4; ++step) {
    for (std::size_t i = 0; i < kTile / 2; ++i) {
      next[2 * i] = _mm_unpacklo_epi8(rows[i], rows[i + kTile / 2]);
      next[2 * i + 1] = _mm_unpackhi_epi8(rows[i], rows[i + kTile / 2]);
    }
    std::ranges::copy(next, rows);
  }
  for (std::size_t i = 0; i < kTile; ++i) _mm_storeu_si128(reinterpret_cast<__m128i*>(to + i * to_width), rows[i]);
}

/// Of a matrix of height x width bytes, row by row.
void transpose(const std::byte* from, std::size_t height, std::size_t width, std::byte* to) noexcept {
  const std::size_t tiled_height = height / kTile * kTile;
  const std::size_t tiled_width = width / kTile * kTile;
  for (std::size_t row = 0; row < tiled_height; row += kTile) {
    for (std::size_t column = 0; column < tiled_width; column += kTile) {
      transpose_tile(from + row * width + column, width, to + column * height + row, height);
    }
  }
  const auto one_by_one = [&](std::size_t row_begin, std::size_t row_end, std::size_t column_begin) {
    for (std::size_t column = column_begin; column < width; ++column) {
      for (std::size_t row = row_begin; row < row_end; ++row) to[column * height + row] = from[row * width + column];
    }
  };
  one_by_one(0, tiled_height, tiled_width);
  one_by_one(tiled_height, height, 0);
}

}  // namespace

void to_columns(std::span<const std::byte> from, std::size_t row_bytes, std::span<std::byte> to) noexcept {
  const std::size_t rows = from.size() / row_bytes;
  transpose(from.data(), rows, row_bytes, to.data());
  std::ranges::copy(from.subspan(rows * row_bytes), to.begin() + static_cast<std::ptrdiff_t>(rows * row_bytes));
}

void to_rows(std::span<const std::byte> from, std::size_t row_bytes, std::span<std::byte> to) noexcept {
  const std::size_t rows = from.size() / row_bytes;
  transpose(from.data(), row_bytes, rows, to.data());
  std::ranges::copy(from.subspan(rows * row_bytes), to.begin() + static_cast<std::ptrdiff_t>(rows * row_bytes));
}

}  // namespace florin::journal
