#include "journal/folder_lock.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <array>
#include <cerrno>

namespace florin::journal {

Result<FolderLock> FolderLock::take(const std::string& folder) {
  Result<File> file = File::open(folder + "/LOCK", O_RDWR | O_CREAT);
  if (!file) return file.error();
  if (::flock(file->descriptor(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return io_error("lock", file->path(), errno);
    std::array<char, 32> text{};
    const Result<std::size_t> count = file->read_at(std::as_writable_bytes(std::span(text)).first(31), 0);
    std::string holder = count && *text.data() != 0 ? std::string(text.data()) : "unknown";
    while (!holder.empty() && holder.back() == '\n') holder.pop_back();
    return Status(ErrorKind::kBusy, "data folder " + folder + " is in use by process " + holder);
  }
  const std::string process = std::to_string(::getpid()) + "\n";
  if (::ftruncate(file->descriptor(), 0) != 0 ||
      ::pwrite(file->descriptor(), process.data(), process.size(), 0) != static_cast<ssize_t>(process.size())) {
    return io_error("write", file->path(), errno);
  }
  return FolderLock(std::move(*file));
}

}  // namespace florin::journal
