#include "fuzz/run_corpus.hpp"

extern "C" int fuzz_message(const std::uint8_t* data, std::size_t size);

namespace {

TEST(TigerBeetleFuzz, MessageCorpus) { florin::fuzz::run_corpus("message", fuzz_message, 100); }

}  // namespace
