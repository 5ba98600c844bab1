#include "journal/file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <system_error>
#include <utility>
#include <vector>

namespace florin::journal {

Status io_error(const std::string& what, const std::string& path, int error_number) {
  return {ErrorKind::kIo, what + " " + path + ": " + std::generic_category().message(error_number)};
}

File::File(File&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)), path_(std::move(other.path_)) {}

File& File::operator=(File&& other) noexcept {
  if (this != &other) {
    close();
    descriptor_ = std::exchange(other.descriptor_, -1);
    path_ = std::move(other.path_);
  }
  return *this;
}

File::~File() { close(); }

void File::close() noexcept {
  if (descriptor_ >= 0) ::close(std::exchange(descriptor_, -1));
}

Result<File> File::open(const std::string& path, int flags) {
  File file;
  file.descriptor_ = ::open(path.c_str(), flags | O_CLOEXEC, 0644);
  file.path_ = path;
  if (file.descriptor_ >= 0) return file;
  if (errno == ENOENT) return Status(ErrorKind::kNotFound, "open " + path + ": no such file");
  return io_error("open", path, errno);
}

Result<std::size_t> File::read_at(std::span<std::byte> bytes, std::uint64_t offset) const {
  std::size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t count =
        ::pread(descriptor_, bytes.data() + done, bytes.size() - done, static_cast<off_t>(offset + done));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return io_error("read", path_, errno);
    if (count == 0) break;
    done += static_cast<std::size_t>(count);
  }
  return done;
}

Result<std::uint64_t> File::size() const {
  struct stat facts {};
  if (::fstat(descriptor_, &facts) != 0) return io_error("stat", path_, errno);
  return static_cast<std::uint64_t>(facts.st_size);
}

Status File::write_at(std::span<const std::byte> bytes, std::uint64_t offset) {
  while (!bytes.empty()) {
    const ssize_t count = ::pwrite(descriptor_, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return io_error("write", path_, errno);
    bytes = bytes.subspan(static_cast<std::size_t>(count));
    offset += static_cast<std::uint64_t>(count);
  }
  return Status::ok();
}

Status File::sync() {
  if (::fsync(descriptor_) != 0) return io_error("fsync", path_, errno);
  return Status::ok();
}

Status File::sync_data() {
  if (::fdatasync(descriptor_) != 0) return io_error("fdatasync", path_, errno);
  return Status::ok();
}

Result<std::string> read_text(const std::string& path) {
  const Result<File> file = File::open(path, O_RDONLY);
  if (!file) return file.error();
  const Result<std::uint64_t> size = file->size();
  if (!size) return size.error();
  std::string text(*size, ' ');
  const Result<std::size_t> read = file->read_at(std::as_writable_bytes(std::span(text)), 0);
  if (!read) return read.error();
  text.resize(*read);
  return text;
}

Status sync_folder(const std::string& path) {
  Result<File> folder = File::open(path, O_RDONLY | O_DIRECTORY);
  if (!folder) return folder.error();
  return folder->sync();
}

Status create_folders(const std::string& path) {
  struct stat facts {};
  if (::stat(path.c_str(), &facts) == 0) {
    return S_ISDIR(facts.st_mode) ? Status::ok() : io_error("create folder", path, ENOTDIR);
  }
  if (errno != ENOENT) return io_error("create folder", path, errno);
  const std::size_t slash = path.find_last_of('/');
  const std::string parent = slash == std::string::npos ? "." : slash == 0 ? "/" : path.substr(0, slash);
  if (Status status = create_folders(parent); !status) return status;
  if (::mkdir(path.c_str(), 0755) != 0 && errno != EEXIST) return io_error("create folder", path, errno);
  return sync_folder(parent);
}

Status rename_file(const std::string& from, const std::string& to) {
  if (std::rename(from.c_str(), to.c_str()) != 0) return io_error("rename to", to, errno);
  return Status::ok();
}

Status remove_file(const std::string& path) {
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) return io_error("remove", path, errno);
  return Status::ok();
}

Status remove_temporary_files(const std::string& folder) {
  std::error_code error;
  std::vector<std::string> leftovers;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
    if (entry.path().extension() == ".tmp") leftovers.push_back(entry.path().string());
  }
  if (error) return io_error("list", folder, error.value());
  for (const std::string& path : leftovers) {
    if (Status status = remove_file(path); !status) return status;
  }
  return Status::ok();
}

}  // namespace florin::journal
