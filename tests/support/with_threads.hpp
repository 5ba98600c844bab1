#pragma once

#include <oneapi/tbb/global_control.h>
#include <oneapi/tbb/task_arena.h>

#include <cstddef>
#include <utility>

namespace florin::test {

/// Calls `call` with so many threads for what it does in parallel, however many cores the machine has.
template <typename Call>
auto with_threads(int threads, Call&& call) {
  const oneapi::tbb::global_control limit(oneapi::tbb::global_control::max_allowed_parallelism, static_cast<std::size_t>(threads));
  oneapi::tbb::task_arena arena(threads);
  return arena.execute(std::forward<Call>(call));
}

}  // namespace florin::test
