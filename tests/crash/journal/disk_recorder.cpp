#include "crash/journal/disk_recorder.hpp"

#include <dlfcn.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cstdarg>
#include <cstdio>
#include <cstring>
#include <mutex>
#include <set>

namespace florin::journal::testing {
namespace {

constexpr std::size_t kSectorBytes = 512;

enum class Kind { kWrite, kFlushBegin, kFlushEnd, kResize, kGrow, kCreate, kRename, kUnlink, kFolderFlushBegin, kFolderFlushEnd, kMark };

struct Event {
  Kind kind;
  std::uint64_t file = 0;  ///< inode; of a mark its value
  std::uint64_t offset = 0;
  std::vector<std::byte> bytes;
  std::string from;
  std::string to;
};

struct Recorder {
  std::mutex mutex;
  bool active = false;
  std::string folder;
  std::uint64_t folder_inode = 0;
  std::vector<Event> events;
  std::set<std::uint64_t> files;  ///< inodes known to lie in the folder
};

Recorder& recorder() {
  static Recorder* const instance = new Recorder;  // outlives every thread
  return *instance;
}

template <typename Function>
Function real(const char* name) {
  return reinterpret_cast<Function>(::dlsym(RTLD_NEXT, name));
}

std::uint64_t inode_of(int descriptor) {
  struct stat facts {};
  return ::fstat(descriptor, &facts) == 0 ? facts.st_ino : 0;
}

/// The name inside the folder, or empty if the path is elsewhere.
std::string name_in_folder(const char* path) {
  const std::string text = path;
  const std::string prefix = recorder().folder + "/";
  if (!text.starts_with(prefix) || text.find('/', prefix.size()) != std::string::npos) return {};
  return text.substr(prefix.size());
}

void note(Event event) {
  Recorder& r = recorder();
  const std::lock_guard lock(r.mutex);
  if (r.active) r.events.push_back(std::move(event));
}

bool is_recorded(int descriptor, std::uint64_t& inode) {
  Recorder& r = recorder();
  const std::lock_guard lock(r.mutex);
  if (!r.active) return false;
  inode = inode_of(descriptor);
  return r.files.contains(inode);
}

bool is_folder(int descriptor) {
  Recorder& r = recorder();
  const std::lock_guard lock(r.mutex);
  return r.active && inode_of(descriptor) == r.folder_inode;
}

void note_write(int descriptor, const void* data, std::size_t size, off_t offset) {
  std::uint64_t inode = 0;
  if (!is_recorded(descriptor, inode)) return;
  const auto* bytes = static_cast<const std::byte*>(data);
  note({Kind::kWrite, inode, static_cast<std::uint64_t>(offset), {bytes, bytes + size}, {}, {}});
  if ((::fcntl(descriptor, F_GETFL) & O_DSYNC) != 0) {
    note({Kind::kFlushBegin, inode, 0, {}, {}, {}});
    note({Kind::kFlushEnd, inode, 0, {}, {}, {}});
  }
}

template <typename Sync>
int flush(int descriptor, Sync sync) {
  std::uint64_t inode = 0;
  const bool file = is_recorded(descriptor, inode);
  const bool folder = !file && is_folder(descriptor);
  if (file) note({Kind::kFlushBegin, inode, 0, {}, {}, {}});
  if (folder) note({Kind::kFolderFlushBegin, 0, 0, {}, {}, {}});
  const int result = sync(descriptor);
  if (file && result == 0) note({Kind::kFlushEnd, inode, 0, {}, {}, {}});
  if (folder && result == 0) note({Kind::kFolderFlushEnd, 0, 0, {}, {}, {}});
  return result;
}

void note_open(const char* path, int descriptor, int flags) {
  if (descriptor < 0 || (flags & O_CREAT) == 0) return;
  const std::string name = name_in_folder(path);
  if (name.empty()) return;
  Recorder& r = recorder();
  const std::lock_guard lock(r.mutex);
  if (!r.active) return;
  const std::uint64_t inode = inode_of(descriptor);
  r.files.insert(inode);
  r.events.push_back({Kind::kCreate, inode, 0, {}, {}, name});
}

/// A file as it may look after power loss.
class Image {
 public:
  void apply(const Event& event) {
    if (is_size(event)) return resize(event);
    write(event.offset, event.bytes.data(), event.bytes.size());
  }
  /// Any subset of the sectors of a write.
  void apply_some(const Event& event, std::mt19937_64& random) {
    if (is_size(event)) {
      if (random() % 2 == 0) resize(event);
      return;
    }
    const std::uint64_t mode = random() % 4;  // all, none, or sector by sector
    if (mode == 0) return;
    for (std::size_t begin = 0; begin < event.bytes.size();) {
      const std::uint64_t sector_end = (event.offset + begin) / kSectorBytes * kSectorBytes + kSectorBytes;
      const std::size_t size = std::min<std::size_t>(sector_end - event.offset - begin, event.bytes.size() - begin);
      if (mode == 1 || random() % 2 == 0) write(event.offset + begin, event.bytes.data() + begin, size);
      begin += size;
    }
  }
  [[nodiscard]] const std::vector<std::byte>& bytes() const { return bytes_; }

