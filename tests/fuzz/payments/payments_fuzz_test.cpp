#include "fuzz/run_corpus.hpp"

extern "C" int fuzz_commands(const std::uint8_t* data, std::size_t size);

namespace {

TEST(PaymentsFuzz, CommandsCorpus) { florin::fuzz::run_corpus("commands", fuzz_commands, 25); }

}  // namespace
