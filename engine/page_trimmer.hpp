#pragma once

#include "journal/page_cache.hpp"
#include "runtime/agent.hpp"

namespace florin {

/// Keeps the page cache of history's files below its limit, as an agent that a thread of low priority steps when it is called.
/// do_work(): one thread.
class PageTrimmer final : public runtime::Agent {
 public:
  explicit PageTrimmer(journal::PageCache& cache) noexcept : cache_(cache) {}

  int do_work() noexcept override {
    if (!cache_.is_over()) return 0;
    cache_.trim();
    return 1;
  }

 private:
  journal::PageCache& cache_;
};

}  // namespace florin
