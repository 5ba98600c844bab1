#pragma once

#include <cstddef>

namespace florin::runtime {

/// Fields of different writers stand this far apart. (std::hardware_destructive_interference_size warns in headers.)
inline constexpr std::size_t kCacheLineSize = 64;

}  // namespace florin::runtime
