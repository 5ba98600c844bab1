#include "journal/archive_stub.hpp"

#include <fcntl.h>

#include <algorithm>
#include <span>
#include <string_view>

#include "journal/file.hpp"
#include "journal/record/checksum.hpp"

namespace florin::journal {
namespace {

std::string checksum_line(std::string_view lines) { return to_hex(record::checksum(std::as_bytes(std::span(lines)))) + "\n"; }

}  // namespace

Result<ArchiveStub> ArchiveStub::read(const std::string& path) {
  const Result<std::string> text = read_text(path);
  if (!text) return text.error();
  const std::size_t checked = text->size() - std::min(text->size(), checksum_line({}).size());
  const std::string lines = text->substr(0, checked);
  const std::size_t end = lines.find('\n');
  if (end == std::string::npos || text->substr(checked) != checksum_line(lines)) {
    return Status(ErrorKind::kCorrupt, path + ": damaged: it does not say where the segment is");
  }
  return ArchiveStub{.store_id = lines.substr(0, end), .folder = lines.substr(end + 1, lines.size() - end - 2)};
}

Status ArchiveStub::write(const std::string& path) const {
  std::string text = store_id + "\n" + folder + "\n";
  text += checksum_line(text);
  Result<File> file = File::open(path + ".tmp", O_WRONLY | O_CREAT | O_TRUNC);
  if (!file) return file.error();
  if (Status status = file->write_at(std::as_bytes(std::span(text)), 0); !status) return status;
  if (Status status = file->sync(); !status) return status;
  if (Status status = rename_file(path + ".tmp", path); !status) return status;
  return sync_folder(path.substr(0, path.find_last_of('/')));
}

}  // namespace florin::journal
