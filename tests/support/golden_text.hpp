#pragma once

#include <cstddef>
#include <cstdlib>
#include <fstream>
#include <span>
#include <sstream>
#include <string>

/// @file
/// Committed bytes (tests/golden) that are kept as text.

namespace florin::test {

/// FLORIN_UPDATE_GOLDEN=1: what is committed is to be written anew.
inline bool updates_golden() { return std::getenv("FLORIN_UPDATE_GOLDEN") != nullptr; }

/// In lines of 32 bytes.
inline std::string hex_of(std::span<const std::byte> bytes) {
  std::string text;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (i > 0 && i % 32 == 0) text += '\n';
    const auto value = static_cast<unsigned>(bytes[i]);
    text += "0123456789abcdef"[value >> 4];
    text += "0123456789abcdef"[value & 15];
  }
  return text + '\n';
}

inline std::string text_of_file(const std::string& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

/// What is committed at `path`, and should be what is `written` today.
inline std::string committed_text(const std::string& path, const std::string& written) {
  if (updates_golden()) std::ofstream(path) << written;
  return text_of_file(path);
}

}  // namespace florin::test
