#pragma once

#include <cstdint>
#include <string>
#include <string_view>

/// @file
/// 128-bit unsigned integers: ids and money. Amounts are in minor units of one asset; arithmetic on money is checked.

namespace florin {

__extension__ using u128 = unsigned __int128;

inline constexpr u128 kU128Max = ~u128{0};

constexpr u128 make_u128(std::uint64_t high, std::uint64_t low) noexcept { return (u128{high} << 64) | low; }
constexpr std::uint64_t low64(u128 value) noexcept { return static_cast<std::uint64_t>(value); }
constexpr std::uint64_t high64(u128 value) noexcept { return static_cast<std::uint64_t>(value >> 64); }

/// Adds `a` and `b` into `sum`; returns true on overflow (then `sum` holds the wrapped value).
[[nodiscard]] constexpr bool add_overflows(u128 a, u128 b, u128& sum) noexcept { return __builtin_add_overflow(a, b, &sum); }

/// Decimal digits, without leading zeros.
inline std::string to_decimal(u128 value) {
  char digits[40];
  char* end = digits + sizeof digits;
  char* begin = end;
  do {
    *--begin = static_cast<char>('0' + static_cast<int>(value % 10));
    value /= 10;
  } while (value != 0);
  return {begin, end};
}

/// 32 lower-case hexadecimal digits.
inline std::string to_hex(u128 value) {
  std::string text(32, '0');
  for (std::size_t i = 32; i-- > 0; value >>= 4) text[i] = "0123456789abcdef"[static_cast<unsigned>(value & 15)];
  return text;
}

/// Reads decimal digits, or hexadecimal after "0x". Returns false on anything else and on values above 2^128 - 1.
[[nodiscard]] inline bool parse_u128(std::string_view text, u128& value) {
  unsigned base = 10;
  if (text.starts_with("0x") || text.starts_with("0X")) {
    base = 16;
    text.remove_prefix(2);
  }
  if (text.empty()) return false;
  u128 result = 0;
  for (const char c : text) {
    unsigned digit = 99;
    if (c >= '0' && c <= '9') digit = static_cast<unsigned>(c - '0');
    if (c >= 'a' && c <= 'f') digit = static_cast<unsigned>(c - 'a') + 10;
    if (c >= 'A' && c <= 'F') digit = static_cast<unsigned>(c - 'A') + 10;
    if (digit >= base) return false;
    u128 scaled = 0;
    if (__builtin_mul_overflow(result, u128{base}, &scaled) || add_overflows(scaled, u128{digit}, result)) return false;
  }
  value = result;
  return true;
}

}  // namespace florin