  static bool is_size(const Event& event) { return event.kind == Kind::kResize || event.kind == Kind::kGrow; }

 private:
  void resize(const Event& event) {
    // Allocating what is there already changes nothing, above all not the size.
    if (event.kind == Kind::kResize || event.offset > bytes_.size()) bytes_.resize(event.offset);
  }
  void write(std::uint64_t offset, const std::byte* data, std::size_t size) {
    if (bytes_.size() < offset + size) bytes_.resize(offset + size);
    std::memcpy(bytes_.data() + offset, data, size);
  }
  std::vector<std::byte> bytes_;
};

void apply_name(std::map<std::string, std::uint64_t>& names, const Event& event) {
  if (event.kind == Kind::kCreate) names[event.to] = event.file;
  if (event.kind == Kind::kUnlink) names.erase(event.from);
  if (event.kind == Kind::kRename && names.contains(event.from)) {
    names[event.to] = names[event.from];
    names.erase(event.from);
  }
}

bool is_name_event(Kind kind) { return kind == Kind::kCreate || kind == Kind::kRename || kind == Kind::kUnlink; }

/// Begin of the last flush that was complete before `event`; 0 if there was none.
std::size_t flushed_to(const std::vector<Event>& events, std::size_t event, Kind begin, Kind end, std::uint64_t file) {
  std::size_t index = event;
  while (index > 0 && !(events[index - 1].kind == end && events[index - 1].file == file)) --index;
  while (index > 0 && !(events[index - 1].kind == begin && events[index - 1].file == file)) --index;
  return index;
}

std::map<std::string, std::uint64_t> names_at(const std::vector<Event>& events, std::size_t event, std::mt19937_64& random) {
  const std::size_t durable = flushed_to(events, event, Kind::kFolderFlushBegin, Kind::kFolderFlushEnd, 0);
  std::vector<const Event*> pending;
  std::map<std::string, std::uint64_t> names;
  for (std::size_t i = 0; i < event; ++i) {
    if (!is_name_event(events[i].kind)) continue;
    if (i < durable) {
      apply_name(names, events[i]);
    } else {
      pending.push_back(&events[i]);
    }
  }
  const std::size_t kept = pending.empty() ? 0 : random() % (pending.size() + 1);
  for (std::size_t i = 0; i < kept; ++i) apply_name(names, *pending[i]);
  return names;
}

Image image_at(const std::vector<Event>& events, std::size_t event, std::uint64_t file, std::mt19937_64& random) {
  const std::size_t durable = flushed_to(events, event, Kind::kFlushBegin, Kind::kFlushEnd, file);
  Image image;
  std::vector<const Event*> pending;
  for (std::size_t i = 0; i < event; ++i) {
    if (events[i].file != file || (events[i].kind != Kind::kWrite && !Image::is_size(events[i]))) continue;
    if (i < durable) {
      image.apply(events[i]);
    } else {
      pending.push_back(&events[i]);
    }
  }
  std::shuffle(pending.begin(), pending.end(), random);
  for (const Event* write : pending) image.apply_some(*write, random);
  return image;
}

}  // namespace

void DiskRecorder::start(const std::string& folder) {
  Recorder& r = recorder();
  const std::lock_guard lock(r.mutex);
  struct stat facts {};
  ::stat(folder.c_str(), &facts);
  r.folder = folder;
  r.folder_inode = facts.st_ino;
  r.events.clear();
  r.files.clear();
  r.active = true;
}

void DiskRecorder::stop() {
  const std::lock_guard lock(recorder().mutex);
  recorder().active = false;
}

void DiskRecorder::import(const std::string& path, const std::string& name) {
  std::vector<std::byte> bytes;
  std::FILE* const in = std::fopen(path.c_str(), "rb");
  for (std::byte block[4096];;) {
    const std::size_t count = std::fread(block, 1, sizeof block, in);
    if (count == 0) break;
    bytes.insert(bytes.end(), block, block + count);
  }
  std::fclose(in);
  const std::string target = recorder().folder + "/" + name;
  const int descriptor = ::open(target.c_str(), O_RDWR | O_CREAT, 0644);
  if (::pwrite(descriptor, bytes.data(), bytes.size(), 0) < 0) std::abort();
  ::fsync(descriptor);
  ::close(descriptor);
  const int folder = ::open(recorder().folder.c_str(), O_RDONLY | O_DIRECTORY);
  ::fsync(folder);
  ::close(folder);
}

void DiskRecorder::mark(std::uint64_t value) { note({Kind::kMark, value, 0, {}, {}, {}}); }

std::size_t DiskRecorder::event_count() { return recorder().events.size(); }

std::uint64_t DiskRecorder::mark_at(std::size_t event) {
  const std::vector<Event>& events = recorder().events;
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < event; ++i) {
    if (events[i].kind == Kind::kMark) value = std::max(value, events[i].file);
  }
  return value;
}

