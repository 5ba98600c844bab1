#pragma once

#include <string>
#include <vector>

namespace florin::tools {

/// Rows of cells, the first of them the heads of the columns.
using TextTable = std::vector<std::vector<std::string>>;

/// Columns aligned with spaces.
std::string to_text(const TextTable& table);
/// As Markdown writes it, one line a row.
std::string to_markdown(const TextTable& table);

}  // namespace florin::tools
