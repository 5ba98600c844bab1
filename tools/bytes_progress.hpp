#pragma once

#include <cstdint>
#include <functional>
#include <string>

namespace florin::tools {

/// Prints to stderr, once a second, how many bytes were read. Called with their number, as often as one likes; one thread.
std::function<void(std::uint64_t bytes)> bytes_progress(std::string name);

}  // namespace florin::tools
