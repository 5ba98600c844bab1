#include "output.hpp"

#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <sstream>

#include <fmt/format.h>

namespace florin::tools {
namespace {

Status write_stdout(const std::string& text) {
  const bool written = std::fputs(text.c_str(), stdout) >= 0 && std::fflush(stdout) == 0;
  return written ? Status() : Status(ErrorKind::kIo, "standard output cannot be written");
}

void append_fields(const nlohmann::ordered_json& json, const std::string& prefix, std::string& text) {
  for (const auto& [key, value] : json.items()) {
    if (value.is_object() || (value.is_array() && !value.empty() && value.front().is_structured())) {
      append_fields(value, prefix + key + ".", text);
    } else {
      text += fmt::format("{:<32} {}\n", prefix + key, value.is_string() ? value.get<std::string>() : value.dump());
    }
  }
}

}  // namespace

Status write_json(const std::string& path, const nlohmann::ordered_json& json) {
  if (path.empty()) return {};
  const std::string text = json.dump(2) + "\n";
  if (path == "-") return write_stdout(text);
  std::ofstream file(path, std::ios::trunc);
  file << text << std::flush;
  return file ? Status() : Status(ErrorKind::kIo, path + ": cannot be written");
}

Status print_fields(const nlohmann::ordered_json& json) {
  std::string text;
  append_fields(json, "", text);
  return write_stdout(text);
}

std::vector<std::string> split_words(const std::string& text) {
  std::istringstream stream(text);
  std::vector<std::string> words;
  for (std::string word; stream >> word;) words.push_back(word);
  return words;
}

std::uint64_t resident_bytes(pid_t process) {
  std::ifstream file(fmt::format("/proc/{}/statm", process));
  std::uint64_t total_pages = 0;
  std::uint64_t resident_pages = 0;
  file >> total_pages >> resident_pages;
  return resident_pages * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

}  // namespace florin::tools
