#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <string_view>

#include "florin/status.hpp"
#include "florin/uint128.hpp"

/// @file
/// Fields of JSON objects: numbers of any width, names for bits and for values.

namespace florin::tools {

/// A bit of flags, or a value of an enumeration, and what it is called.
struct FlagName {
  std::uint16_t bit;
  std::string_view name;
};

inline nlohmann::ordered_json flag_names(std::uint32_t flags, std::span<const FlagName> names) {
  auto list = nlohmann::ordered_json::array();
  for (const auto& [bit, name] : names) {
    if ((flags & bit) != 0) list.push_back(name);
  }
  return list;
}

/// A number, or a string of decimal or, after 0x, hexadecimal digits. False if it is neither, or too large for the field.
template <typename Integer>
bool read_number(const nlohmann::json& value, Integer& field) {
  u128 number = 0;
  if (value.is_number_unsigned()) {
    number = value.get<std::uint64_t>();
  } else if (!value.is_string() || !parse_u128(value.get_ref<const std::string&>(), number)) {
    return false;
  }
  if (number > u128{static_cast<Integer>(~Integer{0})}) return false;
  field = static_cast<Integer>(number);
  return true;
}

/// The value that has this name. False if none has.
inline bool read_name(const nlohmann::json& value, std::span<const FlagName> names, std::uint16_t& found) {
  for (const auto& [known, name] : names) {
    if (value.is_string() && value.get_ref<const std::string&>() == name) {
      found = known;
      return true;
    }
  }
  return false;
}

/// A list of names, or their bits as a number.
template <typename Integer>
bool read_flags(const nlohmann::json& value, std::span<const FlagName> names, Integer& flags) {
  if (!value.is_array()) return read_number(value, flags);
  for (const auto& entry : value) {
    std::uint16_t bit = 0;
    if (!read_name(entry, names, bit)) return false;
    flags = static_cast<Integer>(flags | bit);
  }
  return true;
}

/// Calls `read_field(key, value)` for every member: 1 read, 0 not readable, -1 unknown.
template <typename ReadField>
Status read_object(const nlohmann::json& json, ReadField&& read_field) {
  if (!json.is_object()) return {ErrorKind::kUsage, "is not a JSON object"};
  for (const auto& [key, value] : json.items()) {
    const int result = read_field(key, value);
    if (result < 0) return {ErrorKind::kUsage, fmt::format("unknown field '{}'", key)};
    if (result == 0) return {ErrorKind::kUsage, fmt::format("field '{}' cannot be {}", key, value.dump())};
  }
  return {};
}

}  // namespace florin::tools
