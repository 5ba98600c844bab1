#pragma once

#include <immintrin.h>

#include <cstddef>

namespace florin::core {

/// Asks for all lines of a record. Nothing waits for them.
inline void prefetch_record(const void* record, std::size_t bytes) noexcept {
  for (std::size_t at = 0; at < bytes; at += 64) _mm_prefetch(static_cast<const char*>(record) + at, _MM_HINT_T0);
}

}  // namespace florin::core
