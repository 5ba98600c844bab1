#pragma once

#include <immintrin.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

/// @file
/// Text in fields of fixed size: bytes, then zeros to the end.

namespace florin::core {

/// Bytes before the first zero.
template <typename Byte>
constexpr std::size_t text_length(std::span<const Byte> field) noexcept {
  return static_cast<std::size_t>(std::find(field.begin(), field.end(), Byte{0}) - field.begin());
}

/// True if nothing comes after the first zero.
template <typename Byte>
constexpr bool ends_once(std::span<const Byte> field) noexcept {
  bool begins_again = false;
  for (std::size_t i = 1; i < field.size(); ++i) begins_again |= field[i - 1] == 0 && field[i] != 0;
  return !begins_again;
}

/// A bit for each byte of a field of 32 that is zero. Every payment has such a field: it is looked at as one.
inline std::uint32_t zero_bytes(std::span<const std::uint8_t, 32> field) noexcept {
  const __m256i bytes = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(field.data()));
  return static_cast<std::uint32_t>(_mm256_movemask_epi8(_mm256_cmpeq_epi8(bytes, _mm256_setzero_si256())));
}
/// ends_once() of it.
constexpr bool ends_once(std::uint32_t zero_bytes) noexcept {
  const std::uint32_t text = ~zero_bytes;
  return (text & (text + 1)) == 0;  // ones, all below the first zero
}

/// Bytes of the sequence that begins with this one; 0: none does.
constexpr std::size_t utf8_sequence_bytes(std::uint8_t first) noexcept {
  if (first < 0x80) return 1;
  if (first < 0xC2) return 0;  // a byte of a sequence, or one that only longer forms than necessary begin with
  if (first < 0xE0) return 2;
  if (first < 0xF0) return 3;
  return first < 0xF5 ? 4 : 0;
}

/// True for UTF-8 of shortest form without control characters.
constexpr bool is_clean_utf8(std::span<const char> text) noexcept {
  for (std::size_t i = 0; i < text.size();) {
    const auto byte = [&](std::size_t at) { return static_cast<std::uint8_t>(text[at]); };
    const std::uint8_t first = byte(i);
    const std::size_t length = utf8_sequence_bytes(first);
    if (length == 0 || i + length > text.size()) return false;
    std::uint32_t point = length == 1 ? first : first & (0x7FU >> length);
    for (std::size_t j = 1; j < length; ++j) {
      if ((byte(i + j) & 0xC0) != 0x80) return false;
      point = point << 6 | (byte(i + j) & 0x3FU);
    }
    constexpr std::uint32_t kSmallest[] = {0, 0x20, 0x80, 0x800, 0x1'0000};
    const bool surrogate = point >= 0xD800 && point < 0xE000;
    const bool control = point == 0x7F || (point >= 0x80 && point < 0xA0);
    if (point < kSmallest[length] || point > 0x10'FFFF || surrogate || control) return false;
    i += length;
  }
  return true;
}

}  // namespace florin::core
