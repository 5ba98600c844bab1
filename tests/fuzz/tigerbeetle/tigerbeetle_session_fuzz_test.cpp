#include "fuzz/run_corpus.hpp"

extern "C" int fuzz_session(const std::uint8_t* data, std::size_t size);

namespace {

TEST(TigerBeetleFuzz, SessionCorpus) { florin::fuzz::run_corpus("session", fuzz_session, 50); }

}  // namespace
