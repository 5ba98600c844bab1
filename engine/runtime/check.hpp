#pragma once

namespace florin::runtime {

/// Prints what was broken and where, then aborts.
[[noreturn]] void check_failed(const char* condition, const char* file, int line) noexcept;

}  // namespace florin::runtime

/// A broken invariant of our own: always on, ends the process.
#define FLORIN_CHECK(condition) \
  ((condition) ? static_cast<void>(0) : ::florin::runtime::check_failed(#condition, __FILE__, __LINE__))

/// The same for inner loops: only in builds without NDEBUG.
#ifdef NDEBUG
#define FLORIN_DCHECK(condition) static_cast<void>(0)
#else
#define FLORIN_DCHECK(condition) FLORIN_CHECK(condition)
#endif
