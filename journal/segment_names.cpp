#include "journal/segment_names.hpp"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <filesystem>
#include <optional>
#include <system_error>

#include "journal/file.hpp"

namespace florin::journal {
namespace {

constexpr std::size_t kDigits = 20;

std::optional<std::uint64_t> segment_of(std::string_view name, std::string_view extension) {
  if (name.size() != kDigits + extension.size() || !name.ends_with(extension)) return std::nullopt;
  std::uint64_t segment = 0;
  const char* const end = name.data() + kDigits;
  const auto [stop, error] = std::from_chars(name.data(), end, segment);
  if (error != std::errc{} || stop != end || segment == 0) return std::nullopt;
  return segment;
}

}  // namespace

std::string path_of_segment(const std::string& folder, std::uint64_t segment, std::string_view extension) {
  const std::string digits = std::to_string(segment);
  return folder + "/" + std::string(kDigits - digits.size(), '0') + digits + std::string(extension);
}

Result<std::vector<std::uint64_t>> list_segments(const std::string& folder, std::string_view extension) {
  std::error_code error;
  std::vector<std::uint64_t> segments;
  std::filesystem::directory_iterator entry(folder, error);
  if (error == std::errc::no_such_file_or_directory) return segments;
  for (; !error && entry != std::filesystem::directory_iterator(); entry.increment(error)) {
    if (const auto segment = segment_of(entry->path().filename().string(), extension)) segments.push_back(*segment);
  }
  if (error) return io_error("list", folder, error.value());
  std::sort(segments.begin(), segments.end());
  return segments;
}

Status set_file_aside(const std::string& path) {
  if (std::rename(path.c_str(), (path + ".damaged").c_str()) != 0) return io_error("set aside", path, errno);
  return sync_folder(path.substr(0, path.find_last_of('/')));
}

}  // namespace florin::journal
