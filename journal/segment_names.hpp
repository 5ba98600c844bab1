#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "florin/status.hpp"

/// @file
/// Files that are named by the number of a sealed segment, 20 digits and an extension.

namespace florin::journal {

[[nodiscard]] std::string path_of_segment(const std::string& folder, std::uint64_t segment, std::string_view extension);
/// Ascending. A missing folder has none.
Result<std::vector<std::uint64_t>> list_segments(const std::string& folder, std::string_view extension);
/// Renames a damaged file to `.damaged`, in place of an earlier one.
Status set_file_aside(const std::string& path);

}  // namespace florin::journal