void DiskRecorder::rebuild(std::size_t event, std::mt19937_64& random, const std::string& target) {
  const std::vector<Event>& events = recorder().events;
  for (const auto& [name, file] : names_at(events, event, random)) {
    const Image image = image_at(events, event, file, random);
    std::FILE* const out = std::fopen((target + "/" + name).c_str(), "wb");
    if (!image.bytes().empty()) std::fwrite(image.bytes().data(), 1, image.bytes().size(), out);
    std::fclose(out);
  }
}

}  // namespace florin::journal::testing

// What follows replaces libc's functions for this program and the libraries it loads.

using namespace florin::journal::testing;  // NOLINT: the definitions below have C linkage

extern "C" {

ssize_t pwrite(int descriptor, const void* data, size_t size, off_t offset) {
  static const auto real_pwrite = real<ssize_t (*)(int, const void*, size_t, off_t)>("pwrite");
  note_write(descriptor, data, size, offset);
  return real_pwrite(descriptor, data, size, offset);
}

ssize_t pwrite64(int descriptor, const void* data, size_t size, off_t offset) {
  return pwrite(descriptor, data, size, offset);
}

ssize_t writev(int descriptor, const iovec* pieces, int count) {
  static const auto real_writev = real<ssize_t (*)(int, const iovec*, int)>("writev");
  off_t offset = ::lseek(descriptor, 0, SEEK_CUR);
  for (int i = 0; i < count && offset >= 0; ++i) {
    note_write(descriptor, pieces[i].iov_base, pieces[i].iov_len, offset);
    offset += static_cast<off_t>(pieces[i].iov_len);
  }
  return real_writev(descriptor, pieces, count);
}

int fdatasync(int descriptor) {
  static const auto real_fdatasync = real<int (*)(int)>("fdatasync");
  return flush(descriptor, real_fdatasync);
}

int fsync(int descriptor) {
  static const auto real_fsync = real<int (*)(int)>("fsync");
  return flush(descriptor, real_fsync);
}

int ftruncate(int descriptor, off_t length) noexcept {
  static const auto real_ftruncate = real<int (*)(int, off_t)>("ftruncate");
  std::uint64_t inode = 0;
  if (is_recorded(descriptor, inode)) note({Kind::kResize, inode, static_cast<std::uint64_t>(length), {}, {}, {}});
  return real_ftruncate(descriptor, length);
}

int fallocate(int descriptor, int mode, off_t offset, off_t length) {
  static const auto real_fallocate = real<int (*)(int, int, off_t, off_t)>("fallocate");
  std::uint64_t inode = 0;
  if (is_recorded(descriptor, inode)) {
    note({Kind::kGrow, inode, static_cast<std::uint64_t>(offset + length), {}, {}, {}});
  }
  return real_fallocate(descriptor, mode, offset, length);
}

int rename(const char* from, const char* to) noexcept {
  static const auto real_rename = real<int (*)(const char*, const char*)>("rename");
  if (!name_in_folder(from).empty()) note({Kind::kRename, 0, 0, {}, name_in_folder(from), name_in_folder(to)});
  return real_rename(from, to);
}

int unlink(const char* path) noexcept {
  static const auto real_unlink = real<int (*)(const char*)>("unlink");
  if (!name_in_folder(path).empty()) note({Kind::kUnlink, 0, 0, {}, name_in_folder(path), {}});
  return real_unlink(path);
}

int open(const char* path, int flags, ...) {
  static const auto real_open = real<int (*)(const char*, int, ...)>("open");
  std::va_list arguments;
  va_start(arguments, flags);
  const mode_t mode = (flags & O_CREAT) != 0 ? va_arg(arguments, mode_t) : 0;
  va_end(arguments);
  const int descriptor = real_open(path, flags, mode);
  note_open(path, descriptor, flags);
  return descriptor;
}

int open64(const char* path, int flags, ...) {
  std::va_list arguments;
  va_start(arguments, flags);
  const mode_t mode = (flags & O_CREAT) != 0 ? va_arg(arguments, mode_t) : 0;
  va_end(arguments);
  return open(path, flags, mode);
}

}  // extern "C"
