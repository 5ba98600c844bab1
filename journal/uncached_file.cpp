#include "journal/uncached_file.hpp"

#include <fcntl.h>

#include "journal/aligned_buffer.hpp"

namespace florin::journal {

Result<UncachedFile> UncachedFile::create(const std::string& path) {
  UncachedFile made;
  Result<File> file = File::open(path, O_RDWR | O_CREAT | O_TRUNC);
  if (!file) return file.error();
  made.file_ = std::move(*file);
  if (auto direct = File::open(path, O_WRONLY | O_DIRECT)) made.direct_ = std::move(*direct);
  return made;
}

/// Past the page cache a write also costs a sixth.
Status UncachedFile::write(std::span<const std::byte> bytes, std::uint64_t offset) {
  if (!direct_.is_open()) return write_and_flush(bytes, offset);
  const std::size_t whole = bytes.size() / AlignedBuffer::kAlignment * AlignedBuffer::kAlignment;
  if (Status status = direct_.write_at(bytes.first(whole), offset); !status) return status;
  return whole == bytes.size() ? Status::ok() : write_and_flush(bytes.subspan(whole), offset + whole);
}

Status UncachedFile::write_and_flush(std::span<const std::byte> bytes, std::uint64_t offset) {
  if (Status status = file_.write_at(bytes, offset); !status) return status;
  return file_.sync_data();
}

void UncachedFile::close() noexcept {
  direct_.close();
  file_.close();
}

}  // namespace florin::journal
