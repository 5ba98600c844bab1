#include "runtime/check.hpp"

#include <cstdio>
#include <cstdlib>

namespace florin::runtime {

void check_failed(const char* condition, const char* file, int line) noexcept {
  std::fprintf(stderr, "florin: broken invariant: %s (%s:%d)\n", condition, file, line);
  std::fflush(stderr);
  std::abort();
}

}  // namespace florin::runtime
