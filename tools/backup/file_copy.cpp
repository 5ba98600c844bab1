#include "backup/file_copy.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <functional>

#include "journal/aligned_buffer.hpp"
#include "journal/uncached_file.hpp"
#include "record/checksum.hpp"

namespace florin::backup {
namespace {

using journal::File;

constexpr std::size_t kPieceBytes = journal::UncachedFile::kWriteBytes;  // a server's journal may be on the same disk

using Take = std::function<Status(std::span<const std::byte> piece, std::uint64_t offset)>;

/// Shows `take` the file piece by piece. Direct reads want whole pages, so that a short one is followed up only where a page begins.
Result<FileDigest> read_whole(const File& file, Pace& pace, const Take& take) {
  journal::AlignedBuffer buffer(kPieceBytes);
  record::ChecksumStream checksum;
  const Result<std::uint64_t> size = file.size();
  if (!size) return size.error();
  std::uint64_t offset = 0;
  while (offset < *size) {
    const ssize_t count = ::pread(file.descriptor(), buffer.bytes().data(), kPieceBytes, static_cast<off_t>(offset));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return journal::io_error("read", file.path(), errno);
    if (count == 0) return Status(ErrorKind::kCorrupt, file.path() + ": was cut while it was read");
    const auto piece = std::span<const std::byte>(buffer.bytes()).first(static_cast<std::size_t>(count));
    checksum.add(piece);
    if (Status status = take(piece, offset); !status) return status;
    offset += piece.size();
    pace.add(piece.size());
  }
  return FileDigest{offset, checksum.value()};
}

}  // namespace

Result<File> open_to_copy(const std::string& path) {
  Result<File> direct = File::open(path, O_RDONLY | O_DIRECT);
  if (direct || direct.error().kind() == ErrorKind::kNotFound) return direct;
  return File::open(path, O_RDONLY);  // a file system without direct reads, or the error in its words
}

Result<FileDigest> digest_of(const File& file, Pace& pace) {
  return read_whole(file, pace, [](std::span<const std::byte>, std::uint64_t) { return Status::ok(); });
}

Result<FileDigest> digest_of(const std::string& path, Pace& pace) {
  const Result<File> file = open_to_copy(path);
  if (!file) return file.error();
  return digest_of(*file, pace);
}

Result<FileDigest> copy_file(const File& from, const std::string& to, Pace& pace) {
  Result<journal::UncachedFile> copy = journal::UncachedFile::create(to);
  if (!copy) return copy.error();
  const Result<FileDigest> read = read_whole(from, pace, [&](std::span<const std::byte> piece, std::uint64_t offset) {
    return copy->write(piece, offset);
  });
  if (!read) return read;
  if (Status status = copy->file().sync(); !status) return status;
  drop_cached(to);
  Pace unpaced;  // the rate is for what is read from the store
  const Result<FileDigest> written = digest_of(to, unpaced);
  if (!written) return written;
  if (*written != *read) return Status(ErrorKind::kIo, to + ": reads back otherwise than it was written");
  return read;
}

void drop_cached(const std::string& path) {
  const Result<File> file = File::open(path, O_RDONLY);
  if (file) (void)::posix_fadvise(file->descriptor(), 0, 0, POSIX_FADV_DONTNEED);
}

Status check_is(const FileDigest& found, const BackupFile& named, const std::string& path) {
  if (found.bytes != named.bytes) {
    return {ErrorKind::kCorrupt, path + ": has " + std::to_string(found.bytes) + " bytes of " + std::to_string(named.bytes)};
  }
  if (found.digest != named.digest) return {ErrorKind::kCorrupt, path + ": damaged: its digest is not the manifest's"};
  return Status::ok();
}

Status as_named(const Status& error) {
  return error.kind() == ErrorKind::kNotFound ? Status(ErrorKind::kCorrupt, error.message() + ", but the manifest names it") : error;
}

}  // namespace florin::backup
