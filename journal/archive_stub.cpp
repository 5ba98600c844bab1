#include "journal/archive_stub.hpp"

#include <fcntl.h>

#include <span>

#include "journal/file.hpp"

namespace florin::journal {

Result<ArchiveStub> ArchiveStub::read(const std::string& path) {
  const Result<std::string> text = read_text(path);
  if (!text) return text.error();
  const std::size_t end = text->find('\n');
  if (end == std::string::npos || !text->ends_with('\n')) return Status(ErrorKind::kCorrupt, path + ": does not say where the segment is");
  return ArchiveStub{.store_id = text->substr(0, end), .folder = text->substr(end + 1, text->size() - end - 2)};
}

Status ArchiveStub::write(const std::string& path) const {
  const std::string text = store_id + "\n" + folder + "\n";
  Result<File> file = File::open(path + ".tmp", O_WRONLY | O_CREAT | O_TRUNC);
  if (!file) return file.error();
  if (Status status = file->write_at(std::as_bytes(std::span(text)), 0); !status) return status;
  if (Status status = file->sync(); !status) return status;
  if (Status status = rename_file(path + ".tmp", path); !status) return status;
  return sync_folder(path.substr(0, path.find_last_of('/')));
}

}  // namespace florin::journal
