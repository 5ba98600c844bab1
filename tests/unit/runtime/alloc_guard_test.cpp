#include "runtime/alloc_guard.hpp"

#include <gtest/gtest.h>

#include <memory>

namespace florin::runtime {
namespace {

/// Through volatile, so that the compiler cannot take the allocation away.
void allocate() {
  int* volatile memory = new int(1);
  delete memory;
}

TEST(AllocGuard, AbortsOnAllocationInside) {
  EXPECT_DEATH(
      {
        const AllocGuard guard;
        allocate();
      },
      "allocation inside a section");
}

TEST(AllocGuard, AllowsAllocationOutsideAndAfter) {
  allocate();
  { const AllocGuard guard; }
  allocate();
}

TEST(AllocGuard, NestsAndPermits) {
  const AllocGuard outer;
  const AllocGuard inner;
  const AllocPermit permit;
  allocate();
}

TEST(AllocGuard, ForbidsAgainAfterPermit) {
  EXPECT_DEATH(
      {
        const AllocGuard guard;
        { const AllocPermit permit; }
        allocate();
      },
      "allocation inside a section");
}

}  // namespace
}  // namespace florin::runtime
