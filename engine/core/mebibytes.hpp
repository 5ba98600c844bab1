#pragma once

#include <cstdint>
#include <string>

namespace florin::core {

/// For people: "96 MiB", rounded up, so that what does not fit does not look as if it did.
inline std::string mebibytes(std::uint64_t bytes) { return std::to_string((bytes + (1 << 20) - 1) >> 20) + " MiB"; }

}  // namespace florin::core
