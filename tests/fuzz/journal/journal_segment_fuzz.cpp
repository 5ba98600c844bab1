#include "fuzz/journal/journal_targets.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  florin::journal::fuzz::segment({data, size});
  return 0;
}
