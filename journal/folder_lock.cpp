#include "journal/folder_lock.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <thread>

namespace florin::journal {
namespace {

bool lock_within(int descriptor, std::chrono::milliseconds patience) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  while (::flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK || std::chrono::steady_clock::now() >= deadline) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return true;
}

}  // namespace

Result<FolderLock> FolderLock::take(const std::string& folder, std::chrono::milliseconds patience) {
  Result<File> file = File::open(folder + "/LOCK", O_RDWR | O_CREAT);
  if (!file) return file.error();
  if (!lock_within(file->descriptor(), patience)) {
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
