#include "journal/sealed_folder.hpp"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <filesystem>
#include <optional>
#include <string_view>
#include <system_error>

#include "journal/file.hpp"
#include "journal/sealed_reader.hpp"

namespace florin::journal {
namespace {

constexpr std::size_t kNameDigits = 20;
constexpr std::string_view kExtension = ".sealed";

std::optional<std::uint64_t> segment_of(std::string_view name) {
  if (name.size() != kNameDigits + kExtension.size() || !name.ends_with(kExtension)) return std::nullopt;
  std::uint64_t segment = 0;
  const char* const end = name.data() + kNameDigits;
  const auto [stop, error] = std::from_chars(name.data(), end, segment);
  if (error != std::errc{} || stop != end || segment == 0) return std::nullopt;
  return segment;
}

Status refused() { return {ErrorKind::kUsage, "the sealed segments were opened for reading only"}; }

}  // namespace

Result<std::unique_ptr<SealedFolder>> SealedFolder::open(const std::string& folder) {
  std::unique_ptr<SealedFolder> store(new SealedFolder(folder + "/history", true));
  if (Status status = create_folders(store->folder_); !status) return status;
  if (Status status = remove_temporary_files(store->folder_); !status) return status;
  return store;
}

std::unique_ptr<SealedFolder> SealedFolder::open_readonly(const std::string& folder) {
  return std::unique_ptr<SealedFolder>(new SealedFolder(folder + "/history", false));
}

std::string SealedFolder::path_of(std::uint64_t segment) const {
  const std::string digits = std::to_string(segment);
  return folder_ + "/" + std::string(kNameDigits - digits.size(), '0') + digits + std::string(kExtension);
}

Result<std::unique_ptr<SealedWriter>> SealedFolder::create(std::uint64_t segment) {
  if (!is_writable_) return refused();
  return SealedFileWriter::create(path_of(segment), segment);
}

Result<std::vector<std::uint64_t>> SealedFolder::list() const {
  std::error_code error;
  std::vector<std::uint64_t> segments;
  std::filesystem::directory_iterator entry(folder_, error);
  if (error == std::errc::no_such_file_or_directory) return segments;
  for (; !error && entry != std::filesystem::directory_iterator(); entry.increment(error)) {
    if (const auto segment = segment_of(entry->path().filename().string())) segments.push_back(*segment);
  }
  if (error) return io_error("list", folder_, error.value());
  std::sort(segments.begin(), segments.end());
  return segments;
}

Result<std::unique_ptr<SealedReader>> SealedFolder::open(std::uint64_t segment, u128 store_id) const {
  return SealedFileReader::open(path_of(segment), segment, store_id);
}

Status SealedFolder::remove(std::uint64_t segment) {
  if (!is_writable_) return refused();
  if (Status status = remove_file(path_of(segment)); !status) return status;
  return sync_folder(folder_);
}

/// As `.damaged`, in place of an earlier one.
Status SealedFolder::set_aside(std::uint64_t segment) {
  if (!is_writable_) return refused();
  const std::string path = path_of(segment);
  if (std::rename(path.c_str(), (path + ".damaged").c_str()) != 0) return io_error("set aside", path, errno);
  return sync_folder(folder_);
}

}  // namespace florin::journal
