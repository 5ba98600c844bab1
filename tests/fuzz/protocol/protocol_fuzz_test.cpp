#include "fuzz/run_corpus.hpp"

extern "C" int fuzz_frame_reader(const std::uint8_t* data, std::size_t size);
extern "C" int fuzz_body_decoder(const std::uint8_t* data, std::size_t size);

namespace {

using florin::fuzz::run_corpus;

TEST(ProtocolFuzz, FrameReaderCorpus) { run_corpus("frame_reader", fuzz_frame_reader); }
TEST(ProtocolFuzz, BodyDecoderCorpus) { run_corpus("body_decoder", fuzz_body_decoder); }

}  // namespace
