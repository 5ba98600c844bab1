#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

/// @file
/// What tests do with a fuzz target and its corpus. FLORIN_CORPUS_FOLDER is the folder of the subject's corpora.

namespace florin::fuzz {

using Input = std::vector<std::uint8_t>;

inline std::vector<Input> corpus(const char* target) {
  std::vector<std::filesystem::path> paths;
  for (const auto& entry : std::filesystem::directory_iterator(std::filesystem::path(FLORIN_CORPUS_FOLDER) / target)) {
    paths.push_back(entry.path());
  }
  std::sort(paths.begin(), paths.end());
  std::vector<Input> inputs;
  for (const auto& path : paths) {
    std::ifstream file(path, std::ios::binary);
    inputs.emplace_back(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
  }
  return inputs;
}

/// Runs the corpus, and mutations of it: bits flipped, ends cut, inputs joined. A target that finds fault aborts.
inline void run_corpus(const char* target, int (*fuzz)(const std::uint8_t*, std::size_t), int mutations = 200) {
  const std::vector<Input> inputs = corpus(target);
  ASSERT_FALSE(inputs.empty());
  std::uint32_t seed = 20'24;
  const auto random = [&seed](std::size_t below) {
    seed = seed * 1664525U + 1013904223U;
    return below == 0 ? 0 : (seed >> 4) % below;
  };
  for (const Input& input : inputs) {
    EXPECT_EQ(fuzz(input.data(), input.size()), 0);
    for (int i = 0; i < mutations; ++i) {
      Input mutated = input;
      if (i % 5 == 0 && !input.empty()) {
        const Input& other = inputs[random(inputs.size())];
        mutated.insert(mutated.end(), other.begin() + static_cast<std::ptrdiff_t>(std::min<std::size_t>(1, other.size())), other.end());
      }
      if (i % 3 == 0) mutated.resize(random(mutated.size() + 1));
      if (!mutated.empty()) {
        const std::size_t at = random(mutated.size());
        mutated[at] = static_cast<std::uint8_t>(mutated[at] ^ (1U << random(8)));
      }
      EXPECT_EQ(fuzz(mutated.data(), mutated.size()), 0);
    }
  }
}

}  // namespace florin::fuzz
