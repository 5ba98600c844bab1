/// Runs the committed corpus through the fuzz targets, each entry as it is and with a thousand mutations, so that the
/// targets are exercised by every test run.

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <random>

#include "fuzz/journal/journal_targets.hpp"

namespace florin::journal::fuzz {
namespace {

using Target = void (*)(std::span<const std::uint8_t>);
using Bytes = std::vector<std::uint8_t>;

struct Subject {
  const char* name;
  Target target;
};

class JournalCorpus : public ::testing::TestWithParam<Subject> {};

std::vector<Bytes> corpus(const char* name) {
  std::vector<std::filesystem::path> paths;
  for (const auto& entry : std::filesystem::directory_iterator(std::filesystem::path(FLORIN_JOURNAL_CORPUS) / name)) {
    paths.push_back(entry.path());
  }
  std::sort(paths.begin(), paths.end());
  std::vector<Bytes> inputs;
  for (const auto& path : paths) {
    std::ifstream in(path, std::ios::binary);
    inputs.emplace_back(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>());
  }
  return inputs;
}

Bytes mutated(Bytes bytes, std::mt19937& random) {
  for (std::size_t i = 1 + random() % 4; i > 0 && !bytes.empty(); --i) {
    const std::size_t at = random() % bytes.size();
    switch (random() % 4) {
      case 0: bytes[at] ^= static_cast<std::uint8_t>(1U << (random() % 8)); break;
      case 1: bytes[at] = static_cast<std::uint8_t>(random()); break;
      case 2: bytes.resize(at); break;
      default: {
        const std::size_t from = random() % bytes.size();
        const std::size_t size = std::min<std::size_t>({bytes.size() - at, bytes.size() - from, 1 + random() % 4096});
        std::copy_n(Bytes(bytes).begin() + static_cast<std::ptrdiff_t>(from), size,
                    bytes.begin() + static_cast<std::ptrdiff_t>(at));
      }
    }
  }
  return bytes;
}

TEST_P(JournalCorpus, AnyBytesAreJudged) {
  const std::vector<Bytes> inputs = corpus(GetParam().name);
  ASSERT_FALSE(inputs.empty());
  std::mt19937 random(1);
  for (const Bytes& input : inputs) {
    GetParam().target(input);
    for (int i = 0; i < 1000; ++i) GetParam().target(mutated(input, random));
  }
}

INSTANTIATE_TEST_SUITE_P(Each, JournalCorpus,
                         ::testing::Values(Subject{"batch", batch}, Subject{"segment", segment},
                                           Subject{"snapshot", snapshot}),
                         [](const auto& subject) { return std::string(subject.param.name); });

}  // namespace
}  // namespace florin::journal::fuzz
