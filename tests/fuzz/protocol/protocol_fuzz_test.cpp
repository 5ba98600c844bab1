#include <gtest/gtest.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>

extern "C" int fuzz_frame_reader(const std::uint8_t* data, std::size_t size);
extern "C" int fuzz_body_decoder(const std::uint8_t* data, std::size_t size);

namespace {

using Input = std::vector<std::uint8_t>;

std::vector<Input> corpus(const char* target) {
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
void run(const char* target, int (*fuzz)(const std::uint8_t*, std::size_t)) {
  const std::vector<Input> inputs = corpus(target);
  ASSERT_GT(inputs.size(), 4U);
  std::uint32_t seed = 20'24;
  const auto random = [&seed](std::size_t below) {
    seed = seed * 1664525U + 1013904223U;
    return below == 0 ? 0 : (seed >> 4) % below;
  };
  for (const Input& input : inputs) {
    EXPECT_EQ(fuzz(input.data(), input.size()), 0);
    for (int i = 0; i < 200; ++i) {
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

TEST(ProtocolFuzz, FrameReaderCorpus) { run("frame_reader", fuzz_frame_reader); }
TEST(ProtocolFuzz, BodyDecoderCorpus) { run("body_decoder", fuzz_body_decoder); }

}  // namespace
