#include "payment_tables/text_table.hpp"

#include <algorithm>

namespace florin::tools {

std::string to_text(const TextTable& table) {
  std::vector<std::size_t> widths(table.front().size(), 0);
  for (const auto& row : table) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  std::string text;
  for (const auto& row : table) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) line.append(row[i]).append(widths[i] - row[i].size() + 2, ' ');
    line.erase(line.find_last_not_of(' ') + 1);
    text.append(line).append("\n");
  }
  return text;
}

std::string to_markdown(const TextTable& table) {
  std::string text;
  for (const auto& row : table) {
    for (const std::string& cell : row) text.append("| ").append(cell).append(" ");
    text += "|\n";
    if (&row != &table.front()) continue;
    for (std::size_t i = 0; i < row.size(); ++i) text += "| --- ";
    text += "|\n";
  }
  return text;
}

}  // namespace florin::tools
